"""One person: who it is, how it stands with Salesforce, and everything that happened to it (section 22)."""

from __future__ import annotations

import re
from typing import Any

from tandem.database.compare import differ, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of
from tandem.errors import NotFound, TandemError
from tandem.objects import OBJECTS, SyncedObject
from tandem.objects.field_map import MappedField
from tandem.reports.timeline import timeline


def find_person(session: Session, key: str) -> int:
    """Return the id of the person that an id, e-mail address or Salesforce id (15 or 18) names.

    :raises TandemError: nobody, or several people: duplicates are not merged by a sync (2.12).
    """
    key = key.strip()
    has_email = "email_address" in columns_of(session, "marketing", "person")
    if key.isdecimal() and len(key) < 15:
        condition, value = "id = CAST(? AS BIGINT)", key
    elif "@" in key and has_email:
        condition, value = "lower(email_address) = lower(?)", key
    elif re.fullmatch(r"[a-zA-Z0-9]{18}", key):
        condition, value = "sfdc_id = ?", key
    elif re.fullmatch(r"[a-zA-Z0-9]{15}", key):
        condition, value = "sfdc_id LIKE ? || '___'", key
    else:
        raise TandemError(f"{key!r} is neither a person's id, nor an e-mail address, nor a Salesforce id.")
    found = session.rows(f"SELECT id FROM marketing.person WHERE {condition} ORDER BY id LIMIT 11", [value])
    if not found:
        raise NotFound(f"There is no person {key}. Name one by id, e-mail address or Salesforce id.")
    if len(found) > 1:
        ids = ", ".join(str(row["id"]) for row in found[:10]) + (" …" if len(found) > 10 else "")
        raise TandemError(f"Several people match {key}: {ids}. Say which by id.")
    return int(found[0]["id"])


def person_of(session: Session, person_id: int) -> dict[str, Any]:
    """Return a person's row."""
    return session.rows("SELECT * FROM marketing.person WHERE id = ?", [person_id])[0]


def show(session: Session, person_id: int) -> dict[str, Any]:
    """Return a person with its company, its record in Salesforce and its timeline, newest first."""
    person = person_of(session, person_id)
    company = session.rows("SELECT * FROM marketing.company WHERE id = ?", [person["company_id"]])
    return {
        "person": person,
        "company": company[0] if company else None,
        "pending": pending(session, person),
        "timeline": timeline(session, person, object_of(person)),
    }


def object_of(person: dict[str, Any]) -> SyncedObject | None:
    """Return the object that a person is in Salesforce; ``None`` for a person that is not there."""
    if not person["sfdc_id"]:
        return None
    return next((each for each in OBJECTS.values() if each.person_type == person["sfdc_type"]), None)


def pending(session: Session, person: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields in which a person differs from what Salesforce last told us."""
    declared = object_of(person)
    if declared is None:
        return []
    fields = [each for each in active_fields(session, declared.name) if each.column]
    if not fields:
        return []
    differences = ", ".join(f"{_differs(each)} AS {quoted(each.field)}" for each in fields)
    values = ", ".join(f"m.{quoted(each.field)} AS {quoted(f'value {each.field}')}" for each in fields)
    found = session.rows(
        f"SELECT {differences}, {values} FROM {mirror_of(declared.name)} m"
        " JOIN marketing.person p ON p.id = m._record_id WHERE p.id = ? AND m.Id = ?",
        [person["id"], person["sfdc_id"]],
    )
    return [
        {
            "column": each.column,
            "field": each.field,
            "marketing": person[each.column or ""],
            "salesforce": found[0][f"value {each.field}"],
            "writable": each.updateable,
        }
        for each in (fields if found else [])
        if found[0][each.field]
    ]


def _differs(field: MappedField) -> str:
    return differ(f"p.{quoted(field.column or '')}", f"m.{quoted(field.field)}", field)
