"""How much waits, how fast it goes, how long it will take (section 25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session

GROWING, NORMAL = "Growing", "Normal"
FETCHED_EVERY = timedelta(hours=1)  # 25.4
POINTS = 30  # of the trend: five days in steps of four hours (25.2)
STEP = timedelta(hours=4)
_COMPARED_WITH = timedelta(hours=6)  # 25.6


@dataclass(frozen=True)
class Pace:
    """Records an hour in the last 24 hours, rolling (25.3)."""

    most: int
    least: int
    average: float


def backlog(session: Session, now: datetime | None = None) -> dict[str, Any]:
    """Return the backlog: total, status, trend, and a row per object.

    ``hours_left`` is backlog by average pace (25.5): 0 when nothing waits, ``None`` when something waits
    and nothing moved in 24 hours.
    """
    now = now or utc_now()
    measured = session.rows(
        "SELECT measured_at, object, in_salesforce, in_marketing FROM sync.backlog WHERE measured_at <= ?"
        " ORDER BY measured_at",
        [now],
    )
    totals: dict[datetime, int] = {}
    for row in measured:
        waiting = row["in_salesforce"] + row["in_marketing"]
        totals[row["measured_at"]] = totals.get(row["measured_at"], 0) + waiting
    last = max(totals, default=None)
    pace = _pace(session, now)
    latest = [row for row in measured if row["measured_at"] == last]
    return {
        "last_fetch_at": last,
        "next_fetch_at": last + FETCHED_EVERY if last else None,
        "total": totals[last] if last else None,
        "status": _status(totals, now),
        "trend": [{"at": at, "records": _at(totals, at, STEP)} for at in _points(now)],
        "objects": [_object(row, pace.get(row["object"], Pace(0, 0, 0.0))) for row in latest],
    }


def _points(now: datetime) -> list[datetime]:
    return [now - STEP * back for back in reversed(range(POINTS))]


def _at(totals: dict[datetime, int], at: datetime, not_older_than: timedelta) -> int | None:
    """Return the last measurement before a moment; ``None`` where there is none: a gap is not a zero."""
    known = [each for each in totals if at - not_older_than < each <= at]
    return totals[max(known)] if known else None


def _status(totals: dict[datetime, int], now: datetime) -> str:
    before = [each for each in totals if each <= now - _COMPARED_WITH]
    if not before:
        return NORMAL
    return GROWING if totals[max(totals)] > totals[max(before)] else NORMAL


def _object(row: dict[str, Any], pace: Pace) -> dict[str, Any]:
    waiting = row["in_salesforce"] + row["in_marketing"]
    hours_left = 0.0 if not waiting else waiting / pace.average if pace.average else None
    return {
        "object": row["object"],
        "in_salesforce": row["in_salesforce"],
        "in_marketing": row["in_marketing"],
        "most_per_hour": pace.most,
        "least_per_hour": pace.least,
        "average_per_hour": round(pace.average, 1),
        "hours_left": None if hours_left is None else round(hours_left, 2),
    }


def _pace(session: Session, now: datetime) -> dict[str, Pace]:
    """Hours without a step count as hours with nothing done."""
    found = session.rows(
        """
        SELECT object, max(records) AS most, CASE WHEN count(*) = 24 THEN min(records) ELSE 0 END AS least,
               sum(records) / 24 AS average
        FROM (SELECT object, date_diff('second', ended_at, CAST(? AS TIMESTAMP)) // 3600 AS hours_ago,
                     sum(new + updated + deleted + skipped) AS records
              FROM sync.step WHERE ended_at > CAST(? AS TIMESTAMP) AND ended_at <= CAST(? AS TIMESTAMP)
                AND operation NOT IN ('Sync schema', 'Push new') GROUP BY ALL)
        GROUP BY object
        """,
        [now, now - timedelta(hours=24), now],
    )
    return {row["object"]: Pace(int(row["most"]), int(row["least"]), float(row["average"])) for row in found}
