"""Custom objects: one way in, enabled one by one, tied to people by lookups (section 12)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.outcome import StepsFailed
from tandem.errors import SettingsError
from tandem.reports.check import check_setup
from tandem.settings import load
from tests.conformance.conftest import Cast, tandem
from tests.conformance.wire import Wire
from tests.support.world import World


class Switch:
    """The settings of custom objects, and the pause without which they are not edited."""

    def __init__(self, world: World, patch: pytest.MonkeyPatch) -> None:
        self._world, self._patch = world, patch

    def set(self, **settings: Any) -> None:
        """Set some of the settings ``sync.custom_object…``."""
        for name, value in settings.items():
            self._patch.setenv(f"TANDEM_SYNC__CUSTOM_OBJECT{name.upper()}", json.dumps(value))

    def edit(self, **settings: Any) -> None:
        """Pause the sync, set them, and take the pause back."""
        self._patch.setenv("TANDEM_SYNC__PAUSED", "true")
        self.set(**settings)
        self._world.sync()
        self._patch.delenv("TANDEM_SYNC__PAUSED")


@pytest.fixture
def switch(synced: World, monkeypatch: pytest.MonkeyPatch) -> Switch:
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", '["Account", "Lead", "Contact"]')
    return Switch(synced, monkeypatch)


@pytest.fixture
def invoices(synced: World) -> None:
    """Invoices of a contact, their lines two steps away, and visits to an account."""
    org = synced.org
    org.add_object("Invoice__c", "Invoice")
    org.add_field("Invoice__c", "Account__c", "Lookup", to="Account")
    org.add_field("Invoice__c", "Contact__c", "Lookup", to="Contact")
    org.add_field("Invoice__c", "Amount__c", "Currency")
    org.add_object("Line__c", "Invoice Line")
    org.add_field("Line__c", "Invoice__c", "MasterDetail", to="Invoice__c", child_relationship="Lines")
    org.add_object("Visit__c", "Visit")
    org.add_field("Visit__c", "Account__c", "Lookup", to="Account")


def told(world: World, sfdc_id: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return a person's activities about custom objects: type's name, record's name, attributes."""
    names = {row["id"]: row["name"] for row in world.rows("SELECT * FROM marketing.activity_type")}
    return [
        (names[each["activity_type_id"]], each["primary_attribute_value"], each["attributes"])
        for each in world.activities(world.person(sfdc_id)["id"])
        if each["activity_type_id"] >= 100_101
    ]


@pytest.mark.conformance("COB-01")
@pytest.mark.conformance("COB-05")
@pytest.mark.usefixtures("invoices")
def test_enabled_objects_come_in_for_their_people_and_others_are_not_read(
    synced: World, cast: Cast, switch: Switch, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = synced.org
    values = {"Name": "I-1", "Amount__c": 12.5, "Contact__c": cast.contact, "Account__c": cast.account}
    invoice = org.create("Invoice__c", values)
    for name in ("L-1", "L-2"):
        org.create("Line__c", {"Name": name, "Invoice__c": invoice})
    org.create("Visit__c", {"Name": "V-1", "Account__c": cast.account})
    synced.sync()
    assert not [each for each in wire.questions() if "__c " in each.split(" FROM ")[1]]

    switch.edit(s=["Invoice__c", "Line__c"])
    monkeypatch.setenv("TANDEM_SALESFORCE__BULK_THRESHOLD", "1")  # the lines come by Bulk
    summary = synced.sync()

    assert synced.steps(summary)["Invoice__c", "Pull updates"]["new"] == 1
    asked = [each for each in wire.questions() if "FROM Line__c" in each]
    assert "Invoice__r.Contact__c" in asked[0]  # two steps
    assert not [each for each in wire.questions() if "FROM Visit__c" in each]
    (first, name, attributes), *lines = told(synced, cast.contact)
    assert (first, name) == ("Added to Invoice", "I-1")
    assert sorted(each[:2] for each in lines) == [("Added to Invoice Line", name) for name in ("L-1", "L-2")]
    # All visible fields are constraints by default.
    assert {"SFDC Id": invoice, "Name": "I-1", "Amount__c": "12.5", "Contact__c": cast.contact}.items() <= (
        attributes.items()
    )
    assert (
        told(synced, cast.colleague) == []
    )  # the way by the account is not gone when there is one to the person
    [row] = synced.rows('SELECT * FROM marketing."invoice__c"')
    assert (row["amount__c"], row["person_id"]) == (12.5, synced.person(cast.contact)["id"])

    # One field as the constraint; a third object, of the account's contacts; nothing goes back.
    switch.edit(s=["Invoice__c", "Line__c", "Visit__c"], _constraints={"Invoice__c": ["Amount__c"]})
    org.update("Invoice__c", invoice, {"Amount__c": 13, "Name": "I-2"})
    whose = synced.rows('SELECT id, person_id FROM marketing."line__c" ORDER BY id')
    synced.execute("UPDATE marketing.\"line__c\" SET name = 'Mine'")
    synced.execute('DELETE FROM marketing."line__c" WHERE id = 2')
    wire.forget()
    synced.sync()

    assert synced.rows('SELECT id, person_id FROM marketing."line__c" ORDER BY id') == whose
    title, name, attributes = told(synced, cast.contact)[3]
    assert (title, name) == ("Invoice is Updated", "I-2")
    [change] = json.loads(attributes.pop("Data Value Changes"))
    assert change == {"attribute": "amount__c", "old": "12.5", "new": "13.0"}
    assert attributes == {"SFDC Id": invoice, "Amount__c": "13.0", "Source": "Salesforce.com"}
    for person in (cast.contact, cast.colleague):
        assert told(synced, person)[-1][:2] == ("Added to Visit", "V-1")
    assert wire.writes() == []
    assert synced.rows("SELECT DISTINCT name FROM marketing.\"line__c\" WHERE name = 'Mine'") == []
    before = synced.rows("SELECT count(*) AS n FROM marketing.activity")
    synced.org.requests.clear()
    org.delete("Invoice__c", invoice)  # and its line with it
    synced.sync()
    [row] = synced.rows('SELECT * FROM marketing."invoice__c"')
    assert row["sfdc_is_deleted"] is True
    after = synced.rows("SELECT count(*) AS n FROM marketing.activity")
    assert after[0]["n"] == before[0]["n"] + 3  # updated, all of them


@pytest.mark.conformance("COB-02")
@pytest.mark.conformance("COB-03")
@pytest.mark.usefixtures("invoices")
def test_an_object_without_a_way_to_people_or_with_a_name_taken_is_refused(
    synced: World, cast: Cast, switch: Switch
) -> None:
    org = synced.org
    org.add_object("Far__c", "Far")
    org.add_field("Far__c", "Line__c", "Lookup", to="Line__c")
    org.add_object("Alone__c", "Alone")
    org.add_object("Bill__c", "invoice")
    org.add_field("Bill__c", "Contact__c", "Lookup", to="Contact")
    offers = json.loads(tandem("custom-objects", "--json"))["custom_objects"]
    assert {each["name"]: (each["belongs_to"], each["lookups"]) for each in offers} == {
        "Invoice__c": ("person", ["Contact__c"]),
        "Line__c": ("person", ["Invoice__r.Contact__c"]),
        "Visit__c": ("company", ["Account__c"]),
        "Bill__c": ("person", ["Contact__c"]),
    }
    synced.execute("CREATE TABLE marketing.visit__c (id BIGINT)")
    switch.edit(s=["Invoice__c", "Alone__c", "Far__c", "Bill__c", "Visit__c", "Nowhere__c"])

    with pytest.raises(StepsFailed) as failed:
        synced.sync()

    said = str(failed.value)
    for name in ("Alone__c", "Far__c"):
        assert f"{name} has no lookup to Lead, Contact or Account, nor to an object that has one" in said
    assert "Bill__c cannot be synced: Invoice__c has the label 'invoice' too" in said
    assert "Visit__c cannot be synced: there is a table marketing.visit__c already" in said
    assert "The sync user cannot see Nowhere__c" in said
    known = {row["object"] for row in synced.rows("SELECT object FROM sync.watermark")}
    assert known >= {"Invoice__c", "Lead"}
    assert not known & {"Alone__c", "Far__c", "Bill__c", "Visit__c"}
    checks = {each.name: each for each in check_setup(load(), synced.database)}
    assert checks["Alone__c"].detail.startswith("It has no lookup to Lead, Contact or Account")
    assert checks["Invoice__c"].ok
    checks = {each.name: each for each in check_setup(load(), synced.database)}
    assert checks["Alone__c"].detail.startswith("It has no lookup to Lead, Contact or Account")
    assert checks["Invoice__c"].ok
    switch.set(s=["Invoice__c", "invoice__c"])
    with pytest.raises(SettingsError, match="an object is named twice"):
        synced.sync()


@pytest.mark.conformance("COB-04")
@pytest.mark.conformance("COB-05")
@pytest.mark.usefixtures("invoices")
def test_the_list_and_the_constraints_are_edited_while_the_sync_is_paused_only(
    synced: World, cast: Cast, switch: Switch, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.set(s=["Invoice__c"])
    with pytest.raises(SettingsError, match="edited while the sync was on: Invoice__c"):
        synced.sync()
    assert synced.rows("SELECT * FROM sync.custom_object") == []

    switch.edit(s=["Invoice__c"])
    synced.sync()
    switch.set(_constraints={"Invoice__c": ["Amount__c"]})
    with pytest.raises(SettingsError, match="edited while the sync was on: Invoice__c"):
        synced.sync()
    # In use, the constraints are locked, paused or not.
    with pytest.raises(SettingsError, match="Invoice__c is in use"):
        switch.edit(s_in_use=["Invoice__c"])
    switch.edit(s_in_use=[])
    invoice = synced.org.create("Invoice__c", {"Name": "I-1", "Amount__c": 5, "Contact__c": cast.contact})
    synced.sync()
    switch.edit(_constraints={"Invoice__c": ["Ammount__c"]})
    with pytest.raises(StepsFailed, match="custom_object_constraints names Ammount__c"):
        synced.sync()

    # The other settings take custom objects as they take standard ones, and an object may be synced by itself.
    switch.edit(_constraints={})
    monkeypatch.setenv("TANDEM_SYNC__IGNORED_FIELDS", '{"Invoice__c": ["Amount__c"]}')
    monkeypatch.setenv("TANDEM_SYNC__BLOCKED_FIELDS", '{"Invoice__c": ["name"]}')
    monkeypatch.setenv("TANDEM_SYNC__FILTERS", '{"Invoice__c": "Name != \'No\'"}')
    synced.org.update("Invoice__c", invoice, {"Name": "I-2", "Amount__c": 6})
    wire.forget()
    synced.sync(objects=["Invoice__c"])
    [asked] = wire.questions()
    assert "FROM Invoice__c" in asked
    assert "Name != 'No'" in asked
    assert "Amount__c" not in asked
    [row] = synced.rows('SELECT * FROM marketing."invoice__c"')
    assert (row["name"], row["amount__c"]) == ("I-1", 5)
    monkeypatch.setenv("TANDEM_SYNC__IGNORED_FIELDS", '{"Invoice__c": ["Contact__c"]}')
    with pytest.raises(StepsFailed, match="Contact__c, by which Invoice__c finds its people"):
        synced.sync(objects=["Invoice__c"])
    monkeypatch.setenv("TANDEM_SYNC__FILTERS", '{"Invoce__c": "Name = null"}')
    with pytest.raises(SettingsError, match="filters names Invoce__c, which is not among"):
        synced.sync()
