"""SOAP's calls that read records: queries in pages, retrieve, getUpdated and getDeleted."""

from __future__ import annotations

from typing import Any

from sandbox import ids, moments, replication
from sandbox.api.rows import named_fields, read_records
from sandbox.errors import ApiError
from sandbox.http.call import Call
from sandbox.paging import Page, batch_size
from sandbox.soap import xml
from sandbox.soap.arguments import sobject
from sandbox.soap.xml import Request
from sandbox.soql.dates import parse_datetime
from sandbox.soql.finder import Finder

MAX_RETRIEVED = 2_000
DEFAULT_BATCH = 500
"""Rows of a page when the QueryOptions header names no batchSize."""


def query(call: Call, request: Request) -> str:
    """The first page of what a query finds; queryAll looks into the recycle bin as well."""
    text = xml.text(request.body, "queryString") or ""
    core = call.core
    plan = core.plan(text, call.who, deleted=request.operation == "queryAll", version=call.version)
    if plan.kind == "count":
        return _result([], core.store.run(plan.sql())[0][0], None)
    asked = request.headers.get("QueryOptions", {}).get("batchSize", "").strip()
    return _page(call, core.cursors.first(plan, call.who.id, batch_size(asked, DEFAULT_BATCH)))


def query_more(call: Call, request: Request) -> str:
    """The page behind a locator."""
    return _page(call, call.core.cursors.more(xml.text(request.body, "queryLocator") or "", call.who.id))


def _page(call: Call, page: Page) -> str:
    records = Finder(call.core.store, call.core.schema, call.version).records(page.plan, page.rows)
    moments.rewrite(page.plan, records, ("datetime",), moments.zulu)
    return _result([_shown(record) for record in records], page.total, page.more)


def _result(records: list[dict[str, Any]], size: int, locator: str | None) -> str:
    return xml.write(
        "result", {"done": locator is None, "queryLocator": locator, "records": records, "size": size}
    )


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"sf:type": record["attributes"]["type"], "sf:Id": record.get("Id")}
    for name, value in record.items():
        if name not in ("attributes", "Id"):
            out[f"sf:{name}"] = _value(value)
    return out


def _value(value: Any) -> Any:
    if isinstance(value, dict) and "attributes" in value:
        return _shown(value)
    if isinstance(value, dict) and "records" in value:
        children = [_shown(child) for child in value["records"]]
        return {"done": True, "queryLocator": None, "records": children, "size": value["totalSize"]}
    return value


def retrieve(call: Call, request: Request) -> str:
    """Records by ids, in their order, nil where there is none."""
    found = sobject(call, xml.text(request.body, "sObjectType"))
    wanted = xml.texts(request.body, "ids")
    if len(wanted) > MAX_RETRIEVED:
        raise ApiError(500, "EXCEEDED_ID_LIMIT", f"at most {MAX_RETRIEVED} records can be retrieved at once")
    fields = named_fields(call, found, (xml.text(request.body, "fieldList") or "Id").split(","))
    keys = []
    for item in wanted:
        parsed = ids.parse(item)
        if parsed is None:
            raise ApiError(500, "MALFORMED_ID", f"malformed id {item}")
        keys.append(parsed[1] if parsed[0] == found.prefix else -1)
    records = {key: record for key, (record, _) in read_records(call, found, keys or [-1], fields).items()}
    for field in fields:
        if field.type == "datetime":
            for record in records.values():
                record[field.name] = record[field.name] and moments.zulu(record[field.name])
    return xml.write("result", [_shown(records[key]) if key in records else None for key in keys])


def _between(request: Request) -> tuple[Any, Any]:
    try:
        return tuple(  # type: ignore[return-value]
            parse_datetime(xml.text(request.body, name) or "") for name in ("startDate", "endDate")
        )
    except (ValueError, OverflowError):
        raise ApiError(500, "INVALID_REPLICATION_DATE", "startDate and endDate must be datetimes") from None


def get_updated(call: Call, request: Request) -> str:
    """Ids that were made or changed between two moments."""
    found = sobject(call, xml.text(request.body, "sObjectType"))
    start, end = _between(request)
    return _zulu(replication.updated(call.core, call.who, found, start, end))


def get_deleted(call: Call, request: Request) -> str:
    """Ids that were deleted between two moments."""
    found = sobject(call, xml.text(request.body, "sObjectType"))
    start, end = _between(request)
    return _zulu(replication.deleted(call.core, call.who, found, start, end))


def _zulu(told: dict[str, Any]) -> str:
    for row in (told, *told.get("deletedRecords", [])):
        for name in row.keys() & {"deletedDate", "earliestDateAvailable", "latestDateCovered"}:
            row[name] = moments.zulu(row[name])
    return xml.write("result", told)
