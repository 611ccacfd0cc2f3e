"""SOAP's calls that write records; all rules are those of REST."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from sandbox import ids
from sandbox.api.collections import Rows, save_by_type
from sandbox.errors import ApiError, RowError
from sandbox.http.call import Call
from sandbox.metadata.sobject import SObject
from sandbox.rules.conversion import Conversion, convert
from sandbox.rules.draft import Intent, Outcome
from sandbox.rules.merging import merge
from sandbox.soap import xml
from sandbox.soap.arguments import sobject
from sandbox.soap.xml import Request

MAX_RECORDS = 200
MAX_CONVERSIONS = 100


def _intent(call: Call, request: Request) -> Intent:
    intent = call.intent()
    intent.from_text = True
    intent.all_or_none = request.headers.get("AllOrNoneHeader", {}).get("allOrNone", "").lower() == "true"
    header = request.headers.get("AssignmentRuleHeader")
    # In SOAP assignment rules run only when the header asks for them.
    intent.auto_assign = bool(header and (header.get("useDefaultRule", "").lower() == "true")) or (
        (header or {}).get("assignmentRuleId", "") or False
    )
    return intent


def _records(request: Request) -> Rows:
    nodes = xml.nodes(request.body, "sObjects")
    _limit(len(nodes))
    return [
        {"attributes": {"type": kind}, **({"Id": key} if key else {}), **row}
        for kind, key, row in map(xml.record, nodes)
    ]


def _ids(request: Request) -> list[str]:
    found = xml.texts(request.body, "ids")
    _limit(len(found))
    return found


def _limit(count: int) -> None:
    if count > MAX_RECORDS:
        raise ApiError(
            500,
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call",
        )


def _errors(errors: Sequence[RowError]) -> list[dict[str, Any]]:
    return [
        {"fields": list(item.fields), "message": item.message, "statusCode": item.code} for item in errors
    ]


def _results(outcomes: Sequence[Outcome], created: bool = False) -> str:
    out = []
    for item in outcomes:
        row: dict[str, Any] = {"errors": _errors(item.errors), "id": item.id if item.success else None}
        if created:
            row["created"] = item.created
        row["success"] = item.success
        out.append(row)
    return xml.write("result", out)


def create(call: Call, request: Request) -> str:
    """Create records."""
    intent = _intent(call, request)
    return _results(save_by_type(call, _records(request), intent, call.core.writer.insert))


def update(call: Call, request: Request) -> str:
    """Change records by id."""

    def save(found: SObject, rows: Rows, intent: Intent) -> list[Outcome]:
        return call.core.writer.update(found, [(row.get("Id", ""), row) for row in rows], intent)

    return _results(save_by_type(call, _records(request), _intent(call, request), save))


def upsert(call: Call, request: Request) -> str:
    """Change or create records by an external id."""
    name = xml.text(request.body, "externalIDFieldName") or "Id"

    def save(found: SObject, rows: Rows, intent: Intent) -> list[Outcome]:
        field = found.find(name)
        if field is None or not call.who.profile.sees(found, field):
            raise ApiError(500, "INVALID_FIELD", f"No such column '{name}' on sobject of type {found.name}")
        pairs = [(row.pop(field.name, None), row) for row in rows]
        return call.core.writer.upsert(found, field.name, pairs, intent)

    return _results(save_by_type(call, _records(request), _intent(call, request), save), created=True)


def delete(call: Call, request: Request) -> str:
    """Delete by ids."""
    return _results(call.core.remover.delete(_ids(request), _intent(call, request)))


def undelete(call: Call, request: Request) -> str:
    """Bring records back."""
    return _results(call.core.remover.undelete(_ids(request), _intent(call, request)))


def empty_recycle_bin(call: Call, request: Request) -> str:
    """Make deleted records impossible to bring back."""
    return _results(call.core.recycle_bin.empty(_ids(request), _intent(call, request)))


def convert_lead(call: Call, request: Request) -> str:
    """Convert leads, each in a transaction of its own."""
    wanted = xml.nodes(request.body, "leadConverts")
    if len(wanted) > MAX_CONVERSIONS:
        raise ApiError(500, "EXCEEDED_ID_LIMIT", f"at most {MAX_CONVERSIONS} leads can be converted at once")
    out = []
    for node in wanted:
        done = convert(call.core.writer, _conversion(node), _intent(call, request))
        out.append(
            {
                "accountId": done.account_id,
                "contactId": done.contact_id,
                "errors": _errors(done.errors),
                "leadId": done.lead_id,
                "opportunityId": done.opportunity_id,
                "success": not done.errors,
            }
        )
    return xml.write("result", out)


def _conversion(node: ElementTree.Element) -> Conversion:
    def record_id(name: str) -> str | None:
        value = xml.text(node, name)
        return (ids.to18(value) or value) if value else None

    return Conversion(
        record_id("leadId") or "",
        xml.text(node, "convertedStatus") or "",
        record_id("accountId"),
        record_id("contactId"),
        record_id("opportunityId"),
        xml.text(node, "opportunityName"),
        xml.flag(node, "doNotCreateOpportunity"),
        xml.flag(node, "overwriteLeadSource"),
        record_id("ownerId"),
        {
            name: xml.record(child)[2]
            for name in ("Account", "Contact", "Opportunity")
            for child in xml.nodes(node, f"{name.lower()}Record")
        },
        frozenset(name for name in ("Account", "Contact") if xml.flag(node, f"bypass{name}DedupeCheck")),
    )


def merge_records(call: Call, request: Request) -> str:
    """Merge up to three records of one object."""
    out = []
    for node in xml.nodes(request.body, "request"):
        master = next(iter(xml.nodes(node, "masterRecord")), None)
        if master is None:
            raise ApiError(500, "MISSING_ARGUMENT", "masterRecord is required")
        kind, key, values = xml.record(master)
        losers = xml.texts(node, "recordToMergeIds")
        core = call.core
        done = merge(
            core.writer, core.remover, sobject(call, kind), key or "", losers, values, _intent(call, request)
        )
        out.append(
            {
                "errors": _errors(done.errors),
                "id": done.id,
                "mergedRecordIds": done.losers,
                "success": not done.errors,
                "updatedRelatedIds": done.related,
            }
        )
    return xml.write("result", out)
