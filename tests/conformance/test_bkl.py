"""Backlog (section 25): what waits on either side, how fast it goes, how long it will take."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tandem.clock import utc_now
from tests.conformance.conftest import Cast
from tests.support.world import World


def measure(world: World) -> dict[str, dict[str, Any]]:
    """Run the hourly flow and return its rows by object."""
    from flows.backlog import backlog

    summary: Any = backlog()
    return {row["object"]: row for row in summary["backlog"]}


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What ``tandem backlog --json`` says."""
    from tandem.cli import app

    capsys.readouterr()
    app(["backlog", "--json"], standalone_mode=False)
    return dict(json.loads(capsys.readouterr().out))


def measured(world: World, at: datetime, theirs: int, ours: int = 0, object: str = "Lead") -> None:
    """Put a measurement of an earlier hour into the database."""
    world.execute("INSERT INTO sync.backlog VALUES (?, ?, ?, ?)", at, object, theirs, ours)


def synced_records(world: World, at: datetime, records: int) -> None:
    """Put a step of an earlier hour into the database."""
    world.execute(
        "INSERT INTO sync.step (id, run_id, started_at, ended_at, object, operation, status, updated)"
        " SELECT max(id) + 1, 'earlier', ?, ?, 'Lead', 'Pull updates', 'Succeeded', ? FROM sync.step",
        at,
        at,
        records,
    )


@pytest.mark.conformance("BKL-01")
def test_what_waits_on_either_side_is_counted_and_nothing_is_read_or_sent(
    synced: World, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    before = measure(synced)
    assert all(row["in_salesforce"] == row["in_marketing"] == 0 for row in before.values())

    synced.org.clock.advance(seconds=60)
    synced.org.update("Lead", cast.lead, {"City": "Turin"})
    synced.org.update("Account", cast.account, {"Industry": "Energy"})
    synced.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", cast.contact)
    synced.add_person(last_name="Nobody", company_name="Nowhere")  # a flow step's business, not the sync's
    synced.org.requests.clear()
    rows = measure(synced)

    assert {name: (row["in_salesforce"], row["in_marketing"]) for name, row in rows.items()} == {
        "User": (0, 0),
        "Group": (0, 0),
        "Account": (1, 0),
        "Lead": (1, 0),
        "Contact": (0, 1),
    }
    calls = [each for each in synced.org.requests if "/oauth2/" not in each.path]
    assert len(calls) == 1, "five objects to a call"
    assert synced.person(cast.lead)["city"] == "London", "measuring does not read"
    assert synced.org.get("Contact", cast.contact)["Title"] == "Inventor", "nor send"
    assert shown(capsys)["total"] == 3

    synced.sync()
    synced.sync()  # reads back what the one before sent
    assert all(row["in_salesforce"] == row["in_marketing"] == 0 for row in measure(synced).values())


@pytest.mark.conformance("BKL-02", "BKL-03", "BKL-04", "BKL-05", "BKL-06")
def test_trend_pace_estimate_and_status(synced: World, capsys: pytest.CaptureFixture[str]) -> None:
    synced.execute("DELETE FROM sync.step")
    synced.execute("INSERT INTO sync.step (id, run_id, started_at, object, operation, status) VALUES"
                   " (1, 'first', '2026-01-01', 'Lead', 'Pull updates', 'Cleaned up')")  # fmt: skip
    now = utc_now()
    measured(synced, now - timedelta(days=4, hours=1), 900)
    measured(synced, now - timedelta(hours=7), 50, 10)
    measured(synced, now - timedelta(hours=7), 5, object="Account")
    measured(synced, now - timedelta(minutes=20), 100, 20)
    measured(synced, now - timedelta(minutes=20), 3, object="Account")
    synced_records(synced, now - timedelta(hours=3, minutes=30), 480)
    synced_records(synced, now - timedelta(hours=5, minutes=30), 240)
    synced_records(synced, now - timedelta(hours=25), 10_000)  # out of the rolling day

    facts = shown(capsys)

    trend = [point["records"] for point in facts["trend"]]
    assert len(trend) == 30
    assert trend[-1] == 123
    assert trend[-2] == 65
    assert trend[5] == 900  # 24 steps of four hours ago
    assert trend[0] is None, "never measured is not zero"
    steps = [datetime.fromisoformat(point["at"]) for point in facts["trend"]]
    assert {later - earlier for earlier, later in itertools.pairwise(steps)} == {timedelta(hours=4)}

    lead, account = (
        next(row for row in facts["objects"] if row["object"] == name) for name in ("Lead", "Account")
    )
    assert (lead["most_per_hour"], lead["least_per_hour"], lead["average_per_hour"]) == (480, 0, 30.0)
    assert lead["hours_left"] == 4.0  # 120 by 30 an hour
    assert account["hours_left"] is None, "nothing moved: no time can be told"

    assert (facts["total"], facts["status"]) == (123, "Growing")
    last, following = (datetime.fromisoformat(facts[name]) for name in ("last_fetch_at", "next_fetch_at"))
    assert following - last == timedelta(hours=1)

    measured(synced, now - timedelta(minutes=1), 65)
    assert shown(capsys)["status"] == "Normal", "no more than six hours ago"
