"""What a client may use: calls, Bulk batches and jobs in a rolling day, and long requests at once (facts 5.1)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.clock import Clock
from sandbox.errors import ApiError

DAY = 86400.0
LONG_SECONDS = 20.0
"""A request that runs as long as this counts as a long one."""
OUT_OF_CALLS = "TotalRequests Limit exceeded."
OUT_OF_SLOTS = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
OUT_OF_BATCHES = "ApiBatchItems Limit exceeded."
DEVELOPER_EDITION = {
    "DailyApiRequests": 15_000,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 390,
    "DataStorageMB": 5,
    "FileStorageMB": 20,
    "HourlyDashboardRefreshes": 200,
    "HourlyODataCallout": 1_000,
    "MassEmail": 10,
    "SingleEmail": 15,
}
"""What `GET /limits` shows of a Developer Edition (facts 2)."""
DEVELOPER_LONG_REQUESTS = 5


class Allowance:
    """So much of something in any 24 hours of the org's time."""

    def __init__(self, clock: Clock, maximum: int) -> None:
        self.maximum = maximum
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    @property
    def used(self) -> int:
        """What was taken in the last 24 hours."""
        with self._lock:
            self._forget()
            return int(self._sum)

    def take(self, amount: float = 1) -> bool:
        """Take some; False, and nothing is taken, when the maximum is reached already."""
        with self._lock:
            self._forget()
            if self._sum >= self.maximum:
                return False
            self._taken.append((self._clock.now().timestamp(), amount))
            self._sum += amount
            return True

    def reset(self) -> None:
        """Start the day anew."""
        with self._lock:
            self._taken.clear()
            self._sum = 0.0

    def _forget(self) -> None:
        oldest = self._clock.now().timestamp() - DAY
        while self._taken and self._taken[0][0] < oldest:
            self._sum -= self._taken.popleft()[1]


class Slots:
    """The requests at work. Only those count that have run for `long_seconds` of real time."""

    def __init__(self) -> None:
        self.maximum = DEVELOPER_LONG_REQUESTS
        self.long_seconds = LONG_SECONDS
        self._lock = threading.Lock()
        self._since: dict[int, float] = {}
        self._count = 0

    @contextmanager
    def held(self) -> Iterator[int]:
        """Note that a request is at work, under the number it yields."""
        with self._lock:
            self._count += 1
            number = self._count
            self._since[number] = time.monotonic()
        try:
            yield number
        finally:
            with self._lock:
                del self._since[number]

    def free_for(self, number: int) -> bool:
        """Whether a request may go on beside the long ones."""
        since = time.monotonic() - self.long_seconds
        with self._lock:
            others = sum(1 for key, start in self._since.items() if key != number and start <= since)
        return others < self.maximum


class Meter:
    """All limits of the org that clients meet, and how much of them is used."""

    def __init__(self, clock: Clock) -> None:
        self._shown = dict(DEVELOPER_EDITION)
        self.calls = Allowance(clock, self._shown["DailyApiRequests"])
        self.bulk_batches = Allowance(clock, self._shown["DailyBulkApiBatches"])
        self.bulk_queries = Allowance(clock, self._shown["DailyBulkV2QueryJobs"])
        self.bulk_megabytes = Allowance(clock, self._shown["DailyBulkV2QueryFileStorageMB"])
        self.slots = Slots()
        self._counted = {
            "DailyApiRequests": self.calls,
            "DailyBulkApiBatches": self.bulk_batches,
            "DailyBulkV2QueryJobs": self.bulk_queries,
            "DailyBulkV2QueryFileStorageMB": self.bulk_megabytes,
        }

    @property
    def maxima(self) -> dict[str, int]:
        """Every limit that can be set, by its name in `GET /limits`; ConcurrentRequests is not shown there."""
        counted = {name: item.maximum for name, item in self._counted.items()}
        return {**self._shown, **counted, "ConcurrentRequests": self.slots.maximum}

    def set(self, name: str, maximum: int) -> None:
        """Change a limit."""
        if name not in self.maxima:
            raise LookupError(f"no such limit: {name}; there are {', '.join(sorted(self.maxima))}")
        if maximum < 0:
            raise ValueError(f"{name} cannot be less than nothing: {maximum}")
        if name == "ConcurrentRequests":
            self.slots.maximum = maximum
        elif name in self._counted:
            self._counted[name].maximum = maximum
        else:
            self._shown[name] = maximum

    def count(self, number: int = 0) -> None:
        """Count a request, or refuse it: too many calls today, or too many long requests at once."""
        if not self.slots.free_for(number):
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", OUT_OF_SLOTS)
        if not self.calls.take():
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", OUT_OF_CALLS)

    def reset(self) -> None:
        """Start the day anew."""
        for item in self._counted.values():
            item.reset()

    def header(self) -> str:
        """The value of `Sforce-Limit-Info`."""
        return f"api-usage={self.calls.used}/{self.calls.maximum}"

    def table(self) -> dict[str, Any]:
        """What `GET /limits` answers."""
        out = {}
        for name in self._shown:
            counted = self._counted.get(name)
            maximum, spent = (counted.maximum, counted.used) if counted else (self._shown[name], 0)
            out[name] = {"Max": maximum, "Remaining": max(maximum - spent, 0)}
        return out
