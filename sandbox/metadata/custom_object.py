"""Custom objects: what each of them starts with."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sandbox.ids import DIGITS
from sandbox.metadata.custom_field import NAME, InvalidMetadata
from sandbox.metadata.field import SYSTEM, Field, define, system_head, system_stamps
from sandbox.metadata.parts import owner, views
from sandbox.metadata.sobject import SObject, sobject

_FORMAT = re.compile(r"[^{}]*\{0+\}[^{}]*")


def custom_object(
    name: str,
    taken: Collection[str],
    label: str | None = None,
    plural: str | None = None,
    number_format: str | None = None,
) -> SObject:
    """An object with a name, an owner and stamps.

    Records are named by people (text of 80 characters) or, with `number_format` such as `INV-{0000}`, by the
    org. `taken` are the key prefixes in use.
    """
    if not NAME.fullmatch(name):
        raise InvalidMetadata(f"{name} is no name of a custom object: letters and digits, then __c")
    label = label or name.removesuffix("__c").replace("_", " ")
    fields = [*system_head("Record ID"), _name(label, number_format), *system_stamps(), *views()]
    fields.insert(1, owner("Group", "User"))
    return sobject(name, _prefix(taken), label, plural or f"{label}s", fields, custom=True)


def _name(label: str, number_format: str | None) -> Field:
    common: dict[str, Any] = {"length": 80, "name_field": True, "permissionable": False, "defaulted": True}
    if number_format is None:
        # A record that nobody names bears its id.
        return define("Name", f"{label} Name", "string", **common)
    check_format(number_format)
    return define(
        "Name",
        f"{label} Name",
        "string",
        auto_number=True,
        number_format=number_format,
        nillable=False,
        **(common | SYSTEM),
    )


def check_format(number_format: str) -> None:
    """Refuse what is no auto-number format."""
    if not _FORMAT.fullmatch(number_format):
        raise InvalidMetadata(f"{number_format} is no auto-number format; write it like INV-{{0000}}")


def numbered(number_format: str, number: int) -> str:
    """The auto-number of a record."""
    before, rest = number_format.split("{")
    zeros, after = rest.split("}")
    return f"{before}{number:0{len(zeros)}d}{after}"


def _prefix(taken: Collection[str]) -> str:
    every = (f"a{high}{low}" for high in DIGITS for low in DIGITS)
    return next(prefix for prefix in every if prefix not in taken)
