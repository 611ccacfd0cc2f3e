"""Conditions that name records by their ids: how many rows they can find at most."""

from __future__ import annotations

from sandbox.soql.ast import Compare, Condition, Logic, Name, Within
from sandbox.soql.scope import Scope


def count(scope: Scope, condition: Condition | None) -> int:
    """How many ids of the object itself a condition names; 0 where it may find other records as well."""
    if isinstance(condition, Logic):
        counts = [count(scope, term) for term in condition.terms]
        if condition.operator == "AND":
            return min((each for each in counts if each), default=0)
        return sum(counts) if condition.operator == "OR" and all(counts) else 0
    if not isinstance(condition, Compare | Within) or not _is_id(scope, condition.left):
        return 0
    if isinstance(condition, Compare):
        return 1 if condition.operator == "=" else 0
    return 0 if condition.negated or condition.query is not None else len(condition.values)


def _is_id(scope: Scope, left: object) -> bool:
    return isinstance(left, Name) and [part.lower() for part in scope.parts(left)] == ["id"]
