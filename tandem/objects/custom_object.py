"""Custom objects: come in only, enabled by name, tied to people by at most two lookups (section 12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tandem.objects.declaration import Direction, SyncedObject
from tandem.salesforce.description import FieldDescribe, ObjectDescribe

_PEOPLE = frozenset({"Lead", "Contact"})
_COMPANIES = frozenset({"Account"})
#: Lookups to these say who keeps the record, not whom it is about.
_NOBODY = frozenset({"User", "Group", "RecordType"})


def custom_object(name: str) -> SyncedObject:
    """Declare a custom object; its fields come by themselves (12.6)."""
    return SyncedObject(
        name=name,
        table=name.lower(),
        direction=Direction.IN,
        fields={"CreatedDate": "sfdc_created_date", "IsDeleted": "sfdc_is_deleted"},
        required=("Id", "IsDeleted", "SystemModstamp"),
        drivers=("Id", "IsDeleted", "SystemModstamp"),
        system=frozenset({"IsDeleted", "CreatedDate"}),
    )


@dataclass(frozen=True)
class Path:
    """How a record's person is found: the first of these fields that is filled names it.

    A field with a dot belongs to the record that a lookup names (``Invoice__r.Contact__c``).
    """

    references: tuple[str, ...]
    of_company: bool = False
    """They name accounts: the record is the company's."""


def find_path(described: ObjectDescribe, others: Mapping[str, ObjectDescribe]) -> Path | None:
    """Find the way from an object to people: the shortest, and a person rather than an account (12.2, 12.3, 12.8).

    :param others: what is known of the objects that it looks up to, for ways of two steps.
    """
    direct = list(_lookups(described))
    indirect = [
        (f"{_relationship(name)}.{further}", targets)
        for name, target in between(described)
        if target in others
        for further, targets in _lookups(others[target])
    ]
    for lookups in (direct, indirect):
        for wanted, of_company in ((_PEOPLE, False), (_COMPANIES, True)):
            found = tuple(name for name, targets in lookups if targets <= wanted)
            if found:
                return Path(found, of_company)
    return None


def between(described: ObjectDescribe) -> Iterator[tuple[str, str]]:
    """Yield the lookups that may be the first of two steps, with the object that each names."""
    for name, targets in _lookups(described):
        if len(targets) == 1 and not targets & (_PEOPLE | _COMPANIES | {described.name}):
            yield name, next(iter(targets))


def needed(described: Iterable[ObjectDescribe]) -> set[str]:
    """Name the objects that must be described to find ways of two steps, for those that have no shorter one."""
    return {target for each in described if find_path(each, {}) is None for _, target in between(each)}


def with_path(described: ObjectDescribe, path: Path) -> dict[str, FieldDescribe]:
    """Return the object's fields and those of its parents that the path goes by, which are read along."""
    further = {
        name: FieldDescribe(name, name, "reference", length=18, createable=False)
        for name in path.references
        if "." in name
    }
    return described.fields | further


def _lookups(described: ObjectDescribe) -> Iterator[tuple[str, frozenset[str]]]:
    for name, each in described.fields.items():
        targets = frozenset(each.reference_to)
        if targets and not targets & _NOBODY and "." not in name:
            yield name, targets


def _relationship(lookup: str) -> str:
    return f"{lookup[:-1]}r" if lookup.endswith("__c") else lookup.removesuffix("Id")
