"""Opt-out with a master status per address (section 18)."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Cast
from tests.support.world import World

PEOPLE = ["User", "Account", "Lead", "Contact"]
SHARED = "Shared@Engines.example"


def flags(world: World, *records: str) -> list[tuple[bool, bool]]:
    """Return what each record's person says, and what Salesforce says: opted out or not."""
    return [
        (
            bool(world.person(record)["unsubscribed"]),
            world.org.get("Lead" if record.startswith("00Q") else "Contact", record)["HasOptedOutOfEmail"],
        )
        for record in records
    ]


BOTH, NEITHER = (True, True), (False, False)


@pytest.mark.conformance("UNS-01")
@pytest.mark.conformance("UNS-02")
def test_an_opt_out_reaches_all_with_the_address_and_so_does_its_end(synced: World, cast: Cast) -> None:
    org = synced.org
    twin = org.create("Lead", {"LastName": "Twin", "Company": "Twin Ltd", "Email": SHARED.upper()})
    org.update("Contact", cast.contact, {"Email": SHARED})
    org.update("Lead", cast.lead, {"Email": f"{SHARED.lower()}"})
    ours = synced.add_person(last_name="Ours", email_address=f" {SHARED.lower()} ")
    synced.sync(objects=PEOPLE)
    everybody = (twin, cast.contact, cast.lead)
    assert flags(synced, *everybody, cast.colleague) == [NEITHER] * 4

    org.update("Contact", cast.contact, {"HasOptedOutOfEmail": True})
    synced.sync(objects=PEOPLE)
    assert flags(synced, *everybody, cast.colleague) == [BOTH, BOTH, BOTH, NEITHER]
    in_marketing = "SELECT unsubscribed FROM marketing.person WHERE id = ?"
    assert synced.rows(in_marketing, ours) == [{"unsubscribed": True}]
    [told] = synced.activities(synced.person(twin)["id"], 13)
    assert (told["primary_attribute_value"], told["attributes"]["New Value"]) == ("unsubscribed", "true")
    assert told["attributes"]["Reason"] == "Status of the e-mail address"

    # Resubscribed in marketing, by plain SQL on one of them.
    synced.execute("UPDATE marketing.person SET unsubscribed = false WHERE id = ?", ours)
    synced.sync(objects=PEOPLE)
    assert flags(synced, *everybody) == [NEITHER] * 3

    # And out again in marketing; Salesforce clears it on one of them (18.5).
    synced.execute("UPDATE marketing.person SET unsubscribed = true WHERE sfdc_id = ?", cast.lead)
    synced.sync(objects=PEOPLE)
    assert flags(synced, *everybody) == [BOTH] * 3
    org.update("Lead", twin, {"HasOptedOutOfEmail": False})
    synced.sync(objects=PEOPLE)
    assert flags(synced, *everybody) == [NEITHER] * 3
    assert synced.rows(in_marketing, ours) == [{"unsubscribed": False}]
    sent = synced.steps(synced.sync(objects=PEOPLE))
    assert not {("Lead", "Push updates"), ("Contact", "Push updates")} & sent.keys()


@pytest.mark.conformance("UNS-03")
@pytest.mark.conformance("UNS-04")
def test_who_comes_or_changes_the_address_takes_over_its_status(synced: World, cast: Cast) -> None:
    org = synced.org
    org.update("Contact", cast.contact, {"HasOptedOutOfEmail": True})  # charles@engines.example
    synced.sync(objects=PEOPLE)
    status = synced.rows("SELECT address, unsubscribed FROM marketing.email_status")
    assert status == [{"address": "charles@engines.example", "unsubscribed": True}]

    # New from Salesforce, new in marketing, and one that comes again after marketing deleted it.
    fresh = org.create("Lead", {"LastName": "New", "Company": "C", "Email": "Charles@Engines.example"})
    ours = synced.add_person(last_name="Ours", email_address="charles@engines.example")
    synced.execute("DELETE FROM marketing.person WHERE sfdc_id = ?", cast.contact)
    org.update("Contact", cast.contact, {"HasOptedOutOfEmail": False, "Email": "charles@engines.example"})
    synced.sync(objects=PEOPLE)
    assert flags(synced, fresh, cast.contact) == [BOTH, BOTH]
    in_marketing = "SELECT unsubscribed FROM marketing.person WHERE id = ?"
    assert synced.rows(in_marketing, ours) == [{"unsubscribed": True}]

    # A changed address takes over the status of the new one: changed in Salesforce, changed in marketing …
    org.update("Lead", cast.lead, {"Email": "charles@engines.example"})
    synced.execute(
        "UPDATE marketing.person SET email_address = 'CHARLES@engines.example' WHERE sfdc_id = ?",
        cast.colleague,
    )
    synced.sync(objects=PEOPLE)
    assert flags(synced, cast.lead, cast.colleague) == [BOTH, BOTH]

    # … and so it may resubscribe: of the address that `ours` leaves for, Byron's, nobody opted out.
    org.create("Lead", {"LastName": "Byron", "Company": "C", "Email": "byron@lovelace.example"})
    synced.sync(objects=PEOPLE)
    org.update("Lead", cast.lead, {"Email": "byron@lovelace.example"})
    synced.execute("UPDATE marketing.person SET email_address = 'byron@lovelace.example' WHERE id = ?", ours)
    synced.sync(objects=PEOPLE)
    assert flags(synced, cast.lead, fresh) == [NEITHER, BOTH]
    assert synced.rows(in_marketing, ours) == [{"unsubscribed": False}]
    # To an address that nobody had, an opt-out comes along.
    org.update("Lead", fresh, {"Email": "nobody@lovelace.example"})
    synced.sync(objects=PEOPLE)
    assert flags(synced, fresh) == [BOTH]
