"""Where a value of a person comes from, and why it is what it is."""

from __future__ import annotations

import difflib
from typing import Any

from tandem.database.connection import Session
from tandem.database.fields import field_map
from tandem.errors import TandemError
from tandem.objects import SyncedObject, Winner
from tandem.objects.account import COMPANY_COLUMNS_OF_PERSON
from tandem.objects.field_map import RESERVED_COLUMNS, MappedField
from tandem.objects.user import ACCOUNT_OWNER_FIELDS, SALES_OWNER_FIELDS
from tandem.reports.person import object_of, pending, person_of
from tandem.reports.timeline import timeline
from tandem.settings import SyncSettings


def why(session: Session, rules: SyncSettings, person_id: int, column: str) -> dict[str, Any]:
    """Explain one value.

    :raises TandemError: a person has no such column.
    """
    person = person_of(session, person_id)
    if column not in person:
        near = difflib.get_close_matches(column.lower(), person, 1)
        hint = f"Did you mean {near[0]}?" if near else "`tandem fields list` lists them."
        raise TandemError(f"A person has no column {column!r}. {hint}")
    declared = object_of(person)
    field = _field_of(session, declared, column)
    differing = [each for each in pending(session, person) if each["column"] == column]
    history = [event for event in timeline(session, person, declared) if _concerns(event, column, field)]
    blocked = column in rules.blocked_fields.get("person", ())
    return {
        "person_id": person_id,
        "column": column,
        "value": person[column],
        "object": declared.name if declared else None,
        "field": field.field if field else None,
        "salesforce_value": differing[0]["salesforce"] if differing else (person[column] if field else None),
        "in_step": None if field is None else not differing,
        "wins_conflicts": declared.winner.value if declared and field else None,
        "writable": field.updateable if field else None,
        "blocked": blocked,
        "explanation": " ".join(_explanation(column, declared, field, differing, history, blocked)),
        "history": history,
    }


def _field_of(session: Session, declared: SyncedObject | None, column: str) -> MappedField | None:
    if declared is None:
        return None
    return next((each for each in field_map(session, declared.name) if each.column == column), None)


def _concerns(event: dict[str, Any], column: str, field: MappedField | None) -> bool:
    facts = event["facts"]
    if event["kind"] == "error":
        return field is not None and field.field in {*(facts["fields"] or ()), *(facts["payload"] or ())}
    if event["kind"] == "quarantine":
        return field is not None and event["about"] in (field.field, None)
    if event["kind"] == "activity" and field and field.field in str(facts.get("Fields", "")).split(", "):
        return True
    return bool(event["about"] == column)


def _explanation(
    column: str,
    declared: SyncedObject | None,
    field: MappedField | None,
    differing: list[dict[str, Any]],
    history: list[dict[str, Any]],
    blocked: bool,
) -> list[str]:
    if field is None or declared is None:
        return [_rule_without_field(column, declared)]
    told = [f"It is {declared.name}.{field.field} in Salesforce."]
    if not field.active:
        told.append("The sync user can no longer see that field, so the value stays as it was last.")
    elif blocked:
        told.append("The settings block it (sync.blocked_fields): Salesforce does not change it here.")
    elif field.system:
        told.append("Only Salesforce sets it: an edit here is taken back by the next cycle.")
    elif differing:
        told += _why_different(field, history)
    else:
        told.append("Both sides agree.")
        winner = "the value here wins" if declared.winner is Winner.MARKETING else "Salesforce's value wins"
        told.append(f"If both change it to different values between two cycles, {winner}.")
    told += _last_change(history)
    return told


def _rule_without_field(column: str, declared: SyncedObject | None) -> str:
    if column in RESERVED_COLUMNS:
        return "Tandem keeps it: an edit is taken back or leads astray."
    if declared is None:
        return "The person is not in Salesforce, so the value was set here."
    if column in SALES_OWNER_FIELDS:
        return "It shows the user who owns the record in Salesforce, and follows when either changes."
    if declared.name == "Contact" and column in ACCOUNT_OWNER_FIELDS:
        return "It shows the user who owns the contact's account in Salesforce."
    if declared.name == "Contact" and column in COMPANY_COLUMNS_OF_PERSON:
        return "It shows the contact's account: change it there, in Salesforce."
    return "No field of Salesforce feeds it: it was set here, and only here."


def _why_different(field: MappedField, history: list[dict[str, Any]]) -> list[str]:
    if not field.updateable:
        return [
            "It was changed here, and the sync user may not write it in Salesforce, so it stays different."
        ]
    standing = [e for e in history if e["kind"] == "error" and not e["facts"]["resolved_at"]]
    if standing:
        return [f"It was changed here and Salesforce refused it: {standing[0]['about']}"]
    return ["It was changed here and not sent yet: the next cycle does."]


def _last_change(history: list[dict[str, Any]]) -> list[str]:
    held = [e for e in history if e["kind"] == "quarantine" and not e["facts"]["released_at"]]
    told = [f"Salesforce has a newer record that is held back: {held[0]['title']}."] if held else []
    for event in history:
        if event["kind"] == "conflict":
            lost = event["facts"]["losing_value"]
            return [*told, f"Both sides had changed it; {event['title']}, the losing value was {lost!r}."]
        if event["kind"] == "activity" and event["type_id"] == 13:
            source = event["facts"].get("Source", "an edit here")
            return [*told, f"Last changed by {source}, before it was {event['facts'].get('Old Value')!r}."]
    return told
