"""Which Salesforce field feeds which marketing column: worked out from what the sync user can see.

A pure function of the declaration, the describe answer and the map so far. Fields are only ever
added or switched off: a hidden, renamed or deleted field leaves its column and the stored values
alone (3.5, 3.8, 3.10), and a label never changes after the field was first seen (3.7). A field that got
another type keeps its column, and the column's values go with the type as far as they fit (3.9).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from tandem.objects.declaration import IGNORED_EVERYWHERE, Direction, SyncedObject
from tandem.salesforce.description import FieldDescribe, ObjectDescribe
from tandem.staging import sql_type

#: Read-only wholes whose parts are synced instead, and bodies that do not belong in a database (5.8).
_UNREADABLE_TYPES = frozenset({"address", "location", "base64", "anyType", "complexvalue"})

#: Columns that the sync itself keeps; a Salesforce field never takes their names.
RESERVED_COLUMNS = frozenset(
    {
        *("id", "sfdc_id", "sfdc_type", "person_id", "company_id", "created_at", "updated_at"),
        *("email_status_address", "email_status"),
    }
)


@dataclass(frozen=True)
class MappedField:
    """One Salesforce field that is read. ``column`` is ``None`` when it only drives the sync itself."""

    object: str
    field: str
    column: str | None
    type: str
    sql_type: str
    scale: int
    label: str
    system: bool = False
    updateable: bool = False
    createable: bool = False
    required: bool = False
    length: int = 0
    active: bool = True


@dataclass(frozen=True)
class Retyped:
    """A field whose type changed in Salesforce."""

    old: MappedField
    new: MappedField

    @property
    def moved(self) -> bool:
        """Whether it lost its column to a like-named field that has kept the old type."""
        return self.new.column != self.old.column


@dataclass(frozen=True)
class FieldMapChange:
    """What a look at the schema found: the whole map, and what is new, gone, back or of another type in it."""

    fields: tuple[MappedField, ...]
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    retyped: tuple[Retyped, ...] = ()


def snake_case(name: str) -> str:
    """Turn a Salesforce API name into a column name; custom fields keep their ``__c``.

    >>> snake_case("NumberOfEmployees"), snake_case("Favourite_Color__c"), snake_case("CleanStatus")
    ('number_of_employees', 'favourite_color__c', 'clean_status')
    """
    if name.endswith("__c"):
        return name.lower()
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def missing_fields(declared: SyncedObject, described: ObjectDescribe) -> list[str]:
    """Name the required fields that the sync user cannot see (2.18, VIS-03)."""
    return [name for name in declared.required if name not in described.fields]


def _readable(declared: SyncedObject, described: ObjectDescribe, ignored: Collection[str]) -> list[str]:
    wholes = {each.compound_field_name for each in described.fields.values() if each.compound_field_name}
    wanted = []
    for name, each in described.fields.items():
        if name in declared.drivers:
            wanted.append(name)
        elif each.type in _UNREADABLE_TYPES or name in ignored or name in declared.ignored:
            continue
        elif name in declared.fields:
            wanted.append(name)
        elif declared.only_declared or name in IGNORED_EVERYWHERE or name in wholes:
            continue
        else:
            wanted.append(name)
    return wanted


def _column(declared: SyncedObject, name: str, wanted_type: str, taken: Mapping[str, str]) -> str | None:
    """Choose the column of a field; like-named fields of lead and contact share one (3.13, FLD-10)."""
    if name in declared.fields:
        return declared.fields[name]
    if name in declared.drivers:
        return None
    column = snake_case(name)
    if column in RESERVED_COLUMNS or taken.get(column, wanted_type) != wanted_type:
        return f"{declared.name.lower()}_{column}"
    return column


def _mapped(declared: SyncedObject, each: FieldDescribe, column: str | None) -> MappedField:
    goes_out = column is not None and (declared.direction is Direction.BOTH or each.name in declared.sent)
    free = goes_out and each.name not in declared.system and not each.calculated
    return MappedField(
        object=declared.name,
        field=each.name,
        column=column,
        type=each.type,
        sql_type=sql_type(each),
        scale=each.scale,
        label=each.label,
        system=each.name in declared.system,
        updateable=free and each.updateable,
        createable=free and each.createable,
        required=each.required_on_create,
        length=each.length,
    )


def plan_field_map(
    declared: SyncedObject,
    described: ObjectDescribe,
    known: Iterable[MappedField],
    taken: Mapping[str, str],
    ignored: Collection[str] = (),
    partners: Mapping[str, str] | None = None,
) -> FieldMapChange:
    """Work out the map of one object.

    :param known: the map so far; empty on the first look.
    :param taken: columns that the marketing table has already, with their SQL types.
    :param ignored: more fields to leave out, from the settings.
    :param partners: columns that other objects feed too, with the SQL types that their fields have now.
    """
    before = {each.field: each for each in known}
    readable = _readable(declared, described, ignored)
    fields: dict[str, MappedField] = {}
    added, returned, retyped = [], [], []
    partners = partners or {}
    for name in readable:
        old = before.get(name)
        if old is None:
            each = described.fields[name]
            fields[name] = _mapped(declared, each, _column(declared, name, sql_type(each), taken))
            added.append(name)
        else:
            now = replace(_mapped(declared, described.fields[name], old.column), label=old.label)
            if now.type != old.type:
                if old.column and partners.get(old.column, now.sql_type) != now.sql_type:
                    now = replace(now, column=f"{declared.name.lower()}_{old.column}")
                retyped.append(Retyped(old, now))
            fields[name] = now
            if not old.active:
                returned.append(name)
    gone = [name for name, old in before.items() if name not in fields and old.active]
    for name, old in before.items():
        if name not in fields:
            fields[name] = replace(old, active=False)
    return FieldMapChange(tuple(fields.values()), tuple(added), tuple(gone), tuple(returned), tuple(retyped))


def without_edits(
    declared: SyncedObject, known: Iterable[MappedField], taken: Mapping[str, str]
) -> list[MappedField]:
    """Return a map with every field on the column that it has by itself: joins made and broken are lost (3.14)."""
    return [replace(each, column=_column(declared, each.field, each.sql_type, taken)) for each in known]
