"""Conversion in Salesforce (section 15)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.conftest import Cast
from tests.support.world import World

PEOPLE = ["User", "Account", "Lead", "Contact"]


def one_person(world: World, last_name: str) -> dict[str, Any]:
    """Return the one person of that name."""
    found = world.rows("SELECT * FROM marketing.person WHERE last_name = ?", last_name)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.conformance("CNV-01")
def test_a_lead_that_became_a_new_contact_of_a_new_account_is_the_same_person(
    synced: World, cast: Cast
) -> None:
    before = synced.person(cast.lead)
    earlier = [each["id"] for each in synced.activities(before["id"])]
    done = synced.org.convert_lead(cast.lead)

    summary = synced.sync(objects=PEOPLE)

    after = one_person(synced, "Lovelace")
    assert (after["id"], after["sfdc_type"], after["sfdc_id"]) == (before["id"], "contact", done.contact_id)
    assert (after["city"], after["company_name"]) == ("London", "Lovelace Ltd")
    assert after["sfdc_is_deleted"] is False
    activities = synced.activities(before["id"])
    assert [each["id"] for each in activities][: len(earlier)] == earlier
    [converted] = synced.activities(before["id"], 21)
    assert converted["attributes"]["SFDC Contact Id"] == done.contact_id
    assert converted["primary_attribute_value"] == cast.owner
    assert [each["attributes"]["SFDC Type"] for each in synced.activities(before["id"], 12)] == ["lead"]
    step = synced.steps(summary)["Lead", "Pull conversions"]
    assert (step["updated"], step["failed"], step["status"]) == (1, 0, "Succeeded")

    # From now on the contact is the person, both ways, and nothing of it counts twice.
    synced.org.update("Contact", done.contact_id, {"Title": "Analyst"})
    synced.execute("UPDATE marketing.person SET city = 'Ealing' WHERE id = ?", before["id"])
    summary = synced.sync(objects=PEOPLE)
    assert one_person(synced, "Lovelace")["job_title"] == "Analyst"
    assert synced.org.get("Contact", done.contact_id)["MailingCity"] == "Ealing"
    assert ("Lead", "Pull conversions") not in synced.steps(summary)
    assert len(synced.activities(before["id"], 21)) == 1


def test_a_converted_lead_whose_contact_is_deleted_and_comes_back_is_nobody_new(
    synced: World, cast: Cast
) -> None:
    before = synced.person(cast.lead)
    people = len(synced.rows("SELECT id FROM marketing.person"))
    done = synced.org.convert_lead(cast.lead)
    synced.sync(objects=PEOPLE)

    # Salesforce empties the lead's link to the contact that goes with its account, and restores it later.
    synced.org.delete("Account", done.account_id)
    assert synced.org.get("Lead", cast.lead)["ConvertedContactId"] is None
    synced.sync(objects=PEOPLE)
    gone = one_person(synced, "Lovelace")
    assert (gone["id"], gone["sfdc_type"], gone["sfdc_is_deleted"]) == (before["id"], "contact", True)
    synced.org.undelete("Account", done.account_id)
    synced.sync(objects=PEOPLE)

    again = one_person(synced, "Lovelace")
    assert (again["id"], again["sfdc_id"], again["sfdc_is_deleted"]) == (before["id"], done.contact_id, False)
    assert len(synced.rows("SELECT id FROM marketing.person")) == people
    assert len(synced.activities(before["id"], 21)) == 1


def test_what_came_before_its_contact_belongs_to_the_person_once_that_is_there(
    synced: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    org, person = synced.org, synced.person(cast.lead)["id"]
    objects = ["Lead", "Contact", "Opportunity", "OpportunityContactRole"]
    objects += ["Campaign", "CampaignMemberStatus", "CampaignMember"]
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", json.dumps(objects))
    monkeypatch.setenv("TANDEM_SYNC__CAMPAIGNS", "true")
    done = org.convert_lead(cast.lead)
    role = {"OpportunityId": done.opportunity_id, "ContactId": done.contact_id, "Role": "Evaluator"}
    if not org.query(f"SELECT Id FROM OpportunityContactRole WHERE ContactId = '{done.contact_id}'"):
        org.create("OpportunityContactRole", role)
    late = org.create("Contact", {"LastName": "Late"})
    campaign = org.create("Campaign", {"Name": "Launch"})
    for contact in (done.contact_id, late):
        org.create("CampaignMember", {"CampaignId": campaign, "ContactId": contact, "Status": "Sent"})

    # Contacts rest for a cycle, as if their step had failed; nothing of the others changes after it.
    monkeypatch.setenv("TANDEM_SYNC__PAUSED_OBJECTS", '["Contact"]')
    synced.sync()
    assert synced.rows("SELECT DISTINCT person_id FROM marketing.opportunity_role") == [{"person_id": None}]
    monkeypatch.delenv("TANDEM_SYNC__PAUSED_OBJECTS")
    synced.sync()

    assert synced.person(done.contact_id)["id"] == person
    assert synced.rows("SELECT person_id FROM marketing.opportunity_role") == [{"person_id": person}]
    others = synced.person(late)["id"]
    members = synced.rows("SELECT person_id FROM marketing.campaign_member ORDER BY id")
    assert [each["person_id"] for each in members] == [person, others]
    told = [each["activity_type_id"] for each in synced.activities(person)]
    assert (told.count(34), told.count(42), told.count(21)) == (1, 1, 1)
    assert [each["attributes"]["New Status"] for each in synced.activities(others, 42)] == ["Sent"]


@pytest.mark.conformance("CNV-02")
@pytest.mark.conformance("CNV-06")
def test_what_was_written_to_a_converted_lead_goes_to_its_contact(synced: World, cast: Cast) -> None:
    before = synced.person(cast.lead)
    synced.execute("UPDATE marketing.person SET job_title = 'Sent too late' WHERE id = ?", before["id"])
    conversions = []

    def convert(_: object) -> None:
        conversions.append(synced.org.convert_lead(cast.lead, account_id=cast.account))

    # Between the read and the write: Salesforce refuses, and says why.
    synced.org.faults.add("PATCH /services/data/*/composite/sobjects*", "call", call=convert, when="before")
    synced.sync_person(before["id"])

    [done] = conversions
    [refused] = synced.activities(before["id"], 28)
    assert refused["attributes"]["Error Code"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    standing = "SELECT code FROM sync.error WHERE resolved_at IS NULL"
    assert synced.rows(standing) == [{"code": "CANNOT_UPDATE_CONVERTED_LEAD"}]

    synced.sync(objects=PEOPLE)

    after = one_person(synced, "Lovelace")
    assert (after["id"], after["sfdc_id"]) == (before["id"], done.contact_id)
    assert (after["sfdc_type"], after["company_name"]) == ("contact", "Analytical Engines")
    assert after["job_title"] == synced.org.get("Contact", done.contact_id)["Title"] == "Sent too late"
    assert synced.org.get("Lead", cast.lead)["Title"] == "Countess"
    assert synced.rows(standing) == []


@pytest.mark.conformance("CNV-03")
@pytest.mark.conformance("MRG-03")
def test_a_lead_converted_into_a_contact_that_was_there_merges_the_two(synced: World, cast: Cast) -> None:
    lead, contact = synced.person(cast.lead), synced.person(cast.contact)
    history = {each["id"] for person in (lead, contact) for each in synced.activities(person["id"])}
    synced.org.convert_lead(cast.lead, account_id=cast.account, contact_id=cast.contact)

    summary = synced.sync(objects=PEOPLE)

    people = synced.rows("SELECT id FROM marketing.person WHERE last_name IN ('Lovelace', 'Babbage')")
    assert people == [{"id": contact["id"]}]
    after = synced.person(cast.contact)
    assert (after["sfdc_type"], after["first_name"], after["job_title"]) == ("contact", "Charles", "Inventor")
    assert after["rating"] == "Warm"  # the contact had none
    assert after["company_name"] == "Analytical Engines"
    told = synced.activities(contact["id"])
    assert history <= {each["id"] for each in told}
    assert [each["activity_type_id"] for each in told if each["activity_type_id"] in (21, 29, 31, 32)] == [
        31,
        32,
        21,
    ]
    assert synced.activities(lead["id"]) == []
    assert synced.steps(summary)["Lead", "Pull conversions"]["updated"] == 1


@pytest.mark.conformance("CNV-05")
def test_a_conversion_out_of_sight_is_reported_once_and_makes_nobody_twice(synced: World, cast: Cast) -> None:
    before = synced.person(cast.lead)
    done = synced.org.convert_lead(cast.lead)
    assert done.contact_id is not None
    synced.org.hide_record("Contact", done.contact_id)

    reported = [synced.steps(synced.sync(objects=PEOPLE)) for _ in range(2)]

    assert reported[0]["Lead", "Pull conversions"]["failed"] == 1
    assert ("Lead", "Pull conversions") not in reported[1]
    person = one_person(synced, "Lovelace")
    assert (person["id"], person["sfdc_type"], person["sfdc_id"]) == (before["id"], "lead", cast.lead)
    [error] = synced.rows("SELECT * FROM sync.error WHERE code = 'CONVERTED_OUT_OF_SIGHT'")
    assert (error["person_id"], error["sfdc_id"], error["resolved_at"]) == (before["id"], cast.lead, None)
    assert done.contact_id in error["message"]
    synced.sync_person(before["id"])  # nor does asking for it make another lead
    assert len(synced.org.query("SELECT Id FROM Lead WHERE LastName = 'Lovelace'")) == 1

    synced.org.show_record("Contact", done.contact_id)
    synced.org.update("Contact", done.contact_id, {"Department": "Engines"})
    synced.sync(objects=PEOPLE)

    person = one_person(synced, "Lovelace")
    assert (person["id"], person["sfdc_type"], person["sfdc_id"]) == (
        before["id"],
        "contact",
        done.contact_id,
    )
    assert synced.rows("SELECT id FROM sync.error WHERE resolved_at IS NULL") == []


@pytest.mark.conformance("CNV-01")
def test_a_contact_that_is_read_before_its_lead_is_the_same_person(synced: World, cast: Cast) -> None:
    before = synced.person(cast.lead)
    done = synced.org.convert_lead(cast.lead)
    synced.sync(objects=["User", "Account", "Contact"])

    synced.sync(objects=["Lead", "Contact"])

    after = one_person(synced, "Lovelace")
    assert (after["id"], after["sfdc_type"], after["sfdc_id"]) == (before["id"], "contact", done.contact_id)
    assert len(synced.activities(before["id"], 21)) == 1
    synced.execute("UPDATE marketing.person SET city = 'Ealing' WHERE id = ?", before["id"])
    synced.sync(objects=PEOPLE)
    assert synced.org.get("Contact", done.contact_id)["MailingCity"] == "Ealing"
    assert synced.rows("SELECT count(*) - count(DISTINCT id) AS n FROM marketing.person") == [{"n": 0}]


@pytest.mark.conformance("CNV-01")
def test_leads_that_come_and_are_converted_between_two_cycles_are_one_person(
    synced: World, cast: Cast
) -> None:
    fresh = synced.org.create("Lead", {"LastName": "Swift", "Company": "Swift Ltd"})
    done = synced.org.convert_lead(fresh)

    synced.sync(objects=PEOPLE)

    person = one_person(synced, "Swift")
    assert (person["sfdc_type"], person["sfdc_id"]) == ("contact", done.contact_id)
    synced.org.update("Contact", str(done.contact_id), {"Title": "Dr"})
    synced.sync(objects=PEOPLE)
    assert one_person(synced, "Swift")["job_title"] == "Dr"
