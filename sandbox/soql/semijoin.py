"""Semi-joins and anti-joins, with the limits that the documentation sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandbox.errors import ApiError
from sandbox.soql.ast import Condition, Item, Logic, Name, Query, Within
from sandbox.soql.scope import Column, Scope

MAX_SEMIJOINS = 2
_UNSUPPORTED = frozenset(["ActivityHistory", "Attachment", "Event", "Note", "OpenActivity", "Task"])


def check(condition: Condition | None, scope: Scope, inner: bool = False) -> None:
    """Refuse semi-joins where they may not stand."""
    found = list(_within(condition, True)) if condition is not None else []
    if found and inner:
        raise _refused(scope, found[0][0], "Nesting of semi join sub-selects is not supported")
    for node, place in found:
        if place == "OR":
            raise _refused(scope, node, "Semi join sub-selects are not allowed with the 'OR' operator")
        if place:
            raise _refused(
                scope,
                node,
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested "
                "WHERE expressions.",
            )
    if len(found) > MAX_SEMIJOINS:
        raise _refused(
            scope, found[MAX_SEMIJOINS][0], f"Maximum {MAX_SEMIJOINS} semi join sub-selects are allowed."
        )


def _within(condition: Condition, top: bool) -> Iterator[tuple[Within, str]]:
    """Every semi-join, with what keeps it from the top level: OR, something else, or nothing."""
    if isinstance(condition, Within) and condition.query is not None:
        yield condition, "" if top else "nested"
    elif isinstance(condition, Logic):
        for term in condition.terms:
            for node, place in _within(term, top and condition.operator == "AND"):
                yield node, "OR" if condition.operator == "OR" else place


def _refused(scope: Scope, node: Within, message: str) -> ApiError:
    return scope.fail(node.left.at, "MALFORMED_QUERY", message)


def compiled(
    query: Query,
    outer: Scope,
    column: Column,
    left: Name,
    scope: Scope,
    write: Callable[[Scope, Query], list[str]],
) -> str:
    """The SQL of the query inside `IN (SELECT ...)`."""
    at = query.source.at
    if len(query.select) != 1 or not isinstance(query.select[0], Item):
        raise outer.fail(at, "MALFORMED_QUERY", "Only one column may be selected in a semi join sub-select")
    selected = query.select[0].expression
    if not isinstance(selected, Name):
        raise outer.fail(at, "MALFORMED_QUERY", "Semi join sub-selects can only query id fields")
    if query.order or query.limit is not None or query.offset is not None or query.purpose:
        raise outer.fail(
            at,
            "MALFORMED_QUERY",
            "ORDER BY, LIMIT, OFFSET and FOR are not supported in semi join sub-selects",
        )
    if scope.sobject.name in _UNSUPPORTED:
        raise outer.fail(
            at,
            "MALFORMED_QUERY",
            f"Entity '{scope.sobject.name}' is not supported for semi join inner selects",
        )
    if scope.sobject.name == outer.sobject.name:
        raise outer.fail(
            at, "MALFORMED_QUERY", "The inner and outer selects should not be on the same object type"
        )
    if len(scope.parts(selected)) > 1:
        raise outer.fail(
            at,
            "MALFORMED_QUERY",
            f"The inner select field '{selected.text}' cannot have more than one level of relationships",
        )
    if column.path or column.field.type not in ("id", "reference"):
        raise outer.fail(
            left.at,
            "MALFORMED_QUERY",
            f"The left operand '{left.text}' in the where expression for outer query should be an ID field, "
            f"cannot use: '{left.text}'",
        )
    inner = scope.column(selected)
    if inner.field.type not in ("id", "reference"):
        raise outer.fail(
            at,
            "MALFORMED_QUERY",
            f"Semi join sub-selects can only query id fields, cannot use: '{selected.text}'",
        )
    if not targets(inner) & targets(column):
        raise outer.fail(
            at,
            "MALFORMED_QUERY",
            f"The selected field '{selected.text}' in the subquery and the left operand field in the where "
            f"expression in the outer query '{left.text}' should point to the same object type",
        )
    where = [*write(scope, query), f"{inner.sql} IS NOT NULL"]
    return f"SELECT {inner.sql} FROM {scope.source()} WHERE {' AND '.join(where)}"


def targets(column: Column) -> set[str]:
    """The objects whose ids the column holds."""
    return {column.sobject.name} if column.field.type == "id" else set(column.field.refers_to)
