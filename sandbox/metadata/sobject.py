"""An object of the org and the declarations it is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.metadata.field import Field


@dataclass(slots=True, frozen=True)
class RecordTypeInfo:
    """A record type as describe lists it."""

    id: str
    name: str
    developer_name: str
    default: bool = False


@dataclass(slots=True)
class SObject:
    """One object: key prefix, labels, fields in describe's order, and what may be done with it."""

    name: str
    prefix: str
    label: str
    plural: str
    fields: dict[str, Field]
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    queryable: bool = True
    replicateable: bool = True
    searchable: bool = True
    custom: bool = False
    record_types: tuple[RecordTypeInfo, ...] = ()
    scopes: tuple[tuple[str, str], ...] = ()
    flags: dict[str, Any] = field(default_factory=dict)
    changed_at: float = 0.0
    _folded: dict[str, str] = field(default_factory=dict)
    _stored: list[Field] = field(default_factory=list)

    @property
    def table(self) -> str:
        """The quoted name of its table."""
        return f'"{self.name}"'

    def find(self, name: str) -> Field | None:
        """The field of that name; names ignore case (facts 1)."""
        found = self.fields.get(name)
        if found is None:
            if len(self._folded) != len(self.fields):
                self._folded = {key.lower(): key for key in self.fields}
            found = self.fields.get(self._folded.get(name.lower(), ""))
        return found

    def put(self, fields: list[Field]) -> None:
        """Replace the fields, and forget what was worked out from them."""
        self.fields = {item.name: item for item in fields}
        self._folded, self._stored = {}, []

    @property
    def stored(self) -> list[Field]:
        """The fields that a column holds."""
        if not self._stored:
            self._stored = [item for item in self.fields.values() if item.stored]
        return self._stored

    @property
    def name_field(self) -> Field | None:
        """The field that names a record to people."""
        return next((item for item in self.fields.values() if item.name_field), None)

    def relation(self, name: str) -> Field | None:
        """The lookup whose parent is reached under that relationship name."""
        folded = name.lower()
        for item in self.fields.values():
            if item.relationship and item.relationship.lower() == folded:
                return item
        return None


def sobject(name: str, prefix: str, label: str, plural: str, fields: list[Field], **flags: Any) -> SObject:
    """An object from its list of fields."""
    return SObject(name, prefix, label, plural, {item.name: item for item in fields}, **flags)
