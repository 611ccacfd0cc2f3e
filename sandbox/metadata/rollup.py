"""Roll-up summary fields: which parents may have one over which children, and what type it gets."""

from __future__ import annotations

from typing import Any

from sandbox.metadata.custom_field import InvalidMetadata
from sandbox.metadata.field import Field, Rollup, changed, define
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject

OPERATIONS = ("COUNT", "SUM", "MIN", "MAX")
STANDARD = frozenset([("Account", "Opportunity", "AccountId")])
"""Lookups that count as master-detail for roll-ups although they are none."""


def rollup_field(
    schema: Schema,
    sobject: SObject,
    name: str,
    child: str,
    operation: str,
    field: str | None = None,
    condition: str | None = None,
    label: str | None = None,
) -> Field:
    """The declaration of a roll-up summary over the children of a master-detail relationship."""
    below = schema.find(child)
    if below is None:
        raise InvalidMetadata(f"no object {child}")
    lookup = _master(sobject, below)
    if operation.upper() not in OPERATIONS:
        raise InvalidMetadata(f"{operation} is no roll-up; there are {', '.join(OPERATIONS)}")
    rollup = Rollup(below.name, lookup.name, operation.upper(), None, condition)
    title = label or name.removesuffix("__c").replace("_", " ")
    if rollup.operation == "COUNT":
        made = define(name, title, "double", precision=18, custom=True, rollup=rollup)
    else:
        source = below.find(field or "")
        if source is None:
            raise InvalidMetadata(f"{rollup.operation}: say which field of {below.name} it is about")
        if source.crosses:
            raise InvalidMetadata(f"{source.name} is computed from a parent and cannot be rolled up")
        kinds = () if rollup.operation == "SUM" else ("date", "datetime")
        if not (source.is_number or source.type in kinds):
            raise InvalidMetadata(f"{rollup.operation} cannot be taken of {source.name}, a {source.type}")
        rollup = Rollup(below.name, lookup.name, rollup.operation, source.name, condition)
        kind = "double" if source.type in ("int", "long") else source.type
        flags: dict[str, Any] = {"precision": 18, "scale": source.scale} if source.is_number else {}
        made = define(name, title, kind, custom=True, rollup=rollup, **flags)
    return changed(made, permissionable=True)


def _master(parent: SObject, child: SObject) -> Field:
    for found in child.fields.values():
        key = (parent.name, child.name, found.name)
        if parent.name in found.refers_to and (found.master_detail or key in STANDARD):
            return found
    raise InvalidMetadata(f"{child.name} has no master-detail relationship to {parent.name}")
