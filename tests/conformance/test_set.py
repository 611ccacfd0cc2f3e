"""Setting up: the mapping before the start and after it (sections 2 and 3)."""

from __future__ import annotations

import json

import pytest

from flows.reset_schema import reset_schema
from tandem.database.mapping import MappingRefused
from tests.conformance.conftest import Cast, refused, tandem
from tests.conformance.wire import Wire
from tests.support.world import World


def fields_of(column: str) -> set[str]:
    """Return the fields that feed a column, as `tandem fields show` tells."""
    facts = json.loads(tandem("fields", "show", column, "--json"))
    return {f"{row['object']}.{row['field']}" for row in facts["fields"]}


@pytest.mark.conformance("FLD-11")
@pytest.mark.conformance("FLD-12")
@pytest.mark.conformance("FLD-17")
@pytest.mark.conformance("SET-01")
def test_joins_are_made_and_broken_before_the_start_only(world: World) -> None:
    org = world.org
    org.add_field("Lead", "Shirt__c")
    org.add_field("Contact", "Blouse__c")
    org.add_field("Contact", "Weight__c", "double", precision=5, scale=0)
    assert refused("fields", "join", "Lead.Shirt__c", "Contact.Blouse__c").startswith("There is no database")
    reset_schema()
    assert fields_of("favorite_color__c") == {"Lead.Favorite_Color__c", "Contact.Favorite_Color__c"}
    assert world.rows("SELECT count(*) AS n FROM marketing.person") == [{"n": 0}]

    for wrong, why in (
        (
            ("join", "Lead.Title", "Contact.Blouse__c"),
            "Lead.Title is a standard field: its mapping is fixed.",
        ),
        (("break", "Contact.Title"), "Contact.Title is a standard field: its mapping is fixed."),
        (("break", "Lead.Shirt__c"), "Lead.Shirt__c is not joined with another field."),
        (
            ("break", "Lead.Nope__c"),
            "There is no mapped field Lead.Nope__c. `tandem fields list` shows them all.",
        ),
        (
            ("join", "Lead.Shirt__c", "Lead.Notes__c"),
            "Only a field of Lead and one of Contact can be joined.",
        ),
        (
            ("join", "Lead.Shirt__c", "Contact.Weight__c"),
            "Lead.Shirt__c is a string and Contact.Weight__c a double: fields of different types cannot be joined.",
        ),
        (
            ("join", "Lead.Shirt__c", "Contact.Favorite_Color__c"),
            "Contact.Favorite_Color__c is joined with Lead.Favorite_Color__c already. `tandem fields break"
            " Contact.Favorite_Color__c` first.",
        ),
    ):
        assert refused("fields", *wrong) == why
    tandem("fields", "break", "Contact.Favorite_Color__c")
    tandem("fields", "join", "Lead.Shirt__c", "Contact.Blouse__c")
    assert fields_of("shirt__c") == {"Lead.Shirt__c", "Contact.Blouse__c"}

    # Reset: the edits are lost; a field that went out of sight meanwhile stays, a new one comes.
    org.hide_field("Lead", "Notes__c")
    org.add_field("Lead", "Later__c")
    reset_schema()
    assert fields_of("favorite_color__c") == {"Lead.Favorite_Color__c", "Contact.Favorite_Color__c"}
    assert (fields_of("blouse__c"), fields_of("later__c")) == ({"Contact.Blouse__c"}, {"Lead.Later__c"})
    assert "Lead.Notes__c" in fields_of("notes__c")

    tandem("fields", "break", "Contact.Favorite_Color__c")
    tandem("fields", "join", "Lead.Shirt__c", "Contact.Blouse__c")
    lead = org.create("Lead", {"LastName": "A", "Company": "A", "Favorite_Color__c": "Red", "Shirt__c": "L"})
    contact = org.create("Contact", {"LastName": "B", "Favorite_Color__c": "Blue", "Blouse__c": "M"})
    world.sync()
    one, other = world.person(lead), world.person(contact)
    assert (one["favorite_color__c"], one["contact_favorite_color__c"], one["shirt__c"]) == ("Red", None, "L")
    assert (other["favorite_color__c"], other["contact_favorite_color__c"], other["shirt__c"]) == (
        None,
        "Blue",
        "M",
    )
    world.execute("UPDATE marketing.person SET shirt__c = 'XL' WHERE sfdc_id = ?", contact)
    world.sync(objects=["Contact"])
    assert org.get("Contact", contact)["Blouse__c"] == "XL"

    # From now on the mapping is frozen, and what it was at the start can be looked up for ever.
    initial = tandem("fields", "list", "--initial", "--json")
    frozen = "has started, and the mapping is frozen since."
    assert frozen in refused("fields", "join", "Lead.Later__c", "Contact.Weight__c")
    assert frozen in refused("fields", "break", "Contact.Blouse__c")
    with pytest.raises(MappingRefused, match=frozen):
        reset_schema()
    org.relabel_field("Lead", "Shirt__c", "Chemise")
    org.add_field("Lead", "Newest__c")
    world.sync(objects=["Lead"])
    assert tandem("fields", "list", "--initial", "--json") == initial
    assert "Newest__c" in tandem("fields", "list", "--object", "Lead", "--json")


@pytest.mark.conformance("SET-04")
def test_fields_made_for_marketing_fill_with_the_next_update_of_a_record(world: World) -> None:
    org = world.org
    for field in ("mkto71_Lead_Score__c", "mkto71_Original_Referrer__c"):
        org.hide_field("Lead", field)
    leads = org.create_many("Lead", [{"LastName": name, "Company": "C"} for name in ("A", "B", "C", "D")])
    world.sync(objects=["Lead"])
    world.execute(
        "UPDATE marketing.person SET score = 7, original_referrer = 'search' WHERE sfdc_id IN (?, ?, ?, ?)",
        *leads,
    )
    world.sync(objects=["Lead"])
    for field in ("mkto71_Lead_Score__c", "mkto71_Original_Referrer__c"):
        org.show_field("Lead", field)
    wire = Wire(org)
    for _ in range(2):
        world.sync(objects=["Lead"])
        assert wire.writes() == []  # not at once, although nothing there has a value

    org.update("Lead", leads[0], {"City": "Theirs"})
    world.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", leads[1])
    world.execute("UPDATE marketing.person SET score = 8 WHERE sfdc_id = ?", leads[2])
    world.sync(objects=["Lead"])

    owned = {"mkto71_Lead_Score__c": 7.0, "mkto71_Original_Referrer__c": "search"}
    assert wire.written(leads[0]) == owned
    assert wire.written(leads[1]) == owned | {"Title": "Ours"}
    assert wire.written(leads[2]) == owned | {"mkto71_Lead_Score__c": 8.0}
    assert wire.written(leads[3]) == {}
    for lead, score in zip(leads, (7, 7, 8, 7), strict=True):
        person = world.person(lead)
        assert (person["score"], person["original_referrer"]) == (score, "search")
    org.update("Lead", leads[3], {"mkto71_Lead_Score__c": 99})  # both sides: on a lead, marketing wins
    world.sync(objects=["Lead"])
    assert wire.written(leads[3]) == owned
    wire.forget()
    world.sync(objects=["Lead"])
    assert wire.writes() == []


@pytest.mark.conformance("SET-02")
def test_a_field_stays_for_good_and_is_hidden_only_while_nothing_uses_it(synced: World, cast: Cast) -> None:
    tandem("fields", "hide", "favorite_color__c")
    for told in (tandem("fields", "list", "--json"), tandem("person", "show", cast.lead, "--json")):
        assert "favorite_color__c" not in told
    assert "favorite_color__c" in tandem("fields", "list", "--all", "--json")
    synced.org.update("Lead", cast.lead, {"Favorite_Color__c": "Blue"})
    synced.sync(objects=["Lead"])
    assert synced.person(cast.lead)["favorite_color__c"] == "Blue"  # out of sight only
    tandem("fields", "unhide", "favorite_color__c")
    assert "favorite_color__c" in tandem("fields", "list", "--json")

    synced.execute(
        "CREATE VIEW marketing.painters AS SELECT id FROM marketing.person WHERE favorite_color__c = 'Red'"
    )
    assert refused("fields", "hide", "favorite_color__c") == (
        "favorite_color__c is in use, so it cannot be hidden: view marketing.painters."
    )
    assert refused("fields", "hide", "nope") == (
        "There is no synced column nope of marketing.person. `tandem fields list` shows them all."
    )

    # There is no way to delete one: what plain SQL drops comes back with Salesforce's values, and clears none there.
    synced.execute("DROP VIEW marketing.painters")
    synced.execute("ALTER TABLE marketing.person DROP COLUMN favorite_color__c")
    writes = len(synced.org.requests)
    synced.sync(objects=["Lead", "Contact"])
    assert synced.person(cast.lead)["favorite_color__c"] == "Blue"
    assert synced.org.get("Lead", cast.lead)["Favorite_Color__c"] == "Blue"
    assert not [each for each in list(synced.org.requests)[writes:] if "/composite/sobjects" in each.path]
    assert "The column favorite_color__c of marketing.person was dropped." in tandem("status")
