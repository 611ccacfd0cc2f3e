"""What a query selects, as `columns=true` asks instead of its rows (facts 3)."""

from __future__ import annotations

from typing import Any

from sandbox.metadata.field import Field
from sandbox.soql.functions import MADE
from sandbox.soql.plan import Plan

_APEX = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "long": "Long",
    "double": "Double",
    "percent": "Double",
    "currency": "Decimal",
    "date": "Date",
    "datetime": "Datetime",
    "time": "Time",
    "address": "Address",
    "location": "Location",
}
"""Apex types by field type; everything else is a String."""


def describe(plan: Plan) -> dict[str, Any]:
    """The columns in their order: a parent's fields and a subquery's are joined below its name."""
    return {
        "columnMetadata": _columns(plan),
        "entityName": plan.sobject.name,
        "groupBy": bool(plan.group),
        "idSelected": any(output.field.type == "id" and not output.path for output in plan.outputs),
        "keyPrefix": plan.sobject.prefix,
    }


def _columns(plan: Plan) -> list[dict[str, Any]]:
    top: list[dict[str, Any]] = []
    for output in plan.outputs:
        made = output.field.name == MADE
        below = _below(top, output.path)
        below.append(_column(output.name, output.field.label if made else output.name, output.field, made))
    for typed in plan.types:
        names = {
            item.name: item.field for items in (*typed.branches.values(), typed.otherwise) for item in items
        }
        below = _below(top, typed.path)
        below += [_column(name, name, found) for name, found in names.items()]
    for child in plan.children:
        top.append({**_column(child.name, child.name, aggregate=True), "joinColumns": _columns(child.plan)})
    return top


def _below(columns: list[dict[str, Any]], path: tuple[str, ...]) -> list[dict[str, Any]]:
    """The columns of the parent at the end of a path."""
    for name in path:
        known = next((item for item in columns if item["columnName"] == name), None)
        if known is None:
            known = _column(name, name)
            columns.append(known)
        columns = known["joinColumns"]
    return columns


def _column(name: str, shown: str, found: Field | None = None, aggregate: bool = False) -> dict[str, Any]:
    kind = _APEX.get(found.type, "String") if found else None
    stored = None if aggregate else found
    return {
        "aggregate": aggregate,
        "apexType": kind,
        "booleanType": kind == "Boolean",
        "columnName": name,
        "custom": stored is not None and stored.custom,
        "displayName": shown,
        "foreignKeyName": stored.relationship if stored else None,
        "insertable": stored is not None and stored.createable,
        "joinColumns": [],
        "numberType": found is not None and found.is_number,
        "textType": kind == "String",
        "updatable": stored is not None and stored.updateable,
    }
