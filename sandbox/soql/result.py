"""Shows rows as REST does: `attributes` first, parents embedded, empty subqueries as null (facts 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox import ids
from sandbox.metadata.schema import Schema
from sandbox.soql.plan import Output, Plan

Row = Sequence[Any]
Shaper = Callable[[Row], dict[str, Any]]


def shaper(plan: Plan, schema: Schema, version: str) -> Shaper:
    """A function that turns a row of the plan into its JSON object."""
    base = f"/services/data/v{version}/sobjects/"
    if plan.kind == "aggregate":
        names = [output.name for output in plan.outputs]

        def aggregate(row: Row) -> dict[str, Any]:
            return {"attributes": {"type": "AggregateResult"}, **dict(zip(names, row, strict=False))}

        return aggregate

    own = f"{base}{plan.sobject.name}/"
    kind = plan.sobject.name
    flat = [(output.name, output.at) for output in plan.outputs if not output.path and output.at >= 0]
    if len(flat) == len(plan.outputs) and not plan.types:

        def simple(row: Row) -> dict[str, Any]:
            out: dict[str, Any] = {"attributes": {"type": kind, "url": own + row[0]}}
            for name, at in flat:
                out[name] = row[at]
            return out

        return simple

    parents = plan.parents
    outputs = plan.outputs

    def nested(row: Row) -> dict[str, Any]:
        out: dict[str, Any] = {"attributes": {"type": kind, "url": own + row[0]}}
        shown: dict[tuple[str, ...], dict[str, Any] | None] = {(): out}
        heads = {parent.path: parent for parent in parents}
        for output in outputs:
            for depth in range(1, len(output.path) + 1):
                path = output.path[:depth]
                if path in shown:
                    continue
                above = shown[path[:-1]]
                parent = heads[path]
                record_id = row[parent.id_at]
                embedded = _embedded(record_id, parent.type_name, parent.polymorphic, base, schema)
                shown[path] = embedded
                if above is not None:
                    above[path[-1]] = embedded
            target = shown[output.path]
            if target is not None:
                target[output.name] = _value(output, row)
        for typed in plan.types:
            out[typed.path[0]] = _typed(typed.branches, typed.otherwise, row[typed.id_at], row, base, schema)
        return out

    return nested


def _embedded(
    record_id: str | None, type_name: str, polymorphic: bool, base: str, schema: Schema
) -> dict[str, Any] | None:
    if record_id is None:
        return None
    target = schema.by_prefix(record_id[:3])
    name = target.name if polymorphic and target else type_name
    return {"attributes": {"type": type_name, "url": f"{base}{name}/{record_id}"}}


def _value(output: Output, row: Row) -> Any:
    if output.at >= 0:
        return row[output.at]
    return compound({key: row[at] for key, at in output.parts})


def compound(parts: dict[str, Any]) -> dict[str, Any] | None:
    """A compound field's parts as one value; null when all of them are."""
    return None if all(value is None for value in parts.values()) else parts


def _typed(
    branches: dict[str, tuple[Output, ...]],
    otherwise: tuple[Output, ...],
    record_id: str | None,
    row: Row,
    base: str,
    schema: Schema,
) -> dict[str, Any] | None:
    parsed = ids.parse(record_id) if record_id else None
    target = schema.by_prefix(parsed[0]) if parsed else None
    if record_id is None or target is None:
        return None
    chosen = branches.get(target.name, otherwise)
    out: dict[str, Any] = {"attributes": {"type": target.name, "url": f"{base}{target.name}/{record_id}"}}
    for output in chosen:
        out[output.name] = row[output.at]
    return out
