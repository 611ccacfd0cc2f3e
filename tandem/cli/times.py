"""Points in time as people type them: ``30m``, ``2h``, ``5d``, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from tandem.clock import utc_now

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="When it ends: 2h, 30d, or a date. Default: never."),
]
SinceOption = Annotated[
    str, typer.Option("--since", metavar="TIME", help="How far back: 30m, 2h, 5d, or a date and time.")
]


def parse_since(text: str) -> datetime:
    """Return the time meant, in UTC without a zone.

    >>> parse_since("2026-11-20T10:00:00+01:00")
    datetime.datetime(2026, 11, 20, 9, 0)
    """
    return _time(text, -1)


def parse_until(text: str | None) -> datetime | None:
    """Return a time to come, in UTC without a zone; ``None``: never.

    >>> parse_until("2099-11-20T10:00:00+01:00")
    datetime.datetime(2099, 11, 20, 9, 0)
    """
    until = _time(text, 1) if text is not None else None
    if until is not None and until <= utc_now():
        raise typer.BadParameter(f"{text!r} is over already.")
    return until


def _time(text: str, direction: int) -> datetime:
    found = re.fullmatch(r"(\d{1,6})([mhd])", text.strip())
    try:
        if found:
            return utc_now() + direction * timedelta(**{_UNITS[found[2]]: int(found[1])})
        # A time without a zone is meant in the user's own.
        return datetime.fromisoformat(text.strip()).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time: use 30m, 2h, 5d or 2026-11-20T10:00.") from None
