"""What each SOAP operation does; all rules are those of REST."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

from sandbox import ids, replication
from sandbox.core import ORG_ID
from sandbox.errors import ApiError, RowError
from sandbox.http.call import Call
from sandbox.metadata.sobject import SObject
from sandbox.rules.conversion import Conversion, convert
from sandbox.rules.draft import Intent, Outcome
from sandbox.rules.merging import merge
from sandbox.sessions import LIFETIME_SECONDS
from sandbox.soap import xml
from sandbox.soap.xml import Request
from sandbox.soql.dates import parse_datetime

MAX_RECORDS = 200
MAX_CONVERSIONS = 100
SOAP_LOGIN_ENDS = 65
"""login() is absent from this version on (facts 5.11)."""


def login(call: Call, request: Request) -> str:
    """A session for a name and a password with its security token."""
    if float(call.version) >= SOAP_LOGIN_ENDS:
        raise ApiError(500, "UNKNOWN_EXCEPTION", "SOAP API login() is disabled by default in this org.")
    username, password = xml.text(request.body, "username"), xml.text(request.body, "password")
    user_id = call.core.passwords.check(username or "", password or "")
    if user_id is None:
        raise ApiError(
            500, "INVALID_LOGIN", "Invalid username, password, security token; or user locked out."
        )
    session = call.core.sessions.open(user_id)
    url = f"{call.base_url}/services/Soap/u/{call.version}/{ORG_ID[:15]}"
    call.user = call.core.user(user_id)
    return xml.write(
        "result",
        {
            "metadataServerUrl": url.replace("/u/", "/m/"),
            "passwordExpired": False,
            "sandbox": False,
            "serverUrl": url,
            "sessionId": session.token,
            "userId": user_id,
            "userInfo": _user_info(call),
        },
    )


def _user_info(call: Call) -> dict[str, Any]:
    row = call.core.store.run(
        'SELECT "Name", "Email", "ProfileId" FROM "User" WHERE "Id" = ?', [call.who.id]
    )[0]
    return {
        "organizationId": ORG_ID,
        "organizationName": "Sandbox Org",
        "profileId": row[2],
        "sessionSecondsValid": int(LIFETIME_SECONDS),
        "userEmail": row[1],
        "userFullName": row[0],
        "userId": call.who.id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": call.who.username,
        "userTimeZone": "GMT",
        "userType": "Standard",
    }


def get_user_info(call: Call, request: Request) -> str:
    """Who the session belongs to."""
    return xml.write("result", _user_info(call))


def get_server_timestamp(call: Call, request: Request) -> str:
    """The org's time."""
    return xml.write("result", {"timestamp": call.core.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")})


def logout(call: Call, request: Request) -> str:
    """End the session."""
    call.core.sessions.close(request.session)
    return ""


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


def _sobject(call: Call, name: str) -> SObject:
    found = call.core.schema.find(name)
    if found is None or not call.who.profile.sees_object(found):
        raise ApiError(500, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def _records(request: Request) -> list[tuple[str, str | None, dict[str, Any]]]:
    found = [xml.record(node) for node in xml.nodes(request.body, "sObjects")]
    if len(found) > MAX_RECORDS:
        raise ApiError(500, "EXCEEDED_ID_LIMIT", f"record limit reached: {MAX_RECORDS}")
    return found


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


def _save(
    call: Call, request: Request, one: Callable[[SObject, str | None, dict[str, Any], Intent], Outcome]
) -> str:
    intent = _intent(call, request)
    with call.core.store.transaction():
        return _results([one(_sobject(call, kind), key, row, intent) for kind, key, row in _records(request)])


def create(call: Call, request: Request) -> str:
    """Create records."""
    return _save(call, request, lambda found, key, row, how: call.core.writer.insert(found, [row], how)[0])


def update(call: Call, request: Request) -> str:
    """Change records by id."""
    return _save(
        call, request, lambda found, key, row, how: call.core.writer.update(found, [(key or "", row)], how)[0]
    )


def upsert(call: Call, request: Request) -> str:
    """Change or create records by an external id."""
    name = xml.text(request.body, "externalIDFieldName") or "Id"
    outcomes = []
    with call.core.store.transaction():
        for kind, key, row in _records(request):
            found = _sobject(call, kind)
            if name.lower() != "id" and found.find(name) is None:
                raise ApiError(500, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")
            value = key if name.lower() == "id" else row.pop(name, None)
            outcomes += call.core.writer.upsert(found, name, [(value, row)], _intent(call, request))
    return _results(outcomes, created=True)


def delete(call: Call, request: Request) -> str:
    """Delete by ids."""
    return _results(call.core.remover.delete(xml.texts(request.body, "ids"), _intent(call, request)))


def undelete(call: Call, request: Request) -> str:
    """Bring records back."""
    return _results(call.core.remover.undelete(xml.texts(request.body, "ids"), _intent(call, request)))


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
            core.writer, core.remover, _sobject(call, kind), key or "", losers, values, _intent(call, request)
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


def _between(request: Request) -> tuple[Any, Any]:
    try:
        return tuple(  # type: ignore[return-value]
            parse_datetime(xml.text(request.body, name) or "") for name in ("startDate", "endDate")
        )
    except (ValueError, OverflowError):
        raise ApiError(500, "INVALID_REPLICATION_DATE", "startDate and endDate must be datetimes") from None


def get_updated(call: Call, request: Request) -> str:
    """Ids that were made or changed between two moments."""
    found = _sobject(call, xml.text(request.body, "sObjectType") or "")
    start, end = _between(request)
    return xml.write("result", replication.updated(call.core, call.who, found, start, end))


def get_deleted(call: Call, request: Request) -> str:
    """Ids that were deleted between two moments."""
    found = _sobject(call, xml.text(request.body, "sObjectType") or "")
    start, end = _between(request)
    return xml.write("result", replication.deleted(call.core, call.who, found, start, end))


def query(call: Call, request: Request) -> str:
    """Everything a query finds, in one page."""
    deleted = request.operation == "queryAll"
    rows = call.core.search(xml.text(request.body, "queryString") or "", call.who, deleted, call.version)
    return xml.write(
        "result",
        {"done": True, "queryLocator": None, "records": [_shown(row) for row in rows], "size": len(rows)},
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"sf:type": row["attributes"]["type"], "sf:Id": row.get("Id")}
    for name, value in row.items():
        if name not in ("attributes", "Id"):
            out[f"sf:{name}"] = _shown(value) if isinstance(value, dict) and "attributes" in value else value
    return out


OPERATIONS: dict[str, Callable[[Call, Request], str]] = {
    "login": login,
    "logout": logout,
    "getUserInfo": get_user_info,
    "getServerTimestamp": get_server_timestamp,
    "create": create,
    "update": update,
    "upsert": upsert,
    "delete": delete,
    "undelete": undelete,
    "convertLead": convert_lead,
    "merge": merge_records,
    "getUpdated": get_updated,
    "getDeleted": get_deleted,
    "query": query,
    "queryAll": query,
}
