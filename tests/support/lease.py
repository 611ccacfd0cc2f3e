"""A run that is at work, for tests in which another one meets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tandem.database.connection import Database
from tandem.database.lease import leave, take


@contextmanager
def lease(database: Database, holder: str, kind: str) -> Iterator[None]:
    """Hold the lease while the block runs."""
    with database.write() as session, session.transaction():
        take(session, holder, kind)
    try:
        yield
    finally:
        with database.write() as session:
            leave(session, holder)
