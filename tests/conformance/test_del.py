"""Deletes (section 17)."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Cast
from tests.support.world import World


@pytest.mark.conformance("DEL-01")
@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_who_is_deleted_in_salesforce_stays_marked_and_logged(synced: World, cast: Cast, name: str) -> None:
    record = {"Lead": cast.lead, "Contact": cast.contact}[name]
    before = synced.person(record)
    synced.org.delete(name, record)

    summary = synced.sync(objects=["Account", name])

    after = synced.person(record)
    assert after["sfdc_is_deleted"] is True
    kept = {key: value for key, value in before.items() if key not in ("sfdc_is_deleted", "updated_at")}
    assert {key: after[key] for key in kept} == kept  # the person stays as it was
    [change] = synced.activities(before["id"], 13)
    assert change["primary_attribute_value"] == "sfdc_is_deleted"
    assert change["attributes"]["Old Value"] == "false"
    assert change["attributes"]["New Value"] == "true"
    assert len(synced.activities(before["id"], 29)) == 1
    assert synced.steps(summary)[name, "Pull deletes"]["deleted"] == 1


@pytest.mark.conformance("DEL-03")
def test_who_is_deleted_in_marketing_comes_again_with_the_next_update(synced: World, cast: Cast) -> None:
    gone = synced.person(cast.lead)
    synced.execute("DELETE FROM marketing.person WHERE id = ?", gone["id"])
    synced.sync(objects=["User", "Lead"])
    assert synced.rows("SELECT id FROM marketing.person WHERE sfdc_id = ?", cast.lead) == []

    synced.org.update("Lead", cast.lead, {"Title": "Back"})
    summary = synced.sync(objects=["User", "Lead"])

    again = synced.person(cast.lead)
    assert (again["job_title"], again["city"], again["sfdc_type"]) == ("Back", "London", "lead")
    assert again["id"] != gone["id"]
    assert len(synced.activities(again["id"], 12)) == 1
    assert synced.steps(summary)["Lead", "Pull updates"]["new"] == 1


@pytest.mark.conformance("DEL-05")
def test_a_deleted_person_that_is_synced_again_becomes_a_new_lead(synced: World, cast: Cast) -> None:
    person = synced.person(cast.lead)["id"]
    synced.org.delete("Lead", cast.lead)
    synced.sync(objects=["User", "Lead"])

    synced.sync_person(person)

    state = "SELECT sfdc_id, sfdc_type, sfdc_is_deleted FROM marketing.person WHERE id = ?"
    [linked] = synced.rows(state, person)
    assert linked["sfdc_id"] != cast.lead
    assert (linked["sfdc_type"], linked["sfdc_is_deleted"]) == ("lead", False)
    fresh = synced.org.get("Lead", linked["sfdc_id"])
    assert (fresh["LastName"], fresh["Company"], fresh["IsDeleted"]) == ("Lovelace", "Lovelace Ltd", False)
    assert synced.org.get("Lead", cast.lead)["IsDeleted"]

    # The new lead is what the person is from now on, both ways; the old one says nothing any more.
    synced.org.update("Lead", linked["sfdc_id"], {"City": "Ealing"})
    synced.execute("UPDATE marketing.person SET job_title = 'Programmer' WHERE id = ?", person)
    synced.sync(objects=["User", "Lead"])

    assert synced.rows(state, person) == [linked]
    assert synced.rows("SELECT city FROM marketing.person WHERE id = ?", person) == [{"city": "Ealing"}]
    assert synced.org.get("Lead", linked["sfdc_id"])["Title"] == "Programmer"
    assert synced.org.get("Lead", cast.lead)["Title"] == "Countess"
    assert synced.rows("SELECT count(*) AS n FROM marketing.person WHERE last_name = 'Lovelace'") == [
        {"n": 1}
    ]


@pytest.mark.conformance("DEL-05")
def test_a_deleted_contact_becomes_a_new_lead_without_its_account(synced: World, cast: Cast) -> None:
    before = synced.person(cast.contact)
    assert before["account_owner_email_address"]
    synced.org.delete("Contact", cast.contact)
    synced.sync()

    summary = synced.sync_person(before["id"])

    after = synced.rows("SELECT * FROM marketing.person WHERE id = ?", before["id"])[0]
    [told] = summary["people"]
    assert (told["outcome"], told["sfdc_type"], told["sfdc_id"]) == ("created", "lead", after["sfdc_id"])
    assert (after["sfdc_type"], after["sfdc_is_deleted"]) == ("lead", False)
    owned = [column for column in after if column.startswith("account_owner_")]
    assert {column: after[column] for column in (*owned, "company_id")} == dict.fromkeys(
        (*owned, "company_id")
    )
    # A lead has a company of its own: what the person showed of the account is the lead's from now on.
    shared = {"Company": "company_name", "Industry": "industry", "Website": "website"}
    fresh = synced.org.get("Lead", after["sfdc_id"])
    assert [fresh[field] for field in shared] == [before[column] for column in shared.values()]

    # Neither the account nor the old contact reaches the person any more.
    synced.org.update("Account", cast.account, {"Industry": "Banking", "Site": "Elsewhere"})
    synced.org.undelete("Contact", cast.contact)
    synced.sync()
    [lead] = synced.rows("SELECT * FROM marketing.person WHERE id = ?", before["id"])
    assert (lead["sfdc_id"], lead["sfdc_type"], lead["company_id"]) == (after["sfdc_id"], "lead", None)
    assert lead["industry"] == before["industry"]
    logged = {each["primary_attribute_value"] for each in synced.activities(lead["id"], 13)}
    assert not logged & {"industry", "site"}
