"""Values on their way to Salesforce, as JSON and as Bulk CSV.

A value that is missing in any of Python's and pandas' ways (None, NaN, NaT, NA, the empty text) is null:
Salesforce knows one kind of empty, and NaN in JSON is refused with the whole request.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

BULK_NULL = "#N/A"
BULK_LONGEST = 32_000
"""Most characters of one value in a Bulk upload."""


class Unsendable(ValueError):
    """A value that Salesforce cannot hold; says which field and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with values that JSON has: text, numbers, booleans and None.

    :raises Unsendable: a number is infinite, or a value is of a kind that no field takes.
    """
    return {name: _plain(name, value) for name, value in row.items()}


def bulk_cell(value: Any) -> str:
    """Write a value of :func:`plain` for Bulk CSV, where an empty cell means "leave it" and ``#N/A`` null."""
    if value is None:
        return BULK_NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def fits_bulk(row: Mapping[str, Any]) -> bool:
    """Whether Bulk CSV can carry a row of :func:`plain`: no text too long, and none that reads as null."""
    return not any(
        isinstance(value, str) and (len(value) > BULK_LONGEST or value == BULK_NULL) for value in row.values()
    )


def _plain(name: str, value: Any) -> Any:
    if hasattr(value, "item"):  # numpy's scalars
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value == "":
        return None
    match value:
        case bool() | int() | str():
            return value
        case float() | Decimal():
            number = float(value)
            if math.isnan(number):
                return None
            if math.isinf(number):
                raise Unsendable(name, "the number is infinite, which no Salesforce field can hold")
            return int(value) if isinstance(value, Decimal) and value == int(value) else number
        case datetime():
            stamp = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            return f"{stamp:%Y-%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03d}Z"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    raise Unsendable(name, f"no Salesforce field takes a {type(value).__name__}")
