"""How the sync stands: its state in one word, the last run's steps, watermarks, API calls (section 23)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.database.journal import CYCLES, OF_A_CYCLE, Status
from tandem.database.lease import is_alive
from tandem.database.mutes import is_muted
from tandem.database.notifications import notifications
from tandem.database.outbox import actions_broken_off
from tandem.reports.api_use import api_budget
from tandem.settings import ApiBudget

#: The three states of 2.10, and ours for a database that nothing was synced into yet.
LAST_SYNCED, IN_PROGRESS, FAILED, NEVER = "Last Synced", "Sync in Progress", "Failed", "Never Synced"


@dataclass(frozen=True)
class StepFilter:
    """Which steps to list; ``None`` and empty mean all."""

    since: datetime
    objects: Sequence[str] = ()
    operations: Sequence[str] = ()
    statuses: Sequence[str] = ()
    with_idle: bool = True
    """Also those in which nothing happened: most of a day."""

    def condition(self) -> tuple[str, list[Any]]:
        """Return the filter as SQL with its values."""
        conditions = ["started_at >= ?"]
        values: list[Any] = [self.since]
        wanted = (("object", self.objects), ("operation", self.operations), ("status", self.statuses))
        for column, names in wanted:
            if names:
                conditions.append(f"lower({column}) IN (SELECT lower(unnest(?)))")
                values.append(list(names))
        if not self.with_idle:
            conditions.append(
                "(new + updated + deleted + failed + skipped > 0 OR detail IS NOT NULL OR status != ?)"
            )
            values.append(Status.SUCCEEDED)
        return " AND ".join(conditions), values


def overview(session: Session, budget: ApiBudget) -> dict[str, Any]:
    """Return how the sync stands."""
    runs = session.rows(
        "SELECT id, kind, started_at, ended_at, status, detail FROM sync.run WHERE kind IN (SELECT unnest(?))"
        " ORDER BY started_at DESC LIMIT 1",
        [CYCLES],
    )
    last_run = runs[0] if runs else None
    last_success = session.value(
        "SELECT max(ended_at) FROM sync.run WHERE status = ? AND kind IN (SELECT unnest(?))",
        [Status.SUCCEEDED, CYCLES],
    )
    return {
        **_state(session, last_run, last_success),
        "last_success_at": last_success,
        "last_run": last_run,
        "last_error": _last_error(session),
        "objects": _objects(session),
        "api": api_budget(session, budget),
        "notifications": notifications(session, utc_now() - timedelta(days=5)),
        "waiting": {
            "errors": _count(session, f"sync.error WHERE resolved_at IS NULL AND NOT {is_muted()}"),
            "quarantined": _count(session, "sync.quarantine WHERE released_at IS NULL", "object || sfdc_id"),
            "unsent": _count(session, f"sync.outbox WHERE state = 'journalled' AND {OF_A_CYCLE}"),
            "actions_broken_off": actions_broken_off(session),
        },
    }


def steps(session: Session, chosen: StepFilter, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the steps that a filter lets through, newest first (23.1, 23.2)."""
    condition, values = chosen.condition()
    return session.rows(
        "SELECT started_at, ended_at, object, operation, status, new, updated, deleted, failed, skipped,"
        f" detail, run_id FROM sync.step WHERE {condition} ORDER BY started_at DESC, id DESC"
        + (f" LIMIT {limit:d}" if limit is not None else ""),
        values,
    )


def count_steps(session: Session, chosen: StepFilter) -> int:
    """Return how many steps a filter lets through."""
    condition, values = chosen.condition()
    return int(session.value(f"SELECT count(*) FROM sync.step WHERE {condition}", values))


def step_names(session: Session, since: datetime) -> dict[str, list[str]]:
    """Return the objects, operations and statuses that steps have had since then."""
    columns = ("object", "operation", "status")
    lists = ", ".join(f"list(DISTINCT {each} ORDER BY {each}) AS {each}" for each in columns)
    found = session.rows(f"SELECT {lists} FROM sync.step WHERE started_at >= ?", [since])[0]
    return {name: found[name] or [] for name in columns}


def _state(
    session: Session, last_run: dict[str, Any] | None, last_success: datetime | None
) -> dict[str, Any]:
    if last_run is None:
        return {"state": NEVER, "since": None, "detail": "Run `tandem backfill` for the first copy."}
    if last_run["status"] == Status.IN_PROCESS:
        held = session.rows("SELECT * FROM sync.lease WHERE holder = ?", [last_run["id"]])
        if any(is_alive(each) for each in held):
            return {"state": IN_PROGRESS, "since": last_run["started_at"], "detail": last_run["kind"]}
        gone = "The run's process is gone. Nothing is lost: the next run cleans up and goes on."
        return {
            "state": FAILED,
            "since": max((each["heartbeat_at"] for each in held), default=last_run["started_at"]),
            "detail": gone,
        }
    if last_run["status"] == Status.SUCCEEDED:
        return {"state": LAST_SYNCED, "since": last_success, "detail": last_run["kind"]}
    detail = last_run["detail"] or last_run["status"]
    return {"state": FAILED, "since": last_run["ended_at"], "detail": detail}


def _last_error(session: Session) -> dict[str, Any] | None:
    found = session.rows(
        "SELECT id, logged_at, level, object, operation, code, class, message FROM sync.error"
        f" WHERE resolved_at IS NULL AND NOT {is_muted()} ORDER BY logged_at DESC, id DESC LIMIT 1"
    )
    return found[0] if found else None


def _objects(session: Session) -> list[dict[str, Any]]:
    return session.rows(
        """
        SELECT object, w.stamp AS read_up_to, w.moved_at, s.status AS last_status, s.ended_at AS last_step_at
        FROM (SELECT object FROM sync.watermark UNION SELECT object FROM sync.step)
        LEFT JOIN sync.watermark w USING (object)
        LEFT JOIN (SELECT object, arg_max(status, id) AS status, arg_max(ended_at, id) AS ended_at
                   FROM sync.step GROUP BY object) s USING (object)
        ORDER BY object
        """
    )


def _count(session: Session, source: str, distinct: str = "") -> int:
    counted = f"count(DISTINCT {distinct})" if distinct else "count(*)"
    return int(session.value(f"SELECT {counted} FROM {source}"))
