"""Date literals: which stretch of time each of them means, in the org's zone (GMT)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

PERIODS = frozenset(
    [
        "YESTERDAY",
        "TODAY",
        "TOMORROW",
        "LAST_WEEK",
        "THIS_WEEK",
        "NEXT_WEEK",
        "LAST_MONTH",
        "THIS_MONTH",
        "NEXT_MONTH",
        "LAST_90_DAYS",
        "NEXT_90_DAYS",
        "THIS_QUARTER",
        "LAST_QUARTER",
        "NEXT_QUARTER",
        "THIS_YEAR",
        "LAST_YEAR",
        "NEXT_YEAR",
        "THIS_FISCAL_QUARTER",
        "LAST_FISCAL_QUARTER",
        "NEXT_FISCAL_QUARTER",
        "THIS_FISCAL_YEAR",
        "LAST_FISCAL_YEAR",
        "NEXT_FISCAL_YEAR",
    ]
)
PERIODS_WITH_NUMBER = frozenset(
    f"{side}_{unit}"
    for side in ("LAST_N", "NEXT_N")
    for unit in ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS")
) | frozenset(
    f"N_{unit}_AGO"
    for unit in ("DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS")
)

_Start = Callable[[date], date]
_Shift = Callable[[date, int], date]


def _months(day: date, count: int) -> date:
    total = day.year * 12 + day.month - 1 + count
    year, month = divmod(total, 12)
    return date(min(max(year, 1), 9999), month + 1, 1)


def _week_start(day: date) -> date:
    # Weeks start on Sunday in an en_US org.
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


_UNITS: dict[str, tuple[_Start, _Shift]] = {
    "DAY": (lambda day: day, lambda day, n: day + timedelta(days=n)),
    "WEEK": (_week_start, lambda day, n: day + timedelta(weeks=n)),
    "MONTH": (lambda day: day.replace(day=1), _months),
    "QUARTER": (_quarter_start, lambda day, n: _months(day, 3 * n)),
    "YEAR": (lambda day: date(day.year, 1, 1), lambda day, n: _months(day, 12 * n)),
}


def period(word: str, number: int | None, now: datetime) -> tuple[date, date]:
    """First day and the day after the last one."""
    today = now.date()
    fixed = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}
    if word in fixed:
        day = today + timedelta(days=fixed[word])
        return day, day + timedelta(days=1)
    if word == "LAST_90_DAYS":
        # Ninety days back and today: 91 days, as documented.
        return today - timedelta(days=90), today + timedelta(days=1)
    if word == "NEXT_90_DAYS":
        return today + timedelta(days=1), today + timedelta(days=91)
    plain = word.replace("FISCAL_", "")
    if number is not None:
        return _counted(plain, min(number, 10_000), today)
    side, unit = plain.split("_", 1)
    start, shift = _UNITS[unit]
    first = shift(start(today), {"LAST": -1, "THIS": 0, "NEXT": 1}[side])
    return first, shift(first, 1)


def _counted(word: str, number: int, today: date) -> tuple[date, date]:
    if word.endswith("_AGO"):
        start, shift = _UNITS[word.split("_")[1].removesuffix("S")]
        first = shift(start(today), -number)
        return first, shift(first, 1)
    side, _, unit = word.split("_", 2)
    start, shift = _UNITS[unit.removesuffix("S")]
    here = start(today)
    if side == "LAST":
        # LAST_N_DAYS counts today in; longer units stop before the present one.
        end = today + timedelta(days=1) if unit == "DAYS" else here
        return shift(here, -number), end
    after = shift(here, 1)
    return after, shift(after, number)


def parse_datetime(text: str) -> datetime:
    """A datetime literal or JSON value, as UTC without a zone; ValueError when it is none."""
    fixed = text.replace("z", "Z").replace("t", "T")
    moment = datetime.fromisoformat(fixed)
    if moment.tzinfo is not None:
        offset = moment.utcoffset() or timedelta()
        moment = moment.replace(tzinfo=None) - offset
    return moment
