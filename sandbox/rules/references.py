"""Foreign keys: parents must exist, be of the right object, and live; some are named by external id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sandbox import ids
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft
from sandbox.store import Store


def resolve_links(store: Store, schema: Schema, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Put ids where clients named parents by an external id (facts 5.5)."""
    wanted: dict[tuple[str, str], list[tuple[Draft, Any]]] = {}
    for draft in drafts:
        for lookup, key, value in draft.links:
            wanted.setdefault((lookup, key), []).append((draft, value))
    for (lookup, key), rows in wanted.items():
        _resolve(store, schema, sobject, lookup, key, rows)


def _resolve(
    store: Store, schema: Schema, sobject: SObject, lookup: str, key: str, rows: list[tuple[Draft, Any]]
) -> None:
    parents = [item for name in sobject.fields[lookup].refers_to if (item := schema.find(name))]
    parent = next((item for item in parents if item.find(key)), parents[0] if parents else None)
    field = parent.find(key) if parent else None
    if parent is None or field is None or not (field.id_lookup or field.external_id):
        for draft, _ in rows:
            draft.refuse(
                "INVALID_FIELD", f"Foreign key external ID: {key} is not an external id field", lookup
            )
        return
    values = sorted({str(value).lower() for _, value in rows if value is not None})
    found: dict[str, list[str]] = {}
    for value, record_id in store.run(
        f'SELECT lower(CAST("{field.name}" AS VARCHAR)), "Id" FROM {parent.table} '
        f'WHERE "{field.name}" IS NOT NULL AND lower(CAST("{field.name}" AS VARCHAR)) IN (SELECT unnest(?))'
        + (' AND NOT "IsDeleted"' if "IsDeleted" in parent.fields else ""),
        [values],
    ):
        found.setdefault(value, []).append(record_id)
    for draft, value in rows:
        matches = found.get(str(value).lower(), [])
        if len(matches) == 1:
            draft.values[lookup] = matches[0]
        elif matches:
            draft.refuse(
                "DUPLICATE_EXTERNAL_ID",
                f"{field.name}: more than one record found for external id field: {matches}",
            )
        else:
            draft.refuse(
                "INVALID_FIELD",
                f"Foreign key external ID: {value} not found for field {field.name} in entity {parent.name}",
            )


def check(
    store: Store,
    schema: Schema,
    sobject: SObject,
    drafts: Sequence[Draft],
    known: str = "",
    seen: Callable[[SObject, Sequence[int]], set[int]] | None = None,
) -> None:
    """Refuse drafts whose references lead nowhere, or to what the caller does not see (`seen`).

    The caller itself is `known` to be there.
    """
    lookups = {item.name: item for item in sobject.fields.values() if item.type == "reference"}
    uses: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        for name in lookups.keys() & draft.values.keys():
            value = draft.values[name]
            if value is not None and value != known and (draft.old is None or draft.old.get(name) != value):
                uses.setdefault((name, value), []).append(draft)
    wanted: dict[str, dict[int, list[tuple[Draft, str]]]] = {}
    for (name, value), users in uses.items():
        field = lookups[name]
        parsed = ids.parse(value)
        target = schema.by_prefix(parsed[0]) if parsed else None
        if parsed is None or target is None or target.name not in field.refers_to:
            for draft in users:
                draft.refuse("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", name)
            continue
        rows = wanted.setdefault(target.name, {}).setdefault(parsed[1], [])
        rows += [(draft, name) for draft in users]
    for name, numbers in wanted.items():
        target = schema[name]
        alive = "IsDeleted" in target.fields
        found = store.fetch(target, sorted(numbers), ["IsDeleted"] if alive else [])
        visible = seen(target, list(found)) if seen else set(found)
        for number, rows in numbers.items():
            record = found.get(number)
            if record is not None and not record.get("IsDeleted") and number in visible:
                continue
            for draft, field_name in rows:
                if record is not None and number not in visible:
                    draft.refuse(
                        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
                        f"insufficient access rights on cross-reference id: {draft.values[field_name][:15]}",
                        field_name,
                    )
                elif record is None:
                    draft.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field_name)
                else:
                    draft.refuse("ENTITY_IS_DELETED", "entity is deleted", field_name)
