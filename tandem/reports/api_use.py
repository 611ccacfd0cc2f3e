"""How many API calls were made, for what, and how long the day's budget lasts (sections 27 and API-02)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.settings import ApiBudget

_DAY = timedelta(hours=24)
_HOURS = 24
#: The hours whose pace is taken to go on.
_PACE_HOURS = 6


def api_budget(session: Session, budget: ApiBudget, now: datetime | None = None) -> dict[str, Any]:
    """Return the calls of the last 24 hours against what they may be.

    ``org_used_24h``, ``org_limit_24h``: as Salesforce last told, at ``org_told_at``; ``None``: not within a day.
    ``left``: calls that we may still make, by our own budget and by the org's limit less the reserve; ``None``:
    nothing limits us as far as is known. ``calls_an_hour``: our pace of the last six hours.
    ``forecast_24h``: where that leads in a day. ``used_up_at``: when ``left`` comes to nothing at this pace, to
    the hour; ``None``: never. Calls of 24 hours ago fall out of the count meanwhile; the others' calls are taken
    to stay as they are.
    """
    now = now or utc_now()
    by_hour = calls_by_hour(session, now)
    told = session.rows(
        "SELECT used, daily_limit, logged_at FROM sync.api_call WHERE daily_limit IS NOT NULL"
        " AND logged_at > ? AND logged_at <= ? ORDER BY logged_at DESC LIMIT 1",
        [now - _DAY, now],
    )
    org: dict[str, Any] = told[0] if told else {"used": None, "daily_limit": None, "logged_at": None}
    pace = sum(by_hour[-_PACE_HOURS:]) / _PACE_HOURS
    limits = [budget.daily_calls - sum(by_hour)] if budget.daily_calls else []
    if told:
        limits.append(int(org["daily_limit"] * (1 - budget.reserve)) - org["used"])
    left = max(0, min(limits)) if limits else None
    hours = None if left is None else _hours_until_used_up(left, by_hour, pace)
    return {
        "used_24h": sum(by_hour),
        "budget_24h": budget.daily_calls or None,
        "org_used_24h": org["used"],
        "org_limit_24h": org["daily_limit"],
        "org_told_at": org["logged_at"],
        "reserve": budget.reserve,
        "left": left,
        "calls_an_hour": round(pace, 1),
        "forecast_24h": round(pace * _HOURS),
        "used_up_at": None if hours is None else now + timedelta(hours=hours),
    }


def _hours_until_used_up(left: int, by_hour: Sequence[int], pace: float) -> int | None:
    """Both limits go by the last 24 hours: what was made in the oldest hour is free again an hour later."""
    if not left:
        return 0
    for hours in range(1, _HOURS + 1):
        if pace * hours - sum(by_hour[:hours]) > left:
            return hours
    return None


def calls_by_hour(session: Session, now: datetime | None = None) -> list[int]:
    """Return our calls in each of the last 24 hours, oldest first."""
    now = now or utc_now()
    hours = session.rows(
        "SELECT date_diff('second', logged_at, CAST(? AS TIMESTAMP)) // 3600 AS hours_ago, sum(calls) AS calls"
        " FROM sync.api_call WHERE logged_at > ? AND logged_at <= ? GROUP BY ALL",
        [now, now - _DAY, now],
    )
    calls = {int(row["hours_ago"]): int(row["calls"]) for row in hours}
    return [calls.get(back, 0) for back in reversed(range(_HOURS))]


def calls_by_use(session: Session, now: datetime | None = None) -> list[dict[str, Any]]:
    """Return our calls of the last 24 hours by object and operation, the most frequent first."""
    now = now or utc_now()
    return session.rows(
        """
        SELECT coalesce(object, 'several') AS object, operation, sum(calls) AS calls, sum(rows) AS records,
               count(*) FILTER (status IS NULL OR status >= 400) AS failed
        FROM sync.api_call WHERE logged_at > ? AND logged_at <= ? GROUP BY ALL HAVING sum(calls) > 0
        ORDER BY calls DESC, object, operation
        """,
        [now - _DAY, now],
    )
