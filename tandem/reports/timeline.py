"""Everything that happened to a person: what came, what went, what was refused, which side won (section 22)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.objects import SyncedObject


class Way(StrEnum):
    """Which way an event went."""

    CAME = "came"
    """From Salesforce."""
    WENT = "went"
    """To Salesforce, which took it."""
    REFUSED = "refused"
    """By Salesforce."""
    DECIDED = "decided"
    """Both sides had changed a field, and one won."""
    HELD_BACK = "held back"
    """An expectation was not met: the record waits in quarantine."""
    HERE = "here"
    """It concerns the marketing database alone."""


#: What only Salesforce does; other activities say by their attributes where they come from.
_COMES = (
    ActivityType.SFDC_ACTIVITY,
    ActivityType.SFDC_ACTIVITY_UPDATED,
    ActivityType.SFDC_MERGE_LEADS,
    ActivityType.ADD_TO_OPPORTUNITY,
    ActivityType.REMOVE_FROM_OPPORTUNITY,
    ActivityType.UPDATE_OPPORTUNITY,
)


def timeline(
    session: Session,
    person: dict[str, Any],
    declared: SyncedObject | None,
    ways: tuple[Way, ...] = tuple(Way),
    since: datetime | None = None,
) -> list[dict[str, Any]]:
    """Return what happened to a person, newest first: activities, errors, conflicts, quarantine.

    What an error or a row in quarantine tells is not told again by its activity, as long as both are kept.

    :param declared: the object that the person is in Salesforce.
    """
    found = session.rows(
        f"""
        WITH who AS (SELECT $1 AS person, $2 AS record, $3 AS object),
        refusal AS (
            SELECT e.* FROM sync.error e, who WHERE e.person_id = who.person OR e.sfdc_id = who.record),
        held AS (
            SELECT q.* FROM sync.quarantine q, who WHERE q.sfdc_id = who.record AND q.object = who.object),
        happened AS (
            SELECT a.activity_date AS at, 'activity' AS kind, a.activity_type_id AS type_id,
                   coalesce(t.name, 'Activity ' || a.activity_type_id) AS title,
                   a.primary_attribute_value AS about,
                   CASE WHEN a.attributes->>'Status' = 'failed' THEN 'refused'
                        WHEN a.attributes->>'Status' = 'succeeded' THEN 'went'
                        WHEN a.activity_type_id = {ActivityType.QUARANTINED:d} THEN 'held back'
                        WHEN 'Salesforce.com' IN (a.attributes->>'Source', a.attributes->>'Source Type')
                            OR a.activity_type_id IN ({", ".join(f"{each:d}" for each in _COMES)}) THEN 'came'
                        ELSE 'here' END AS way,
                   CAST(a.attributes AS VARCHAR) AS facts, a.run_id, a.id AS number
            FROM marketing.activity a LEFT JOIN marketing.activity_type t ON t.id = a.activity_type_id
            WHERE a.person_id = (SELECT person FROM who)
              AND NOT (coalesce(a.attributes->>'Status', '') = 'failed'
                       AND a.run_id IN (SELECT run_id FROM refusal))
              AND NOT (a.activity_type_id = {ActivityType.QUARANTINED:d}
                       AND a.run_id IN (SELECT run_id FROM held))
            UNION ALL
            SELECT logged_at, 'error', NULL, operation || ' refused: ' || code, message, 'refused',
                   CAST(json_object('id', id, 'code', code, 'class', class, 'fields', fields, 'payload', payload,
                                    'resolved_at', resolved_at) AS VARCHAR), run_id, id
            FROM refusal
            UNION ALL
            SELECT logged_at, 'conflict', NULL, winner || ' won', column_name, 'decided',
                   CAST(json_object('field', field, 'base_value', base_value, 'winning_value', winning_value,
                                    'losing_value', losing_value) AS VARCHAR), run_id, 0
            FROM sync.conflict, who WHERE person_id = who.person
            UNION ALL
            SELECT logged_at, 'quarantine', NULL, 'Quarantined by ' || expectation, column_name, 'held back',
                   CAST(json_object('value', value, 'released_at', released_at) AS VARCHAR), run_id, 0
            FROM held)
        SELECT * FROM happened
        WHERE list_contains($4, way) AND happened.at >= coalesce($5, '-infinity'::TIMESTAMP)
        ORDER BY happened.at DESC, kind, number DESC
        """,
        [
            *(person["id"], person["sfdc_id"], declared.name if declared else None),
            *([each.value for each in ways], since),
        ],
    )
    for event in found:
        del event["number"]
        event["facts"] = json.loads(event["facts"]) if event["facts"] else {}
        event["told"] = _told(event)
    return found


def _told(event: dict[str, Any]) -> str:
    """Return the details of an event in plain words."""
    facts = event["facts"]
    if event["kind"] == "error":
        return " ".join(_refusal(facts))
    if event["kind"] == "conflict":
        return (
            f"{_quoted(facts['winning_value'])} stays, {_quoted(facts['losing_value'])} is lost;"
            f" before it was {_quoted(facts['base_value'])}."
        )
    if event["kind"] == "quarantine":
        end = f"Released {facts['released_at']} UTC." if facts["released_at"] else "Still held back."
        return f"The value is {_quoted(facts['value'])}. {end}"
    rest = dict(facts)
    told = []
    if {"Old Value", "New Value"} & set(rest):
        told.append(f"{_quoted(rest.pop('Old Value', None))} became {_quoted(rest.pop('New Value', None))}")
    told += [f"{name}: {value}" for name, value in rest.items() if value != event["about"]]
    return "; ".join(told)


def _refusal(facts: dict[str, Any]) -> Iterator[str]:
    if facts["payload"]:
        sent = ", ".join(f"{name} = {_quoted(value)}" for name, value in facts["payload"].items())
        yield f"Sent was {sent}."
    yield f"Settled {facts['resolved_at']} UTC." if facts["resolved_at"] else "It still stands."


def _quoted(value: object) -> str:
    return "nothing" if value is None else f"“{value}”"
