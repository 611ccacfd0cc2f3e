"""`sobjects/{name}` and its rows: create, read, change, delete, upsert by external id (facts 5.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sandbox import ids
from sandbox.api import conditional, recent
from sandbox.errors import ApiError, not_found
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router
from sandbox.keys import key_among, living
from sandbox.metadata.describe import summarize
from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject
from sandbox.rules.coerce import checker
from sandbox.rules.draft import Outcome
from sandbox.soql import visibility
from sandbox.soql.result import compound
from sandbox.soql.scope import Scope

_MISSING = frozenset(["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"])


def add(router: Router) -> None:
    """Take the family's paths in."""
    router.add("GET", "sobjects/{name}", basics)
    router.add("POST", "sobjects/{name}", create)
    router.add("GET", "sobjects/{name}/{id}", read)
    router.add("PATCH", "sobjects/{name}/{id}", change)
    router.add("DELETE", "sobjects/{name}/{id}", delete)
    router.add("GET", "sobjects/{name}/{field}/{value}", read_external)
    router.add("PATCH", "sobjects/{name}/{field}/{value}", upsert)
    router.add("DELETE", "sobjects/{name}/{field}/{value}", delete_external)


def basics(call: Call, found: Mapping[str, str]) -> Answer:
    """The object in short, and what was touched last."""
    sobject = call.sobject(found["name"])
    short = summarize(sobject, call.who.profile, call.version)
    return Answer(body={"objectDescribe": short, "recentItems": recent.items(call, sobject)})


def create(call: Call, found: Mapping[str, str]) -> Answer:
    """201 with the id, or the reasons why not."""
    sobject = call.sobject(found["name"])
    outcome = call.core.writer.insert(sobject, [call.object_body()], call.intent())[0]
    if not outcome.success:
        return refused(outcome)
    recent.note(call, sobject, outcome.id)
    return _created(call, sobject, outcome)


def read(call: Call, found: Mapping[str, str]) -> Answer:
    """One record with all fields, or with those that `fields` names."""
    sobject = call.sobject(found["name"])
    return _read(call, sobject, _key(sobject, found["id"]))


def change(call: Call, found: Mapping[str, str]) -> Answer:
    """204, or the reasons why not."""
    sobject = call.sobject(found["name"])
    key = _key(sobject, found["id"])
    body = call.object_body()
    if any(name.lower() == "id" for name in body):
        raise ApiError(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    with call.core.store.transaction():
        failed = _precondition(call, sobject, key)
        if failed:
            return failed
        outcome = call.core.writer.update(sobject, [(found["id"], body)], call.intent())[0]
    if not outcome.success:
        return refused(outcome)
    recent.note(call, sobject, outcome.id)
    return Answer(204)


def delete(call: Call, found: Mapping[str, str]) -> Answer:
    """204, or the reasons why not."""
    sobject = call.sobject(found["name"])
    return _delete(call, sobject, found["id"], _key(sobject, found["id"]))


def read_external(call: Call, found: Mapping[str, str]) -> Answer:
    """One record by external id; 300 when several carry it."""
    sobject = call.sobject(found["name"])
    matches = _matches(call, sobject, found["field"], found["value"])
    if not matches:
        raise not_found()
    if len(matches) > 1:
        return _several(call, sobject, matches)
    return _read(call, sobject, _key(sobject, matches[0]))


def delete_external(call: Call, found: Mapping[str, str]) -> Answer:
    """Delete by external id."""
    sobject = call.sobject(found["name"])
    matches = _matches(call, sobject, found["field"], found["value"])
    if not matches:
        raise not_found()
    if len(matches) > 1:
        return _several(call, sobject, matches)
    return _delete(call, sobject, matches[0], _key(sobject, matches[0]))


def upsert(call: Call, found: Mapping[str, str]) -> Answer:
    """201 when created, 200 (204 before v46) when changed, 300 when several match."""
    sobject = call.sobject(found["name"])
    body = call.object_body()
    field = _external(call, sobject, found["field"])
    if any(name.lower() == field.name.lower() for name in body):
        raise ApiError(
            400, "INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data."
        )
    writer, intent = call.core.writer, call.intent()
    with call.core.store.transaction():
        drafts = writer.match(sobject, field.name, [(found["value"], body)], intent)
        matches = drafts[0].matches
        if len(matches) > 1:
            return _several(call, sobject, matches)
        if drafts[0].id is None and call.flag("updateOnly"):
            raise not_found()
        outcome = writer.save(sobject, drafts, intent)[0]
    if not outcome.success:
        return refused(outcome)
    recent.note(call, sobject, outcome.id)
    if outcome.created:
        return _created(call, sobject, outcome, created=True)
    if float(call.version) < 46:
        return Answer(204)
    return Answer(200, {"id": outcome.id, "success": True, "errors": [], "created": False})


def refused(outcome: Outcome) -> Answer:
    """The answer to a single record that was not saved."""
    first = outcome.errors[0]
    status = 400
    # With a field named it is a parent that is missing, not the record itself.
    if first.code in _MISSING and not first.fields:
        status = 404
    if first.code == "INSUFFICIENT_ACCESS_OR_READONLY":
        status = 403
    return Answer(status, [error.rest_body() for error in outcome.errors])


def _created(call: Call, sobject: SObject, outcome: Outcome, **more: Any) -> Answer:
    return Answer(
        201,
        {"id": outcome.id, "success": True, "errors": [], **more},
        headers={"Location": f"/services/data/v{call.version}/sobjects/{sobject.name}/{outcome.id}"},
    )


def _key(sobject: SObject, record_id: str) -> int:
    parsed = ids.parse(record_id)
    if parsed is None or parsed[0] != sobject.prefix:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {record_id}")
    return parsed[1]


def _precondition(call: Call, sobject: SObject, key: int) -> Answer | None:
    if not any(name.startswith("if-") for name in call.headers):
        return None
    record = call.core.store.fetch(sobject, [key], ["SystemModstamp", "Id"]).get(key)
    return conditional.check(call, sobject, record["Id"], conditional.stamp_of(record)) if record else None


def _delete(call: Call, sobject: SObject, record_id: str, key: int) -> Answer:
    with call.core.store.transaction():
        failed = _precondition(call, sobject, key)
        if failed:
            return failed
        outcome = call.core.remover.delete([record_id], call.intent())[0]
    return Answer(204) if outcome.success else refused(outcome)


def _read(call: Call, sobject: SObject, key: int) -> Answer:
    records = read_records(call, sobject, [key], _fields(call, sobject))
    if not records:
        raise not_found()
    record, stamp = records[key]
    if stamp is not None:
        failed = conditional.check(
            call, sobject, record["Id"] if "Id" in record else ids.make(sobject.prefix, key), stamp
        )
        if failed:
            return failed
    extra = conditional.headers(sobject, ids.make(sobject.prefix, key), stamp) if stamp else {}
    return Answer(body=record, headers=extra, rows=1)


def _fields(call: Call, sobject: SObject) -> list[Field]:
    asked = call.query.get("fields")
    if asked is None:
        return [item for item in sobject.fields.values() if call.who.profile.sees(sobject, item)]
    return named_fields(call, sobject, asked.split(","))


def named_fields(call: Call, sobject: SObject, names: Sequence[str]) -> list[Field]:
    """The fields of those names, Id always among them."""
    out = {"Id": sobject.fields["Id"]}
    for name in names:
        field = sobject.find(name.strip())
        if field is None or not call.who.profile.sees(sobject, field):
            raise ApiError(
                400, "INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {sobject.name}"
            )
        out[field.name] = field
    return list(out.values())


def read_records(
    call: Call, sobject: SObject, keys: Sequence[int], fields: Sequence[Field]
) -> dict[int, tuple[dict[str, Any], Any]]:
    """Living, visible records as JSON, by key, with their stamps."""
    names = ["SystemModstamp"]
    for field in fields:
        names += field.parts.values() if field.is_compound else [field.name]
    out = {}
    for key, row in _rows(call, sobject, keys, names).items():
        url = f"/services/data/v{call.version}/sobjects/{sobject.name}/{ids.make(sobject.prefix, key)}"
        record: dict[str, Any] = {"attributes": {"type": sobject.name, "url": url}}
        for field in fields:
            if field.is_compound:
                record[field.name] = compound({part: row[name] for part, name in field.parts.items()})
            else:
                record[field.name] = _shown(row[field.name])
        out[key] = (record, row["SystemModstamp"])
    return out


def _rows(
    call: Call, sobject: SObject, keys: Sequence[int], wanted: Sequence[str]
) -> dict[int, dict[str, Any]]:
    """Living, visible rows by key. What is not computed, and hidden from nobody, needs no query."""
    store, world = call.core.store, call.core.world(call.who)
    binned = ["IsDeleted"] if "IsDeleted" in sobject.fields else []
    names = list(dict.fromkeys([*wanted, *binned]))
    limits = visibility.conditions(world, sobject, "t")
    if not limits and all(sobject.fields[name].stored for name in names):
        rows = store.fetch(sobject, keys, names)
        return {key: row for key, row in rows.items() if not row.get("IsDeleted")}
    scope = Scope(world, "", sobject)
    columns = ["t._key", *(scope.read(sobject.fields[name]) for name in names)]
    where = [key_among(keys, "t._key"), *(living("t") for _ in binned), *limits]
    found = store.run(f"SELECT {', '.join(columns)} FROM {scope.source()} WHERE {' AND '.join(where)}")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}


def _shown(value: Any) -> Any:
    # For single rows this is cheaper than asking the database to format every moment.
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value.isoformat() if isinstance(value, date) else value


def _external(call: Call, sobject: SObject, name: str) -> Field:
    field = sobject.find(name)
    if (
        field is None
        or not call.who.profile.sees(sobject, field)
        or not (field.external_id or field.id_lookup)
        or not field.stored
    ):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def _matches(call: Call, sobject: SObject, name: str, value: str) -> list[str]:
    field = _external(call, sobject, name)
    if field.type == "id":
        full = ids.to18(value)
        return [full] if full else []
    checked = checker(field, True)(value)
    if checked is None or not isinstance(checked, str | int | float):
        return []
    folded = field.folded(checked)
    return call.core.writer.matches(sobject, field.name, [folded], call.intent()).get(folded, [])


def _several(call: Call, sobject: SObject, matches: Sequence[str]) -> Answer:
    return Answer(300, [f"/services/data/v{call.version}/sobjects/{sobject.name}/{item}" for item in matches])
