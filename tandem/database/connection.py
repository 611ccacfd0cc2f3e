"""Opening the marketing database: one writer at a time, readers in between, clear words when it cannot be.

DuckDB lets one process write, and none read meanwhile. So nobody keeps the database open: a session is
opened for a moment's work, and whoever finds it taken waits, up to ``lock_wait_seconds``. The file is
attached as a catalog by name (:mod:`tandem.database.engine`), so that another catalog (DuckLake) can take its
place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from tandem.database import engine
from tandem.database.migrations import CURRENT_VERSION, migrate, version_of
from tandem.errors import DatabaseError

# Rows bound into one statement: a statement for each row takes thirty times as long.
_ROWS_PER_INSERT = 200


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
        with self._open(self.path, read_only=False) as (session, fresh):
            if fresh:
                migrate(session, self.path)
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open for reading; other processes may read at the same time.

        :raises DatabaseError: as for :meth:`write`, and where there is no database yet.
        """
        if not self.exists():
            raise DatabaseError(f"There is no database at {self.path} yet. Run `tandem backfill` first.")
        with self._open(self.path, read_only=True) as (session, fresh):
            if fresh and (found := version_of(session)) != CURRENT_VERSION:
                raise DatabaseError(_version_message(self.path, found))
            yield session

    def let_go(self) -> None:
        """Let other processes have the database at once, where it would stay open for the next session a while."""
        engine.let_go()

    def _make(self) -> None:
        """Make the database under another name; it gets its own once it is whole.

        DuckDB writes a new file's headers one by one: killed in between, it leaves what nobody can open.
        """
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            for leftover in draft.parent.glob(f"{draft.name}*"):
                leftover.unlink()
            with self._open(draft, read_only=False) as (session, _):
                migrate(session, self.path)
            engine.let_go()
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
    def _open(self, path: Path, read_only: bool) -> Iterator[tuple[Session, bool]]:
        """Yield a session, and whether the file may have changed hands since the one before."""
        try:
            with engine.connected(self._config, path, read_only, self._lock_wait_seconds) as (
                connection,
                fresh,
            ):
                yield Session(connection), fresh
        except duckdb.Error as error:
            raise _explained(error, path) from error


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
