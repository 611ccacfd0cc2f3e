"""Checks a constant of a query against the field it is compared with, and writes it as SQL."""

from __future__ import annotations

from datetime import date, datetime

from sandbox import ids
from sandbox.soql.ast import Literal
from sandbox.soql.dates import parse_datetime, period
from sandbox.soql.scope import Column, Scope
from sandbox.soql.tokens import unescape

MAX_DIGITS = 40
_FIRST, _LAST = date(1700, 1, 1), date(4000, 12, 31)
"""The earliest and the latest date that the org knows."""
_SHOWN = {"datetime": "dateTime", "picklist": "string", "phone": "string", "email": "string", "url": "string"}


def quote(text: str) -> str:
    """A SQL string."""
    quoted = "'" + text.replace("'", "''") + "'"
    # The database's own strings end at a zero.
    return "(" + quoted.replace("\0", "' || chr(0) || '") + ")" if "\0" in text else quoted


def wrong_type(scope: Scope, column: Column, literal: Literal, quoted: bool) -> Exception:
    """INVALID_FIELD for a constant of another type (facts 1)."""
    shown = _SHOWN.get(column.field.type, column.field.type)
    should = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    return scope.fail(
        literal.at,
        "INVALID_FIELD",
        f"value of filter criterion for field '{column.field.name}' must be of type {shown} and {should}",
    )


def scalar(scope: Scope, column: Column, literal: Literal) -> str | None:
    """The constant as SQL, folded where the field ignores case; None for null."""
    kind = column.field.type
    if literal.kind == "null":
        return None
    if kind in ("id", "reference"):
        return record_id(scope, column, literal)
    if kind == "boolean":
        if literal.kind != "boolean":
            raise wrong_type(scope, column, literal, quoted=False)
        return literal.text
    if column.field.is_number:
        return _number(scope, column, literal)
    if kind == "date":
        if literal.kind != "date":
            raise wrong_type(scope, column, literal, quoted=False)
        return f"DATE {quote(_date(scope, literal).isoformat())}"
    if kind == "datetime":
        if literal.kind != "datetime":
            raise wrong_type(scope, column, literal, quoted=False)
        return timestamp(_datetime(scope, literal))
    if kind == "time":
        if literal.kind != "time":
            raise wrong_type(scope, column, literal, quoted=False)
        return quote(
            literal.text.rstrip("zZ")[:12].ljust(8, "0") + ("" if "." in literal.text else ".000") + "Z"
        )
    if literal.kind != "string":
        raise wrong_type(scope, column, literal, quoted=True)
    value = unescape(scope.text, literal.text, literal.at)
    if not value:
        # An empty string and null are the same thing to the org.
        return None
    if column.field.case_sensitive:
        return quote(value)
    # What is no ASCII is folded by the database, as the column is.
    return quote(value.lower()) if value.isascii() else f"lower({quote(value)})"


def record_id(scope: Scope, column: Column, literal: Literal) -> str | None:
    """An id constant in its 18-character form."""
    if literal.kind != "string":
        raise wrong_type(scope, column, literal, quoted=True)
    value = unescape(scope.text, literal.text, literal.at)
    if not value:
        return None
    full = ids.to18(value)
    if full is None:
        raise scope.fail(literal.at, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
    return quote(full)


def bounds(scope: Scope, column: Column, literal: Literal) -> tuple[str, str] | None:
    """First moment and the one after the last, for a literal that names a stretch of time."""
    if literal.kind != "period" or column.field.type not in ("date", "datetime"):
        return None
    first, after = period(literal.text, literal.number, scope.world.now)
    if column.field.type == "date":
        return f"DATE '{first.isoformat()}'", f"DATE '{after.isoformat()}'"
    return timestamp(datetime.combine(first, datetime.min.time())), timestamp(
        datetime.combine(after, datetime.min.time())
    )


def timestamp(moment: datetime) -> str:
    """A SQL timestamp."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _number(scope: Scope, column: Column, literal: Literal) -> str:
    if literal.kind == "currency":
        raise scope.fail(
            literal.at, "INVALID_FIELD", f"{literal.text[:3]}: the organization has only one currency"
        )
    if literal.kind != "number":
        raise wrong_type(scope, column, literal, quoted=False)
    if len(literal.text) > MAX_DIGITS:
        raise scope.fail(
            literal.at, "MALFORMED_QUERY", f"numeric value out of range: {literal.text[:MAX_DIGITS]}"
        )
    return f"CAST({literal.text} AS DOUBLE)" if len(literal.text) > 15 else literal.text


def _date(scope: Scope, literal: Literal) -> date:
    try:
        found = date.fromisoformat(literal.text)
    except ValueError:
        found = None
    if found is None or not _FIRST <= found <= _LAST:
        raise scope.fail(literal.at, "MALFORMED_QUERY", f"Invalid date: {literal.text}")
    return found


def _datetime(scope: Scope, literal: Literal) -> datetime:
    # Fractions of a second are accepted and mean what they say, but stamps have none.
    try:
        found = parse_datetime(literal.text)
    except (ValueError, OverflowError):
        found = None
    if found is None or not _FIRST <= found.date() <= _LAST:
        raise scope.fail(literal.at, "MALFORMED_QUERY", f"Invalid datetime: {literal.text}")
    return found
