"""Picklists (section 20)."""

from __future__ import annotations

import json

import pytest

from tests.conformance.conftest import Cast, tandem
from tests.support.world import World


@pytest.mark.conformance("PIC-01")
@pytest.mark.conformance("PIC-02")
def test_a_new_value_is_told_and_lists_that_differ_offer_what_they_share(synced: World, cast: Cast) -> None:
    for name, values in (
        ("Lead", ["Basic", "Gold", "Lead only"]),
        ("Contact", ["Gold", "Contact only", "Basic"]),
    ):
        synced.org.add_field(name, "Tier__c", "picklist", values=values)
    synced.sync(objects=["Lead", "Contact"])
    facts = json.loads(tandem("fields", "show", "tier__c", "--json"))
    assert facts["values"] == ["Basic", "Gold"]
    assert "Values offered (what its fields have in common): Basic, Gold" in tandem(
        "fields", "show", "tier__c"
    )
    assert json.loads(tandem("status", "--json"))["notifications"] == []  # a new field is no new value

    synced.execute("CREATE VIEW marketing.gold AS SELECT id FROM marketing.person WHERE tier__c = 'Gold'")
    synced.org.retype_field("Lead", "Tier__c", "picklist", values=["Basic", "Gold", "Platinum"])
    synced.org.update("Lead", cast.lead, {"Tier__c": "Platinum"})
    summary = synced.sync(objects=["Lead"])

    assert synced.person(cast.lead)["tier__c"] == "Platinum"
    [told] = json.loads(tandem("status", "--json"))["notifications"]
    assert (told["kind"], told["object"], told["field"]) == ("picklist value", "Lead", "Tier__c")
    assert told["message"] == (
        "Lead.Tier__c (tier__c) offers 'Platinum' now. It is used in: view marketing.gold."
    )
    assert told["message"] in tandem("status", "--rows", "0")
    assert "Tier__c offers 'Platinum'" in synced.steps(summary)["Lead", "Sync schema"]["detail"]
    assert json.loads(tandem("fields", "show", "tier__c", "--json"))["values"] == ["Basic", "Gold"]
    synced.sync(objects=["Lead"])
    assert len(json.loads(tandem("status", "--json"))["notifications"]) == 1  # told once
