"""What each user looked at or wrote last, for `recent` and `recentItems`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

MAX_ITEMS = 200
"""Records kept for each user, as many as RecentlyViewed holds."""


class Recent:
    """Ids of records by user, in memory, the newest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, OrderedDict[str, None]] = {}

    def note(self, user_id: str, record_ids: Sequence[str]) -> None:
        """The user saw or wrote these records."""
        with self._lock:
            mine = self._seen.setdefault(user_id, OrderedDict())
            for record_id in record_ids[-MAX_ITEMS:]:
                mine[record_id] = None
                mine.move_to_end(record_id)
            while len(mine) > MAX_ITEMS:
                mine.popitem(last=False)

    def of(self, user_id: str) -> list[str]:
        """The user's list; records on it may be gone by now."""
        with self._lock:
            return list(reversed(self._seen.get(user_id, ())))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._seen.clear()
