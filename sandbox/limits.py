"""How many calls were made today and how many are allowed (facts 5.1)."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from sandbox.clock import Clock
from sandbox.errors import ApiError

DAY = 86400.0
DEVELOPER_CALLS = 15_000


class Meter:
    """The rolling 24 hours of API calls."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()
        self.maximum = DEVELOPER_CALLS
        self.bulk_queries = 0
        self.bulk_batches = 0

    @property
    def used(self) -> int:
        """Calls of the last 24 hours."""
        with self._lock:
            self._forget()
            return len(self._calls)

    def count(self) -> None:
        """Count one call, or refuse it."""
        with self._lock:
            self._forget()
            if len(self._calls) >= self.maximum:
                raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            self._calls.append(self._clock.now().timestamp())

    def reset(self) -> None:
        """Start the day anew."""
        with self._lock:
            self._calls.clear()
            self.bulk_queries = self.bulk_batches = 0

    def _forget(self) -> None:
        oldest = self._clock.now().timestamp() - DAY
        while self._calls and self._calls[0] < oldest:
            self._calls.popleft()

    def header(self) -> str:
        """The value of `Sforce-Limit-Info`."""
        return f"api-usage={self.used}/{self.maximum}"

    def table(self) -> dict[str, Any]:
        """What `GET /limits` answers; the maxima are those of a Developer Edition (facts 2)."""
        used = {
            "DailyApiRequests": (self.maximum, self.used),
            "DailyAsyncApexExecutions": (250_000, 0),
            "DailyBulkApiBatches": (15_000, self.bulk_batches),
            "DailyBulkV2QueryFileStorageMB": (976_562, 0),
            "DailyBulkV2QueryJobs": (10_000, self.bulk_queries),
            "DailyGenericStreamingApiEvents": (10_000, 0),
            "DailyWorkflowEmails": (390, 0),
            "DataStorageMB": (5, 0),
            "FileStorageMB": (20, 0),
            "HourlyDashboardRefreshes": (200, 0),
            "HourlyODataCallout": (1_000, 0),
            "MassEmail": (10, 0),
            "SingleEmail": (15, 0),
        }
        return {
            name: {"Max": maximum, "Remaining": max(maximum - spent, 0)}
            for name, (maximum, spent) in used.items()
        }
