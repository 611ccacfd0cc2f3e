"""Query results in pages: what was read at once waits under a locator for the client to come back (facts 5.2)."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sandbox import ids
from sandbox.clock import Clock
from sandbox.errors import ApiError
from sandbox.soql.plan import Plan
from sandbox.store import Store

MIN_BATCH, MAX_BATCH = 200, 2000
"""Rows of a page that a client may ask for; other numbers are moved to the nearer end."""
LIFETIME_SECONDS = 2 * 86400.0
"""Cursors live up to two days since v56."""
MAX_KEPT_BYTES = 2 << 30
_LOCATOR = re.compile(r"(0r8\w{12}(?:\w{3})?)-(\d{1,9})")


@dataclass(slots=True, frozen=True)
class Page:
    """Some rows of a result, how many there are in all, and under which locator the next ones wait."""

    plan: Plan
    rows: list[tuple[Any, ...]]
    total: int
    more: str | None


@dataclass(slots=True)
class _Cursor:
    plan: Plan
    rows: pa.Table
    user_id: str
    opened_at: float
    batch: int


class Cursors:
    """Open results by locator; the oldest give way when they hold too much. Rows do not shift under a client."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Cursor] = OrderedDict()
        self._count = 0

    def first(self, plan: Plan, user_id: str, batch: int) -> Page:
        """Run a plan and keep what does not fit on the first page."""
        if plan.most is not None and plan.most <= batch:
            rows = self._store.run(plan.sql())
            return Page(plan, rows, len(rows), None)
        table = self._store.cursor.execute(plan.sql()).to_arrow_table()
        if plan.kind == "aggregate" and table.num_rows > batch:
            raise ApiError(
                400,
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), "
                "use LIMIT to restrict the results to a single batch",
            )
        cursor = _Cursor(plan, table, user_id, self._clock.now().timestamp(), batch)
        return self._page(cursor, self._keep(cursor) if table.num_rows > batch else "", 0)

    def more(self, text: str, user_id: str) -> Page:
        """The page behind a locator, or INVALID_QUERY_LOCATOR."""
        match = _LOCATOR.fullmatch(text)
        locator = ids.to18(match[1]) or "" if match else ""
        cursor = self._open.get(locator)
        now = self._clock.now().timestamp()
        if (
            match is None
            or cursor is None
            or cursor.user_id != user_id
            or now - cursor.opened_at > LIFETIME_SECONDS
            or int(match[2]) >= cursor.rows.num_rows
        ):
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, locator, int(match[2]))

    def _keep(self, cursor: _Cursor) -> str:
        with self._lock:
            self._count += 1
            locator = ids.make("0r8", self._count)
            self._open[locator] = cursor
            while (
                len(self._open) > 1 and sum(item.rows.nbytes for item in self._open.values()) > MAX_KEPT_BYTES
            ):
                self._open.popitem(last=False)
            return locator

    def _page(self, cursor: _Cursor, locator: str, start: int) -> Page:
        columns = cursor.rows.slice(start, cursor.batch).columns
        rows = list(zip(*(column.to_pylist() for column in columns), strict=True))
        end = start + len(rows)
        more = f"{locator}-{end}" if end < cursor.rows.num_rows else None
        return Page(cursor.plan, rows, cursor.rows.num_rows, more)


def batch_size(text: str | None, default: int = MAX_BATCH) -> int:
    """Rows per page as a client asked for them."""
    return max(MIN_BATCH, min(MAX_BATCH, int(text))) if text and text.isdigit() else default
