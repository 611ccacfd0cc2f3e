"""Program-member custom fields (section 11)."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Cast, refused, tandem
from tests.conformance.test_cmp import campaigns, linked
from tests.conformance.wire import Wire
from tests.support.world import World

__all__ = ["campaigns"]


def theirs(world: World, lead: str, *fields: str) -> list[object]:
    """Return what Salesforce has on the lead's membership."""
    [row] = world.org.query(f"SELECT {', '.join(fields)} FROM CampaignMember WHERE LeadId = '{lead}'")
    return [row[field] for field in fields]


def put(world: World, lead: str, field: str, value: object) -> None:
    """Change the lead's membership in Salesforce."""
    [row] = world.org.query(f"SELECT Id FROM CampaignMember WHERE LeadId = '{lead}'")
    world.org.update("CampaignMember", row["Id"], {field: value})


def ours(world: World, person_id: int, column: str) -> object:
    """Return a value of the program member."""
    return world.rows(f"SELECT {column} FROM marketing.program_member WHERE person_id = ?", person_id)[0][
        column
    ]


def set_ours(world: World, person_id: int, column: str, value: object) -> None:
    """Change a value of the program member by plain SQL."""
    world.execute(f"UPDATE marketing.program_member SET {column} = ? WHERE person_id = ?", value, person_id)


@pytest.mark.conformance("PMF-01", "PMF-02", "PMF-03", "PMF-04")
def test_fields_of_members_are_mapped_and_kept_the_same_from_then_on(
    campaigns: World, cast: Cast, wire: Wire
) -> None:
    world, org = campaigns, campaigns.org
    org.add_field("CampaignMember", "Seat__c", "string", length=20)
    org.add_field("CampaignMember", "Guests__c", "double", precision=4, scale=0)
    org.add_field("CampaignMember", "Fee__c", "currency", precision=8, scale=2)
    linked(world, cast)
    put(world, cast.lead, "Guests__c", 7)
    world.sync()
    lead = world.person(cast.lead)["id"]
    for number in range(17):
        tandem("program", "field", f"Spare {number}")
    tandem("program", "field", "Seat", "--type", "string")
    tandem("program", "field", "Guests", "--type", "integer")
    tandem("program", "field", "Note", "--type", "url")
    assert "20 program-member fields already" in refused("program", "field", "One more")
    assert "has a column seat" not in refused("program", "field", "Status")

    for said, *words in (
        ("needs a float", "guests", "Fee__c"),
        ("needs a string", "note", "Seat__c"),
        ("sees no field Nothing__c", "seat", "Nothing__c"),
        ("sees no field Status of its own", "seat", "Status"),
        ("There is no program-member field chair", "chair", "Seat__c"),
    ):
        assert said in refused("program", "map", *words)

    # What differs at that moment stays on both sides.
    set_ours(world, lead, "seat", "old")
    tandem("program", "map", "seat", "Seat__c")
    tandem("program", "map", "guests", "Guests__c")
    assert "mapped to Seat__c already" in refused("program", "map", "seat", "Seat__c")
    wire.forget()
    world.sync()
    assert wire.writes() == []
    assert (ours(world, lead, "seat"), ours(world, lead, "guests")) == ("old", None)
    assert theirs(world, cast.lead, "Seat__c", "Guests__c") == [None, 7]

    # From then on both ways.
    set_ours(world, lead, "seat", "A1")
    put(world, cast.lead, "Guests__c", 3)
    world.sync()
    assert (ours(world, lead, "seat"), ours(world, lead, "guests")) == ("A1", 3)
    assert theirs(world, cast.lead, "Seat__c", "Guests__c") == ["A1", 3]
    changes = [each["attributes"] for each in world.activities(lead, 123)]
    assert sorted((each["Attribute Name"], each["New Value"]) for each in changes) == [
        ("guests", "3"),
        ("seat", "A1"),
    ]
    set_ours(world, lead, "guests", None)
    put(world, cast.lead, "Seat__c", "B2")
    world.sync()
    assert (ours(world, lead, "seat"), theirs(world, cast.lead, "Guests__c")) == ("B2", [None])

    # A renamed or retyped field is no longer mapped.
    org.rename_field("CampaignMember", "Seat__c", "Place__c")
    org.retype_field("CampaignMember", "Guests__c", "double", scale=1)
    set_ours(world, lead, "seat", "C3")
    wire.forget()
    summary = world.sync()
    assert "guests, seat" in world.steps(summary)["CampaignMember", "Sync schema"]["detail"]
    assert wire.writes() == []
    mapped = world.rows(
        "SELECT 1 FROM marketing.program_member_field WHERE campaign_member_field IS NOT NULL"
    )
    assert mapped == []
