"""The org's clock: every stamp, the `Date` header and every date literal follow it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(4000, 1, 1, tzinfo=UTC)
"""How far the clock can be moved: calendars end, and so do Salesforce's own."""


class Clock:
    """Real time plus an offset that a test may move.

    Stamps have whole seconds, as in a real org (facts 5.6).
    """

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """The org's present moment, in UTC."""
        return datetime.now(UTC) + self._offset

    def stamp(self) -> datetime:
        """The present moment as records carry it: whole seconds, UTC, without a zone."""
        return self.now().replace(microsecond=0, tzinfo=None)

    def set(self, moment: datetime) -> None:
        """Make the present `moment`; time runs on from there."""
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        self._move(lambda: aware.astimezone(UTC) - datetime.now(UTC))

    def advance(
        self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0
    ) -> None:
        """Move the present forward."""
        self._move(lambda: self._offset + timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days))

    def _move(self, wanted: Callable[[], timedelta]) -> None:
        try:
            offset = wanted()
            fits = FIRST <= datetime.now(UTC) + offset < LAST
        except OverflowError:
            fits = False
        if not fits:
            raise ValueError(f"the clock goes from {FIRST.date()} to {LAST.date()}")
        self._offset = offset

    @property
    def offset_seconds(self) -> float:
        """How far the org's time is from the machine's."""
        return self._offset.total_seconds()

    @offset_seconds.setter
    def offset_seconds(self, seconds: float) -> None:
        self._offset = timedelta(seconds=seconds)
