"""Functions of SOQL: aggregates, parts of dates, labels, formats and distances."""

from __future__ import annotations

from sandbox.metadata.field import Field, define
from sandbox.soql.ast import Call, Expression, Literal, Name
from sandbox.soql.scope import Column, Scope
from sandbox.soql.shapes import AGGREGATES, DATE_PARTS
from sandbox.soql.sorting import smallest
from sandbox.soql.tokens import unescape

RENDERED = frozenset(["TOLABEL", "FORMAT", "CONVERTCURRENCY"])
"""Functions that show one field differently."""
MADE = "expr"
"""The field name of what functions compute; the label says which one did."""
_DATE_SQL = {
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
    "DAY_ONLY": "CAST({0} AS DATE)",
}
_MOMENTS_ONLY = frozenset(["DAY_ONLY", "HOUR_IN_DAY"])
_EARTH = {"mi": 3958.76, "km": 6371.0}


def is_aggregate(call: Call) -> bool:
    """Whether the call folds many rows into one; FORMAT around an aggregate does."""
    if call.function == "FORMAT":
        return any(isinstance(arg, Call) and is_aggregate(arg) for arg in call.args)
    return call.function in AGGREGATES


def apply(call: Call, scope: Scope) -> Column:
    """The SQL of a function call, typed like a field."""
    if call.function in AGGREGATES:
        return _aggregate(call, scope)
    if call.function in DATE_PARTS:
        return _date_part(call, scope)
    if call.function == "GROUPING":
        return _made(call, f"grouping({_argument(call, scope).sql})", "int", scope)
    if call.function == "TOLABEL":
        return _label(call, scope)
    if call.function == "FORMAT":
        return _format(call, scope)
    if call.function == "DISTANCE":
        return _distance(call, scope)
    if call.function == "CONVERTCURRENCY":
        raise scope.fail(
            call.at, "INVALID_FIELD", "convertCurrency() needs an organization with multiple currencies"
        )
    raise scope.fail(call.at, "MALFORMED_QUERY", f"unexpected token: {call.function}")


def _made(call: Call, sql: str, kind: str, scope: Scope) -> Column:
    return Column(sql, define(MADE, call.function.lower(), kind), scope.sobject)


def _argument(call: Call, scope: Scope) -> Column:
    arg = call.args[0]
    if isinstance(arg, Call):
        return apply(arg, scope)
    if isinstance(arg, Literal):
        raise scope.fail(arg.at, "MALFORMED_QUERY", f"unexpected token: {arg.text}")
    column = scope.column(arg)
    if column.field.is_compound:
        raise scope.fail(
            arg.at, "INVALID_FIELD", f"field '{column.field.name}' can not be used in a function"
        )
    return column


def _date_part(call: Call, scope: Scope) -> Column:
    inner = call.args[0]
    # The org's zone is GMT, so converting changes nothing.
    column = _argument(inner if isinstance(inner, Call) else call, scope)
    kinds = (
        ("datetime",) if call.function in _MOMENTS_ONLY or isinstance(inner, Call) else ("date", "datetime")
    )
    if column.field.type not in kinds:
        named = " or ".join(kinds).replace("datetime", "dateTime")
        raise scope.fail(call.at, "INVALID_FIELD", f"{call.function}: the field must be of type {named}")
    kind = "date" if call.function == "DAY_ONLY" else "int"
    return _made(call, _DATE_SQL[call.function].format(column.sql), kind, scope)


def _aggregate(call: Call, scope: Scope) -> Column:
    name = call.function
    if not call.args:
        return _made(call, "count(*)", "int", scope)
    column = _argument(call, scope)
    if not column.field.aggregatable or (name in ("SUM", "AVG") and not column.field.is_number):
        raise scope.fail(
            call.at,
            "MALFORMED_QUERY",
            f"field {column.field.name} does not support aggregate operator {name}",
        )
    if name == "COUNT":
        return _made(call, f"count({column.sql})", "int", scope)
    if name == "COUNT_DISTINCT":
        folds = column.field.folds
        shown = f"lower({column.sql})" if folds else column.sql
        return _made(call, f"count(DISTINCT {shown})", "int", scope)
    if name in ("MIN", "MAX"):
        return _made(call, smallest(column, largest=name == "MAX"), column.field.type, scope)
    if name == "SUM" and column.field.sql_type == "BIGINT":
        # The database would add them up in a type that JSON does not know.
        return _made(call, f"CAST(sum({column.sql}) AS BIGINT)", "long", scope)
    return _made(call, f"{name.lower()}({column.sql})", "double", scope)


def _label(call: Call, scope: Scope) -> Column:
    column = _argument(call, scope)
    if column.field.type not in ("picklist", "multipicklist", "combobox", "string"):
        raise scope.fail(
            call.at, "INVALID_FIELD", f"toLabel is not supported on the field '{column.field.name}'"
        )
    renamed = [item for item in column.field.choices if item.label and item.label != item.value]
    if not renamed or column.field.type == "multipicklist":
        return column
    whens = " ".join(f"WHEN {_quoted(item.value)} THEN {_quoted(item.label)}" for item in renamed)
    sql = f"CASE {column.sql} {whens} ELSE {column.sql} END"
    return Column(sql, define(column.field.name, "label", "string"), column.sobject, column.path)


def _format(call: Call, scope: Scope) -> Column:
    column = _argument(call, scope)
    sql = _shown(column.field, column.sql)
    if sql is None:
        raise scope.fail(
            call.at, "INVALID_FIELD", f"FORMAT is not supported on the field '{column.field.name}'"
        )
    return Column(sql, define(column.field.name, "format", "string"), column.sobject, column.path)


def _shown(found: Field, sql: str) -> str | None:
    """A value as an en_US user reads it."""
    if found.type == "datetime":
        return f"strftime({sql}, '%-m/%-d/%Y, %-I:%M %p')"
    if found.type == "date":
        return f"strftime({sql}, '%-m/%-d/%Y')"
    if found.type == "currency":
        return f"format('${{:,.2f}}', CAST({sql} AS DOUBLE))"
    if found.type in ("int", "long"):
        return f"format('{{:,}}', {sql})"
    if found.is_number:
        return f"format('{{:,.{found.scale}f}}', CAST({sql} AS DOUBLE))"
    return None


def _distance(call: Call, scope: Scope) -> Column:
    unit = call.args[2]
    text = unescape(scope.text, unit.text, unit.at).lower() if isinstance(unit, Literal) else ""
    if text not in _EARTH:
        raise scope.fail(call.at, "INVALID_FIELD", "DISTANCE: the unit must be 'mi' or 'km'")
    (lat1, lon1), (lat2, lon2) = _place(call.args[0], scope), _place(call.args[1], scope)
    half = (
        f"pow(sin(radians(({lat2}) - ({lat1})) / 2), 2) + cos(radians({lat1})) * cos(radians({lat2})) "
        f"* pow(sin(radians(({lon2}) - ({lon1})) / 2), 2)"
    )
    # Rounding may lead just past the other side of the earth.
    share = f"sqrt(CASE WHEN {half} > 1 THEN 1 ELSE {half} END)"
    return _made(call, f"({2 * _EARTH[text]} * asin({share}))", "double", scope)


def _place(arg: Expression, scope: Scope) -> tuple[str, str]:
    if isinstance(arg, Call):
        found = [float(part.text) for part in arg.args if isinstance(part, Literal)]
        if abs(found[0]) > 90 or abs(found[1]) > 180:
            raise scope.fail(arg.at, "INVALID_FIELD", "GEOLOCATION: latitude or longitude is out of range")
        return repr(found[0]), repr(found[1])
    column = scope.column(arg) if isinstance(arg, Name) else None
    if column is None or not column.field.is_compound:
        raise scope.fail(arg.at, "INVALID_FIELD", "DISTANCE: the field must be an address or a geolocation")
    alias, parts = column.sql.split(".")[0], column.field.parts
    return f'{alias}."{parts["latitude"]}"', f'{alias}."{parts["longitude"]}"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
