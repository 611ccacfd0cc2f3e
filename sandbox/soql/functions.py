"""Functions of SOQL: aggregates, parts of dates, labels and formats."""

from __future__ import annotations

from sandbox.metadata.field import define
from sandbox.soql.ast import Call, Name
from sandbox.soql.scope import Column, Scope

AGGREGATES = frozenset(["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"])
_DATE_PARTS = {
    "CALENDAR_YEAR": "year({0})",
    "CALENDAR_QUARTER": "quarter({0})",
    "CALENDAR_MONTH": "month({0})",
    "DAY_IN_MONTH": "day({0})",
    "DAY_IN_WEEK": "(dayofweek({0}) + 1)",
    "DAY_IN_YEAR": "dayofyear({0})",
    "WEEK_IN_MONTH": "((day({0}) - 1) // 7 + 1)",
    "WEEK_IN_YEAR": "((dayofyear({0}) - 1) // 7 + 1)",
    "HOUR_IN_DAY": "hour({0})",
    "FISCAL_YEAR": "year({0})",
    "FISCAL_QUARTER": "quarter({0})",
    "FISCAL_MONTH": "month({0})",
}
_PASSING = frozenset(["TOLABEL", "FORMAT", "CONVERTCURRENCY"])


def is_aggregate(call: Call) -> bool:
    """Whether the call folds many rows into one."""
    return call.function in AGGREGATES


def apply(call: Call, scope: Scope) -> Column:
    """The SQL of a function call, typed like a field."""
    if call.function in AGGREGATES:
        return _aggregate(call, scope)
    if call.function == "GROUPING":
        column = _only_column(call, scope)
        return Column(f"grouping({column.sql})", define("expr", "expr", "int"), scope.sobject)
    if call.function == "DAY_ONLY":
        column = _date_column(call, scope)
        return Column(f"CAST({column.sql} AS DATE)", define("expr", "expr", "date"), scope.sobject)
    if call.function in _DATE_PARTS:
        column = _date_column(call, scope)
        sql = _DATE_PARTS[call.function].format(column.sql)
        return Column(sql, define("expr", "expr", "int"), scope.sobject)
    if call.function in _PASSING:
        return _only_column(call, scope)
    raise scope.fail(call.at, "MALFORMED_QUERY", f"unexpected token: {call.function}")


def _only_column(call: Call, scope: Scope) -> Column:
    if len(call.args) != 1:
        raise scope.fail(call.at, "MALFORMED_QUERY", f"unexpected token: {call.function}")
    arg = call.args[0]
    if isinstance(arg, Call):
        return apply(arg, scope)
    if not isinstance(arg, Name):
        raise scope.fail(arg.at, "MALFORMED_QUERY", f"unexpected token: {arg.text}")
    return scope.column(arg)


def _date_column(call: Call, scope: Scope) -> Column:
    if len(call.args) == 1 and isinstance(call.args[0], Call) and call.args[0].function == "CONVERTTIMEZONE":
        # The org's zone is GMT, so converting changes nothing.
        return _date_column(call.args[0], scope)
    column = _only_column(call, scope)
    if column.field.type not in ("date", "datetime"):
        raise scope.fail(
            call.at, "INVALID_FIELD", f"{call.function}: the field must be of type date or dateTime"
        )
    return column


def _aggregate(call: Call, scope: Scope) -> Column:
    name = call.function
    if name == "COUNT" and not call.args:
        return Column("count(*)", define("expr", "expr", "int"), scope.sobject)
    column = _only_column(call, scope)
    if not column.field.aggregatable or (name in ("SUM", "AVG") and not column.field.is_number):
        raise scope.fail(
            call.at, "INVALID_FIELD", f"field {column.field.name} does not support aggregate operator {name}"
        )
    if name == "COUNT":
        return Column(f"count({column.sql})", define("expr", "expr", "int"), scope.sobject)
    if name == "COUNT_DISTINCT":
        shown = f"lower({column.sql})" if column.field.is_text else column.sql
        return Column(f"count(DISTINCT {shown})", define("expr", "expr", "int"), scope.sobject)
    kind = "double" if name in ("SUM", "AVG") else column.field.type
    return Column(f"{name.lower()}({column.sql})", define("expr", "expr", kind), scope.sobject)
