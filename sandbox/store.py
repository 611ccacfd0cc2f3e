"""Keeps the records: one DuckDB table per object, columns typed, keys ascending."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.keys import key_among
from sandbox.lookups import Lookups
from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject

Record = dict[str, Any]
_ARROW = {
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}
_FEW = 4
"""Up to this many rows go one by one: staging a set costs more than it saves."""


class Store:
    """Tables, transactions and set-based reads and writes.

    One writer at a time, by a lock; readers use the database's own snapshots and never see half of a write.
    A thread that writes reads what it wrote, because it keeps one cursor.
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
        self._numbers: dict[str, int] = {}
        self.lookups = Lookups(self.run)
        self.run("CREATE TABLE IF NOT EXISTS _hidden (object VARCHAR, key BIGINT)")
        self.run("CREATE TABLE IF NOT EXISTS _state (name VARCHAR, value VARCHAR)")

    # connections and transactions

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own connection."""
        found: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if found is None:
            found = self._root.cursor()
            self._local.cursor = found
        return found

    def fresh(self) -> duckdb.DuckDBPyConnection:
        """Another connection, for a reader with a snapshot of its own."""
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
            cursor = self.cursor
            cursor.execute("BEGIN")
            self._depth = 1
            try:
                yield
            except BaseException:
                cursor.execute("ROLLBACK")
                self.lookups.settle(committed=False)
                raise
            else:
                cursor.execute("COMMIT")
                self.lookups.settle(committed=True)
            finally:
                self._depth = 0

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
        if not keys:
            return {}
        chosen = list(names) if names is not None else [item.name for item in sobject.stored]
        columns = ", ".join(f'"{name}"' for name in chosen)
        head = f"SELECT _key{', ' if columns else ''}{columns} FROM {sobject.table}"
        rows = self.run(f"{head} WHERE {key_among(keys)}")
        return {row[0]: dict(zip(chosen, row[1:], strict=True)) for row in rows}

    def carriers(self, sobject: SObject, found: Field, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Value, key and id of the living records that carry one of the (folded) values, by key."""
        if self.lookups.missing(sobject, found, values):
            with self.transaction():
                self.lookups.build(sobject, found)
        return self.lookups.carriers(sobject, found, values)

    # writing

    def insert(self, sobject: SObject, rows: Sequence[Record], same: Record | None = None) -> None:
        """Add records; each carries `_key` and the columns that are not null. `same` is what all share."""
        names = _names(rows)
        shared = {name: value for name, value in (same or {}).items() if name not in names}
        columns = ", ".join(f'"{name}"' for name in [*names, *shared])
        if len(rows) <= _FEW:
            marks = ", ".join("?" for _ in [*names, *shared])
            for row in rows:
                self.run(
                    f"INSERT INTO {sobject.table} ({columns}) VALUES ({marks})",
                    [*(row.get(name) for name in names), *shared.values()],
                )
                self.lookups.note(sobject, row)
            return
        values = ", ".join([*(f'"{name}"' for name in names), *("?" for _ in shared)])
        with self.staged(sobject, rows, names) as stage:
            self.run(
                f"INSERT INTO {sobject.table} ({columns}) SELECT {values} FROM {stage}", list(shared.values())
            )
            self.lookups.note_set(sobject, names, stage)

    def update(
        self, sobject: SObject, changes: Sequence[tuple[int, Record]], same: Record | None = None
    ) -> None:
        """Change records by key, set by set: rows that change the same columns go together."""
        groups: dict[tuple[str, ...], list[Record]] = {}
        for key, values in changes:
            groups.setdefault(tuple(values), []).append({"_key": key, **values})
        for names, rows in groups.items():
            shared = {name: value for name, value in (same or {}).items() if name not in names}
            fixed = [f'"{name}" = ?' for name in shared]
            if not names and not shared:
                continue
            if len(rows) <= _FEW:
                sets = ", ".join([*(f'"{name}" = ?' for name in names), *fixed])
                for row in rows:
                    self.run(
                        f"UPDATE {sobject.table} SET {sets} WHERE _key = {row['_key']}",
                        [*(row[name] for name in names), *shared.values()],
                    )
                    self.lookups.note(sobject, row)
                continue
            sets = ", ".join([*(f'"{name}" = s."{name}"' for name in names), *fixed])
            with self.staged(sobject, rows, ["_key", *names]) as stage:
                self.run(
                    f"UPDATE {sobject.table} AS t SET {sets} FROM {stage} s WHERE t._key = s._key",
                    list(shared.values()),
                )
                self.lookups.note_set(sobject, names, stage)

    def remove(self, sobject: SObject, keys: Sequence[int]) -> None:
        """Take records away for good."""
        self.run(f"DELETE FROM {sobject.table} WHERE {key_among(keys)}")

    @contextmanager
    def staged(self, sobject: SObject, rows: Sequence[Record], names: Sequence[str]) -> Iterator[str]:
        """The rows as a relation that SQL of this thread can read, under the name it yields."""
        arrays = []
        fields = []
        for name in names:
            found = sobject.fields.get(name)
            kind = _ARROW["BIGINT" if name == "_key" else found.sql_type if found else "BIGINT"]
            arrays.append(pa.array([row.get(name) for row in rows], type=kind))
            fields.append(pa.field(name, kind))
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
        self.cursor.register("_stage", table)
        try:
            yield "_stage"
        finally:
            self.cursor.unregister("_stage")

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


def _names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    return list(names)
