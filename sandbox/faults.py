"""Trouble on purpose: each fault says which requests it hits, what happens to them, and how often."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.errors import RowError

KINDS = frozenset(
    [
        "drop_before",
        "drop_after",
        "cut_body",
        "status",
        "latency",
        "lock_row",
        "refuse_row",
        "bulk_fail",
        "bulk_slow",
        "call",
    ]
)

OF_JOBS = frozenset(["bulk_fail", "bulk_slow", "lock_row", "refuse_row"])
"""Faults that a Bulk job keeps for its work from the requests that made it."""


@dataclass(slots=True)
class Fault:
    """One fault. `times=None` means for ever; `rate` is drawn from the org's own seeded generator."""

    match: str
    kind: str
    status: int = 503
    code: str = "SERVER_UNAVAILABLE"
    message: str = ""
    times: int | None = 1
    rate: float = 1.0
    skip: int = 0
    rows: Collection[str] | None = None
    seconds: float = 0.0
    call: Callable[[dict[str, Any]], Any] | None = None
    when: str = "before"
    hits: int = 0
    seen: int = 0
    removed: bool = False

    def remove(self) -> None:
        """Stop it."""
        self.removed = True

    def hits_row(self, record_id: str | None) -> bool:
        """Whether it is about that record; without `rows` it is about all of them."""
        if self.rows is None:
            return True
        return record_id is not None and any(record_id[:15] == row[:15] for row in self.rows)


def locks(faults: Sequence[Fault]) -> Callable[[str | None], bool] | None:
    """Whether these faults hold the lock on a record; None when they hold none at all."""
    held = [fault for fault in faults if fault.kind == "lock_row"]
    return (lambda record_id: any(fault.hits_row(record_id) for fault in held)) if held else None


def refusals(faults: Sequence[Fault]) -> Callable[[str | None], RowError | None] | None:
    """The error that these faults have for a record; None when they refuse nothing at all."""
    refusing = [fault for fault in faults if fault.kind == "refuse_row"]

    def refusal(record_id: str | None) -> RowError | None:
        hit = next((fault for fault in refusing if fault.hits_row(record_id)), None)
        return RowError(hit.code, hit.message or f"{hit.code}.") if hit else None

    return refusal if refusing else None


class Faults:
    """The faults in force."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._all: list[Fault] = []

    def add(self, match: str, kind: str, **how: Any) -> Fault:
        """Put a fault in force.

        `match` is a method and a path with wildcards, `POST /services/data/*/composite*`;
        `* *` matches everything.
        """
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind}; there are {', '.join(sorted(KINDS))}")
        fault = Fault(match, kind, **how)
        if not 100 <= fault.status <= 599 or not 0 <= fault.rate <= 1 or fault.seconds < 0 or fault.skip < 0:
            raise ValueError(
                "a status is from 100 to 599, a rate from 0 to 1, seconds and skip are not negative"
            )
        with self._lock:
            self._all.append(fault)
        return fault

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            for fault in self._all:
                fault.removed = True
            self._all.clear()

    def due(self, method: str, path: str) -> list[Fault]:
        """The faults that hit this request; counts them."""
        if not self._all:
            return []
        with self._lock:
            return [fault for fault in self._all if self._hits(fault, method, path)]

    def _hits(self, fault: Fault, method: str, path: str) -> bool:
        if fault.removed or (fault.times is not None and fault.hits >= fault.times):
            return False
        wanted_method, _, wanted_path = fault.match.partition(" ")
        if wanted_method not in ("*", method) or not fnmatchcase(path, wanted_path or "*"):
            return False
        fault.seen += 1
        if fault.seen <= fault.skip or (fault.rate < 1 and self._random.random() >= fault.rate):
            return False
        fault.hits += 1
        return True
