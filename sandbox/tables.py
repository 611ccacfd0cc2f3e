"""Reads and writes rows of the objects' tables, as they are, over a connection that the caller has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.keys import key_among
from sandbox.lookups import Lookups
from sandbox.metadata.sobject import SObject

Record = dict[str, Any]
Connection = duckdb.DuckDBPyConnection
_ARROW = {
    "VARCHAR": pa.string(),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}
SINGLE = 4
"""Up to this many rows go one by one: staging a set costs more than it saves."""


def read(
    connection: Connection, sobject: SObject, keys: Sequence[int], names: Sequence[str]
) -> dict[int, Record]:
    """Records by key, deleted ones included."""
    if not keys:
        return {}
    columns = ", ".join(["_key", *(f'"{name}"' for name in names)])
    rows = connection.execute(f"SELECT {columns} FROM {sobject.table} WHERE {key_among(keys)}").fetchall()
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def insert(
    connection: Connection, lookups: Lookups, sobject: SObject, rows: Sequence[Record], same: Record
) -> None:
    """Add records; each carries `_key` and the columns that are not null. `same` is what all share."""
    names = _names(rows)
    shared = {name: value for name, value in same.items() if name not in names}
    columns = ", ".join(f'"{name}"' for name in [*names, *shared])
    if len(rows) <= SINGLE:
        marks = ", ".join("?" for _ in [*names, *shared])
        for row in rows:
            connection.execute(
                f"INSERT INTO {sobject.table} ({columns}) VALUES ({marks})",
                [*(row.get(name) for name in names), *shared.values()],
            )
            lookups.note(connection, sobject, row)
        return
    values = ", ".join([*(f'"{name}"' for name in names), *("?" for _ in shared)])
    with staged(connection, sobject, rows, names) as stage:
        connection.execute(
            f"INSERT INTO {sobject.table} ({columns}) SELECT {values} FROM {stage}", list(shared.values())
        )
        lookups.note_set(connection, sobject, names, stage)


def update(
    connection: Connection,
    lookups: Lookups,
    sobject: SObject,
    changes: Iterable[tuple[int, Record]],
    same: Record,
) -> None:
    """Change records by key, set by set: rows that change the same columns go together."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for key, values in changes:
        groups.setdefault(tuple(values), []).append({"_key": key, **values})
    for names, rows in groups.items():
        shared = {name: value for name, value in same.items() if name not in names}
        fixed = [f'"{name}" = ?' for name in shared]
        if not names and not shared:
            continue
        if len(rows) <= SINGLE:
            sets = ", ".join([*(f'"{name}" = ?' for name in names), *fixed])
            for row in rows:
                connection.execute(
                    f"UPDATE {sobject.table} SET {sets} WHERE _key = {row['_key']}",
                    [*(row[name] for name in names), *shared.values()],
                )
                lookups.note(connection, sobject, row)
            continue
        sets = ", ".join([*(f'"{name}" = s."{name}"' for name in names), *fixed])
        with staged(connection, sobject, rows, ["_key", *names]) as stage:
            connection.execute(
                f"UPDATE {sobject.table} AS t SET {sets} FROM {stage} s WHERE t._key = s._key",
                list(shared.values()),
            )
            lookups.note_set(connection, sobject, names, stage)


@contextmanager
def staged(
    connection: Connection, sobject: SObject, rows: Sequence[Record], names: Sequence[str]
) -> Iterator[str]:
    """The rows as a relation that SQL of this connection can read, under the name it yields."""
    arrays = []
    fields = []
    for name in names:
        found = sobject.fields.get(name)
        kind = _ARROW["BIGINT" if name == "_key" else found.sql_type if found else "BIGINT"]
        arrays.append(pa.array([row.get(name) for row in rows], type=kind))
        fields.append(pa.field(name, kind))
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    connection.register("_stage", table)
    try:
        yield "_stage"
    finally:
        connection.unregister("_stage")


def _names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    return list(names)
