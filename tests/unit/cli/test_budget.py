"""``tandem budget``, and the line of ``tandem status`` about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tandem.clock import utc_now
from tandem.database.connection import Database
from tests.unit.cli.conftest import Tandem


def _called(database: Database, hours_ago: float, calls: int, used: int | None = None) -> None:
    at = utc_now() - timedelta(hours=hours_ago)
    with database.write() as session:
        session.insert(
            "sync.api_call",
            [("r1", at, "query", "Lead", 200, 0.1, calls, None, used, 5000 if used else None)],
        )


def test_what_is_left_and_how_long_it_lasts(
    tandem: Tandem, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The org used 42 of 5,000, of which a tenth is left to others.
    facts = tandem("budget", "--json").json
    assert (facts["used_24h"], facts["left"], facts["used_up_at"]) == (3, 4458, None)
    assert facts["by_use"] == [
        {"object": "Lead", "operation": "query", "calls": 3, "records": 7, "failed": 0}
    ]
    assert (len(facts["by_hour"]), facts["by_hour"][-1]) == (24, 3)

    # 600 an hour for six hours, and what was made then stays in the count for long: two more hours.
    for hour in range(6):
        _called(database, hour + 0.5, 600, used=3600 if hour == 0 else None)
    with database.write() as session:
        session.execute("DELETE FROM sync.api_call WHERE calls = 3")
    facts = tandem("budget", "--json").json
    assert (facts["calls_an_hour"], facts["forecast_24h"], facts["left"]) == (600, 14400, 900)
    assert facts["used_up_at"][:13] == f"{utc_now() + timedelta(hours=2):%Y-%m-%dT%H}"
    assert "900 left to us, used up by " in tandem("status").out
    assert "900 calls left" in tandem("budget").out

    # A budget of our own that is tighter counts, and a spent one is spent.
    monkeypatch.setenv("TANDEM_BUDGET__DAILY_CALLS", "3000")
    assert tandem("budget", "--json").json["left"] == 0
    assert "0 calls left" in tandem("budget").out


def test_a_steady_pace_lasts(tandem: Tandem, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_BUDGET__DAILY_CALLS", "2500")
    for hour in range(24):
        _called(database, hour + 0.5, 100)
    facts = tandem("budget", "--json").json
    assert (facts["left"], facts["used_up_at"]) == (97, None), "what falls out of the day is free again"
