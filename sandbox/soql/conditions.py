"""Turns WHERE and HAVING into SQL, keeping SOQL's rules for null and case (facts 1)."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import ids
from sandbox.soql import functions
from sandbox.soql.ast import Call, Compare, Condition, Includes, Literal, Logic, Name, Query, Within
from sandbox.soql.scope import Column, Scope
from sandbox.soql.tokens import unescape
from sandbox.soql.values import bounds, quote, scalar, wrong_type

Subselect = Callable[[Query, Scope, Column, Name], str]
"""Compiles the query inside `IN (SELECT ...)`."""
Grouped = Callable[[Name | Call], None]
"""Refuses what is neither grouped nor aggregated; HAVING has one."""


class ConditionWriter:
    """Writes conditions over one scope.

    SOQL knows two truth values where SQL knows three. Under AND and OR alone a NULL drops the row as false
    does, so plain comparisons stay plain and the database can prune by them; under NOT they are made exact.
    """

    def __init__(self, scope: Scope, subselect: Subselect, grouped: Grouped | None = None) -> None:
        self._scope = scope
        self._subselect = subselect
        self._grouped = grouped

    def write(self, condition: Condition, exact: bool = False) -> str:
        """The condition as SQL."""
        if isinstance(condition, Logic):
            if condition.operator == "NOT":
                return f"(NOT {self.write(condition.terms[0], exact=True)})"
            joined = f" {condition.operator} ".join(self.write(term, exact) for term in condition.terms)
            return f"({joined})"
        if isinstance(condition, Compare):
            sql = self._compare(condition)
        elif isinstance(condition, Within):
            sql = self._within(condition)
        else:
            sql = self._includes(condition)
        return f"COALESCE({sql}, FALSE)" if exact else f"({sql})"

    def _left(self, left: Name | Call) -> Column:
        if self._grouped:
            self._grouped(left)
        if isinstance(left, Call):
            return self._function(left)
        column = self._scope.column(left)
        if column.field.is_compound:
            raise self._scope.fail(
                left.at, "INVALID_FIELD", "Address fields can only be filtered using Distance expressions"
            )
        if not column.field.filterable:
            raise self._scope.fail(
                left.at, "INVALID_FIELD", f"field '{column.field.name}' can not be filtered in a query call"
            )
        return column

    def _function(self, call: Call) -> Column:
        aggregate = functions.is_aggregate(call)
        if aggregate and not self._grouped:
            raise self._scope.fail(
                call.at, "MALFORMED_QUERY", f"aggregate functions are not allowed in WHERE: {call.function}"
            )
        if call.function in ("FORMAT", "FIELDS") or (call.function == "GROUPING" and not self._grouped):
            raise self._scope.fail(call.at, "MALFORMED_QUERY", f"unexpected token: {call.function}")
        column = functions.apply(call, self._scope)
        if not aggregate and call.args and isinstance(call.args[0], Name):
            inner = self._scope.column(call.args[0]).field
            if not inner.filterable:
                raise self._scope.fail(
                    call.at, "INVALID_FIELD", f"field '{inner.name}' can not be filtered in a query call"
                )
        return column

    def _compare(self, node: Compare) -> str:
        column = self._left(node.left)
        if isinstance(node.left, Call) and node.left.function == "DISTANCE" and node.operator[0] not in "<>":
            raise self._operator(node.at, column)
        if node.operator == "LIKE":
            return self._like(node, column)
        if column.field.type == "multipicklist" and node.operator not in ("=", "!="):
            raise self._operator(node.at, column)
        stretch = bounds(self._scope, column, node.right)
        if stretch:
            return _stretch(column.sql, node.operator, *stretch)
        if column.field.type == "boolean":
            return self._boolean(node, column)
        value = scalar(self._scope, column, node.right)
        if value is None:
            return self._null(node, column)
        if column.field.type in ("id", "reference") and node.operator not in ("=", "!="):
            return f"{column.sql} {node.operator} {value}"
        if column.key_sql and node.operator == "=":
            return _by_key(column, [value])
        left = folded(column)
        if node.operator == "=":
            return f"{left} = {value}"
        if node.operator == "!=":
            return f"{left} IS DISTINCT FROM {value}"
        return f"{left} {node.operator} {value}"

    def _boolean(self, node: Compare, column: Column) -> str:
        if node.operator not in ("=", "!="):
            raise self._operator(node.at, column)
        # A null stands for false, on both sides.
        wanted = (scalar(self._scope, column, node.right) == "TRUE") == (node.operator == "=")
        return column.sql if wanted else f"{column.sql} IS DISTINCT FROM TRUE"

    def _operator(self, at: int, column: Column) -> Exception:
        return self._scope.fail(
            at,
            "INVALID_QUERY_FILTER_OPERATOR",
            f"invalid operator for field '{column.field.name}' of type {column.field.type}",
        )

    def _null(self, node: Compare, column: Column) -> str:
        if node.operator == "=":
            return f"{column.sql} IS NULL"
        if node.operator == "!=":
            return f"{column.sql} IS NOT NULL"
        return "FALSE"

    def _like(self, node: Compare, column: Column) -> str:
        if column.field.type in ("id", "reference"):
            raise self._scope.fail(node.at, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field")
        if not column.field.is_text or column.field.type == "multipicklist":
            raise self._operator(node.at, column)
        if node.right.kind != "string":
            raise wrong_type(self._scope, column, node.right, quoted=True)
        pattern = unescape(self._scope.text, node.right.text, node.right.at, like=True)
        word = "LIKE" if column.field.case_sensitive else "ILIKE"
        return f"{column.sql} {word} {quote(pattern)} ESCAPE '\\'"

    def _within(self, node: Within) -> str:
        column = self._left(node.left)
        if node.query is not None:
            if self._grouped or not isinstance(node.left, Name):
                raise self._scope.fail(
                    node.left.at, "MALFORMED_QUERY", "Semi join sub-selects are not allowed in HAVING"
                )
            found = f"{column.sql} IN ({self._subselect(node.query, self._scope, column, node.left)})"
            return f"({column.sql} IS NULL OR NOT {found})" if node.negated else found
        values, has_null, stretches = self._list(column, node.values)
        terms: list[str] = []
        if values:
            if column.key_sql:
                terms.append(_by_key(column, values))
            else:
                terms.append(f"{folded(column)} IN ({', '.join(values)})")
        terms += [_stretch(column.sql, "=", *stretch) for stretch in stretches]
        if has_null:
            terms.append(f"{column.sql} IS NULL")
        either = " OR ".join(terms)
        return f"NOT COALESCE({either}, FALSE)" if node.negated else either

    def _list(
        self, column: Column, literals: tuple[Literal, ...]
    ) -> tuple[list[str], bool, list[tuple[str, str]]]:
        values: list[str] = []
        stretches: list[tuple[str, str]] = []
        has_null = False
        for literal in literals:
            stretch = bounds(self._scope, column, literal)
            if stretch:
                stretches.append(stretch)
                continue
            value = scalar(self._scope, column, literal)
            if value is None:
                has_null = True
            else:
                values.append(value)
        return values, has_null, stretches

    def _includes(self, node: Includes) -> str:
        column = self._left(node.left)
        if column.field.type != "multipicklist":
            raise self._operator(node.at, column)
        options = []
        for literal in node.values:
            if literal.kind != "string":
                raise wrong_type(self._scope, column, literal, quoted=True)
            wanted = unescape(self._scope.text, literal.text, literal.at).split(";")
            parts = ", ".join(f"lower({quote(item.strip())})" for item in wanted)
            options.append(f"list_has_all(string_split(lower({column.sql}), ';'), [{parts}])")
        found = " OR ".join(options)
        return f"NOT COALESCE({found}, FALSE)" if node.negated else f"({found})"


def folded(column: Column) -> str:
    """The column as comparisons see it: text ignores case, ids and case-sensitive external ids do not."""
    plain = (
        column.field.type in ("id", "reference") or column.field.case_sensitive or not column.field.is_text
    )
    return column.sql if plain else f"lower({column.sql})"


def _by_key(column: Column, quoted: list[str]) -> str:
    # Ids ascend with the key, so the database skips what cannot hold it; long text would not prune.
    keys = []
    for value in quoted:
        parsed = ids.parse(value.strip("'"))
        if parsed and parsed[0] == column.sobject.prefix and parsed[1] >= 0:
            keys.append(str(parsed[1]))
    if not keys:
        return "FALSE"
    return f"{column.key_sql} = {keys[0]}" if len(keys) == 1 else f"{column.key_sql} IN ({', '.join(keys)})"


def _stretch(sql: str, operator: str, first: str, after: str) -> str:
    return {
        "=": f"{sql} >= {first} AND {sql} < {after}",
        "!=": f"({sql} IS NULL OR {sql} < {first} OR {sql} >= {after})",
        "<": f"{sql} < {first}",
        "<=": f"{sql} < {after}",
        ">": f"{sql} >= {after}",
        ">=": f"{sql} >= {first}",
    }[operator]
