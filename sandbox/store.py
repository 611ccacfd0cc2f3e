"""Keeps the records: one DuckDB table per object, columns typed, keys ascending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from sandbox import tables
from sandbox.keys import FEW, key_among
from sandbox.lookups import Lookups
from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject
from sandbox.pending import Change, Pending
from sandbox.tables import Record

Found = TypeVar("Found")
MOST_PENDING = 500
"""So many changes do not wait for a question."""


class Store:
    """Tables, transactions and set-based reads and writes.

    One writer at a time, by a lock; readers use the database's own snapshots and never see half of a write.
    A thread that writes reads what it wrote, because it keeps one cursor.

    A transaction that writes single records and asks the tables nothing never speaks to the database: its changes
    are pending when it ends, and reach the tables before the next question to them, whoever asks. Reads by key look
    at both. In a file everything is written at once.
    """

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {"threads": threads}
        if path is None:
            # DuckDB checkpoints tables in memory too: seconds of work now and then, for nothing that is kept.
            settings["checkpoint_threshold"] = "1TB"
        self._root = duckdb.connect(str(path) if path else ":memory:", config=settings)
        self._local = threading.local()
        self._lock = threading.RLock()
        self._depth = 0
        self._writer: int | None = None
        """The thread that is in a transaction."""
        self._spoken = False
        """Whether that transaction has begun in the database."""
        self._waits = path is None
        self._pending = Pending()
        self._pending_lock = threading.RLock()
        self._draft = Pending()
        """What the transaction wrote as long as it has not begun in the database."""
        self._turn = 0
        """Counts how often pending changes moved into the tables."""
        self._numbers: dict[str, int] = {}
        self.lookups = Lookups()
        self.run("CREATE TABLE IF NOT EXISTS _hidden (object VARCHAR, key BIGINT)")
        self.run("CREATE TABLE IF NOT EXISTS _state (name VARCHAR, value VARCHAR)")

    # connections and transactions

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own connection; in the tables it finds everything written before."""
        if self._writing:
            self._speak()
        elif self._pending:
            self._move()
        return self._own

    @property
    def _own(self) -> duckdb.DuckDBPyConnection:
        found: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if found is None:
            found = self._root.cursor()
            self._local.cursor = found
        return found

    def fresh(self) -> duckdb.DuckDBPyConnection:
        """Another connection, for a reader with a snapshot of its own."""
        if self._pending:
            self._move()
        return self._root.cursor()

    def run(self, sql: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement and fetch everything."""
        cursor = self.cursor.execute(sql, values) if values is not None else self.cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inner transactions join the outer one."""
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            self._depth, self._writer = 1, threading.get_ident()
            try:
                yield
            except BaseException:
                if self._spoken:
                    self._own.execute("ROLLBACK")
                    self.lookups.settle(committed=False)
                raise
            else:
                self._commit()
            finally:
                self._depth, self._writer, self._spoken = 0, None, False
                self._draft.clear()

    @property
    def _writing(self) -> bool:
        """Whether this thread is in a transaction."""
        return self._writer == threading.get_ident()

    def _speak(self) -> None:
        """Begin the transaction in the database, with what it has written so far."""
        if not self._spoken:
            self._move()
            self._own.execute("BEGIN")
            self._spoken = True
            self._write(self._draft)
            self._draft.clear()

    def _commit(self) -> None:
        if self._spoken:
            self._own.execute("COMMIT")
            self.lookups.settle(committed=True)
            return
        with self._pending_lock:
            self._pending.absorb(self._draft)
            if len(self._pending) > MOST_PENDING:
                self._move()

    def _move(self) -> None:
        """Write what is pending into the tables. No transaction that speaks to the database is open elsewhere."""
        with self._pending_lock:
            if not self._pending:
                return
            self._own.execute("BEGIN")
            try:
                self._write(self._pending)
            except BaseException:
                self._own.execute("ROLLBACK")
                raise
            self._own.execute("COMMIT")
            self._pending.clear()
            self._turn += 1

    def _write(self, pending: Pending) -> None:
        for sobject, changes in pending:
            fresh = [change.values for change in changes.values() if change.fresh]
            later = [(key, change.values) for key, change in changes.items() if not change.fresh]
            tables.insert(self._own, self.lookups, sobject, fresh, {})
            tables.update(self._own, self.lookups, sobject, later, {})

    def _steady(self, read: Callable[[], Found]) -> Found:
        """What `read` finds in pending changes and then in tables, while nothing moves from these to those."""
        while True:
            turn = self._turn
            found = read()
            if turn == self._turn:
                return found

    def _changes(self, sobject: SObject) -> dict[int, Change]:
        """What this thread must know of an object's records besides what its table says."""
        with self._pending_lock:
            known = dict(self._pending.of(sobject))
        for key, change in self._draft.of(sobject).items() if self._writing else ():
            known[key] = known[key].then(change) if key in known else change
        return known

    @property
    def lock(self) -> threading.RLock:
        """The writers' lock; who holds it sees no write happen."""
        return self._lock

    def close(self) -> None:
        """Let go of the file."""
        self._root.close()

    # tables

    def create(self, sobject: SObject) -> None:
        """Make the object's table if it is not there, and the index that leads to single records."""
        columns = ", ".join(f'"{item.name}" {item.sql_type}' for item in sobject.stored)
        self.run(f"CREATE TABLE IF NOT EXISTS {sobject.table} (_key BIGINT, {columns})")
        self.run(f"CREATE INDEX IF NOT EXISTS {_index(sobject)} ON {sobject.table}(_key)")

    def add_column(self, sobject: SObject, found: Field) -> None:
        """Give the table a column; booleans start false."""
        default = " DEFAULT FALSE" if found.type == "boolean" else ""
        self.run(f'ALTER TABLE {sobject.table} ADD COLUMN "{found.name}" {found.sql_type}{default}')

    def rename_column(self, sobject: SObject, old: str, new: str) -> None:
        """Rename a column; the values stay."""
        self._alter(sobject, f'RENAME COLUMN "{old}" TO "{new}"')

    def retype_column(self, sobject: SObject, found: Field) -> None:
        """Change a column's type; values that do not fit become null."""
        name, kind = f'"{found.name}"', found.sql_type
        self._alter(sobject, f"ALTER COLUMN {name} TYPE {kind} USING TRY_CAST({name} AS {kind})")

    def drop_column(self, sobject: SObject, name: str) -> None:
        """Take a column and its values away."""
        self._alter(sobject, f'DROP COLUMN "{name}"')

    def _alter(self, sobject: SObject, change: str) -> None:
        """Change a table's columns; its index and lookups would stand in the way and are made anew."""
        self.lookups.forget(sobject.name)
        with self.transaction():
            self.run(f"DROP INDEX {_index(sobject)}")
            self.run(f"ALTER TABLE {sobject.table} {change}")
            self.create(sobject)

    # keys

    def numbers(self, sobject: SObject, count: int) -> range:
        """The next `count` record numbers; they are never given twice, not even after a rollback."""
        with self._lock:
            last = self._numbers.get(sobject.name)
            if last is None:
                last = self.run(f"SELECT COALESCE(max(_key), 0) FROM {sobject.table}")[0][0]
            self._numbers[sobject.name] = last + count
            return range(last + 1, last + count + 1)

    def forget_numbers(self) -> None:
        """Ask the tables again what the last numbers are."""
        self._numbers.clear()

    # reading

    def fetch(
        self, sobject: SObject, keys: Sequence[int], names: Sequence[str] | None = None
    ) -> dict[int, Record]:
        """Records by key, deleted ones included."""
        chosen = list(names) if names is not None else [item.name for item in sobject.stored]
        if len(keys) > FEW:
            return tables.read(self.cursor, sobject, keys, chosen)
        return self._steady(lambda: self._present(sobject, keys, chosen))

    def _present(self, sobject: SObject, keys: Sequence[int], names: Sequence[str]) -> dict[int, Record]:
        changes = self._changes(sobject)
        kept = [key for key in keys if key not in changes or not changes[key].fresh]
        found = tables.read(self._own, sobject, kept, names)
        for key in changes.keys() & set(keys):
            if (record := changes[key].over(found.get(key), names)) is not None:
                found[key] = record
        return found

    def carriers(self, sobject: SObject, found: Field, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Value, key and id of the living records that carry one of the (folded) values, by key."""
        if not self.lookups.help(found, values):
            return self._search(sobject, found, values)
        if self.lookups.missing(sobject, found):
            with self.transaction():
                self.lookups.build(self.cursor, sobject, found)
        return self._steady(lambda: self._carriers(sobject, found, set(values)))

    def _search(self, sobject: SObject, found: Field, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        name = f'"{found.name}"'
        column = f"lower({name})" if found.folds else name
        alive = ' AND NOT "IsDeleted"' if "IsDeleted" in sobject.fields else ""
        return self.run(
            f'SELECT {column}, _key, "Id" FROM {sobject.table} '
            f"WHERE {name} IS NOT NULL AND {column} IN (SELECT unnest(?)){alive} ORDER BY _key",
            [list(values)],
        )

    def _carriers(self, sobject: SObject, found: Field, values: set[Any]) -> list[tuple[Any, ...]]:
        keys = {
            key
            for key, change in self._changes(sobject).items()
            if found.folded(change.values.get(found.name)) in values
        }
        keys.update(self.lookups.keys(self._own, sobject, found, values))
        names = [name for name in (found.name, "Id", "IsDeleted") if name in sobject.fields]
        return [
            (value, key, record["Id"])
            for key, record in sorted(self.fetch(sobject, list(keys), names).items())
            if (value := found.folded(record[found.name])) in values and not record.get("IsDeleted")
        ]

    # writing

    @property
    def _silent(self) -> bool:
        """Whether single records may wait: this thread is in a transaction that has asked the tables nothing."""
        return self._waits and self._writing and not self._spoken

    def insert(self, sobject: SObject, rows: Sequence[Record], same: Record | None = None) -> None:
        """Add records; each carries `_key` and the columns that are not null. `same` is what all share."""
        if len(rows) > tables.SINGLE or not self._silent:
            tables.insert(self.cursor, self.lookups, sobject, rows, same or {})
            return
        for row in rows:
            self._draft.put(sobject, row["_key"], {**(same or {}), **row}, fresh=True)

    def update(
        self, sobject: SObject, changes: Sequence[tuple[int, Record]], same: Record | None = None
    ) -> None:
        """Change records by key; rows that change the same columns go together. `same` is what all share."""
        if len(changes) > tables.SINGLE or not self._silent:
            tables.update(self.cursor, self.lookups, sobject, changes, same or {})
            return
        for key, values in changes:
            self._draft.put(sobject, key, {**(same or {}), **values})

    def remove(self, sobject: SObject, keys: Sequence[int]) -> None:
        """Take records away for good."""
        self.run(f"DELETE FROM {sobject.table} WHERE {key_among(keys)}")

    # the org's own notes

    def note(self, name: str, value: str) -> None:
        """Keep a note beside the records."""
        with self.transaction():
            self.run("DELETE FROM _state WHERE name = ?", [name])
            self.run("INSERT INTO _state VALUES (?, ?)", [name, value])

    def noted(self, name: str) -> str | None:
        """A note, or None."""
        rows = self.run("SELECT value FROM _state WHERE name = ?", [name])
        return rows[0][0] if rows else None


def _index(sobject: SObject) -> str:
    return f'"_key_{sobject.name}"'
