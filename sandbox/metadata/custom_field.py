"""Custom fields as an administrator asks for them, by the type names of the Metadata API or of describe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.metadata.delete_rule import CASCADE, RESTRICT, SET_NULL
from sandbox.metadata.field import SYSTEM, Field, changed, choices, define

#: A package's fields have its namespace before their name.
NAME = re.compile(r"(?:[A-Za-z](?:_?[A-Za-z0-9]){0,14}__)?[A-Za-z](?:_?[A-Za-z0-9])*__c")
_TYPES: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("string", {"length": 255}),
    "string": ("string", {"length": 255}),
    "textarea": ("textarea", {"length": 255}),
    "longtextarea": ("textarea", {"length": 32768}),
    "html": ("textarea", {"length": 32768, "html": True}),
    "number": ("double", {"precision": 18, "scale": 0}),
    "double": ("double", {"precision": 18, "scale": 2}),
    "currency": ("currency", {"precision": 18, "scale": 2}),
    "percent": ("percent", {"precision": 18, "scale": 2}),
    "int": ("int", {"digits": 9}),
    "date": ("date", {}),
    "datetime": ("datetime", {}),
    "time": ("time", {}),
    "checkbox": ("boolean", {"defaulted": True, "permissionable": True}),
    "boolean": ("boolean", {"defaulted": True, "permissionable": True}),
    "picklist": ("picklist", {"length": 255}),
    "multiselectpicklist": ("multipicklist", {"length": 4099, "precision": 4}),
    "multipicklist": ("multipicklist", {"length": 4099, "precision": 4}),
    "email": ("email", {"length": 80}),
    "phone": ("phone", {"length": 40}),
    "url": ("url", {"length": 255}),
    "location": ("location", {}),
    "lookup": ("reference", {}),
    "reference": ("reference", {}),
    "masterdetail": (
        "reference",
        {"master_detail": True, "nillable": False, "updateable": False, "permissionable": False},
    ),
    "autonumber": (
        "string",
        {"length": 30, "auto_number": True, "number_format": "{0000}", "nillable": False, "defaulted": True}
        | SYSTEM,
    ),
    "encryptedtext": ("encryptedstring", {"length": 175, "filterable": False, "sortable": False}),
    "encryptedstring": ("encryptedstring", {"length": 175, "filterable": False, "sortable": False}),
}


class InvalidMetadata(ValueError):
    """What the administrator asked for cannot be set up; the message says what to do."""


def custom_fields(name: str, type: str, label: str | None = None, **flags: Any) -> list[Field]:
    """The declarations behind one custom field: one, or three for a geolocation.

    `values` fills a picklist; `to`, `relationship`, `child_relationship` and `on_delete` (SetNull, Restrict or
    Cascade) describe a lookup; `required` and the flags of describe go for all. A name without `__c` makes a
    field that counts as standard.
    """
    kind, usual = _TYPES.get(type.lower(), ("", {}))
    if not kind:
        raise InvalidMetadata(f"{type} is no type of field; there are {', '.join(sorted(_TYPES))}")
    if "__" in name and not NAME.fullmatch(name.replace("__pc", "__c")):
        raise InvalidMetadata(f"{name} is no name of a custom field: letters and digits, then __c")
    values, target = flags.pop("values", None), flags.pop("to", None)
    if flags.pop("required", False):
        flags |= {"nillable": False, "permissionable": False}
    if values is not None and (isinstance(values, str) or not isinstance(values, Sequence | Mapping)):
        raise InvalidMetadata(f"{name}: values are a list, or an object of values and labels")
    if values is not None:
        flags["choices"] = choices(values, flags.get("default"))
    if kind == "reference":
        if target is None:
            raise InvalidMetadata(f"{name}: say with `to` what the lookup points to")
        flags["refers_to"] = (target,) if isinstance(target, str) else tuple(target)
        _check_delete_rule(name, flags)
        flags.setdefault("relationship", f"{name.removesuffix('__c')}__r")
    elif "on_delete" in flags:
        raise InvalidMetadata(f"{name}: only a lookup says what happens on delete")
    if flags.get("external_id"):
        flags.setdefault("id_lookup", True)
    label = label or name.removesuffix("__c").replace("_", " ")
    try:
        whole = define(name, label, kind, custom=name.endswith("__c"), **(usual | flags))
    except TypeError as wrong:
        raise InvalidMetadata(f"{name}: {str(wrong).split('__init__() ')[-1]}") from None
    if kind != "location":
        return [whole]
    part = {"precision": 18, "scale": 15, "compound": name, "custom": True}
    titles = [f"{label} ({axis})" for axis in ("Latitude", "Longitude")]
    return [
        whole,
        *(
            define(column, title, "double", **part)
            for column, title in zip(whole.parts.values(), titles, strict=True)
        ),
    ]


def _check_delete_rule(name: str, flags: dict[str, Any]) -> None:
    """A lookup is emptied when its record is deleted, unless it must not be empty."""
    required = flags.get("nillable") is False
    rule = flags.setdefault("on_delete", RESTRICT if required else SET_NULL)
    if rule not in (CASCADE, RESTRICT, SET_NULL):
        raise InvalidMetadata(f"{name}: on_delete is {CASCADE}, {RESTRICT} or {SET_NULL}, not {rule}")
    if required and rule == SET_NULL:
        raise InvalidMetadata(f"{name}: a required lookup cannot be emptied; say {RESTRICT} or {CASCADE}")


def retyped(field: Field, type: str, **flags: Any) -> Field:
    """The same field with another type."""
    if field.is_compound or field.calculated or field.master_detail or type.lower() == "location":
        raise InvalidMetadata(f"{field.name}: the type of such a field cannot be changed")
    fresh = custom_fields(field.name, type, field.label, **flags)[0]
    return changed(fresh, custom=field.custom)
