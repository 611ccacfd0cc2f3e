"""The watchdog: starts the chain of cycles again if it ever stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.orchestration import get_client

from flows.local.chain import crash_zombies, tend
from tandem.database.connection import Database
from tandem.database.lease import is_alive
from tandem.errors import DatabaseError
from tandem.reports import trouble
from tandem.settings import load
from tasks.notify import notify


@flow(name="watchdog", persist_result=False)
def watchdog() -> dict[str, Any]:
    """See to it that exactly one cycle is under way or to come; says what it had to do.

    A sync that is silent, or down, is told of from here: no cycle would.
    """
    settings = load()
    database = Database(settings.database, settings.lock_wait_seconds)
    with get_client(sync_client=True) as client:
        now = datetime.now(UTC)
        crashed = crash_zombies(client, now, writer_alive=_writer_alive(database))
        done = tend(client, now, timedelta(seconds=settings.sync.pause_seconds))
    log = get_run_logger()
    if crashed:
        log.warning("%d cycles had died unseen and are marked as crashed.", crashed)
    if done.cancelled:
        log.warning("The chain had forked: %d runs too many are cancelled.", done.cancelled)
    if done.started:
        log.warning("No cycle was under way or to come: %s is started.", done.started.name)
    if database.exists():
        try:
            with database.write() as session, session.transaction():
                trouble.review(session, None, settings.notify, settings.sync)
        except DatabaseError as error:
            log.warning("%s", error)
        notify(database, settings.notify)
    return {"crashed": crashed, "cancelled": done.cancelled, "started": bool(done.started)}


def _writer_alive(database: Database) -> bool:
    if not database.exists():
        return False
    with database.read() as session:
        return any(is_alive(held) for held in session.rows("SELECT * FROM sync.lease WHERE name = 'write'"))
