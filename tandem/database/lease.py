"""The right to run, and who is at work: rows that a heartbeat keeps alive.

Cycles and backfills hold the one lease. Flow actions run beside them, also beside each other: they only show
that they are there, so that what they journalled is left to them (decision 0012).

A row whose heart stopped counts no more: at once when its process, on this host, is gone, otherwise
after :data:`EXPIRES_AFTER`. Prefect's own limits can wedge and are not relied on.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import duckdb

from tandem.clock import utc_now
from tandem.database.compare import literal
from tandem.database.connection import Database, Session
from tandem.errors import LeaseTaken, TandemError

HEARTBEAT_SECONDS = 15.0
EXPIRES_AFTER = timedelta(seconds=4 * HEARTBEAT_SECONDS)
_NAME = "write"


def take(session: Session, holder: str, kind: str) -> None:
    """Take the lease, or say who has it. Rows whose owner is gone are cleared away.

    :param holder: the run's id. :param kind: what the run is, for whoever finds the lease taken.
    :raises LeaseTaken: another run holds it; one line says which, where and since when.
    """
    for held in session.rows("SELECT * FROM sync.lease"):
        if not is_alive(held):
            leave(session, held["holder"])
        elif held["name"] == _NAME:
            raise LeaseTaken(
                f"A {held['kind']} is running since {held['acquired_at']:%H:%M:%S} UTC (process {held['pid']} on"
                f" {held['host']}). This run does nothing; try again when it has ended."
            )
    _enter(session, _NAME, holder, kind)


def appear(session: Session, holder: str, kind: str) -> None:
    """Show that a flow action is at work. It shuts nobody out."""
    _enter(session, f"action {holder}", holder, kind)


def leave(session: Session, holder: str) -> None:
    """Give back the lease, or show that a flow action has ended."""
    session.execute("DELETE FROM sync.lease WHERE holder = ?", [holder])


@contextmanager
def kept_alive(database: Database, holder: str) -> Iterator[None]:
    """Let the heart of a holder's row beat while the block runs."""
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(database, holder, stop), daemon=True, name="lease-heartbeat")
    heart.start()
    try:
        yield
    finally:
        stop.set()
        heart.join()


def others_at_work(session: Session, run_id: str) -> list[str]:
    """Return the ids of the runs that are alive, this one excepted."""
    held = session.rows("SELECT * FROM sync.lease WHERE holder <> ?", [run_id])
    return [each["holder"] for each in held if is_alive(each)]


def nobody_elses(session: Session, run_id: str) -> str:
    """Return the SQL condition that an outbox row is not in the hands of another run that is at work."""
    others = ", ".join(literal(each) for each in others_at_work(session, run_id))
    return f"run_id NOT IN ({others})" if others else "true"


def _enter(session: Session, name: str, holder: str, kind: str) -> None:
    now = utc_now()
    session.execute(
        "INSERT INTO sync.lease VALUES (?, ?, ?, ?, ?, ?, ?)",
        [name, holder, kind, socket.gethostname(), os.getpid(), now, now],
    )


def is_alive(held: Mapping[str, Any]) -> bool:
    """Whether whoever holds a row of ``sync.lease`` still runs: its process, where we can see it, and its heart."""
    return _process_runs(held["host"], held["pid"]) and utc_now() - held["heartbeat_at"] < EXPIRES_AFTER


def _process_runs(host: str, pid: int) -> bool:
    if host != socket.gethostname():
        return True  # only its heartbeat can tell
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _beat(database: Database, holder: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            with database.write() as session:
                session.execute(
                    "UPDATE sync.lease SET heartbeat_at = ? WHERE holder = ?", [utc_now(), holder]
                )
        except (TandemError, duckdb.Error):
            continue  # somebody reads for long, or the disk is full; the lease lives for four beats
