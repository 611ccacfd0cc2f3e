"""Roll-up summaries: computed anew when a child changes; a changed sum moves the parent's stamp (facts 5.10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.metadata.field import Field, Rollup
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft, Intent
from sandbox.soql.compiler import compile_condition
from sandbox.soql.scope import Scope

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer


def lookups(schema: Schema, child: str) -> set[str]:
    """The lookups through which roll-ups reach an object's records."""
    return {rollup.lookup for _, _, rollup in schema.rollups(child)}


def saved(writer: Writer, sobject: SObject, drafts: Sequence[Draft], intent: Intent) -> None:
    """Compute anew for the parents of saved records, those that they left included."""
    for name in lookups(writer.schema, sobject.name):
        parents = {draft.merged.get(name) for draft in drafts}
        parents |= {(draft.old or {}).get(name) for draft in drafts}
        refresh(writer, sobject.name, name, {item for item in parents if item}, intent)


def removed(writer: Writer, sobject: SObject, keys: Sequence[int], intent: Intent) -> None:
    """Compute anew after records went into the recycle bin or came back."""
    for name in lookups(writer.schema, sobject.name):
        rows = writer.store.fetch(sobject, keys, [name]).values()
        refresh(writer, sobject.name, name, {row[name] for row in rows if row[name]}, intent)


def refresh(writer: Writer, child: str, lookup: str, parents: Collection[str], intent: Intent) -> None:
    """Compute the roll-ups of these parents, and of theirs."""
    if not parents:
        return
    moved: dict[str, set[str]] = {}
    for sobject, field, rollup in writer.schema.rollups(child):
        if rollup.lookup == lookup:
            stamp = intent.stamp or writer.clock.stamp()
            moved.setdefault(sobject.name, set()).update(
                _compute(writer, sobject, field, rollup, parents, stamp)
            )
    for name, record_ids in moved.items():
        if record_ids:
            _above(writer, writer.schema[name], record_ids, intent)


def fill(writer: Writer, sobject: SObject, field: Field, rollup: Rollup, intent: Intent) -> None:
    """Compute a new roll-up for every parent; all their stamps move (facts 5.6)."""
    stamp = intent.stamp or writer.clock.stamp()
    _compute(writer, sobject, field, rollup, None, stamp)
    alive = 'WHERE NOT "IsDeleted"' if "IsDeleted" in sobject.fields else ""
    writer.store.run(f'UPDATE {sobject.table} SET "SystemModstamp" = ? {alive}', [stamp])


def _above(writer: Writer, sobject: SObject, record_ids: set[str], intent: Intent) -> None:
    for name in lookups(writer.schema, sobject.name):
        rows = writer.store.run(
            f'SELECT DISTINCT "{name}" FROM {sobject.table} WHERE "Id" IN (SELECT unnest(?)) AND "{name}" IS NOT NULL',
            [list(record_ids)],
        )
        refresh(writer, sobject.name, name, {row[0] for row in rows}, intent)


def _compute(
    writer: Writer,
    sobject: SObject,
    field: Field,
    rollup: Rollup,
    parents: Collection[str] | None,
    stamp: datetime,
) -> Iterable[str]:
    """Write what changed; answers the ids of the parents that did."""
    child = writer.schema[rollup.child]
    world = writer.system_world()
    source, where = f"{child.table} t", "TRUE"
    if rollup.condition:
        source, where = compile_condition(rollup.condition, world, child)
    value = "count(*)"
    if rollup.field:
        value = f"{rollup.operation.lower()}({Scope(world, '', child).read(child.fields[rollup.field])})"
    empty = "0" if rollup.operation in ("COUNT", "SUM") else "NULL"
    chosen = f't."{rollup.lookup}" IN (SELECT unnest($parents)) AND ' if parents is not None else ""
    which = 'p."Id" IN (SELECT unnest($parents)) AND ' if parents is not None else ""
    values: Mapping[str, Any] = {"stamp": stamp}
    if parents is not None:
        values = {"stamp": stamp, "parents": sorted(parents)}
    rows = writer.store.cursor.execute(
        f'UPDATE {sobject.table} AS p SET "{field.name}" = n.value, "SystemModstamp" = $stamp FROM ('
        f'SELECT q."Id" AS id, COALESCE(r.value, {empty}) AS value FROM {sobject.table} q LEFT JOIN ('
        f'SELECT t."{rollup.lookup}" AS id, {value} AS value FROM {source} '
        f'WHERE {chosen}NOT t."IsDeleted" AND ({where}) GROUP BY 1) r ON r.id = q."Id") n '
        f'WHERE {which}p."Id" = n.id AND NOT p."IsDeleted" AND p."{field.name}" IS DISTINCT FROM n.value '
        'RETURNING p."Id"',
        values,
    ).fetchall()
    return [row[0] for row in rows]
