"""The functions of SOQL and what each of them takes; any other name before a parenthesis is a mistake."""

from __future__ import annotations

AGGREGATES = frozenset(["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"])
DATE_PARTS = frozenset(
    [
        "CALENDAR_MONTH",
        "CALENDAR_QUARTER",
        "CALENDAR_YEAR",
        "DAY_IN_MONTH",
        "DAY_IN_WEEK",
        "DAY_IN_YEAR",
        "DAY_ONLY",
        "FISCAL_MONTH",
        "FISCAL_QUARTER",
        "FISCAL_YEAR",
        "HOUR_IN_DAY",
        "WEEK_IN_MONTH",
        "WEEK_IN_YEAR",
    ]
)

SHAPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(AGGREGATES, ("field",)),
    **dict.fromkeys(DATE_PARTS, ("date",)),
    "CONVERTTIMEZONE": ("field",),
    "TOLABEL": ("field",),
    "CONVERTCURRENCY": ("field",),
    "FORMAT": ("shown",),
    "GROUPING": ("field",),
    "FIELDS": ("set",),
    "DISTANCE": ("place", "place", "unit"),
    "GEOLOCATION": ("number", "number"),
}
"""Kinds of arguments by function; `COUNT()` alone may leave its field out."""

INNER: dict[str, frozenset[str]] = {
    "date": frozenset(["CONVERTTIMEZONE"]),
    "shown": AGGREGATES | {"CONVERTCURRENCY"},
    "place": frozenset(["GEOLOCATION"]),
}
"""Which functions may stand inside an argument of that kind."""
