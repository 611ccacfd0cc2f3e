"""What a run did, step by step: the rows behind ``tandem status`` (section 23), errors and API calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.database.lease import others_at_work
from tandem.database.notifications import forget_old
from tandem.salesforce.calls import ApiCall

#: Rows that a cycle settles by itself. Those of a flow action are settled by the same action, done again.
OF_A_CYCLE = "operation IN ('create', 'update', 'activity')"


class Status(StrEnum):
    """How a step or a run stands (23.3); the last is ours (API-02)."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    INCOMPLETE = "Incomplete"
    IN_PROCESS = "In Process"
    CLEANED_UP = "Cleaned up"
    STOPPED_AT_BUDGET = "Stopped at budget"


class Operation(StrEnum):
    """What a step does to its object (section 23)."""

    SYNC_SCHEMA = "Sync schema"
    PULL_UPDATES = "Pull updates"
    PULL_DELETES = "Pull deletes"
    PULL_CONVERSIONS = "Pull conversions"
    PUSH_NEW = "Push new"
    PUSH_UPDATES = "Push updates"
    INIT_LINK = "Init link with Program"
    SYNC_WITH_PROGRAM = "Sync with program"


@dataclass
class Step:
    """One (object, operation) of a run, with its counts in records."""

    object: str
    operation: Operation
    started_at: datetime
    status: Status = Status.SUCCEEDED
    new: int = 0
    updated: int = 0
    deleted: int = 0
    failed: int = 0
    skipped: int = 0
    detail: str | None = None


COUNTS = ("new", "updated", "deleted", "failed", "skipped")

#: The kinds of run that say how the sync stands. Flow actions and upkeep come and go beside them.
CYCLES = ["sync", "backfill"]


def begin_run(session: Session, run_id: str, kind: str) -> None:
    """Open a run. Whatever a dead run left open is marked: its transaction never happened (1.9)."""
    now = utc_now()
    alive = others_at_work(session, run_id)
    for table, run in (("step", "run_id"), ("run", "id")):
        session.execute(
            f"UPDATE sync.{table} SET status = ?, ended_at = ? WHERE status = ?"
            f" AND {run} NOT IN (SELECT unnest(CAST(? AS VARCHAR[])))",
            [Status.CLEANED_UP, now, Status.IN_PROCESS, alive],
        )
    session.execute(
        "INSERT INTO sync.run VALUES (?, ?, ?, NULL, ?, NULL)", [run_id, kind, now, Status.IN_PROCESS]
    )


def end_run(session: Session, run_id: str, status: Status, detail: str | None = None) -> None:
    """Close a run; steps it left open were rolled back and say so (1.9)."""
    now = utc_now()
    session.execute(
        "UPDATE sync.step SET status = ?, ended_at = ? WHERE run_id = ? AND status = ?",
        [Status.CLEANED_UP, now, run_id, Status.IN_PROCESS],
    )
    session.execute(
        "UPDATE sync.run SET status = ?, ended_at = ?, detail = ? WHERE id = ?", [status, now, detail, run_id]
    )


def status_of_steps(session: Session, run_id: str) -> Status:
    """Return how a run stands that came to its end: as badly as its worst step."""
    found = {
        row["status"]
        for row in session.rows("SELECT DISTINCT status FROM sync.step WHERE run_id = ?", [run_id])
    }
    if Status.STOPPED_AT_BUDGET in found:
        return Status.STOPPED_AT_BUDGET
    return Status.FAILED if found & {Status.FAILED, Status.CLEANED_UP} else Status.SUCCEEDED


def last_success(session: Session, kind: str) -> datetime | None:
    """Return when the last run of a kind began that ended well."""
    found: datetime | None = session.value(
        "SELECT max(started_at) FROM sync.run WHERE kind = ? AND status = ?", [kind, Status.SUCCEEDED]
    )
    return found


def open_steps(session: Session, run_id: str, object_names: Iterable[str], operation: Operation) -> None:
    """Show steps as in process, so that a watcher sees what is going on."""
    now = utc_now()
    last = int(session.value("SELECT coalesce(max(id), 0) FROM sync.step"))
    session.insert(
        "sync.step (id, run_id, started_at, object, operation, status)",
        [
            (last + number, run_id, now, name, operation, Status.IN_PROCESS)
            for number, name in enumerate(object_names, start=1)
        ],
    )


def drop_open_step(session: Session, run_id: str, object_name: str, operation: Operation) -> None:
    """Take back an open step that found nothing to do."""
    session.execute(
        "DELETE FROM sync.step WHERE run_id = ? AND object = ? AND operation = ? AND status = ?",
        [run_id, object_name, operation, Status.IN_PROCESS],
    )


def note_counts(session: Session, run_id: str, step: Step) -> None:
    """Keep what an open step has done so far, for when it does not come to its end."""
    session.execute(
        "UPDATE sync.step SET new = ?, updated = ?, deleted = ?, failed = ?, skipped = ?"
        " WHERE run_id = ? AND object = ? AND operation = ? AND status = ?",
        [
            *(step.new, step.updated, step.deleted, step.failed, step.skipped),
            *(run_id, step.object, step.operation, Status.IN_PROCESS),
        ],
    )


def take_noted_counts(session: Session, run_id: str, step: Step) -> None:
    """Give a step that broke off the counts that were noted while it was open."""
    noted = session.rows(
        "SELECT new, updated, deleted, failed, skipped FROM sync.step"
        " WHERE run_id = ? AND object = ? AND operation = ? AND status = ?",
        [run_id, step.object, step.operation, Status.IN_PROCESS],
    )
    for name, count in (noted[0] if noted else {}).items():
        setattr(step, name, count)


def record_steps(session: Session, run_id: str, steps: Sequence[Step]) -> None:
    """Write finished steps, in the transaction of what they did; they take the places of their open rows.

    A step that a run takes twice (a Bulk read, and what changed while it ran) is one row with both counts.

    :param steps: one of an object and operation.
    """
    rows = session.rows(
        "DELETE FROM sync.step WHERE run_id = ? AND (object, operation) IN"
        " (SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS VARCHAR[]))) RETURNING *",
        [run_id, [step.object for step in steps], [step.operation for step in steps]],
    )
    earlier = {(row["object"], row["operation"]): row for row in rows if row["status"] != Status.IN_PROCESS}
    last = int(session.value("SELECT coalesce(max(id), 0) FROM sync.step"))
    now = utc_now()
    finished = []
    for number, step in enumerate(steps, start=last + 1):
        if before := earlier.get((step.object, step.operation)):
            step = replace(
                step,
                started_at=before["started_at"],
                detail="; ".join(filter(None, (before["detail"], step.detail))) or None,
                **{name: before[name] + getattr(step, name) for name in COUNTS},
            )
        counts = [getattr(step, name) for name in COUNTS]
        key = (number, run_id, step.started_at, now, step.object, step.operation, step.status)
        finished.append((*key, *counts, step.detail))
    session.insert("sync.step", finished)


def record_job_error(
    session: Session,
    run_id: str,
    object_name: str | None,
    operation: str,
    code: str,
    error_class: str,
    message: str,
) -> None:
    """Write an error that is not one record's but the step's (24.1)."""
    session.execute(
        "INSERT INTO sync.error SELECT (SELECT coalesce(max(id), 0) + 1 FROM sync.error),"
        " ?, ?, 'job', ?, ?, NULL, NULL, ?, ?, ?, NULL, NULL, NULL, NULL",
        [run_id, utc_now(), object_name, operation, code, error_class, message],
    )


def record_errors(
    session: Session,
    source: str,
    *,
    run_id: str,
    at: datetime,
    object_name: str,
    operation: str,
    person: str = "person_id",
    sfdc_id: str = "NULL",
    code: str,
    error_class: str,
    message: str,
    fields: str = "NULL",
    payload: str = "NULL",
    stamp: str = "NULL",
) -> int:
    """Write one record's error for each row of ``source``, a FROM clause; the others are SQL over it (24.1).

    Returns the number written. Call it inside a transaction.
    """
    return session.execute(
        f"""
        INSERT INTO sync.error
        SELECT (SELECT coalesce(max(id), 0) FROM sync.error) + row_number() OVER (), ?, CAST(? AS TIMESTAMP),
               'record', {object_name}, {operation}, {person}, {sfdc_id}, {code}, {error_class}, {message},
               {fields}, {payload}, {stamp}, NULL
        FROM {source}
        """,
        [run_id, at],
    )


def resolve_job_errors(session: Session, run_id: str) -> None:
    """Close the errors of earlier jobs that a run has done better. Call it once the run's end is written down."""
    session.execute(
        """
        UPDATE sync.error SET resolved_at = r.ended_at FROM sync.run r
        WHERE r.id = ? AND error.run_id <> r.id AND error.level = 'job' AND error.resolved_at IS NULL AND (
            EXISTS (SELECT 1 FROM sync.step s
                    WHERE s.run_id = r.id AND s.object = error.object AND s.status = ?
                      AND (s.operation = error.operation OR r.status = ?))
            OR (error.object IS NULL AND r.status = ?
                AND (error.operation = r.kind OR (list_contains(?, error.operation) AND list_contains(?, r.kind)))))
        """,
        [run_id, *[Status.SUCCEEDED] * 3, CYCLES, CYCLES],
    )


def record_calls(session: Session, run_id: str, calls: Sequence[ApiCall]) -> None:
    """Keep API calls (API-02)."""
    session.insert(
        "sync.api_call",
        [
            (
                run_id,
                c.at.replace(tzinfo=None),
                c.operation,
                c.object,
                c.status,
                c.seconds,
                c.calls,
                c.rows,
                c.used,
                c.limit,
            )
            for c in calls
        ],
    )


def calls_of_last_day(session: Session) -> int:
    """Return how many API calls we made in the last 24 hours."""
    since = utc_now() - timedelta(hours=24)
    return int(
        session.value("SELECT coalesce(sum(calls), 0) FROM sync.api_call WHERE logged_at >= ?", [since])
    )


def watermarks(session: Session) -> dict[str, datetime]:
    """Return, for each object that has had its first sync, Salesforce's time up to which it was read."""
    return {row["object"]: row["stamp"] for row in session.rows("SELECT object, stamp FROM sync.watermark")}


def move_watermarks(session: Session, stamps: Mapping[str, datetime], run_id: str) -> None:
    """Set objects' watermarks, never back. Call it in the transaction that applies what was read."""
    before = {
        row["object"]: row["stamp"]
        for row in session.rows(
            "DELETE FROM sync.watermark WHERE object IN (SELECT unnest(CAST(? AS VARCHAR[]))) RETURNING object, stamp",
            [list(stamps)],
        )
    }
    now = utc_now()
    session.insert(
        "sync.watermark",
        [(name, max(stamp, before.get(name, stamp)), run_id, now) for name, stamp in stamps.items()],
    )


def prune(session: Session, keep_days: int) -> None:
    """Forget what is older than the setting says."""
    before = utc_now() - timedelta(days=keep_days)
    session.execute("DELETE FROM sync.step WHERE started_at < ?", [before])
    session.execute("DELETE FROM sync.run WHERE started_at < ?", [before])
    session.execute("DELETE FROM sync.api_call WHERE logged_at < ?", [before])
    forget_old(session, before)
    session.execute("DELETE FROM sync.mute WHERE until < ?", [before])
    session.execute(
        "DELETE FROM sync.error WHERE logged_at < ? AND (resolved_at IS NOT NULL OR level = 'job')", [before]
    )
    session.execute(
        "UPDATE sync.outbox SET state = 'superseded', settled_at = ? WHERE created_at < ? AND state = 'journalled'"
        f" AND NOT {OF_A_CYCLE}",
        [utc_now(), before],
    )
    session.execute(
        "DELETE FROM sync.outbox WHERE created_at < ? AND state <> 'journalled' AND operation <> 'duplicate'",
        [before],
    )


def steps_of(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Return a run's steps in the order they were done."""
    return session.rows(
        "SELECT object, operation, status, new, updated, deleted, failed, skipped, detail"
        " FROM sync.step WHERE run_id = ? ORDER BY id",
        [run_id],
    )


def calls_of_run(session: Session, run_id: str) -> int:
    """Return how many API calls a run made."""
    return int(session.value("SELECT coalesce(sum(calls), 0) FROM sync.api_call WHERE run_id = ?", [run_id]))


def errors_of(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Return a run's errors, grouped by level and code, with one message each."""
    return session.rows(
        "SELECT level, code, count(*) AS count, any_value(message) AS message FROM sync.error"
        " WHERE run_id = ? GROUP BY level, code ORDER BY count DESC, code",
        [run_id],
    )
