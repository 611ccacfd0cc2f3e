"""What clients asked for: a log that tests read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True, frozen=True)
class Entry:
    """One HTTP request and how it was answered. The Authorization header is never kept."""

    method: str
    path: str
    query: str
    status: int
    seconds: float
    counted: bool
    user_id: str | None
    request_headers: dict[str, str] = field(default_factory=dict)
    response_rows: int = 0


class RequestLog:
    """The requests since the start or the last `clear`, oldest first; old ones fall off the end."""

    def __init__(self, keep: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._keep = keep

    def add(self, entry: Entry) -> None:
        """Note a request."""
        with self._lock:
            self._entries.append(entry)
            if len(self._entries) > self._keep:
                del self._entries[: self._keep // 2]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def api_calls(self) -> int:
        """How many of the requests count against the daily limit."""
        return sum(entry.counted for entry in self)

    def matching(self, method: str, part: str) -> list[Entry]:
        """The requests of that method whose path contains `part`."""
        return [entry for entry in self if entry.method == method and part in entry.path]

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: int) -> Entry:
        return self._entries[place]
