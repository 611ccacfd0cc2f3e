"""Unique fields: no two living records may carry one value."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft
from sandbox.store import Store


def check(store: Store, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Refuse drafts whose unique values are taken, in the table or by an earlier row of the same request."""
    for field in sobject.fields.values():
        if field.unique and field.stored:
            _check_field(store, sobject, field, drafts)


def _check_field(store: Store, sobject: SObject, field: Field, drafts: Sequence[Draft]) -> None:
    mine: dict[object, Draft] = {}
    for draft in drafts:
        value = draft.values.get(field.name)
        if value is None or draft.errors:
            continue
        if draft.old is not None and draft.old.get(field.name) == value:
            continue
        if draft.unclaimed and draft.external == (field.name, value):
            continue
        folded = field.folded(value)
        if folded in mine:
            _refuse(draft, field, "<unknown>")
            continue
        mine[folded] = draft
    if not mine:
        return
    for value, key, record_id in store.carriers(sobject, field, list(mine)):
        draft = mine[value]
        if draft.key != key:
            _refuse(draft, field, record_id)


def _refuse(draft: Draft, field: Field, record_id: str) -> None:
    draft.refuse(
        "DUPLICATE_VALUE",
        f"duplicate value found: {field.name} duplicates value on record with id: {record_id}",
        field.name,
    )
