"""One person: who it is, how it stands with Salesforce, and everything that happened to it (section 22)."""

from __future__ import annotations

import json
import re
from typing import Any

from tandem.database.compare import differ, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of
from tandem.errors import TandemError
from tandem.objects import OBJECTS, SyncedObject
from tandem.objects.field_map import MappedField


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
        raise TandemError(f"There is no person {key}.")
    if len(found) > 1:
        ids = ", ".join(str(row["id"]) for row in found[:10]) + (" …" if len(found) > 10 else "")
        raise TandemError(f"Several people match {key}: {ids}. Say which by id.")
    return int(found[0]["id"])


def show(session: Session, person_id: int) -> dict[str, Any]:
    """Return a person with its company, its record in Salesforce and its timeline, newest first."""
    person = session.rows("SELECT * FROM marketing.person WHERE id = ?", [person_id])[0]
    company = session.rows("SELECT * FROM marketing.company WHERE id = ?", [person["company_id"]])
    return {
        "person": person,
        "company": company[0] if company else None,
        "pending": pending(session, person),
        "timeline": timeline(session, person),
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


def timeline(session: Session, person: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what happened to a person: activities, errors, conflicts, quarantine; newest first."""
    declared = object_of(person)
    found = session.rows(
        """
        WITH who AS (SELECT ? AS person, ? AS record, ? AS object)
        SELECT a.activity_date AS at, 'activity' AS kind, a.activity_type_id AS type_id,
               coalesce(t.name, 'Activity ' || a.activity_type_id) AS title,
               a.primary_attribute_value AS about,
               CAST(a.attributes AS VARCHAR) AS facts, a.run_id, a.id AS number
        FROM marketing.activity a LEFT JOIN marketing.activity_type t ON t.id = a.activity_type_id
        WHERE a.person_id = (SELECT person FROM who)
        UNION ALL
        SELECT logged_at, 'error', NULL, operation || ' refused: ' || code, message,
               CAST(json_object('id', id, 'code', code, 'class', class, 'fields', fields, 'payload', payload,
                                'resolved_at', resolved_at) AS VARCHAR), run_id, id
        FROM sync.error, who
        WHERE person_id = who.person OR sfdc_id = who.record
        UNION ALL
        SELECT logged_at, 'conflict', NULL, winner || ' won', column_name,
               CAST(json_object('field', field, 'base_value', base_value, 'winning_value', winning_value,
                                'losing_value', losing_value) AS VARCHAR), run_id, 0
        FROM sync.conflict, who WHERE person_id = who.person
        UNION ALL
        SELECT logged_at, 'quarantine', NULL, 'Quarantined by ' || expectation, column_name,
               CAST(json_object('value', value, 'released_at', released_at) AS VARCHAR), run_id, 0
        FROM sync.quarantine q, who WHERE q.sfdc_id = who.record AND q.object = who.object
        ORDER BY 1 DESC, 2, number DESC
        """,
        [person["id"], person["sfdc_id"], declared.name if declared else None],
    )
    for event in found:
        del event["number"]
        event["facts"] = json.loads(event["facts"]) if event["facts"] else {}
    return found
