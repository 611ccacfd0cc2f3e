"""`query`, `queryAll` and their pages (facts 2, 5.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router
from sandbox.paging import Page, batch_size
from sandbox.soql import columns
from sandbox.soql.finder import Finder
from sandbox.soql.usage import note_use

_OPTION = re.compile(r"batchSize\s*=\s*(\d{1,9})", re.IGNORECASE)


def add(router: Router) -> None:
    """Take the family's paths in."""
    router.add("GET", "query", query)
    router.add("GET", "queryAll", query_all)
    router.add("GET", "query/{locator}", more)
    router.add("GET", "queryAll/{locator}", more)


def query(call: Call, found: Mapping[str, str]) -> Answer:
    """What is not in the recycle bin."""
    return _run(call, deleted=False)


def query_all(call: Call, found: Mapping[str, str]) -> Answer:
    """The recycle bin as well."""
    return _run(call, deleted=True)


def more(call: Call, found: Mapping[str, str]) -> Answer:
    """The next page."""
    return _answer(call, call.core.cursors.more(found["locator"], call.who.id))


def _run(call: Call, deleted: bool) -> Answer:
    soql = call.query.get("q")
    if soql is None:
        if call.query.get("explain"):
            return _explained(call, call.query["explain"], deleted)
        raise ApiError(400, "MALFORMED_QUERY", "SOQL query is required: parameter q is missing")
    core = call.core
    plan = core.plan(soql, call.who, deleted, version=call.version)
    if call.flag("columns"):
        return Answer(body=columns.describe(plan))
    if plan.kind == "count":
        total = core.store.run(plan.sql())[0][0]
        return Answer(body={"totalSize": total, "done": True, "records": []})
    option = _OPTION.search(call.headers.get("sforce-query-options", ""))
    page = core.cursors.first(plan, call.who.id, batch_size(option[1] if option else None))
    if plan.purpose:
        used = [row[0] for row in page.rows]
        note_use(core.store, plan, used, core.clock.stamp())
        core.recent.note(call.who.id, used)
    return _answer(call, page)


def _explained(call: Call, soql: str, deleted: bool) -> Answer:
    """How the query would be run: always by reading the whole table."""
    plan = call.core.plan(soql, call.who, deleted, version=call.version)
    run = call.core.store.run
    rows = int(run(f"SELECT count(*) FROM {plan.sobject.table}")[0][0])
    found = int(run(f"SELECT count(*) FROM {plan.source}{plan.condition()}")[0][0])
    scan = {
        "cardinality": found,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [],
        "relativeCost": round(found / rows, 3) if rows else 0.0,
        "sobjectCardinality": rows,
        "sobjectType": plan.sobject.name,
    }
    return Answer(body={"plans": [scan], "sourceQuery": soql})


def _answer(call: Call, page: Page) -> Answer:
    core = call.core
    records = Finder(core.store, core.schema, call.version).records(page.plan, page.rows)
    body: dict[str, Any] = {"totalSize": page.total, "done": page.more is None}
    if page.more:
        body["nextRecordsUrl"] = f"/services/data/v{call.version}/query/{page.more}"
    body["records"] = records
    return Answer(body=body, rows=len(records))
