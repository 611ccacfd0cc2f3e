"""Opening the marketing database: one writer at a time, readers in between, clear words when it cannot be.

DuckDB lets one process write, and none read meanwhile. So nobody keeps the database open: a session is
opened for a moment's work, and whoever finds it taken waits, up to ``lock_wait_seconds``. The file is
attached as a catalog by name, so that another catalog (DuckLake) can take its place.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from tandem.database.migrations import CURRENT_VERSION, migrate, version_of
from tandem.errors import DatabaseError

CATALOG = "tandem"

# Rows bound into one statement: a statement for each row takes thirty times as long.
_ROWS_PER_INSERT = 200

# The form of a new file; the one that DuckDB takes by default holds texts in more than twice the room.
_STORAGE = "v1.5.0"

# A file lock belongs to a process: it does not keep two threads of one apart.
_one_session_per_process = threading.RLock()

# The engine of the last session and what it was started with. Starting one costs ten sessions.
_engine: tuple[dict[str, Any], duckdb.DuckDBPyConnection] | None = None


class Session:
    """An open database. Statements address tables as ``schema.table``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> int:
        """Run a statement; returns the number of rows that it changed, 0 where DuckDB does not say."""
        self._connection.execute(sql, parameters)
        description = self._connection.description
        if description and [column[0] for column in description] == ["Count"]:
            row = self._connection.fetchone()
            return int(row[0]) if row else 0
        return 0

    def rows(self, sql: str, parameters: Sequence[Any] | None = None) -> list[dict[str, Any]]:
        """Run a query and return its rows as dictionaries."""
        self._connection.execute(sql, parameters)
        names = [column[0] for column in self._connection.description or []]
        return [dict(zip(names, row, strict=True)) for row in self._connection.fetchall()]

    def value(self, sql: str, parameters: Sequence[Any] | None = None) -> Any:
        """Run a query and return the first column of its first row, ``None`` if there is none."""
        row = self._connection.execute(sql, parameters).fetchone()
        return row[0] if row else None

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert a bounded list of rows (job metadata, answers of a chunk); records come by Parquet."""
        for start in range(0, len(rows), _ROWS_PER_INSERT):
            some = rows[start : start + _ROWS_PER_INSERT]
            places = ", ".join([f"({', '.join('?' * len(some[0]))})"] * len(some))
            self._connection.execute(
                f"INSERT INTO {table} VALUES {places}", [value for row in some for value in row]
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits at the end, rolls back on any error."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """A transaction that is always rolled back: to see what would happen (``tandem plan``)."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")


class Database:
    """The marketing database of one installation."""

    def __init__(
        self, path: Path, lock_wait_seconds: float = 30.0, memory_limit: str = "1GB", threads: int = 2
    ) -> None:
        self.path = path
        self._lock_wait_seconds = lock_wait_seconds
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            # A file of another kind is refused, not met by fetching an extension that could read it.
            "autoinstall_known_extensions": False,
            # DuckDB knows a file by name, place, size and second: a page staged anew at once would be read as it was.
            "enable_external_file_cache": False,
            "temp_directory": str(path.parent / "spill"),
            "preserve_insertion_order": False,
        }

    def exists(self) -> bool:
        """Whether the database was made already."""
        return self.path.exists()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open for writing; makes the database, or brings it to this program's version, when needed.

        :raises DatabaseError: taken for too long, made by a newer Tandem, no database at all, disk full.
        """
        if not self.exists():
            self._make()
        with self._open(self.path, read_only=False) as session:
            migrate(session, self.path)
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open for reading; other processes may read at the same time.

        :raises DatabaseError: as for :meth:`write`, and where there is no database yet.
        """
        if not self.exists():
            raise DatabaseError(f"There is no database at {self.path} yet. Run `tandem backfill` first.")
        with self._open(self.path, read_only=True) as session:
            found = version_of(session)
            if found != CURRENT_VERSION:
                raise DatabaseError(_version_message(self.path, found))
            yield session

    def _make(self) -> None:
        """Make the database under another name; it gets its own once it is whole.

        DuckDB writes a new file's headers one by one: killed in between, it leaves what nobody can open.
        """
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            for leftover in draft.parent.glob(f"{draft.name}*"):
                leftover.unlink()
            with self._open(draft, read_only=False) as session:
                migrate(session, self.path)
            try:
                os.link(draft, self.path)
            except FileExistsError:
                pass  # another process was quicker
            except OSError:  # a file system without links
                draft.replace(self.path)
            for leftover in self.path.parent.glob(f".{self.path.name}.*.new*"):
                leftover.unlink(missing_ok=True)
        except OSError as error:
            raise DatabaseError(
                f"The database {self.path} cannot be made: {os.strerror(error.errno or 0).lower()}."
                " Check its folder, or point TANDEM_DATABASE elsewhere."
            ) from error

    @contextmanager
    def _open(self, path: Path, read_only: bool) -> Iterator[Session]:
        with _one_session_per_process:
            try:
                with self._connected() as connection:
                    self._attach(connection, path, read_only)
                    connection.execute(f"USE {CATALOG}")
                    yield Session(connection)
                    connection.execute("USE memory")
                    connection.execute(f"DETACH {CATALOG}")
            except duckdb.Error as error:
                raise _explained(error, path) from error

    @contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to this process's engine, which outlives it.

        Whatever goes wrong costs the engine: with it goes the file, should it still be attached.
        """
        global _engine
        if _engine is None or _engine[0] != self._config:
            _close_engine()
            _engine = self._config, duckdb.connect(":memory:", config=self._config)
        try:
            with _engine[1].cursor() as connection:
                yield connection
        except BaseException:
            _close_engine()
            raise

    def _attach(self, connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool) -> None:
        mode = "READ_ONLY" if read_only else "READ_WRITE"
        deadline = time.monotonic() + self._lock_wait_seconds
        pause = 0.005
        while True:
            try:
                connection.execute(
                    f"ATTACH '{_quoted(path)}' AS {CATALOG} (TYPE duckdb, {mode}, STORAGE_VERSION '{_STORAGE}')"
                )
                return
            except duckdb.IOException as error:
                if "Could not set lock" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    raise DatabaseError(
                        f"The database {path} is in use by another process for more than"
                        f" {self._lock_wait_seconds:g} s. Wait for it to end, or close the program that"
                        " holds it."
                    ) from error
            time.sleep(pause)
            pause = min(pause * 2, 0.25)


def _close_engine() -> None:
    global _engine
    if _engine is not None:
        _engine[1].close()
        _engine = None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _version_message(path: Path, found: int) -> str:
    if found > CURRENT_VERSION:
        return (
            f"The database {path} has version {found}, this Tandem knows {CURRENT_VERSION}. "
            "Install the newer Tandem, or point TANDEM_DATABASE at another file."
        )
    return (
        f"The database {path} has version {found}, older than {CURRENT_VERSION}."
        " Run `tandem sync` to migrate it."
    )


#: What DuckDB says -> what to tell the user about the file ``{path}``; the first that fits.
_EXPLANATIONS = {
    ("No space left", "Disk quota", "File too large", "failed to offload data block"): (
        "No space left on the disk of {path}. Make room and run again; nothing was lost."
    ),
    ("Permission denied", "Cannot open file", "Read-only file system"): (
        "The database {path} cannot be opened. Check its owner and folder, and that the disk can be written."
    ),
    (
        *("not a valid DuckDB database", "newer version of DuckDB", "older version", "Is a directory"),
        *("Could not read enough bytes", "Corrupt database", "checksum", "Serialization Error"),
    ): (
        "{path} is not a database this Tandem can read, or it is damaged."
        " Point TANDEM_DATABASE at another file, or put back a copy."
    ),
    ("Out of Memory",): (
        "DuckDB needs more memory than it may have to work on {path}. Raise TANDEM_MEMORY_LIMIT."
    ),
}


def _explained(error: duckdb.Error, path: Path) -> Exception:
    text = str(error)
    for marks, explanation in _EXPLANATIONS.items():
        if any(mark in text for mark in marks):
            return DatabaseError(explanation.format(path=path))
    return error
