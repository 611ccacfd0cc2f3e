"""What began to go wrong, and what is over: worked out from what runs left behind, kept as notifications (NOT-01).

Call :func:`review` when a run has ended, in the same transaction; and now and then without one, for a sync
that is silent has no run that could say so.
"""

from __future__ import annotations

from datetime import timedelta

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.database.journal import CYCLES, Operation, Status
from tandem.database.lease import is_alive
from tandem.database.mutes import is_muted
from tandem.database.notifications import begin, end, notify
from tandem.notification import Kind
from tandem.reports.quality import latest_scores
from tandem.settings import NotifySettings, SyncSettings

#: Over how long the error rate is taken, and how few records sent in that time make no rate.
_RATE_OVER = timedelta(hours=24)
_FEWEST = 20


def review(session: Session, run_id: str | None, rules: NotifySettings, sync: SyncSettings) -> None:
    """Keep what began or ended. What is known already is not kept again.

    :param run_id: the run that has just ended; ``None``: no run, only time has passed.
    """
    if run_id is not None:
        _credentials(session, run_id)
        _api_limit(session, run_id)
        _objects_out_of_sight(session, run_id)
        _fields_out_of_sight(session, run_id, sync)
    if not sync.paused:
        _sync_down(session, run_id, rules)
    _objects_left_out(session, sync)
    _error_rate(session, run_id, rules)
    _quality_scores(session, run_id, rules, sync)


def _answered(session: Session, run_id: str) -> bool:
    """Whether Salesforce answered one of a run's API calls. Logging in is none."""
    return bool(
        session.value(
            "SELECT count(*) FROM sync.api_call WHERE run_id = ? AND calls > 0 AND status < 400", [run_id]
        )
    )


def _credentials(session: Session, run_id: str) -> None:
    refused = session.value(
        "SELECT message FROM sync.error WHERE run_id = ? AND level = 'job' AND class = 'authentication'"
        " ORDER BY id LIMIT 1",
        [run_id],
    )
    if refused is not None:
        begin(session, run_id, Kind.CREDENTIALS, refused)
    elif _answered(session, run_id):
        end(session, Kind.CREDENTIALS, "Salesforce accepts the login.")


def _api_limit(session: Session, run_id: str) -> None:
    [run] = session.rows("SELECT kind, status, detail FROM sync.run WHERE id = ?", [run_id])
    if run["status"] == Status.STOPPED_AT_BUDGET:
        begin(session, run_id, Kind.API_LIMIT, run["detail"] or "The API calls that we may use are used up.")
    elif run["kind"] in CYCLES and _answered(session, run_id):
        end(session, Kind.API_LIMIT, "There are API calls for a whole cycle.")


def _objects_out_of_sight(session: Session, run_id: str) -> None:
    refused = session.rows(
        "SELECT object, arg_min(message, id) AS message FROM sync.error WHERE run_id = ? AND level = 'job'"
        " AND class = 'access' AND object IS NOT NULL GROUP BY object ORDER BY object",
        [run_id],
    )
    for row in refused:
        begin(session, run_id, Kind.PERMISSIONS, row["message"], row["object"])
    seen = session.rows(
        "SELECT object FROM sync.step WHERE run_id = ? GROUP BY object"
        " HAVING bool_and(status = ?) AND bool_or(operation = ?)",
        [run_id, Status.SUCCEEDED, Operation.SYNC_SCHEMA],
    )
    for row in seen:
        end(session, Kind.PERMISSIONS, f"The sync user has {row['object']} in sight.", row["object"])


def _fields_out_of_sight(session: Session, run_id: str, sync: SyncSettings) -> None:
    """Tell of fields once when they go and once when they are back: one that was deleted is gone for good."""
    changed = session.rows(
        "SELECT object, field, change FROM sync.schema_change WHERE run_id = ? AND change IN ('gone', 'returned')"
        " ORDER BY object, field",
        [run_id],
    )
    for row in changed:
        name = f"{row['object']}.{row['field']}"
        if row["change"] == "returned":
            told = f"The sync user sees {name} again; values come as records change."
        elif row["field"] in sync.ignored(row["object"]):
            continue
        else:
            told = (
                f"The sync user does not see {name} any more: it was hidden or deleted. Its values here stay."
            )
        notify(session, run_id, Kind.PERMISSIONS, row["object"], row["field"], told)


def _objects_left_out(session: Session, sync: SyncSettings) -> None:
    """End what is about objects that no longer take part: nothing will be heard of them."""
    gone = session.rows(
        "SELECT kind, object FROM sync.notification WHERE lasting AND ended_at IS NULL"
        " AND object NOT IN (SELECT unnest(?))",
        [list(sync.every_object)],
    )
    for row in gone:
        end(session, Kind(row["kind"]), f"{row['object']} is not synced any more.", row["object"])


def _sync_down(session: Session, run_id: str | None, rules: NotifySettings) -> None:
    kinds = "kind IN (SELECT unnest(?))"
    last = session.value(
        f"SELECT max(ended_at) FROM sync.run WHERE status = ? AND {kinds}", [Status.SUCCEEDED, CYCLES]
    )
    since = last or session.value(f"SELECT min(started_at) FROM sync.run WHERE {kinds}", [CYCLES])
    if since is None or not rules.down_minutes:
        return
    if utc_now() - since < timedelta(minutes=rules.down_minutes):
        if last is not None:
            end(session, Kind.SYNC_DOWN, f"A cycle succeeded at {last:%Y-%m-%d %H:%M} UTC.")
        return
    if any(is_alive(row) for row in session.rows("SELECT * FROM sync.lease WHERE kind = 'backfill'")):
        return  # a full copy takes as long as it takes
    why = session.value(
        f"SELECT coalesce(detail, status) FROM sync.run WHERE {kinds} AND ended_at IS NOT NULL AND status <> ?"
        " AND started_at >= ? ORDER BY started_at DESC LIMIT 1",
        [CYCLES, Status.SUCCEEDED, since],
    )
    told = f"No cycle has succeeded since {since:%Y-%m-%d %H:%M} UTC."
    told += f" The last one: {why}" if why else " None was even tried: is `tandem up` running?"
    begin(session, run_id, Kind.SYNC_DOWN, told)


def _error_rate(session: Session, run_id: str | None, rules: NotifySettings) -> None:
    since = utc_now() - _RATE_OVER
    refused = session.rows(
        "SELECT code, count(*) AS count, arg_max(message, id) AS message FROM sync.error"
        f" WHERE level = 'record' AND logged_at >= ? AND NOT {is_muted()} GROUP BY code ORDER BY count DESC, code",
        [since],
    )
    bad = sum(row["count"] for row in refused)
    sent = bad + int(
        session.value("SELECT count(*) FROM sync.outbox WHERE state = 'done' AND settled_at >= ?", [since])
    )
    if bad and sent >= _FEWEST and bad > rules.error_rate * sent:
        most = refused[0]
        told = (
            f"Salesforce refused {bad:,} of {sent:,} records in 24 hours, most of them with {most['code']}:"
            f" {most['message']} See `tandem errors`."
        )
        begin(session, run_id, Kind.ERROR_RATE, told)
    else:
        end(session, Kind.ERROR_RATE, f"Salesforce refused {bad:,} of {sent:,} records in 24 hours.")


def _quality_scores(session: Session, run_id: str | None, rules: NotifySettings, sync: SyncSettings) -> None:
    for row in latest_scores(session):
        if row["object"] not in sync.every_object:
            continue
        told = f"The quality score of {row['object']} is {row['score']:.1f}."
        if row["score"] < rules.quality_score:
            told += f" It should be {rules.quality_score:g} at least. See `tandem quality`."
            begin(session, run_id, Kind.QUALITY_SCORE, told, row["object"])
        else:
            end(session, Kind.QUALITY_SCORE, told, row["object"])
