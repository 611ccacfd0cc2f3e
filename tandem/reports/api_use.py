"""How many API calls were made, for what, and how long the day's budget lasts (sections 27 and API-02)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session

_DAY = timedelta(hours=24)


def api_use(session: Session, now: datetime | None = None) -> dict[str, Any]:
    """Return our calls of the last 24 hours: by object and operation, by hour, and where that leads.

    ``forecast_24h`` is the pace of the last six hours over a day; ``by_hour`` has 24 figures, oldest first.
    """
    now = now or utc_now()
    by_use = session.rows(
        """
        SELECT coalesce(object, 'several') AS object, operation, sum(calls) AS calls, sum(rows) AS records,
               count(*) FILTER (status IS NULL OR status >= 400) AS failed
        FROM sync.api_call WHERE logged_at > ? AND logged_at <= ? GROUP BY ALL HAVING sum(calls) > 0
        ORDER BY calls DESC, object, operation
        """,
        [now - _DAY, now],
    )
    hours = session.rows(
        "SELECT date_diff('second', logged_at, CAST(? AS TIMESTAMP)) // 3600 AS hours_ago, sum(calls) AS calls"
        " FROM sync.api_call WHERE logged_at > ? AND logged_at <= ? GROUP BY ALL",
        [now, now - _DAY, now],
    )
    calls = {int(row["hours_ago"]): int(row["calls"]) for row in hours}
    by_hour = [calls.get(back, 0) for back in reversed(range(24))]
    return {"by_use": by_use, "by_hour": by_hour, "forecast_24h": sum(by_hour[-6:]) * 4}
