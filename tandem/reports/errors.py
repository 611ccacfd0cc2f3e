"""What went wrong and still stands: grouped by code, with what it means and what to do (section 24)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.database.mutes import is_muted
from tandem.reports.meanings import action, meaning


@dataclass(frozen=True)
class ErrorFilter:
    """Which errors to look at; ``None`` means all."""

    since: datetime | None = None
    level: str | None = None
    object: str | None = None
    code: str | None = None
    with_resolved: bool = False
    muted: bool = False
    """Only those that are muted; else only the others."""

    def condition(self) -> tuple[str, list[Any]]:
        """Return the filter as SQL with its values."""
        conditions = [is_muted() if self.muted else f"NOT {is_muted()}"]
        if not self.with_resolved:
            conditions.append("resolved_at IS NULL")
        values: list[Any] = []
        if self.since is not None:
            conditions.append("logged_at >= ?")
            values.append(self.since)
        for column, wanted in (("level", self.level), ("object", self.object), ("code", self.code)):
            if wanted is not None:
                conditions.append(f"lower({column}) = lower(?)")
                values.append(wanted)
        return " AND ".join(conditions), values


def groups(session: Session, chosen: ErrorFilter) -> list[dict[str, Any]]:
    """Return the errors grouped by level, class, code and object, the most frequent first."""
    condition, values = chosen.condition()
    found = session.rows(
        f"""
        SELECT level, class, code, object, count(*) AS count, min(logged_at) AS first_at,
               max(logged_at) AS last_at, arg_max(message, logged_at) AS example
        FROM sync.error WHERE {condition} GROUP BY ALL ORDER BY count DESC, last_at DESC, code
        """,
        values,
    )
    return [{**group, "meaning": meaning(group["code"]), "action": action(group["code"])} for group in found]


def entries(session: Session, chosen: ErrorFilter, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the errors one by one, newest first."""
    condition, values = chosen.condition()
    found = session.rows(
        "SELECT id, logged_at, level, class, code, object, operation, person_id, sfdc_id, message, fields,"
        f" payload, run_id, resolved_at FROM sync.error WHERE {condition} ORDER BY logged_at DESC, id DESC"
        + (f" LIMIT {limit:d}" if limit is not None else ""),
        values,
    )
    for row in found:
        for column in ("fields", "payload"):
            row[column] = json.loads(row[column]) if row[column] else None
    return found


def mark_for_retry(session: Session, ids: Sequence[int] | None, chosen: ErrorFilter) -> list[int]:
    """Let refused records be sent again by the next cycle; returns the ids of the errors marked.

    :param ids: errors by their id; ``None``: all standing record errors that ``chosen`` lets through.
    """
    condition, values = chosen.condition()
    if ids is not None:
        condition += " AND id IN (SELECT unnest(?))"
        values.append(list(ids))
    with session.transaction():
        found = session.rows(
            f"SELECT id FROM sync.error WHERE level = 'record' AND {condition} ORDER BY id", values
        )
        marked = [int(row["id"]) for row in found]
        session.execute(
            "UPDATE sync.error SET resolved_at = ? WHERE id IN (SELECT unnest(CAST(? AS BIGINT[])))",
            [utc_now(), marked],
        )
    return marked
