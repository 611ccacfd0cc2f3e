"""Opportunities and contact roles: one way in, tied to people by roles only (section 9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.conftest import Cast
from tests.conformance.wire import Wire
from tests.support.world import World


@pytest.fixture(autouse=True)
def _selling(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = ["Account", "Contact", "Opportunity", "OpportunityContactRole"]
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", json.dumps(objects))


def deal(world: World, cast: Cast, name: str, amount: float | None = None, **more: Any) -> str:
    """Make an opportunity in Salesforce."""
    values = {"Name": name, "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": amount}
    return world.org.create("Opportunity", {"AccountId": cast.account, **values, **more})


def role(world: World, opportunity: str, contact: str, role: str, primary: bool = False) -> str:
    """Give a contact a role in Salesforce."""
    values = {"OpportunityId": opportunity, "ContactId": contact, "Role": role, "IsPrimary": primary}
    return world.org.create("OpportunityContactRole", values)


def told(world: World, sfdc_id: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Return a person's activities about opportunities: type, opportunity, attributes."""
    return [
        (each["activity_type_id"], each["primary_attribute_value"], each["attributes"])
        for each in world.activities(world.person(sfdc_id)["id"])
        if each["activity_type_id"] in (34, 35, 36)
    ]


def totals(world: World, sfdc_id: str) -> list[tuple[Any, ...]]:
    """Return a person's totals."""
    found = world.rows(
        "SELECT * FROM marketing.opportunity_totals WHERE person_id = ?", world.person(sfdc_id)["id"]
    )
    return [tuple(row.values())[1:] for row in found]


@pytest.mark.conformance("OPP-02")
@pytest.mark.conformance("OPP-03")
@pytest.mark.conformance("OPP-06")
@pytest.mark.conformance("OPP-07")
@pytest.mark.conformance("LOG-01")
def test_people_share_in_opportunities_by_their_roles(synced: World, cast: Cast) -> None:
    org = synced.org
    engine = deal(synced, cast, "Engine", 1000.0)
    orphan = deal(synced, cast, "Orphan", 50_000.0)
    first = role(synced, engine, cast.contact, "Decision Maker", primary=True)
    role(synced, engine, cast.contact, "Evaluator")

    summary = synced.sync()

    assert synced.steps(summary)["Opportunity", "Pull updates"]["new"] == 2
    assert synced.steps(summary)["OpportunityContactRole", "Pull updates"]["new"] == 2
    # The orphan is stored, belongs to nobody, and counts for nobody: not even for contacts of its account.
    stored = synced.rows("SELECT name, amount FROM marketing.opportunity WHERE sfdc_id = ?", orphan)
    assert stored == [{"name": "Orphan", "amount": 50_000.0}]
    common = {"SFDC Id": engine, "Source": "Salesforce.com"}
    assert told(synced, cast.contact) == [
        (34, "Engine", {**common, "Role": "Decision Maker", "Is Primary": "true"}),
        (34, "Engine", {**common, "Role": "Evaluator", "Is Primary": "false"}),
    ]
    assert told(synced, cast.colleague) == []
    assert totals(synced, cast.contact) == [(1, 1000.0, 100.0)]  # once, not once for each role
    assert totals(synced, cast.colleague) == []

    org.update("Opportunity", engine, {"Amount": 2000, "NextStep": "Call"})
    org.update("OpportunityContactRole", first, {"Role": "Influencer"})
    pump = deal(synced, cast, "Pump", 10.0)
    role(synced, pump, cast.contact, "Other")
    role(synced, engine, cast.colleague, "Other")
    synced.sync()

    since = told(synced, cast.contact)[2:]
    assert [each[0] for each in since] == [36, 36, 34, 36]  # the opportunity for each role; then the roles
    changes = json.loads(since[0][2].pop("Data Value Changes"))
    assert {each["attribute"]: (each["old"], each["new"]) for each in changes} == {
        "amount": ("1000.0", "2000.0"),
        "expected_revenue": ("100.0", "200.0"),
        "next_step": (None, "Call"),
    }
    assert since[0][2] == {**common, "Role": "Decision Maker", "Is Primary": "true"}
    assert since[2][1:] == ("Pump", {**common, "SFDC Id": pump, "Role": "Other", "Is Primary": "false"})
    [new_role] = json.loads(since[3][2]["Data Value Changes"])
    assert new_role == {"attribute": "role", "old": "Decision Maker", "new": "Influencer"}
    assert [each[0] for each in told(synced, cast.colleague)] == [34]  # what was before is not theirs
    assert totals(synced, cast.contact) == [(2, 2010.0, 201.0)]

    org.delete("OpportunityContactRole", first)
    org.delete("Opportunity", pump)
    synced.sync()

    last = told(synced, cast.contact)[6:]
    assert sorted((number, name) for number, name, _ in last) == [(35, "Engine"), (35, "Pump")]
    assert last[0][2]["Role"] in ("Influencer", "Other")
    assert totals(synced, cast.contact) == [(1, 2000.0, 200.0)]  # the second role in it still stands
    org.undelete("Opportunity", pump)
    synced.sync()
    assert [each[:2] for each in told(synced, cast.contact)[8:]] == [(34, "Pump")]
    before = synced.rows("SELECT count(*) AS n FROM marketing.activity")
    synced.sync()
    assert synced.rows("SELECT count(*) AS n FROM marketing.activity") == before


@pytest.mark.conformance("OPP-02")
def test_a_role_that_comes_before_its_contact_waits_for_it(synced: World, cast: Cast) -> None:
    org = synced.org
    late = org.create("Contact", {"LastName": "Late", "AccountId": cast.account})
    org.hide_record("Contact", late)
    engine = deal(synced, cast, "Engine")
    role(synced, engine, late, "Evaluator")
    synced.sync()
    assert synced.rows("SELECT person_id, role FROM marketing.opportunity_role") == [
        {"person_id": None, "role": "Evaluator"}
    ]

    org.show_record("Contact", late)
    org.update("Contact", late, {"Title": "Seen"})
    synced.sync()

    assert [each[:2] for each in told(synced, late)] == [(34, "Engine")]


@pytest.mark.conformance("OPP-01", "OPP-04", "OPP-05", "API-03")
def test_an_opportunity_comes_in_whole_and_nothing_is_written_back(
    synced: World, cast: Cast, wire: Wire
) -> None:
    org = synced.org
    org.add_field("Opportunity", "Budget_Code__c", "Text")
    org.add_field("Opportunity", "Competitor__c", "Lookup", to="Account")
    code = {"Budget_Code__c": "00042", "Competitor__c": cast.account}
    engine = deal(synced, cast, "Engine", 1234567.89, **code)
    held = role(synced, engine, cast.contact, "Evaluator")
    role(synced, deal(synced, cast, "Deleted here"), cast.contact, "Evaluator")
    synced.sync()
    row, _ = rows = synced.rows("SELECT * FROM marketing.opportunity ORDER BY id")
    roles = synced.rows("SELECT * FROM marketing.opportunity_role ORDER BY id")
    logged = told(synced, cast.contact)
    assert row["amount"] == org.get("Opportunity", engine)["Amount"] == 1234567.89  # the bare number (9.4)
    assert (row["budget_code__c"], row["competitor__c"]) == ("00042", cast.account)  # lookups: the id only

    before = org.get("Opportunity", engine), org.get("OpportunityContactRole", held)
    synced.execute("UPDATE marketing.opportunity SET amount = 1, stage = 'Mine', sfdc_is_deleted = true")
    synced.execute("UPDATE marketing.opportunity_role SET role = 'Mine', is_primary = true")
    for table in ("opportunity", "opportunity_role"):
        synced.execute(f"DELETE FROM marketing.{table} WHERE id = 2")
    wire.forget()
    synced.sync_person(synced.person(cast.contact)["id"])
    assert not [each for each in wire.questions() if "Opportunity" in each]  # cannot be started by hand
    steps = synced.steps(synced.sync())
    assert wire.writes() == []
    assert (org.get("Opportunity", engine), org.get("OpportunityContactRole", held)) == before
    assert "4 edits put back" in steps["Opportunity", "Pull updates"]["detail"]  # though nothing moved there
    timeless = "SELECT * REPLACE (NULL AS created_at, NULL AS updated_at) FROM marketing"
    for table, whole in (("opportunity", rows), ("opportunity_role", roles)):
        assert synced.rows(f"{timeless}.{table} ORDER BY id") == [
            each | {"created_at": None, "updated_at": None} for each in whole
        ]
    assert told(synced, cast.contact) == logged  # what was put back is no news

    # A new field is there by itself from the next cycle on, and its changes are told.
    org.update("Opportunity", engine, {"Budget_Code__c": "00043"})
    synced.sync()
    [row, _] = synced.rows("SELECT * FROM marketing.opportunity ORDER BY id")
    assert (row["amount"], row["stage"], row["sfdc_is_deleted"]) == (1234567.89, "Prospecting", False)
    changes = json.loads(told(synced, cast.contact)[-1][2]["Data Value Changes"])
    assert changes == [{"attribute": "budget_code__c", "old": "00042", "new": "00043"}]
    assert wire.writes() == []
