"""Sync Person to SFDC: whom it concerns, and what it says."""

from __future__ import annotations

import json

import pytest

from flows.outcome import StepsFailed
from flows.run import main
from tandem.errors import TandemError
from tests.support.world import World


def outcomes(summary: dict) -> dict[int, str]:
    """Return what a summary says of each person."""
    return {each["person_id"]: each["outcome"] for each in summary["people"]}


def test_only_what_concerns_the_people_asked_for_is_looked_at(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    org = world.org
    world.backfill()
    org.add_validation_rule("Lead", "Never", condition="Fax = 'never'", message="Never, ever.")
    leads = world.rows(
        "SELECT id, sfdc_id FROM marketing.person WHERE sfdc_type = 'lead' AND NOT sfdc_is_converted"
    )
    contact = world.rows("SELECT id, sfdc_id FROM marketing.person WHERE sfdc_type = 'contact'")[0]
    changed, refused, same, marked = leads[:4]
    org.hide_field("Contact", "Email")  # contacts cannot be synced at all
    edit = "UPDATE marketing.person SET {} WHERE id = ?"
    world.execute(edit.format("job_title = 'Sent'"), changed["id"])
    world.execute(edit.format("fax_number = 'never'"), refused["id"])
    world.execute(edit.format("sfdc_type = NULL, sfdc_is_deleted = true, job_title = 'Once'"), marked["id"])
    fresh = world.add_person(last_name="Fresh", company_name="Fresh Ltd")
    barred = world.add_person(last_name="Barred", company_name="Barred Ltd", fax_number="never")
    before = org.count("Lead")

    asked = [changed["id"], refused["id"], same["id"], marked["id"], fresh, barred]
    summary = world.sync_person(*asked)

    assert summary["status"] == "Succeeded"
    assert {step["object"] for step in summary["steps"]} == {"Lead"}
    expected = ["updated", "refused", "unchanged", "updated", "created", "refused"]
    assert outcomes(summary) == dict(zip(asked, expected, strict=True))
    assert [each["message"] for each in summary["people"] if each["message"]] == ["Never, ever."] * 2
    assert org.get("Lead", changed["sfdc_id"])["Title"] == "Sent"
    # Somebody edited the marker: who is there all the same is not made again.
    assert org.get("Lead", marked["sfdc_id"])["Title"] == "Once"
    assert org.count("Lead") == before + 1

    # Where a contact is asked for, that fails and says so; the lead still goes out.
    world.execute(edit.format("job_title = 'Again'"), changed["id"])
    with pytest.raises(StepsFailed, match=r"Contact, Sync schema.*Email") as failed:
        world.sync_person(contact["id"], changed["id"])
    assert outcomes(failed.value.summary) == {contact["id"]: "not sent", changed["id"]: "updated"}
    assert org.get("Lead", changed["sfdc_id"])["Title"] == "Again"

    org.show_field("Contact", "Email")
    world.execute(edit.format("job_title = 'Contact'"), contact["id"])
    summary = world.sync_person(contact["id"])
    assert outcomes(summary) == {contact["id"]: "updated"}
    assert {step["object"] for step in summary["steps"]} == {"Contact"}

    with pytest.raises(TandemError, match=r"There is no person 999999\."):
        world.sync_person(fresh, 999999)

    capsys.readouterr()
    world.execute(edit.format("fax_number = 'later'"), barred)
    assert main(["sync-person", "--parameters", json.dumps({"person_ids": [same["id"], barred]})]) == 0
    assert "unchanged" in capsys.readouterr().out
    standing = "SELECT person_id FROM sync.error WHERE level = 'record' AND resolved_at IS NULL"
    assert world.rows(standing) == [{"person_id": refused["id"]}]  # whose create came right stands no more
