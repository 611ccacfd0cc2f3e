"""What the last data quality report found, and how it went over the days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tandem.database.connection import Session

#: Days of the trend that is shown.
TREND_DAYS = 30


def latest_scores(session: Session) -> list[dict[str, Any]]:
    """Return the score of each object in its last report: ``object``, ``score`` (0 to 100), ``measured_at``,
    and ``before``, the score in the report before that (``None`` in the first)."""
    return session.rows(
        """
        SELECT object, score, measured_at,
               lag(score) OVER (PARTITION BY object ORDER BY measured_at) AS before
        FROM sync.quality
        QUALIFY row_number() OVER (PARTITION BY object ORDER BY measured_at DESC) = 1
        ORDER BY object
        """
    )


def quality(session: Session, days: int = TREND_DAYS) -> dict[str, Any] | None:
    """Return the last report with its trend; ``None`` before the first one.

    ``objects``: a row per object in the order of a cycle, with ``score``, ``before`` (the score of the
    report before), ``records``, ``failing``, ``warned``, ``quarantined``, ``completeness`` (0 to 1),
    ``read_at``, ``note``, ``trend`` (``day``, ``score``, ``records``; a row per day of ``days``, ``None``
    where there was no report), ``expectations`` and ``fields``.
    ``counts``: ``what``, ``records`` and ``before``: duplicates and orphans.
    ``examples``: by what is counted, the records to look at first.
    """
    last = session.value("SELECT max(measured_at) FROM sync.quality")
    if last is None:
        return None
    before = session.value("SELECT max(measured_at) FROM sync.quality WHERE measured_at < ?", [last])
    expectations = _by_object(
        session,
        "SELECT object, number, expectation, column_name, severity, passed, checked, broken, observed, why"
        " FROM sync.quality_expectation WHERE measured_at = ? ORDER BY object, number",
        last,
    )
    fields = _by_object(
        session,
        "SELECT object, field, filled, records FROM sync.quality_field WHERE measured_at = ?"
        " ORDER BY object, filled, field",
        last,
    )
    trend = _trend(session, last, days)
    objects = session.rows(
        """
        SELECT q.*, b.score AS before FROM (SELECT rowid AS place, * FROM sync.quality WHERE measured_at = $1) q
        LEFT JOIN (SELECT object, score FROM sync.quality WHERE measured_at = $2) b USING (object)
        ORDER BY place
        """,
        [last, before],
    )
    counts = session.rows(
        """
        SELECT c.what, c.records, b.records AS before
        FROM (SELECT rowid AS place, * FROM sync.quality_count WHERE measured_at = $1) c
        LEFT JOIN (SELECT what, records FROM sync.quality_count WHERE measured_at = $2) b USING (what)
        ORDER BY place
        """,
        [last, before],
    )
    examples: dict[str, list[dict[str, Any]]] = {}
    for row in session.rows(
        "SELECT what, key, object, sfdc_id, person_id, name, detail FROM sync.quality_example"
        " ORDER BY what, place"
    ):
        examples.setdefault(row.pop("what"), []).append(row)
    return {
        "measured_at": last,
        "run_id": objects[0]["run_id"],
        "objects": [
            {
                **{
                    name: value
                    for name, value in row.items()
                    if name not in ("place", "measured_at", "run_id")
                },
                "trend": trend[row["object"]],
                "expectations": expectations.get(row["object"], []),
                "fields": fields.get(row["object"], []),
            }
            for row in objects
        ],
        "counts": counts,
        "examples": examples,
    }


def _by_object(session: Session, sql: str, last: datetime) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.rows(sql, [last]):
        found.setdefault(row.pop("object"), []).append(row)
    return found


def _trend(session: Session, last: datetime, days: int) -> dict[str, list[dict[str, Any]]]:
    """The last report of each day; a day without one is a gap, which is not a zero."""
    first = last.date() - timedelta(days=days - 1)
    found = session.rows(
        """
        SELECT object, measured_at::DATE AS day, score, records FROM sync.quality
        WHERE measured_at::DATE >= $1
        QUALIFY row_number() OVER (PARTITION BY object, measured_at::DATE ORDER BY measured_at DESC) = 1
        """,
        [first],
    )
    known = {(row["object"], row["day"]): row for row in found}
    every = [first + timedelta(days=number) for number in range(days)]
    nothing = {"score": None, "records": None}
    return {
        name: [
            {"day": day, **{key: known.get((name, day), nothing)[key] for key in nothing}} for day in every
        ]
        for name in {row["object"] for row in found}
    }
