"""Activities out: completed tasks in Salesforce for those who tick them (section 14)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.outcome import StepsFailed
from tandem.objects.pushed_activity import PUSHABLE
from tests.conformance.conftest import Cast
from tests.support.world import World

CREATE = "POST /services/data/*/composite/sobjects"
NOW = datetime.now(UTC).replace(tzinfo=None)
#: Noon of today or of a day near it; it lies after the cast came, and two of them are a day apart.
NOON = (NOW + timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture(autouse=True)
def _telling(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", json.dumps(["Lead", "Task"]))


def tick(patch: pytest.MonkeyPatch, *names: str) -> None:
    """Tick these types and no others."""
    patch.setenv("TANDEM_SYNC__PUSHED_ACTIVITIES", json.dumps(names))


def happened(world: World, person: int, type_id: int, at: datetime, about: str, **facts: Any) -> None:
    """Write an activity, as a marketing program would."""
    world.execute(
        "INSERT INTO marketing.activity SELECT max(id) + 1, ?, ?, ?, ?, ?, 'ours' FROM marketing.activity",
        *(person, at, type_id, about, json.dumps(facts)),
    )


def tasks(world: World, sfdc_id: str) -> list[str]:
    """Return the subjects of a record's tasks in Salesforce."""
    found = world.org.query(f"SELECT Subject FROM Task WHERE WhoId = '{sfdc_id}' ORDER BY Subject")
    return [row["Subject"] for row in found]


@pytest.mark.conformance("ACT-02")
@pytest.mark.conformance("ACT-05")
@pytest.mark.conformance("LOG-01")
def test_ticked_types_go_once_a_day_for_each_person(
    synced: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = synced.person(cast.lead)["id"]
    names = {row["id"]: row["name"] for row in synced.rows("SELECT id, name FROM marketing.activity_type")}
    assert len(PUSHABLE) == 12
    for number in (*PUSHABLE.values(), 46):
        happened(synced, person, number, NOON, "About", Link="https://x.example", **{"Client IP": "::1"})
    synced.sync()
    assert tasks(synced, cast.lead) == []  # none is ticked

    tick(monkeypatch, "email_opened", "removed_from_flow")
    happened(synced, person, 10, NOON + timedelta(hours=1), "Second")
    happened(synced, person, 10, NOON + timedelta(days=1), "Next day")
    summary = synced.sync()

    assert synced.steps(summary)["Task", "Push new"]["new"] == 3
    assert tasks(synced, cast.lead) == [
        "Open Email: About",
        "Open Email: Next day",
        "Remove from Flow: About",
    ]
    subject = "Subject = 'Open Email: About'"
    [made] = synced.org.query(f"SELECT Status, ActivityDate, Description FROM Task WHERE {subject}")
    made.pop("attributes", None)
    assert made["Status"] == "Completed"
    assert str(made["ActivityDate"]) == f"{NOON:%Y-%m-%d}"
    assert set(made["Description"].split("\n")) == {"Link: https://x.example", "Client IP: ::1"}

    # Nothing goes twice; what went does not come back as somebody's; a type ticked later goes later.
    tick(monkeypatch, *PUSHABLE)
    synced.sync()
    expected = {f"{names[number]}: About" for number in PUSHABLE.values()} | {"Open Email: Next day"}
    assert tasks(synced, cast.lead) == sorted(expected)
    synced.sync()
    assert len(tasks(synced, cast.lead)) == 13
    assert synced.rows("SELECT count(*) AS n FROM marketing.task WHERE person_id = ?", person)[0]["n"] == 13
    assert synced.activities(person, 26) == []


@pytest.mark.conformance("ACT-03")
@pytest.mark.conformance("ACT-04")
def test_three_months_go_back_and_nothing_from_before_the_person_was_sent(
    synced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.org.clock.advance(days=-200)
    old = synced.org.create("Lead", {"LastName": "Old", "Company": "Old Ltd"})
    synced.org.clock.advance(days=200)
    synced.org.update("Lead", old, {"Title": "Seen"})
    ours = synced.add_person(last_name="Ours", company_name="Ours Ltd")
    synced.sync()
    veteran = synced.person(old)["id"]
    for days in (1, 30, 85, 100, 190):
        happened(synced, veteran, 2, NOW - timedelta(days=days), f"{days} days")
    happened(synced, ours, 2, NOW - timedelta(days=3), "Before")
    tick(monkeypatch, "filled_out_form")
    synced.sync()
    assert tasks(synced, old) == [f"Fill Out Form: {days} days" for days in ("1", "30", "85")]

    synced.sync_person(ours)
    happened(synced, ours, 2, NOW + timedelta(days=1), "After")
    synced.sync()
    [lead] = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", ours)
    assert tasks(synced, lead["sfdc_id"]) == ["Fill Out Form: After"]


@pytest.mark.conformance("ACT-05")
def test_a_lost_answer_doubles_nothing_and_a_refusal_is_told(
    synced: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = synced.person(cast.lead)["id"]
    tick(monkeypatch, "email_sent", "email_opened")
    happened(synced, person, 6, NOON, "Arrived")
    synced.org.faults.add(CREATE, "drop_after", times=None)
    with pytest.raises(StepsFailed, match="No answer came for 1 activities"):
        synced.sync()
    synced.org.faults.clear()
    assert tasks(synced, cast.lead) == ["Send Email: Arrived"]
    synced.sync()
    assert tasks(synced, cast.lead) == ["Send Email: Arrived"]
    assert synced.activities(person, 26) == []

    happened(synced, person, 6, NOON + timedelta(days=1), "Lost on the way")
    synced.org.faults.add(CREATE, "drop_before", times=None)
    with pytest.raises(StepsFailed, match="Task, Push new"):
        synced.sync()
    synced.org.faults.clear()
    synced.sync()
    assert tasks(synced, cast.lead) == ["Send Email: Arrived", "Send Email: Lost on the way"]

    synced.org.add_validation_rule("Task", "r", "Subject = 'Open Email: No'", "Not this one.")
    happened(synced, person, 10, NOON, "No")
    happened(synced, person, 6, NOON + timedelta(days=2), "Yes")
    summary = synced.sync()
    step = synced.steps(summary)["Task", "Push new"]
    assert (step["new"], step["failed"]) == (1, 1)
    [error] = synced.rows("SELECT person_id, message, operation FROM sync.error WHERE level = 'record'")
    assert error == {"person_id": person, "message": "Not this one.", "operation": "Push new"}
    synced.org.create("Task", {"WhoId": cast.lead, "Subject": "Somebody's"})
    assert ("Task", "Push new") not in synced.steps(synced.sync())
    assert [each["primary_attribute_value"] for each in synced.activities(person, 26)] == ["Somebody's"]
