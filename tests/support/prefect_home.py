"""Prefect's database, made once per machine: its migrations take longer than most tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import certifi


def one_certificate(folder: Path) -> Path:
    """Return a file with a single certificate of an authority, in place of the hundreds that a client may know.

    Each flow's client reads what it may trust, for 50 ms, though it only speaks plain http to loopback.
    """
    file = folder / "one-certificate.pem"
    whole, end, _ = Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----\n")
    file.write_text(whole + end, "utf-8")
    return file


@contextmanager
def events_unsent() -> Iterator[None]:
    """Let flows of this process tell nobody of their tasks: the server of the tests does not keep it.

    Each event costs a trip to the server, and each run two questions about what it belongs to.
    """
    from prefect.events.clients import NullEventsClient
    from prefect.events.worker import EventsWorker

    EventsWorker.set_client_override(NullEventsClient)
    try:
        yield
    finally:
        EventsWorker.set_client_override(None)


def prepare_home(home: Path) -> None:
    """Put a migrated, empty Prefect database into a home."""
    home.mkdir(parents=True, exist_ok=True)
    kept = Path(tempfile.gettempdir()) / f"tandem-tests-{os.getuid()}-prefect-{version('prefect')}.db"
    target = home / "prefect.db"
    if not kept.exists():
        from flows.local.server import make_database

        make_database(home)
        draft = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(target, draft)
        draft.rename(kept)
        return
    shutil.copyfile(kept, target)
