"""Points in time as people type them: ``30m``, ``2h``, ``5d``, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from tandem.clock import utc_now

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

SinceOption = Annotated[
    str, typer.Option("--since", metavar="TIME", help="How far back: 30m, 2h, 5d, or a date and time.")
]


def parse_since(text: str) -> datetime:
    """Return the time meant, in UTC without a zone.

    >>> parse_since("2026-11-20T10:00:00+01:00")
    datetime.datetime(2026, 11, 20, 9, 0)
    """
    found = re.fullmatch(r"(\d{1,6})([mhd])", text.strip())
    if found:
        return utc_now() - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        # A time without a zone is meant in the user's own.
        return datetime.fromisoformat(text.strip()).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time: use 30m, 2h, 5d or 2026-11-20T10:00.") from None
