"""`composite/sobjects`: up to 200 records at a time (facts 2, 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox import ids
from sandbox.api.rows import named_fields, read_records
from sandbox.errors import ApiError, not_found
from sandbox.http.call import TRUE, Answer, Call
from sandbox.http.router import Router
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import ROLLED_BACK, Intent, Outcome

MAX_RECORDS = 200
MAX_CHUNKS = 10
MAX_READ = 2000

Rows = list[dict[str, Any]]
Save = Callable[[SObject, Rows, Intent], list[Outcome]]


class _RollBack(Exception):
    """Ends a transaction whose chunks must not stay."""


def add(router: Router) -> None:
    """Take the family's paths in."""
    router.add("POST", "composite/sobjects", create)
    router.add("PATCH", "composite/sobjects", update)
    router.add("DELETE", "composite/sobjects", delete)
    router.add("GET", "composite/sobjects/{name}", read)
    router.add("POST", "composite/sobjects/{name}", read)
    router.add("PATCH", "composite/sobjects/{name}/{field}", upsert)


def create(call: Call, found: Mapping[str, str]) -> Answer:
    """Create records of one type or several."""
    records, all_or_none = _records(call)
    outcomes = save_by_type(call, records, _intent(call, all_or_none), call.core.writer.insert)
    return _answer(outcomes, keep_id=False)


def update(call: Call, found: Mapping[str, str]) -> Answer:
    """Change records; each carries its id."""
    records, all_or_none = _records(call)

    def save(sobject: SObject, rows: Rows, intent: Intent) -> list[Outcome]:
        pairs = [(_id(row), row) for row in rows]
        return call.core.writer.update(sobject, pairs, intent)

    outcomes = save_by_type(call, records, _intent(call, all_or_none), save)
    return _answer(outcomes, keep_id=True)


def upsert(call: Call, found: Mapping[str, str]) -> Answer:
    """Change or create records of one type by an external id."""
    records, all_or_none = _records(call)
    sobject = call.sobject(found["name"])
    field = sobject.find(found["field"])
    if (
        field is None
        or not (field.external_id or field.id_lookup)
        or not call.who.profile.sees(sobject, field)
    ):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {found['field']}")
    for row in records:
        if _type(row).lower() != sobject.name.lower():
            raise ApiError(400, "INVALID_TYPE", f"All records must be of type {sobject.name}")
    intent = _intent(call, all_or_none)
    key = field.name
    pairs = []
    for row in records:
        value = next((item for name, item in row.items() if name.lower() == key.lower()), None)
        pairs.append((value, {name: item for name, item in row.items() if name.lower() != key.lower()}))
    outcomes = call.core.writer.upsert(sobject, key, pairs, intent)
    return _answer(outcomes, keep_id=True, created=True)


def delete(call: Call, found: Mapping[str, str]) -> Answer:
    """Delete by ids, of one type or several."""
    wanted = [item for item in call.query.get("ids", "").split(",") if item]
    if not wanted:
        raise ApiError(400, "MISSING_ARGUMENT", "ids is a required query parameter")
    _limit(len(wanted))
    intent = _intent(call, call.flag("allOrNone"))
    return _answer(call.core.remover.delete(wanted, intent), keep_id=True)


def read(call: Call, found: Mapping[str, str]) -> Answer:
    """Records by ids, in their order, null where there is none."""
    sobject = call.sobject(found["name"])
    if call.method == "POST":
        body = call.object_body()
        wanted, names = body.get("ids", []), body.get("fields", [])
    else:
        wanted = call.query.get("ids", "").split(",")
        names = call.query.get("fields", "").split(",")
    if not isinstance(wanted, list) or not isinstance(names, list) or not wanted or not any(names):
        raise ApiError(400, "MISSING_ARGUMENT", "ids and fields are required")
    if len(wanted) > MAX_READ:
        raise ApiError(
            400, "EXCEEDED_ID_LIMIT", f"Record limit reached. Cannot submit more than {MAX_READ} ids"
        )
    fields = named_fields(call, sobject, [str(name) for name in names])
    keys = []
    for item in wanted:
        parsed = ids.parse(str(item).strip())
        if parsed is None:
            raise ApiError(400, "MALFORMED_ID", f"malformed id {item}")
        keys.append(parsed[1] if parsed[0] == sobject.prefix else -1)
    records = read_records(call, sobject, keys, fields)
    return Answer(body=[records[key][0] if key in records else None for key in keys], rows=len(records))


def _records(call: Call) -> tuple[Rows, bool]:
    body = call.object_body()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(row, dict) for row in records) or not records:
        raise ApiError(400, "JSON_PARSER_ERROR", "records must be a list of objects at [line:1, column:1]")
    _limit(len(records))
    all_or_none = body.get("allOrNone", False)
    return records, all_or_none is True or str(all_or_none).lower() in TRUE


def _limit(count: int) -> None:
    if count > MAX_RECORDS:
        raise ApiError(
            400,
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MAX_RECORDS} records into this resource",
        )


def _type(row: Mapping[str, Any]) -> str:
    attributes = row.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise ApiError(400, "INVALID_TYPE", "Each record must name its type in attributes.type")
    return name


def _id(row: Mapping[str, Any]) -> str:
    value = next((item for name, item in row.items() if name.lower() == "id"), None)
    return str(value) if value else ""


def _intent(call: Call, all_or_none: bool) -> Intent:
    intent = call.intent()
    intent.all_or_none = all_or_none
    return intent


def save_by_type(call: Call, records: Rows, intent: Intent, save: Save) -> list[Outcome]:
    """Consecutive records of one type go together, in at most ten chunks."""
    chunks: list[tuple[SObject, Rows]] = []
    for row in records:
        name = _type(row)
        sobject = call.core.schema.find(name)
        if sobject is None or not call.who.profile.sees_object(sobject):
            raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
        if not chunks or chunks[-1][0] is not sobject:
            chunks.append((sobject, []))
        chunks[-1][1].append(row)
    if len(chunks) > MAX_CHUNKS:
        raise ApiError(
            400,
            "TOO_MANY_ENUM_VALUE",
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data to "
            "reduce chunking.",
        )
    outcomes: list[Outcome] = []
    try:
        with call.core.store.transaction():
            for sobject, rows in chunks:
                outcomes += save(sobject, rows, intent)
            if intent.all_or_none and len(chunks) > 1 and any(not item.success for item in outcomes):
                raise _RollBack
    except _RollBack:
        for outcome in outcomes:
            if outcome.success:
                outcome.errors.append(ROLLED_BACK)
                if outcome.created:
                    outcome.id = None
    return outcomes


def _answer(outcomes: Sequence[Outcome], keep_id: bool, created: bool = False) -> Answer:
    body = []
    for outcome in outcomes:
        row: dict[str, Any] = {}
        rolled_back = outcome.errors == [ROLLED_BACK]
        if outcome.id and (outcome.success or (keep_id and rolled_back)):
            row["id"] = outcome.id
        row["success"] = outcome.success
        row["errors"] = [error.collection_body() for error in outcome.errors]
        if created and outcome.success:
            row["created"] = outcome.created
        body.append(row)
    return Answer(body=body, rows=len(body))
