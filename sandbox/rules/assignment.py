"""Assignment rules: who becomes the owner of a lead or a case (facts 5.3, headers)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft, Intent
from sandbox.soql.compiler import compile_condition
from sandbox.soql.scope import World
from sandbox.store import Store
from sandbox.tables import staged


@dataclass(slots=True, frozen=True)
class AssignmentRule:
    """One entry of an object's rule: records that match the condition go to the owner; None matches all."""

    sobject: str
    owner: str
    condition: str | None = None
    rule_id: str = ""


def assign(
    store: Store,
    world: World,
    sobject: SObject,
    rules: Sequence[AssignmentRule],
    drafts: Sequence[Draft],
    intent: Intent,
) -> None:
    """Set the owner by the first entry that matches, unless the caller switched the rules off.

    They run on every create and update unless `Sforce-Auto-Assign` is FALSE: a plain copy moves owners.
    """
    if not rules or intent.auto_assign is False or not drafts:
        return
    chosen = [item for item in rules if intent.auto_assign is True or item.rule_id == intent.auto_assign]
    columns = [item.name for item in sobject.stored]
    wholes = [draft.merged for draft in drafts]
    rows = [{"_key": n, **{name: whole.get(name) for name in columns}} for n, whole in enumerate(wholes)]
    left = set(range(len(drafts)))
    with staged(store.cursor, sobject, rows, ["_key", *columns]) as stage:
        for rule in chosen:
            hit = left
            if rule.condition:
                source, where = compile_condition(rule.condition, world, sobject, table=stage)
                hit = left & {row[0] for row in store.run(f"SELECT t._key FROM {source} WHERE {where}")}
            for number in hit:
                drafts[number].values["OwnerId"] = rule.owner
            left = left - hit
