"""Records written one by one that are not in their tables yet.

A column store takes milliseconds to add one row of eighty columns, and hardly more to add a hundred. So single
writes wait here, and go to the tables together as soon as anybody asks the tables a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.metadata.sobject import SObject
from sandbox.tables import Record

_TYPES: dict[str, Callable[[Any], Any]] = {"VARCHAR": str, "DOUBLE": float, "BIGINT": int, "BOOLEAN": bool}


@dataclass(slots=True, frozen=True)
class Change:
    """What is new about a record: everything when it is `fresh`, else the values that differ from its row."""

    values: Record
    fresh: bool = False

    def then(self, later: Change) -> Change:
        """Both, one after the other."""
        return Change({**self.values, **later.values}, self.fresh or later.fresh)

    def over(self, row: Record | None, names: Sequence[str]) -> Record | None:
        """The record as it is now; `row` is what its table says, None where there is none."""
        if self.fresh:
            return {name: self.values.get(name) for name in names}
        return row and {**row, **{name: self.values[name] for name in names if name in self.values}}


class Pending:
    """Changes by object and key. A change is replaced as a whole, so who holds one may go on reading it."""

    def __init__(self) -> None:
        self._changes: dict[str, dict[int, Change]] = {}
        self._objects: dict[str, SObject] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[SObject, Mapping[int, Change]]]:
        return ((self._objects[name], changes) for name, changes in self._changes.items())

    def of(self, sobject: SObject) -> Mapping[int, Change]:
        """The changes of one object's records."""
        return self._changes.get(sobject.name, {})

    def put(self, sobject: SObject, key: int, values: Mapping[str, Any], fresh: bool = False) -> None:
        """Note a new record, or new values of one."""
        self._objects[sobject.name] = sobject
        change = Change({name: _typed(sobject, name, value) for name, value in values.items()}, fresh)
        changes = self._changes.setdefault(sobject.name, {})
        self._count += key not in changes
        changes[key] = changes[key].then(change) if key in changes else change

    def absorb(self, later: Pending) -> None:
        """Take in what a transaction changed after all this."""
        for sobject, changes in later:
            for key, change in changes.items():
                self.put(sobject, key, change.values, change.fresh)

    def clear(self) -> None:
        """Forget everything: the tables know it now."""
        self._changes.clear()
        self._objects.clear()
        self._count = 0


def _typed(sobject: SObject, name: str, value: Any) -> Any:
    # As its column would give it back.
    typed = _TYPES.get(sobject.fields[name].sql_type) if name in sobject.fields else None
    return value if typed is None or value is None else typed(value)
