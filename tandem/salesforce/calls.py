"""What we spend: every API call, counted and kept, and the budget that it comes from (API-01, API-02)."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import datetime

from tandem.errors import BudgetExhausted
from tandem.settings import ApiBudget


@dataclass(frozen=True)
class ApiCall:
    """One request to Salesforce, answered or not."""

    at: datetime
    """When it was sent, UTC."""
    operation: str
    """What for: ``login``, ``describe``, ``query``, ``update``, ``bulk page`` …"""
    object: str | None
    """The Salesforce object it is about, if it is about one."""
    status: int | None
    """HTTP status of the answer; None if none came."""
    seconds: float
    """From sending to the end of the answer."""
    calls: int
    """How many calls Salesforce counts for it: one, or none for OAuth (login, who am I)."""
    rows: int | None = None
    """Records sent or received, where that is known without reading the answer."""
    used: int | None = None
    """Calls the whole org has used in the last 24 hours, as the answer said."""
    limit: int | None = None
    """Calls the whole org may use in 24 hours, as the answer said."""


def parse_limit_info(header: str | None) -> tuple[int | None, int | None]:
    """Read used and allowed calls from ``Sforce-Limit-Info``; both None if it says neither.

    ``api-usage=18/5000; per-app-api-usage=17/250(appName=x)`` and whatever Salesforce appends later.
    """
    found = re.search(r"(?<![\w-])api-usage\s*=\s*(\d+)\s*/\s*(\d+)", header or "")
    return (int(found[1]), int(found[2])) if found else (None, None)


class CallMeter:
    """Counts API calls and says stop before the budget is overdrawn. Safe to share between threads."""

    def __init__(self, budget: ApiBudget, spent: int = 0) -> None:
        """:param spent: calls of ours in the 24 hours before this run (from ``sync.api_call``)."""
        self._budget = budget
        self._spent = spent
        self._lock = threading.Lock()
        self._kept: list[ApiCall] = []
        self._count = 0
        self._under_way = 0
        self._used: int | None = None
        self._limit: int | None = None

    @property
    def count(self) -> int:
        """API calls of this run so far."""
        return self._count

    @property
    def org_usage(self) -> tuple[int | None, int | None]:
        """Calls the org has used and may use in 24 hours, as of the last answer that said so."""
        return self._used, self._limit

    def require(self, calls: int = 1) -> None:
        """Make sure that so many more calls are affordable.

        :raises BudgetExhausted: our own daily calls would be exceeded, or the org would have fewer left
            than the reserve keeps for everyone else.
        """
        with self._lock:
            self._check(calls)

    def reserve(self, calls: int) -> None:
        """Set calls aside before they are made; :meth:`record` counts them when they are answered.

        So threads that send at once cannot spend the same last call.

        :raises BudgetExhausted: as for :meth:`require`; nothing is set aside.
        """
        with self._lock:
            self._check(calls)
            self._under_way += calls

    def _check(self, calls: int) -> None:
        ours, used, limit = self._spent + self._count + self._under_way, self._used, self._limit
        daily, reserve = self._budget.daily_calls, self._budget.reserve
        if daily and ours + calls > daily:
            raise BudgetExhausted(
                f"Stopped at the budget: {ours} of our {daily} API calls in 24 hours are used. "
                "The sync goes on where it stopped once calls are free again; to allow more, raise "
                "TANDEM_BUDGET__DAILY_CALLS."
            )
        if used is not None and limit is not None and used + self._under_way + calls > limit * (1 - reserve):
            raise BudgetExhausted(
                f"Stopped at the budget: the org has used {used} of its {limit} API calls in 24 hours and "
                f"{reserve:.0%} are left to others. The sync goes on where it stopped once calls are free "
                "again; to leave less, lower TANDEM_BUDGET__RESERVE."
            )

    def record(self, call: ApiCall) -> None:
        """Count a call that was reserved, and keep it for :meth:`drain`."""
        with self._lock:
            self._kept.append(call)
            self._under_way -= call.calls
            self._count += call.calls
            if call.used is not None and call.limit is not None:
                self._used, self._limit = call.used, call.limit

    def drain(self) -> list[ApiCall]:
        """Hand over the calls recorded since the last drain, oldest first; the count stays."""
        with self._lock:
            kept, self._kept = self._kept, []
        return kept
