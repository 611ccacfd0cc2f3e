"""Flow actions on campaigns: add, change status, remove (21.5 to 21.7)."""

from __future__ import annotations

from typing import Any

import pytest

from tandem.errors import TandemError
from tests.conformance.conftest import Cast
from tests.conformance.test_cmp import campaigns, linked, make_campaign, members, program
from tests.conformance.test_flw import message, newcomer, outcomes
from tests.support.world import World

__all__ = ["campaigns"]


def add(people: list[int], **parameters: Any) -> dict[str, Any]:
    from flows.add_to_campaign import add_to_campaign

    return add_to_campaign(person_ids=people, **parameters)  # type: ignore[return-value]


def change(people: list[int], **parameters: Any) -> dict[str, Any]:
    from flows.change_campaign_status import change_campaign_status

    return change_campaign_status(person_ids=people, **parameters)  # type: ignore[return-value]


def remove(people: list[int], **parameters: Any) -> dict[str, Any]:
    from flows.remove_from_campaign import remove_from_campaign

    return remove_from_campaign(person_ids=people, **parameters)  # type: ignore[return-value]


@pytest.mark.conformance("CMP-08", "FLW-03", "FLW-06", "FLW-07", "FLW-08")
def test_members_come_change_and_go_at_once(campaigns: World, cast: Cast) -> None:
    world, org = campaigns, campaigns.org
    campaign = linked(world, cast)
    lead, contact = world.person(cast.lead)["id"], world.person(cast.contact)["id"]
    colleague, fresh = world.person(cast.colleague)["id"], newcomer(world, "Fresh")
    kept = newcomer(world, "Kept")

    # Who is a member keeps the status; the others come, the newcomer as a lead first. An answer is lost.
    org.faults.add("POST *composite/sobjects", "drop_after", skip=1)  # the first makes the lead
    people = [lead, contact, fresh]
    first = add(people, campaign="Launch", status="attended")
    assert outcomes(first) == {lead: "skipped", contact: "no answer", fresh: "no answer"}
    assert outcomes(add(people, campaign=campaign, status="Attended")) == {
        lead: "skipped",
        contact: "done",
        fresh: "done",
    }
    made = world.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", fresh)[0]["sfdc_id"]
    now = {cast.lead: "Registered", cast.contact: "Attended", made: "Attended"}
    assert members(world, campaign) == now
    assert len(org.query(f"SELECT Id FROM CampaignMember WHERE CampaignId = '{campaign}'")) == 3
    assert program(world) == {lead: "Registered", contact: "Attended", fresh: "Attended"}  # without a cycle
    told = [each["attributes"] for each in world.activities(contact, 42)]
    assert [each["Status"] for each in told] == ["succeeded"]
    assert told[0]["Source"] == "Flow action"
    assert [each["activity_type_id"] for each in world.activities(fresh)][:2] == [19, 42]

    # A new status, also for who is no member yet; the same one twice is nothing.
    assert outcomes(change([lead, colleague], campaign="Launch", status="Attended")) == {
        lead: "done",
        colleague: "done",
    }
    again = change([lead, colleague], campaign="Launch", status="Attended")
    assert outcomes(again) == {lead: "skipped", colleague: "skipped"}
    assert members(world, campaign) == now | {cast.lead: "Attended", cast.colleague: "Attended"}
    assert [each["attributes"]["Status"] for each in world.activities(lead, 44)] == ["succeeded", "skipped"]
    assert [each["attributes"]["Status"] for each in world.activities(colleague, 42)] == ["succeeded"]

    # Inside the linked program nothing is implied.
    assert outcomes(add([kept], campaign="Launch", program="Spring")) == {kept: "refused"}
    assert "implied actions are off" in message(add([kept], campaign="Launch", program="Spring"), kept)

    # Who is no member is skipped.
    assert outcomes(remove([colleague, kept, lead], campaign="Launch")) == {
        colleague: "done",
        kept: "skipped",
        lead: "done",
    }
    assert set(members(world, campaign)) == {cast.contact, made}
    assert program(world) == {contact: "Attended", fresh: "Attended"}
    assert [each["attributes"]["Status"] for each in world.activities(lead, 43)] == ["succeeded"]

    # The cycle that follows finds nothing to add.
    of_members = "SELECT * FROM marketing.activity WHERE activity_type_id IN (42, 43, 44, 104) ORDER BY id"
    before = world.rows(of_members)
    world.sync()
    assert world.rows(of_members) == before
    assert set(members(world, campaign)) == {cast.contact, made}

    make_campaign(world, "Launch")
    for wrong, words in (
        ({"campaign": "Nowhere"}, r"There is no campaign 'Nowhere'"),
        ({"campaign": "Launch"}, r"Several campaigns are called 'Launch'"),
        ({"campaign": campaign, "status": "Dancing"}, r"has no member status 'Dancing'\. It has: Invited"),
        ({"campaign": campaign, "program": "Nothing"}, r"There is no program Nothing"),
    ):
        with pytest.raises(TandemError, match=words):
            add([lead if "program" in wrong else kept], **wrong)
    org.set_marketing_user(False)
    assert outcomes(add([lead], campaign=campaign)) == {lead: "refused"}
    assert "cannot be inserted" in world.activities(lead, 42)[-1]["attributes"]["Error Message"]
