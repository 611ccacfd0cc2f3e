"""Tasks and events, in both directions (sections 13 and 14)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.conftest import Cast
from tests.conformance.wire import Wire
from tests.support.world import World


@pytest.fixture(autouse=True)
def _working(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", json.dumps(["Lead", "Contact", "Task", "Event"]))


def told(world: World, sfdc_id: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Return a person's activities about tasks and events: type, subject, attributes."""
    return [
        (each["activity_type_id"], each["primary_attribute_value"], each["attributes"])
        for each in world.activities(world.person(sfdc_id)["id"])
        if each["activity_type_id"] in (26, 30)
    ]


@pytest.mark.conformance("ACT-01")
@pytest.mark.conformance("LOG-01")
def test_tasks_and_events_come_in_as_activities_of_their_person(
    synced: World, cast: Cast, wire: Wire
) -> None:
    org = synced.org
    call = org.create("Task", {"WhoId": cast.lead, "Subject": "Call", "OwnerId": cast.owner})
    times = {"StartDateTime": "2026-11-20T10:00:00Z", "DurationInMinutes": 30}
    meeting = org.create("Event", {"WhoId": cast.contact, "Subject": "Meeting", **times})
    org.create("Task", {"Subject": "Nobody's"})
    org.create("Task", {"Subject": "The account's", "WhatId": cast.account})

    summary = synced.sync()

    assert synced.steps(summary)["Task", "Pull updates"]["new"] == 1  # only what is about a lead or contact
    assert told(synced, cast.lead) == [
        (
            26,
            "Call",
            {
                "Type": "Task",
                "SFDC Id": call,
                "Subject": "Call",
                "Activity Owner": cast.owner,
                "Status": "Not Started",
                "Priority": "Normal",
                "Source": "Salesforce.com",
            },
        )
    ]
    [(kind, subject, attributes)] = told(synced, cast.contact)
    assert (kind, subject, attributes["Type"]) == (26, "Meeting", "Event")
    assert attributes["Start"] == "2026-11-20 10:00:00"

    org.update("Task", call, {"Status": "Completed"})
    org.delete("Event", meeting)
    synced.sync()

    number, _, attributes = told(synced, cast.lead)[1]
    changes = {each["attribute"]: each["new"] for each in json.loads(attributes["Data Value Changes"])}
    assert (number, changes["status"], attributes["Status"]) == (30, "Completed", "Completed")
    [row] = synced.rows("SELECT * FROM marketing.event")
    assert (row["subject"], row["sfdc_is_deleted"]) == ("Meeting", True)  # kept and marked
    assert row["person_id"] == synced.person(cast.contact)["id"]
    assert told(synced, cast.contact)[1][0] == 30
    synced.execute("UPDATE marketing.task SET subject = 'Mine'")
    assert len(told(synced, cast.lead)) == 2
    synced.sync()
    assert len(told(synced, cast.lead)) == 2
    assert wire.writes() == []
