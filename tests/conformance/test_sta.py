"""Where a person stands in Salesforce: type, deleted, id (sections 3.22 and 4)."""

from __future__ import annotations

import re

import pytest

from tests.conformance.conftest import Cast, refused
from tests.conformance.wire import Wire
from tests.support.world import World


@pytest.mark.conformance("STA-01")
def test_sfdc_type_is_lead_contact_or_empty(synced: World) -> None:
    outside = synced.add_person(last_name="Outside", company_name="Outside Ltd")
    lead = synced.org.create("Lead", {"LastName": "New", "Company": "New Ltd"})
    contact = synced.org.create("Contact", {"LastName": "New"})

    synced.sync()

    assert (synced.person(lead)["sfdc_type"], synced.person(contact)["sfdc_type"]) == ("lead", "contact")
    types = {
        row["sfdc_id"]: row["sfdc_type"]
        for row in synced.rows("SELECT sfdc_id, sfdc_type FROM marketing.person WHERE id <> ?", outside)
    }
    expected = {
        row["Id"]: name.lower()
        for name in ("Lead", "Contact")
        for row in synced.org.query(f"SELECT Id FROM {name}")
    }
    assert types == expected  # every record that is in Salesforce has a value
    assert synced.rows("SELECT sfdc_id, sfdc_type FROM marketing.person WHERE id = ?", outside) == [
        {"sfdc_id": None, "sfdc_type": None}
    ]


@pytest.mark.conformance("STA-02")
def test_sfdc_is_deleted_is_true_after_a_delete_and_false_after_an_undelete(
    synced: World, cast: Cast
) -> None:
    deleted = "SELECT sfdc_id FROM marketing.person WHERE sfdc_is_deleted ORDER BY sfdc_id"
    assert synced.rows(deleted) == []
    synced.org.delete("Lead", cast.lead)
    synced.org.delete("Contact", cast.contact)

    synced.sync()
    assert synced.rows(deleted) == [{"sfdc_id": each} for each in sorted((cast.lead, cast.contact))]

    synced.org.undelete("Lead", cast.lead)
    synced.sync()
    assert synced.rows(deleted) == [{"sfdc_id": cast.contact}]  # Q5


@pytest.mark.conformance("STA-03")
def test_ids_have_18_characters_whichever_way_they_came(synced: World, cast: Cast) -> None:
    synced.org.create("Lead", {"LastName": "By REST", "Company": "New Ltd"})
    synced.sync()
    ours = synced.add_person(last_name="Ours", company_name="Ours Ltd")
    synced.sync_person(ours)

    [row] = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", ours)
    assert synced.org.get("Lead", row["sfdc_id"])["LastName"] == "Ours"
    there = {row["Id"] for name in ("Lead", "Contact") for row in synced.org.query(f"SELECT Id FROM {name}")}
    here = [row["sfdc_id"] for row in synced.rows("SELECT sfdc_id FROM marketing.person")]
    assert sorted(here) == sorted(there)
    tables = ("person", "company", "sales_user", "lead_queue")
    for table in tables:
        ids = [row["sfdc_id"] for row in synced.rows(f"SELECT sfdc_id FROM marketing.{table}")]
        assert ids
        assert all(re.fullmatch(r"[A-Za-z0-9]{15}[A-Z0-5]{3}", each) for each in ids), table


SYSTEM = ("sfdc_id", "sfdc_type", "sfdc_created_date", "sfdc_is_deleted")  # 3.22


@pytest.mark.conformance("STA-04")
def test_system_fields_refuse_a_write(synced: World, cast: Cast, wire: Wire) -> None:
    before = {name: synced.person(cast.lead)[name] for name in SYSTEM}
    for column, value in zip(SYSTEM, ("00Q000000000001AAA", "contact", "2020-01-01", "true"), strict=True):
        told = refused("person", "set", cast.lead, f"{column}={value}")
        assert told.startswith(f"{column} is kept by the sync and cannot be changed here.")
    # Plain SQL cannot be refused: the next cycle puts the values back, and sends none of them.
    person = synced.person(cast.lead)["id"]
    there = synced.org.get("Lead", cast.lead)
    synced.execute(
        "UPDATE marketing.person SET sfdc_id = '00Q000000000001AAA', sfdc_type = 'contact',"
        " sfdc_created_date = TIMESTAMP '2020-01-01', sfdc_is_deleted = true WHERE id = ?",
        person,
    )

    synced.sync()

    [row] = synced.rows(f"SELECT {', '.join(SYSTEM)} FROM marketing.person WHERE id = ?", person)
    assert row == before
    assert synced.rows("SELECT count(*) AS n FROM marketing.person WHERE sfdc_id = ?", cast.lead) == [
        {"n": 1}
    ]
    assert wire.writes() == []
    assert synced.org.get("Lead", cast.lead) == there
