"""Finds the few records that carry a value of an external id, without reading a whole column.

For each text field that somebody asks for, a table of hashes with an index stands beside the object's table. It may
name a record twice or in vain (one that carried the value once), never one too few; the record itself decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import duckdb

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject

Connection = duckdb.DuckDBPyConnection
FEW = 200
"""For more values than a collection may hold, reading the column once is cheaper."""


class Lookups:
    """The lookups made so far. Writers keep them up to date within their own transactions."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()
        self._unsettled: set[tuple[str, str]] = set()

    def help(self, found: Field, values: Collection[Any]) -> bool:
        """Whether so many values of a field are looked up at all."""
        return found.sql_type == "VARCHAR" and 0 < len(values) <= FEW

    def missing(self, sobject: SObject, found: Field) -> bool:
        """Whether a lookup must be built first; one that another transaction is building does not count."""
        return (sobject.name, found.name) not in self._known - self._unsettled

    def build(self, connection: Connection, sobject: SObject, found: Field) -> None:
        """Make the lookup of a field, within a transaction."""
        made, table = (sobject.name, found.name), _table(sobject.name, found.name)
        if made in self._known:
            return
        connection.execute(
            f'CREATE OR REPLACE TABLE {table} AS SELECT hash(lower("{found.name}")) AS hash, _key '
            f'FROM {sobject.table} WHERE "{found.name}" IS NOT NULL'
        )
        connection.execute(f'CREATE INDEX "_index_{sobject.name}_{found.name}" ON {table}(hash)')
        self._known.add(made)
        self._unsettled.add(made)

    def keys(
        self, connection: Connection, sobject: SObject, found: Field, values: Collection[Any]
    ) -> list[int]:
        """The records that may carry one of these values."""
        marks = ", ".join("hash(?)" for _ in values)
        rows = connection.execute(
            f"SELECT _key FROM {_table(sobject.name, found.name)} WHERE hash IN ({marks})",
            [str(value).lower() for value in values],
        ).fetchall()
        return [row[0] for row in rows]

    def note(self, connection: Connection, sobject: SObject, row: Mapping[str, Any]) -> None:
        """A record was written: its `_key` and these columns."""
        for name, value in row.items():
            if value is not None and (sobject.name, name) in self._known:
                table = _table(sobject.name, name)
                connection.execute(f"INSERT INTO {table} VALUES (hash(lower(?)), ?)", [value, row["_key"]])

    def note_set(self, connection: Connection, sobject: SObject, names: Sequence[str], source: str) -> None:
        """Records were written: `source` is a relation of `_key` and those columns."""
        for name in names:
            if (sobject.name, name) in self._known:
                connection.execute(
                    f'INSERT INTO {_table(sobject.name, name)} SELECT hash(lower("{name}")), _key '
                    f'FROM {source} WHERE "{name}" IS NOT NULL'
                )

    def settle(self, committed: bool) -> None:
        """The transaction ended: what it made stays, or is gone."""
        if not committed:
            self._known -= self._unsettled
        self._unsettled.clear()

    def forget(self, sobject: str | None = None) -> None:
        """A table changed in ways that nobody noted: build the lookups of an object, or all, anew when asked."""
        self._known = {item for item in self._known if sobject not in (None, item[0])}


def _table(sobject: str, field: str) -> str:
    return f'"_lookup_{sobject}_{field}"'
