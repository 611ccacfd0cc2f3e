"""A field of an object: its name, its type, its flags, as `describe` reports them (facts 5.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

TEXT_TYPES = frozenset(
    [
        "string",
        "textarea",
        "phone",
        "email",
        "url",
        "picklist",
        "multipicklist",
        "combobox",
        "encryptedstring",
        "id",
        "reference",
    ]
)
NUMBER_TYPES = frozenset(["double", "currency", "percent", "int", "long"])

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "long": "xsd:long",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "address": "urn:address",
    "location": "urn:location",
    "anyType": "xsd:anyType",
}
_SQL = {
    "boolean": "BOOLEAN",
    "int": "BIGINT",
    "long": "BIGINT",
    "double": "DOUBLE",
    "currency": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
COMPOUND_TYPES = frozenset(["address", "location"])
_NO_GROUPING = COMPOUND_TYPES | {"double", "currency", "percent", "datetime", "multipicklist", "time"}
_ADDRESS = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street")
ROW, TODAY = "\x01row\x01", "\x01today\x01"
"""What stands in the SQL of a computed field for the record's alias, and for the org's date."""
_PARENT = re.compile("\x01\\^([\\w.]+)\x01")


def parent_alias(path: str) -> str:
    """What stands there for the alias of a parent: `Account`, `Contact.Account`."""
    return f"\x01^{path}\x01"


def seen_from(relation: str, expression: str) -> str:
    """The SQL of a parent's computed field, as its child reads it."""
    deeper = _PARENT.sub(lambda found: parent_alias(f"{relation}.{found[1]}"), expression)
    return deeper.replace(ROW, parent_alias(relation))


@dataclass(slots=True, frozen=True)
class Choice:
    """A value of a picklist. Inactive ones stay readable; a restricted picklist takes no new ones."""

    value: str
    label: str = ""
    active: bool = True
    default: bool = False


@dataclass(slots=True, frozen=True)
class Rollup:
    """What a roll-up summary counts or adds: the child object, its lookup, and which of the children.

    `operation` is COUNT, SUM, MIN or MAX; `condition` is SOQL over the child.
    """

    child: str
    lookup: str
    operation: str
    field: str | None = None
    condition: str | None = None


@dataclass(slots=True, frozen=True)
class Field:
    """One field. The flags mean what `describe` means by them."""

    name: str
    label: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    permissionable: bool = True
    prefilterable: bool = False
    defaulted: bool = False
    calculated: bool = False
    formula: str | None = None
    compound: str | None = None
    extra: str | None = None
    id_lookup: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    name_field: bool = False
    name_pointing: bool = False
    auto_number: bool = False
    html: bool = False
    ascii_only: bool = False
    choices: tuple[Choice, ...] = ()
    restricted: bool = False
    default: Any = None
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    master_detail: bool = False
    child_relationship: str | None = None
    on_delete: str = "SetNull"
    """What a delete of the record that a custom lookup points to means (`metadata/delete_rule.py`)."""
    custom: bool = False
    number_format: str | None = None
    """How an auto-number looks: `INV-{0000}`."""
    expression: str | None = None
    """SQL of a formula, computed whenever it is read: `ROW`, `TODAY` and parents are put in then."""
    blank_as_zero: bool = False
    rollup: Rollup | None = None

    @property
    def sql_type(self) -> str:
        """The column type that holds it."""
        return _SQL.get(self.type, "VARCHAR")

    @property
    def soap_type(self) -> str:
        """The type that the WSDL gives it."""
        return _SOAP.get(self.type, "xsd:string")

    @property
    def stored(self) -> bool:
        """Whether a column holds it; compounds are put together and formulas computed when read."""
        return not self.is_compound and self.expression is None

    @property
    def folds(self) -> bool:
        """Whether values that differ in case only are the same."""
        return self.is_text and not self.case_sensitive

    def folded(self, value: Any) -> Any:
        """A value as comparisons see it."""
        return value.lower() if self.folds and isinstance(value, str) else value

    @property
    def is_compound(self) -> bool:
        """Whether it shows several other fields as one."""
        return self.type in COMPOUND_TYPES

    @property
    def parts(self) -> dict[str, str]:
        """The fields behind a compound, by the key that JSON shows them under."""
        if self.type == "location":
            stem = self.name.removesuffix("__c")
            return {"latitude": f"{stem}__Latitude__s", "longitude": f"{stem}__Longitude__s"}
        prefix = self.name.removesuffix("Address")
        return {part[0].lower() + part[1:]: prefix + part for part in _ADDRESS}

    @property
    def crosses(self) -> bool:
        """Whether it is computed from fields of a parent."""
        return self.expression is not None and _PARENT.search(self.expression) is not None

    def sql(self, alias: str, today: date, parent: Callable[[str], str]) -> str:
        """The SQL that reads it from the record of that alias.

        `today` is the org's date; `parent` joins the parent at the end of a path and answers its alias.
        """
        if self.expression is None:
            return f'{alias}."{self.name}"'
        joined = _PARENT.sub(lambda found: parent(found[1]), self.expression)
        return joined.replace(ROW, alias).replace(TODAY, f"DATE '{today.isoformat()}'")

    @property
    def is_text(self) -> bool:
        """Whether its values are strings of free or listed text, ids included."""
        return self.type in TEXT_TYPES

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.type in NUMBER_TYPES

    @property
    def required(self) -> bool:
        """Required on create, by the rule of facts 5.8."""
        return self.createable and not self.nillable and not self.defaulted and self.type != "boolean"

    @property
    def byte_length(self) -> int:
        """Three bytes for a character, except in ids."""
        return self.length if self.ascii_only or self.type in ("id", "reference") else self.length * 3


def define(name: str, label: str, kind: str, **flags: Any) -> Field:
    """A field of type `kind` with the flags that type usually has; `flags` override them."""
    base: dict[str, Any] = {"groupable": kind not in _NO_GROUPING}
    if kind == "boolean":
        base |= {"nillable": False, "aggregatable": False, "default": False}
    if kind in ("id", "reference"):
        base["length"] = 18
    if kind in COMPOUND_TYPES:
        base |= {"createable": False, "updateable": False, "sortable": False, "aggregatable": False}
    if kind == "textarea" and flags.get("length", 0) > 255:
        base |= {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False}
    if kind == "multipicklist":
        base |= {"sortable": False, "aggregatable": False}
    if kind == "textarea":
        base["extra"] = "richtextarea" if flags.get("html") else "plaintextarea"
    if flags.get("formula") or flags.get("rollup"):
        base |= {"calculated": True, "createable": False, "updateable": False}
    if "permissionable" not in flags:
        merged = base | flags
        base["permissionable"] = (
            merged.get("nillable", True)
            and (merged.get("createable", True) or kind in COMPOUND_TYPES or merged.get("calculated", False))
            and merged.get("compound") != "Name"
        )
    return Field(name=name, label=label, type=kind, **(base | flags))


def changed(field_: Field, **flags: Any) -> Field:
    """The same field with other flags."""
    return replace(field_, **flags)


def choices(values: Sequence[str] | Mapping[str, str], default: str | None = None) -> tuple[Choice, ...]:
    """Picklist values; a mapping gives each its label, otherwise the values are their own labels."""
    labels = values if isinstance(values, Mapping) else {value: value for value in values}
    return tuple(Choice(value, label, True, value == default) for value, label in labels.items())


def picked(
    name: str, label: str, values: Sequence[str] | Mapping[str, str], length: int = 255, **flags: Any
) -> Field:
    """A picklist field."""
    kind = flags.pop("kind", "picklist")
    listed = choices(values, flags.get("default"))
    return define(name, label, kind, length=length, choices=listed, **flags)


def lookup(name: str, label: str, to: str | Sequence[str], relationship: str | None, **flags: Any) -> Field:
    """A reference to one object or several."""
    targets = (to,) if isinstance(to, str) else tuple(to)
    return define(name, label, "reference", refers_to=targets, relationship=relationship, **flags)


SYSTEM = {"createable": False, "updateable": False, "permissionable": False}
"""Flags of a field that only the org itself writes."""


def system_head(label: str, deletable: bool = True, master: str | None = None) -> list[Field]:
    """Id, IsDeleted and MasterRecordId, which lead most objects."""
    head = [define("Id", label, "id", nillable=False, defaulted=True, id_lookup=True, **SYSTEM)]
    if deletable:
        head.append(define("IsDeleted", "Deleted", "boolean", defaulted=True, **SYSTEM))
    if master:
        head.append(lookup("MasterRecordId", "Master Record ID", master, "MasterRecord", **SYSTEM))
    return head


def system_stamps() -> list[Field]:
    """Who made and changed the record, and when."""
    fixed = {"nillable": False, "defaulted": True, **SYSTEM}
    return [
        define("CreatedDate", "Created Date", "datetime", **fixed),
        lookup("CreatedById", "Created By ID", "User", "CreatedBy", **fixed),
        define("LastModifiedDate", "Last Modified Date", "datetime", **fixed),
        lookup("LastModifiedById", "Last Modified By ID", "User", "LastModifiedBy", **fixed),
        define("SystemModstamp", "System Modstamp", "datetime", **fixed),
    ]
