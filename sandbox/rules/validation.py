"""Validation rules: conditions that are true of records which must not be saved (facts 5.10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft
from sandbox.soql.compiler import compile_condition
from sandbox.soql.scope import World
from sandbox.store import Store
from sandbox.tables import staged


@dataclass(slots=True, frozen=True)
class ValidationRule:
    """One rule: refused while `condition` (SOQL) is true; `field` is where a form would show the message."""

    sobject: str
    name: str
    condition: str
    message: str
    field: str | None = None


def check(
    store: Store, world: World, sobject: SObject, rules: Sequence[ValidationRule], drafts: Sequence[Draft]
) -> None:
    """Refuse drafts that a rule finds fault with."""
    live = [draft for draft in drafts if not draft.errors]
    if not rules or not live:
        return
    columns = [item.name for item in sobject.stored]
    rows = []
    for number, draft in enumerate(live):
        merged = draft.merged
        rows.append({"_key": number, **{name: merged.get(name) for name in columns}})
    with staged(store.cursor, sobject, rows, ["_key", *columns]) as stage:
        for rule in rules:
            source, where = compile_condition(rule.condition, world, sobject, table=stage)
            for (number,) in store.run(f"SELECT t._key FROM {source} WHERE {where} ORDER BY 1"):
                fields = (rule.field,) if rule.field else ()
                live[number].refuse("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, *fields)
