"""Times as the page shows them: in this machine's zone, for who reads the page sits near it, or knows."""

from __future__ import annotations

from datetime import UTC, datetime

from tandem.clock import utc_now


def when(value: datetime | None) -> str:
    """Return a time, to the second."""
    return f"{value.replace(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M:%S}" if value else "–"


def ago(value: datetime) -> str:
    """Return how long ago a time is, in the largest unit that fits."""
    seconds = max(0, int((utc_now() - value).total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= length or unit == "second":
            many = seconds // length
            return f"{many} {unit}{'' if many == 1 else 's'} ago"
    raise AssertionError
