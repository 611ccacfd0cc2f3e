"""The DuckDB of this process, and the file that it has attached.

A file lock belongs to a process and does not keep two threads of one apart: one thread at a time has the engine.
Starting DuckDB costs ten sessions, so it outlives them; attaching a file reads its whole catalog
and costs more than most sessions do, so a file stays attached for a moment, for the session that follows at once.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tandem.errors import DatabaseError

_CATALOG = "tandem"

#: How long a file stays attached after a session: others wait that much longer for it.
_LINGER_SECONDS = 0.1

# The form of a new file; the one that DuckDB takes by default holds texts in more than twice the room.
_STORAGE = "v1.5.0"

_lock = threading.RLock()
_news = threading.Condition(_lock)


@dataclass(frozen=True)
class _Attached:
    """A file that is attached, known again by its place on the disk."""

    path: Path
    inode: int
    read_only: bool

    def serves(self, path: Path, read_only: bool) -> bool:
        """Whether a session can have it: the same file still, and open for writing if that is asked for."""
        return (self.path, self.inode) == (path, _inode(path)) and (read_only or not self.read_only)


_engine: tuple[Mapping[str, Any], duckdb.DuckDBPyConnection] | None = None
_attached: _Attached | None = None
_last_use = 0.0
_keeper: threading.Thread | None = None


@contextmanager
def connected(
    config: Mapping[str, Any], path: Path, read_only: bool, wait_seconds: float
) -> Iterator[tuple[duckdb.DuckDBPyConnection, bool]]:
    """Yield a connection to the file, and whether it was attached for it.

    Whatever goes wrong costs the engine: with it goes the file.

    :raises DatabaseError: another process has the file for too long.
    """
    global _engine, _attached, _last_use
    with _lock:
        if _engine is None or _engine[0] != config:
            close()
            _engine = config, duckdb.connect(":memory:", config=dict(config))
        try:
            with _engine[1].cursor() as connection:
                fresh = _attached is None or not _attached.serves(path, read_only)
                if fresh:
                    _detach()
                    _attach(connection, path, read_only, wait_seconds)
                    _attached = _Attached(path, _inode(path), read_only)
                    _watch()
                connection.execute(f"USE {_CATALOG}")
                yield connection, fresh
        except BaseException:
            close()
            raise
        _last_use = time.monotonic()


def let_go() -> None:
    """Let other processes have the file at once."""
    with _lock:
        _detach()


def close() -> None:
    """End the engine."""
    global _engine, _attached
    with _lock:
        if _engine is not None:
            _engine[1].close()
        _engine = _attached = None


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool, wait_seconds: float) -> None:
    mode = "READ_ONLY" if read_only else "READ_WRITE"
    quoted = str(path).replace("'", "''")
    deadline = time.monotonic() + wait_seconds
    pause = 0.005
    while True:
        try:
            connection.execute(
                f"ATTACH '{quoted}' AS {_CATALOG} (TYPE duckdb, {mode}, STORAGE_VERSION '{_STORAGE}')"
            )
            return
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"The database {path} is in use by another process for more than {wait_seconds:g} s."
                    " Wait for it to end, or close the program that holds it."
                ) from error
        time.sleep(pause)
        pause = min(pause * 2, 0.25)


def _detach() -> None:
    global _attached
    if _engine is not None and _attached is not None:
        _engine[1].execute(f"DETACH {_CATALOG}")
    _attached = None


def _watch() -> None:
    """See to it that the file is let go of when no session follows."""
    global _keeper
    if _keeper is None or not _keeper.is_alive():
        _keeper = threading.Thread(target=_let_go_when_idle, daemon=True, name="let-go-of-database")
        _keeper.start()
    _news.notify()


def _let_go_when_idle() -> None:
    with _lock:
        while True:
            left = _last_use + _LINGER_SECONDS - time.monotonic()
            if _attached is None or left > 0:
                _news.wait(None if _attached is None else left)
                continue
            try:
                _detach()
            except duckdb.Error:
                # What was committed stands in the log beside the file; the next session says what is wrong.
                close()


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


atexit.register(close)
