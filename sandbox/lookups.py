"""Finds the few records that carry a value of an external id, without reading a whole column.

For each text field that somebody asks for, a table of hashes with an index stands beside the object's table. It may
name a record twice or in vain (one that carried the value once), never one too few; the record itself decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sandbox.keys import key_among, living
from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject

Run = Callable[[str, Sequence[Any] | None], list[tuple[Any, ...]]]
FEW = 200
"""For more values than a collection may hold, reading the column once is cheaper."""


class Lookups:
    """The lookups made so far. Writers keep them up to date within their own transactions."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: set[tuple[str, str]] = set()
        self._unsettled: set[tuple[str, str]] = set()

    def missing(self, sobject: SObject, found: Field, values: Sequence[Any]) -> bool:
        """Whether a lookup must be built first; one that another transaction is building does not count."""
        return self._helps(found, values) and (sobject.name, found.name) not in self._known - self._unsettled

    def _helps(self, found: Field, values: Sequence[Any]) -> bool:
        return found.sql_type == "VARCHAR" and 0 < len(values) <= FEW

    def build(self, sobject: SObject, found: Field) -> None:
        """Make the lookup of a field, within a transaction."""
        made, table = (sobject.name, found.name), _table(sobject.name, found.name)
        if made in self._known:
            return
        self._run(
            f'CREATE OR REPLACE TABLE {table} AS SELECT hash(lower("{found.name}")) AS hash, _key '
            f'FROM {sobject.table} WHERE "{found.name}" IS NOT NULL',
            None,
        )
        self._run(f'CREATE INDEX "_index_{sobject.name}_{found.name}" ON {table}(hash)', None)
        self._known.add(made)
        self._unsettled.add(made)

    def carriers(self, sobject: SObject, found: Field, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Value, key and id of the living records that carry one of the (folded) values, by key."""
        name = f'"{found.name}"'
        column = f"lower({name})" if found.is_text and not found.case_sensitive else name
        alive = [living("t")] if "IsDeleted" in sobject.fields else []
        select = f'SELECT {column}, _key, "Id" FROM {sobject.table} t'
        if not self._helps(found, values):
            where = " AND ".join([f"{name} IS NOT NULL", f"{column} IN (SELECT unnest(?))", *alive])
            return self._run(f"{select} WHERE {where} ORDER BY _key", [list(values)])
        keys = self._keys(sobject.name, found.name, [str(value).lower() for value in values])
        if not keys:
            return []
        wanted = set(values)
        rows = self._run(f"{select} WHERE {' AND '.join([key_among(keys), *alive])}", None)
        return sorted((row for row in rows if row[0] in wanted), key=itemgetter(1))

    def _keys(self, sobject: str, field: str, folded: Sequence[str]) -> list[int]:
        marks = ", ".join("hash(?)" for _ in folded)
        rows = self._run(f"SELECT _key FROM {_table(sobject, field)} WHERE hash IN ({marks})", folded)
        return sorted({row[0] for row in rows})

    def note(self, sobject: SObject, row: Mapping[str, Any]) -> None:
        """A record was written: its `_key` and these columns."""
        for name, value in row.items():
            if value is not None and (sobject.name, name) in self._known:
                table = _table(sobject.name, name)
                self._run(f"INSERT INTO {table} VALUES (hash(lower(?)), ?)", [value, row["_key"]])

    def note_set(self, sobject: SObject, names: Sequence[str], source: str) -> None:
        """Records were written: `source` is a relation of `_key` and those columns."""
        for name in names:
            if (sobject.name, name) in self._known:
                self._run(
                    f'INSERT INTO {_table(sobject.name, name)} SELECT hash(lower("{name}")), _key '
                    f'FROM {source} WHERE "{name}" IS NOT NULL',
                    None,
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
