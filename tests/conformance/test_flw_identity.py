"""Flow actions that change who a person is: Convert Person and merge, started in marketing (21.4, 16)."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.errors import TandemError
from tests.conformance.conftest import Cast
from tests.conformance.test_flw import newcomer, outcomes
from tests.support.world import World


def convert_person(people: list[int], **parameters: Any) -> dict[str, Any]:
    from flows.convert_person import convert_person as flow

    return flow(person_ids=people, **parameters)  # type: ignore[return-value]


def merge_people(winner: int, *losers: int, **parameters: Any) -> dict[str, Any]:
    from flows.merge_people import merge_people as flow

    return flow(winner=winner, losers=list(losers), **parameters)  # type: ignore[return-value]


@pytest.mark.conformance("CNV-04")
@pytest.mark.conformance("FLW-03")
def test_convert_person(synced: World, cast: Cast) -> None:
    org = synced.org
    lead, contact = synced.person(cast.lead)["id"], synced.person(cast.contact)["id"]
    fresh = newcomer(synced, "Fresh")
    other = org.query(
        f"SELECT Id, Name FROM User WHERE IsActive = true AND Id <> '{cast.owner}' ORDER BY Id"
    )[0]
    accounts, deals = org.count("Account"), org.count("Opportunity")

    # The answer is lost: what was converted is found, and nothing is converted twice.
    org.faults.add("POST */Soap/*", "drop_after")
    asked = {"assign_to": other["Name"], "notify": True}
    summary = convert_person([lead, contact, fresh], **asked)
    assert outcomes(summary) == {lead: "no answer", contact: "skipped", fresh: "no answer"}
    summary = convert_person([lead, fresh], **asked)
    assert outcomes(summary) == {lead: "done", fresh: "done"}
    assert outcomes(convert_person([lead, fresh], **asked)) == {lead: "skipped", fresh: "skipped"}

    assert org.count("Account") == accounts + 2
    assert org.count("Opportunity") == deals + 2
    old = org.get("Lead", cast.lead)
    assert old["IsConverted"]
    made = {
        "Contact": old["ConvertedContactId"],
        "Account": old["ConvertedAccountId"],
        "Opportunity": old["ConvertedOpportunityId"],
    }
    assert {org.get(name, record)["OwnerId"] for name, record in made.items()} == {other["Id"]}
    now = synced.person(made["Contact"])  # at once, without a cycle
    assert (now["id"], now["sfdc_type"], now["company_name"]) == (lead, "contact", "Lovelace Ltd")
    told = [each["attributes"] for each in synced.activities(lead, 21)]
    assert [each["Status"] for each in told] == ["succeeded", "skipped"]
    assert (told[0]["Converted Status"], told[0]["Send Notification Email"]) == (old["Status"], "true")
    assert told[0]["Assign To"] == other["Id"]

    synced.sync()
    assert synced.person(made["Contact"])["id"] == lead
    assert len(synced.activities(lead, 21)) == 2
    assert len(synced.rows("SELECT id FROM marketing.person WHERE last_name IN ('Lovelace', 'Fresh')")) == 2

    # Refused: by the org, a queue's lead without an assignee, a status that is none; one line each.
    org.set_permission("ConvertLeads", False)
    [queued] = org.query(f"SELECT Id FROM Lead WHERE IsConverted = false AND Id <> '{cast.lead}' LIMIT 1")
    person = synced.person(queued["Id"])["id"]
    summary = convert_person([person], assign_to=other["Id"])
    assert outcomes(summary) == {person: "refused"}
    assert "insufficient access rights" in summary["people"][0]["message"]
    org.update("Lead", queued["Id"], {"OwnerId": cast.queue})
    synced.sync(objects=["Lead"])
    assert outcomes(convert_person([person])) == {person: "refused"}
    with pytest.raises(
        TandemError, match=r"Nonsense is no status of converted leads in this org\. It has: Closed"
    ):
        convert_person([person], status="Nonsense")
    with pytest.raises(TandemError, match="is a queue, and contacts belong to users"):
        convert_person([person], assign_to="Inbound Leads")
    assert not org.get("Lead", queued["Id"])["IsConverted"]


@pytest.mark.conformance("MRG-02")
@pytest.mark.conformance("MRG-03")
@pytest.mark.conformance("MRG-06")
def test_merge_in_marketing(synced: World, cast: Cast) -> None:
    org = synced.org
    leads = [
        row["Id"]
        for row in org.query(
            f"SELECT Id FROM Lead WHERE IsConverted = false AND Id <> '{cast.lead}' ORDER BY Id"
        )
    ]
    ada = synced.person(cast.lead)["id"]
    one, two, three = (synced.person(each)["id"] for each in leads[:3])
    only = synced.add_person(last_name="Only", fax_number="+44 20 99")
    synced.execute("UPDATE marketing.person SET fax_number = NULL, score = 10 WHERE id = ?", ada)
    synced.execute("UPDATE marketing.person SET score = 20 WHERE id IN (?, ?, ?)", one, two, three)
    before = len(synced.activities(ada)) + len(synced.activities(one))

    # Marketing-only first chosen: who is in Salesforce wins. Three leads go in two calls; an answer is lost.
    org.faults.add("POST */Soap/*", "drop_after")
    summary = merge_people(only, ada, one, two, three)
    assert set(outcomes(summary).values()) <= {"no answer", "done"}
    left = [each for each, outcome in outcomes(summary).items() if outcome == "no answer"]
    with pytest.raises(TandemError, match="There is no field fx_number on a person"):
        merge_people(ada, *left, values={"fx_number": "1"})
    summary = merge_people(ada, *left, values={"job_title": "Chosen"})
    assert set(outcomes(summary).values()) == {"done"}
    assert synced.person(cast.lead)["job_title"] == org.get("Lead", cast.lead)["Title"] == "Chosen"
    gone = synced.rows("SELECT id FROM marketing.person WHERE id IN (?, ?, ?, ?)", one, two, three, only)
    assert gone == []
    now = synced.person(cast.lead)
    assert (now["id"], now["score"], now["fax_number"]) == (ada, 10, "+44 20 99")
    for each in leads[:3]:
        lost = org.get("Lead", each)
        assert (lost["IsDeleted"], lost["MasterRecordId"]) == (True, cast.lead)
    assert org.get("Lead", cast.lead)["Fax"] == "+44 20 99"
    merged = [each["attributes"] for each in synced.activities(ada, 32)]
    assert {each["Merge Source"] for each in merged} == {"Marketing"}
    assert len(synced.activities(ada)) > before
    people = synced.rows("SELECT count(*) AS n FROM marketing.person")[0]["n"]
    synced.sync()
    assert synced.rows("SELECT count(*) AS n FROM marketing.person")[0]["n"] == people
    assert synced.person(cast.lead)["score"] == 10
    assert len(synced.activities(ada, 32)) == len(merged)

    # Lead and contact: the contact wins whoever was chosen; the lead is converted first.
    charles = synced.person(cast.contact)["id"]
    accounts = org.count("Account")
    summary = merge_people(ada, charles)
    assert outcomes(summary) == {ada: "done"}
    assert org.count("Account") == accounts + 1
    old = org.get("Lead", cast.lead)
    assert old["IsConverted"]
    assert len(org.query_all(f"SELECT Id FROM Contact WHERE MasterRecordId = '{cast.contact}'")) == 1
    assert synced.person(cast.contact)["id"] == charles
    assert synced.rows("SELECT id FROM marketing.person WHERE id = ?", ada) == []
    assert len(synced.activities(charles, 32)) == len(merged) + 1  # the lead's own came along
    synced.sync()
    assert synced.person(cast.contact)["id"] == charles
    assert synced.rows("SELECT count(*) AS n FROM marketing.person")[0]["n"] == people - 1


@pytest.mark.conformance("MRG-08")
@pytest.mark.conformance("MRG-09")
def test_merges_that_are_refused(synced: World, cast: Cast) -> None:
    org = synced.org
    ada, charles = synced.person(cast.lead)["id"], synced.person(cast.contact)["id"]
    [other] = org.query(f"SELECT Id FROM Lead WHERE IsConverted = false AND Id <> '{cast.lead}' LIMIT 1")
    lead = synced.person(other["Id"])["id"]
    people = [synced.add_person(last_name=f"P{number}") for number in range(26)]

    with pytest.raises(TandemError, match="26 people are to be merged into one, and 25 at a time can be"):
        merge_people(ada, *people)
    with pytest.raises(TandemError, match=f"Person {ada} cannot be merged with itself"):
        merge_people(ada, lead, ada)
    with pytest.raises(TandemError, match="There is no person 999999"):
        merge_people(ada, 999999)
    org.set_permission("ConvertLeads", False)
    assert outcomes(merge_people(charles, ada)) == {ada: "refused"}
    assert synced.person(cast.lead)["id"] == ada

    # Deleted there, whether a cycle has told us yet or not: the whole merge fails, with the reason.
    org.delete("Lead", other["Id"])
    for _ in range(2):
        with pytest.raises(TandemError, match=f"Person {lead} was deleted in Salesforce"):
            merge_people(ada, lead)
        assert "was deleted in Salesforce" in synced.activities(ada, 32)[-1]["attributes"]["Error Message"]
        synced.sync(objects=["Lead"])
    assert outcomes(merge_people(ada, lead, in_salesforce=False)) == {lead: "done"}
    assert org.get("Lead", other["Id"])["MasterRecordId"] is None
    assert outcomes(merge_people(ada, *people[:25])) == dict.fromkeys(people[:25], "done")
