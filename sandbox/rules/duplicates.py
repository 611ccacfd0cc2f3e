"""Duplicate rules: exact matches on chosen fields, blocked unless the caller may and does allow them (facts 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.errors import RowError
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft, Intent
from sandbox.store import Store

MESSAGE = "You're creating a duplicate record. We recommend you use an existing record instead."


@dataclass(slots=True, frozen=True)
class DuplicateRule:
    """One rule: a record is a duplicate of another one of `against` that has the same values in all `fields`."""

    sobject: str
    name: str
    fields: tuple[str, ...]
    against: str
    allow_save: bool = True
    message: str = MESSAGE


def check(
    store: Store,
    schema: Schema,
    sobject: SObject,
    rules: Sequence[DuplicateRule],
    drafts: Sequence[Draft],
    intent: Intent,
    version: str = "60.0",
) -> None:
    """Refuse drafts that have duplicates."""
    for rule in rules:
        if rule.allow_save and intent.allow_duplicates:
            continue
        target = schema[rule.against]
        for draft in drafts:
            if draft.errors or (draft.old is not None and not set(rule.fields) & draft.values.keys()):
                continue
            matches = _matches(store, sobject, target, rule, draft)
            if matches:
                draft.errors.append(_refusal(rule, target, matches, version))


def _matches(store: Store, sobject: SObject, target: SObject, rule: DuplicateRule, draft: Draft) -> list[str]:
    merged = draft.merged
    values = [merged.get(name) for name in rule.fields]
    if any(value is None for value in values):
        return []
    where = " AND ".join(f'lower(CAST("{name}" AS VARCHAR)) = lower(?)' for name in rule.fields)
    self_key = draft.key if target.name == sobject.name and draft.key is not None else -1
    rows = store.run(
        f'SELECT "Id" FROM {target.table} WHERE {where} AND NOT "IsDeleted" AND _key <> {self_key} '
        "ORDER BY _key LIMIT 10",
        [str(value) for value in values],
    )
    return [row[0] for row in rows]


def _refusal(rule: DuplicateRule, target: SObject, matches: Sequence[str], version: str) -> RowError:
    base = f"/services/data/v{version}/sobjects/{target.name}"
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {"attributes": {"type": target.name, "url": f"{base}/{item}"}, "Id": item},
        }
        for item in matches
    ]
    detail: dict[str, Any] = {
        "allowSave": rule.allow_save,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": rule.sobject,
        "errorMessage": rule.message,
        "matchResults": [
            {
                "entityType": target.name,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": records,
                "rule": f"{rule.name}_match",
                "size": len(records),
                "success": True,
            }
        ],
    }
    # The key really is spelt like that.
    return RowError("DUPLICATES_DETECTED", rule.message, (), (("duplicateResut", detail),))
