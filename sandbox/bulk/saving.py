"""Saves the records of one batch by the rules that every API shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.access import User
from sandbox.core import Core
from sandbox.errors import ApiError, RowError
from sandbox.faults import Fault, locks, refusals
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Intent, Outcome

OPERATIONS = frozenset(["insert", "update", "upsert", "delete", "hardDelete"])


@dataclass(slots=True)
class Order:
    """What a job does to the records of its batches, and as whom."""

    operation: str
    sobject: SObject
    user: User
    external_id: str | None = None
    assignment_rule: str | None = None
    faults: list[Fault] = field(default_factory=list)


def save(core: Core, order: Order, records: Sequence[dict[str, Any]]) -> list[Outcome]:
    """What became of each record, in the order given."""
    if not records:
        return []
    intent = Intent(
        order.user,
        from_text=True,
        auto_assign=order.assignment_rule or False,
        locked=locks(order.faults),
        refusal=refusals(order.faults),
    )
    try:
        return _written(core, order, records, intent)
    except ApiError as error:
        refusal = RowError(error.code, error.message)
        return [Outcome(None, False, [refusal]) for _ in records]


def _written(core: Core, order: Order, records: Sequence[dict[str, Any]], intent: Intent) -> list[Outcome]:
    if order.operation == "insert":
        return core.writer.insert(order.sobject, records, intent)
    if order.operation == "upsert":
        key = order.external_id or "Id"
        pairs = [(_take(record, key), record) for record in records]
        return core.writer.upsert(order.sobject, key, pairs, intent)
    keys = [str(_take(record, "Id") or "") for record in records]
    if order.operation == "delete":
        return core.remover.delete(keys, intent)
    if order.operation == "hardDelete":
        return core.recycle_bin.hard_delete(keys, intent)
    return core.writer.update(order.sobject, list(zip(keys, records, strict=True)), intent)


def _take(record: dict[str, Any], key: str) -> Any:
    name = next((item for item in record if item.lower() == key.lower()), None)
    return record.pop(name) if name is not None else None
