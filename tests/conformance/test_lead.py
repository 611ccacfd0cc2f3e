"""Lead: both ways, marketing wins (section 5)."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Cast
from tests.conformance.wire import Wire
from tests.support.world import World


@pytest.mark.conformance("LEAD-01")
def test_a_change_on_either_side_shows_on_the_other(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.update("Lead", cast.lead, {"City": "Marylebone", "Phone": None})
    synced.execute(
        "UPDATE marketing.person SET job_title = 'Programmer', rating = NULL WHERE sfdc_id = ?",
        cast.lead,
    )

    synced.sync()

    here, there = synced.person(cast.lead), synced.org.get("Lead", cast.lead)
    assert (here["city"], here["phone_number"]) == ("Marylebone", None)
    assert (there["Title"], there["Rating"]) == ("Programmer", None)
    assert (here["job_title"], here["rating"], there["City"]) == ("Programmer", None, "Marylebone")
    assert wire.written(cast.lead) == {"Title": "Programmer", "Rating": None}  # only what changed goes out


@pytest.mark.conformance("LEAD-02")
def test_marketing_wins_a_collision_on_both_sides(synced: World, cast: Cast) -> None:
    synced.org.update("Lead", cast.lead, {"Title": "From Salesforce", "City": "From Salesforce"})
    synced.execute(
        "UPDATE marketing.person SET job_title = 'From marketing', phone_number = '+44 20 9' WHERE sfdc_id = ?",
        cast.lead,
    )

    synced.sync()

    here, there = synced.person(cast.lead), synced.org.get("Lead", cast.lead)
    assert (here["job_title"], there["Title"]) == ("From marketing", "From marketing")
    # The collision is per field: what only one side changed is kept on both (Q1).
    assert (here["city"], there["City"]) == ("From Salesforce", "From Salesforce")
    assert (here["phone_number"], there["Phone"]) == ("+44 20 9", "+44 20 9")
    assert synced.rows(
        "SELECT field, winner, base_value, winning_value, losing_value FROM sync.conflict WHERE sfdc_id = ?",
        cast.lead,
    ) == [
        {
            "field": "Title",
            "winner": "marketing",
            "base_value": "Countess",
            "winning_value": "From marketing",
            "losing_value": "From Salesforce",
        }
    ]


@pytest.mark.conformance("LEAD-03")
def test_a_validation_rule_fails_the_record_and_not_the_batch(synced: World, cast: Cast) -> None:
    org = synced.org
    org.add_validation_rule(
        "Lead",
        "Hot",
        condition="Rating = 'Hot' AND Fax = null",
        message="A hot lead needs a fax.",
        field="Fax",
    )
    other = org.query(f"SELECT Id FROM Lead WHERE IsConverted = false AND Id != '{cast.lead}'")[0]["Id"]
    stamp = org.get("Lead", cast.lead)["SystemModstamp"]
    synced.execute("UPDATE marketing.person SET rating = 'Hot' WHERE sfdc_id = ?", cast.lead)
    synced.execute("UPDATE marketing.person SET job_title = 'Went through' WHERE sfdc_id = ?", other)

    summary = synced.sync()

    refused, passed = org.get("Lead", cast.lead), org.get("Lead", other)
    assert (refused["Rating"], refused["SystemModstamp"]) == ("Warm", stamp)
    assert passed["Title"] == "Went through"
    person = synced.person(cast.lead)
    assert person["rating"] == "Hot"  # marketing keeps its value; only the push failed
    [logged] = synced.activities(person["id"], 28)
    assert logged["attributes"]["Status"] == "failed"
    assert logged["attributes"]["Error Message"] == "A hot lead needs a fax."
    assert logged["attributes"]["Error Code"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    step = synced.steps(summary)["Lead", "Push updates"]
    assert (step["updated"], step["failed"]) == (1, 1)


@pytest.mark.conformance("LEAD-04")
def test_without_company_or_last_name_salesforce_rejects(synced: World, wire: Wire) -> None:
    before = synced.org.count("Lead")
    nameless = synced.add_person(company_name="Somewhere", email_address="a@nameless.example")
    jobless = synced.add_person(last_name="Somebody", email_address="b@jobless.example")
    whole = synced.add_person(last_name="Whole", company_name="Whole Ltd")

    summary = synced.sync_person(nameless, jobless, whole)

    assert synced.org.count("Lead") == before + 1
    for person, missing in ((nameless, "LastName"), (jobless, "Company")):
        [row] = synced.rows("SELECT sfdc_id, sfdc_type FROM marketing.person WHERE id = ?", person)
        assert row == {"sfdc_id": None, "sfdc_type": None}
        [logged] = synced.activities(person, 19)
        assert logged["attributes"]["Status"] == "failed"
        assert logged["attributes"]["Error Code"] == "REQUIRED_FIELD_MISSING"
        assert missing in logged["attributes"]["Error Message"]
    [row] = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", whole)
    assert synced.org.get("Lead", row["sfdc_id"])["LastName"] == "Whole"
    step = synced.steps(summary)["Lead", "Push new"]
    assert (step["new"], step["failed"]) == (1, 2)
    assert {name for name, _ in wire.writes()} == {"Lead"}


@pytest.mark.conformance("LEAD-05")
def test_defaults_fill_the_first_push_only_and_only_what_is_empty(
    synced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SYNC__DEFAULT_LAST_NAME", "Unknown")
    monkeypatch.setenv("TANDEM_SYNC__DEFAULT_COMPANY", "No Company Given")
    bare = synced.add_person(email_address="bare@example.com", company_name=" ")
    named = synced.add_person(last_name="Named", email_address="named@example.com")
    synced.sync_person(bare, named)
    ids = {
        row["id"]: row["sfdc_id"]
        for row in synced.rows("SELECT id, sfdc_id FROM marketing.person WHERE id >= ?", bare)
    }
    first = {each: synced.org.get("Lead", ids[each]) for each in (bare, named)}
    assert (first[bare]["LastName"], first[bare]["Company"]) == ("Unknown", "No Company Given")
    assert (first[named]["LastName"], first[named]["Company"]) == ("Named", "No Company Given")

    synced.sync()  # the defaults come back as Salesforce's values
    assert synced.person(ids[bare])["company_name"] == "No Company Given"
    assert synced.person(ids[named])["last_name"] == "Named"

    # A later push is not filled: what somebody empties is refused, not replaced.
    synced.execute("UPDATE marketing.person SET company_name = NULL WHERE id = ?", bare)
    synced.sync()
    assert synced.org.get("Lead", ids[bare])["Company"] == "No Company Given"
    assert [each["attributes"]["Error Code"] for each in synced.activities(bare, 28)] == [
        "REQUIRED_FIELD_MISSING"
    ]
