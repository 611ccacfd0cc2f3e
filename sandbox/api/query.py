"""`query`, `queryAll` and their pages (facts 2, 5.2)."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sandbox import ids
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router
from sandbox.soql.finder import Finder
from sandbox.soql.plan import Plan
from sandbox.soql.usage import note_use

MAX_BATCH = 2000
MIN_BATCH = 200
LIFETIME_SECONDS = 2 * 86400.0
"""Cursors live up to two days since v56."""
MAX_KEPT_BYTES = 2 << 30
_OPTION = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)
_LOCATOR = re.compile(r"(0r8\w{15})-(\d+)")


@dataclass(slots=True)
class Cursor:
    """Rows that wait for their page. They were read at once, so pages do not shift under a client."""

    plan: Plan
    rows: pa.Table
    user_id: str
    opened_at: float
    batch: int


class Cursors:
    """Open cursors by locator; the oldest give way when they hold too much."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Cursor] = OrderedDict()
        self._count = 0

    def keep(self, cursor: Cursor) -> str:
        """Give a cursor its locator."""
        with self._lock:
            self._count += 1
            locator = ids.make("0r8", self._count)
            self._open[locator] = cursor
            while (
                len(self._open) > 1 and sum(item.rows.nbytes for item in self._open.values()) > MAX_KEPT_BYTES
            ):
                self._open.popitem(last=False)
            return locator

    def find(self, locator: str, user_id: str) -> Cursor:
        """The cursor behind a locator, or INVALID_QUERY_LOCATOR."""
        cursor = self._open.get(locator)
        now = self._core.clock.now().timestamp()
        if cursor is None or cursor.user_id != user_id or now - cursor.opened_at > LIFETIME_SECONDS:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor


class QueryApi:
    """Runs queries and hands out pages."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._cursors = Cursors(core)

    def query(self, call: Call, found: Mapping[str, str]) -> Answer:
        """What is not in the recycle bin."""
        return self._run(call, deleted=False)

    def query_all(self, call: Call, found: Mapping[str, str]) -> Answer:
        """The recycle bin as well."""
        return self._run(call, deleted=True)

    def more(self, call: Call, found: Mapping[str, str]) -> Answer:
        """The next page."""
        match = _LOCATOR.fullmatch(found["locator"])
        if match is None:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        locator = ids.to18(match[1]) or match[1]
        cursor = self._cursors.find(locator, call.who.id)
        start = int(match[2])
        if start >= cursor.rows.num_rows:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, cursor, locator, start)

    def _run(self, call: Call, deleted: bool) -> Answer:
        soql = call.query.get("q")
        if soql is None:
            if call.query.get("explain"):
                return Answer(body={"plans": [], "sourceQuery": call.query["explain"]})
            raise ApiError(400, "MALFORMED_QUERY", "SOQL query is required: parameter q is missing")
        plan = self._core.plan(soql, call.who, deleted)
        batch = _batch(call)
        if plan.kind == "count":
            total = self._core.store.run(plan.sql())[0][0]
            return Answer(body={"totalSize": total, "done": True, "records": []})
        if plan.limit is not None and plan.limit <= batch:
            rows = self._core.store.run(plan.sql())
            self._note_use(plan, [row[0] for row in rows])
            records = self._records(call, plan, rows)
            return Answer(
                body={"totalSize": len(records), "done": True, "records": records}, rows=len(records)
            )
        table = self._core.store.cursor.execute(plan.sql()).to_arrow_table()
        if plan.kind == "aggregate" and table.num_rows > batch:
            raise ApiError(
                400,
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), "
                "use LIMIT to restrict the results to a single batch",
            )
        # One column may be selected twice (the id leads every row); by place they are told apart.
        table = table.rename_columns([f"c{place}" for place in range(table.num_columns)])
        if plan.purpose:
            self._note_use(plan, table.column(0).to_pylist())
        cursor = Cursor(plan, table, call.who.id, self._core.clock.now().timestamp(), batch)
        locator = self._cursors.keep(cursor) if table.num_rows > batch else ""
        return self._page(call, cursor, locator, 0)

    def _note_use(self, plan: Plan, ids: list[str]) -> None:
        note_use(self._core.store, plan, ids, self._core.clock.stamp())

    def _page(self, call: Call, cursor: Cursor, locator: str, start: int) -> Answer:
        page = cursor.rows.slice(start, cursor.batch)
        # The database turns columns into rows several times faster than a loop over them would.
        connection = self._core.store.cursor
        connection.register("_page", page)
        try:
            rows = connection.execute("SELECT * FROM _page").fetchall()
        finally:
            connection.unregister("_page")
        records = self._records(call, cursor.plan, rows)
        end = start + len(rows)
        body: dict[str, Any] = {"totalSize": cursor.rows.num_rows, "done": end >= cursor.rows.num_rows}
        if not body["done"]:
            body["nextRecordsUrl"] = f"/services/data/v{call.version}/query/{locator}-{end}"
        body["records"] = records
        return Answer(body=body, rows=len(records))

    def _records(self, call: Call, plan: Plan, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return Finder(self._core.store, self._core.schema, call.version).records(plan, rows)


def _batch(call: Call) -> int:
    match = _OPTION.search(call.headers.get("sforce-query-options", ""))
    if match is None:
        return MAX_BATCH
    return max(MIN_BATCH, min(MAX_BATCH, int(match[1])))


def add(router: Router, core: Core) -> None:
    """Take the family's paths in."""
    api = QueryApi(core)
    router.add("GET", "query", api.query)
    router.add("GET", "queryAll", api.query_all)
    router.add("GET", "query/{locator}", api.more)
    router.add("GET", "queryAll/{locator}", api.more)
