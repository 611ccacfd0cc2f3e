"""Merges in Salesforce (section 16)."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Cast
from tests.conformance.test_cnv import PEOPLE, one_person
from tests.support.world import World


def merged_away(world: World, *person_ids: int) -> bool:
    """Whether none of these people is left, nor anything that names them."""
    ids = ", ".join(map(str, person_ids))
    return not world.rows(
        f"SELECT id FROM marketing.person WHERE id IN ({ids})"
        f" UNION ALL SELECT id FROM marketing.activity WHERE person_id IN ({ids})"
    )


@pytest.mark.conformance("MRG-01")
@pytest.mark.conformance("MRG-04")
@pytest.mark.conformance("MRG-05")
@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_of_three_that_were_merged_in_salesforce_one_person_is_left(
    synced: World, cast: Cast, name: str
) -> None:
    org = synced.org
    where = {"AccountId": cast.account} if name == "Contact" else {"Company": "Trio Ltd"}
    winner, one, two = org.create_many(
        name,
        [
            {**where, "LastName": "Winner", "Title": "First", "HasOptedOutOfEmail": False},
            {**where, "LastName": "One", "Title": "Second", "HasOptedOutOfEmail": True, "Phone": "1"},
            {**where, "LastName": "Two", "Phone": "2", "Fax": "3"},
        ],
    )
    synced.sync(objects=PEOPLE)
    people = {record: synced.person(record)["id"] for record in (winner, one, two)}
    synced.execute("ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS score DOUBLE")
    synced.execute("ALTER TABLE marketing.person ADD COLUMN IF NOT EXISTS engagement_score DOUBLE")
    for person in people.values():
        synced.execute("UPDATE marketing.person SET score = 10, engagement_score = 5 WHERE id = ?", person)
    synced.execute(
        "UPDATE marketing.person SET postal_code = 'EC1' WHERE id = ?", people[two]
    )  # not sent yet
    history = {each["id"] for person in people.values() for each in synced.activities(person)}
    synced.execute("INSERT INTO marketing.channel VALUES (900, 'Webinar')")
    synced.execute(
        "INSERT INTO marketing.channel_status VALUES (900, 'Invited', 1, false), (900, 'Came', 2, true)"
    )
    synced.execute(
        "INSERT INTO marketing.program (id, name, channel_id, created_at, updated_at) SELECT 900 + i, 'P' || i, 900,"
        " now(), now() FROM range(2) t(i)"
    )
    synced.execute(
        "INSERT INTO marketing.program_member (program_id, person_id, status)"
        " VALUES (900, ?, 'Invited'), (900, ?, 'Came'), (901, ?, 'Invited')",
        people[winner],
        people[one],
        people[two],
    )
    org.merge(name, winner, [one, two], {"Title": "Chosen"})

    summary = synced.sync(objects=PEOPLE)

    after = synced.person(winner)
    assert after["id"] == people[winner]
    assert merged_away(synced, people[one], people[two])
    assert (after["last_name"], after["job_title"]) == ("Winner", "Chosen")  # Salesforce's newest word
    assert after["unsubscribed"] is False  # a value like any other
    assert (after["phone_number"], after["fax_number"], after["postal_code"]) == ("1", "3", "EC1")
    assert (after["score"], after["engagement_score"]) == (30, 5)
    assert after["sfdc_is_deleted"] is False

    told = synced.activities(after["id"])
    assert history <= {each["id"] for each in told}
    [joined] = [each["attributes"] for each in told if each["activity_type_id"] == 32]
    assert joined["Merge IDs"] == f"{people[one]},{people[two]}"
    assert (joined["Merged in Sales"], joined["Master Updated"]) == ("true", "true")
    assert len([each for each in told if each["activity_type_id"] == 31]) == 1
    assert [each for each in told if each["activity_type_id"] == 29] == []  # a merge is no delete
    assert (name, "Pull deletes") not in synced.steps(summary)
    joined_in = synced.rows("SELECT program_id, person_id, status FROM marketing.program_member ORDER BY ALL")
    assert joined_in == [
        {"program_id": 900, "person_id": after["id"], "status": "Came"},
        {"program_id": 901, "person_id": after["id"], "status": "Invited"},
    ]
    [scored] = [each["attributes"] for each in told if each["activity_type_id"] == 22]
    assert (scored["Old Value"], scored["New Value"]) == ("10.0", "30.0")
    # What the winner took over goes to Salesforce, in the same cycle.
    sent = org.get(name, winner)
    assert (sent["Phone"], sent["Fax"]) == ("1", "3")

    # Neither the overlap nor a next cycle does it again, and the losers' ids are nobody else's.
    org.create(name, {**where, "LastName": "Later"})
    synced.sync(objects=PEOPLE)
    assert len(synced.activities(after["id"], 32)) == 1
    assert one_person(synced, "Later")["id"] not in people.values()


@pytest.mark.conformance("MRG-01")
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_identity_is_followed_through_merge_conversion_and_merge_in_one_cycle(
    synced: World, cast: Cast, known: bool
) -> None:
    org = synced.org
    first = synced.person(cast.lead)["id"]
    into = org.create("Lead", {"LastName": "Byron", "Company": "Byron Ltd"})
    if known:
        synced.sync(objects=PEOPLE)
    last = synced.person(cast.contact)["id"]
    org.merge("Lead", into, [cast.lead])
    done = org.convert_lead(into)
    org.merge("Contact", cast.contact, [str(done.contact_id)])

    synced.sync(objects=PEOPLE)

    names = "SELECT id FROM marketing.person WHERE last_name IN ('Lovelace', 'Byron', 'Babbage')"
    assert synced.rows(names) == [{"id": last}]
    after = synced.person(cast.contact)
    assert (after["sfdc_type"], after["last_name"], after["sfdc_is_deleted"]) == ("contact", "Babbage", False)
    assert merged_away(synced, first)
    assert synced.rows("SELECT * FROM sync.successor WHERE person_id IS NOT NULL") == []
    assert synced.activities(last, 29) == []


@pytest.mark.conformance("MRG-01")
def test_a_loser_that_is_read_before_its_winner_joins_it_when_it_comes(synced: World, cast: Cast) -> None:
    org = synced.org
    first = synced.person(cast.lead)["id"]
    winner = org.create("Lead", {"LastName": "Byron", "Company": "Byron Ltd"})
    org.merge("Lead", winner, [cast.lead])
    org.hide_record("Lead", winner)
    synced.sync(objects=PEOPLE)
    waiting = synced.person(cast.lead)
    assert (waiting["id"], waiting["sfdc_is_deleted"]) == (first, True)

    org.show_record("Lead", winner)
    org.update("Lead", winner, {"Title": "Baron"})
    synced.sync(objects=PEOPLE)

    after = one_person(synced, "Byron")
    assert (after["job_title"], after["sfdc_id"], after["sfdc_is_deleted"]) == ("Baron", winner, False)
    assert merged_away(synced, first)
    assert len(synced.activities(after["id"], 31)) == 1
