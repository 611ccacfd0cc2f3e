"""Flow actions in the database: journalled before they are sent, settled by what came of them (section 21).

An entry of the outbox says what is to be done to one person. It is written before anything is sent, so that a
later run knows what an earlier one may have done: it looks in Salesforce before it sends that again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, log
from tandem.database.compare import literal
from tandem.database.connection import Session
from tandem.database.lease import nobody_elses, others_at_work
from tandem.database.outbox import Answer, load_answers, record_refusals

#: What an outcome may be.
DONE, SKIPPED, REFUSED, NO_ANSWER = "done", "skipped", "refused", "no answer"


@dataclass(frozen=True)
class Wanted:
    """One thing to be done to one person."""

    person_id: int
    object: str
    operation: str
    sfdc_id: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Entry(Wanted):
    """The same, journalled."""

    id: int
    created_at: datetime
    """Salesforce's clock when it was journalled, UTC: nothing of it can be older there."""
    unsure: bool
    """An earlier run may have sent it: look in Salesforce first."""


@dataclass(frozen=True)
class Result:
    """What came of one entry. ``code`` is empty for success; ``message`` is Salesforce's own, or ours."""

    entry: Entry
    sfdc_id: str | None = None
    code: str = ""
    error_class: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()
    lost: bool = False
    """No answer came; the entry stays journalled."""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What an action says of one person."""

    person_id: int
    outcome: str
    message: str | None = None
    sfdc_id: str | None = None


@dataclass(frozen=True)
class Told:
    """One activity to be logged."""

    person_id: int
    attributes: Mapping[str, Any]
    primary: str | None = None


def tell_people(session: Session, type_id: ActivityType, run_id: str, told: Sequence[Told]) -> None:
    """Log activities; attributes without a value are left out (22.2). Call it inside a transaction."""
    if not told:
        return
    session.execute(
        "CREATE OR REPLACE TEMP TABLE told (person_id BIGINT, primary_value VARCHAR, attributes JSON)"
    )
    session.insert(
        "told", [(each.person_id, each.primary, json.dumps(_plain(each.attributes))) for each in told]
    )
    log(
        session,
        type_id,
        "told",
        run_id=run_id,
        at=utc_now(),
        primary="primary_value",
        attributes="attributes",
    )


def tell_more(
    session: Session,
    type_id: ActivityType,
    id_name: str,
    sfdc_id: str | None,
    attributes: Mapping[str, Any],
    run_id: str | None = None,
) -> bool:
    """Add attributes to what was logged of a record already; returns whether that was anything.

    :param id_name: the attribute that holds the record's id. :param run_id: only what this run logged.
    """
    in_run = "" if run_id is None else " AND run_id = ?"
    return bool(
        session.execute(
            "UPDATE marketing.activity SET attributes = json_merge_patch(attributes, CAST(? AS JSON))"
            f" WHERE activity_type_id = ? AND (attributes->>{literal(id_name)}) = ?{in_run}",
            [json.dumps(_plain(attributes)), int(type_id), sfdc_id, *([run_id] if run_id else [])],
        )
    )


def _plain(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in attributes.items() if value is not None}


def journal(
    session: Session, wanted: Sequence[Wanted], run_id: str, at: datetime
) -> tuple[list[Entry], list[Wanted]]:
    """Write entries to the outbox; what an earlier run that died left open is taken up instead.

    :param at: Salesforce's clock.
    :return: the entries to work on, and what another run is doing just now. Call it inside a transaction.
    """
    alive = set(others_at_work(session, run_id))
    open_rows: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
    for row in session.rows(
        "SELECT id, run_id, person_id, object, operation, payload, created_at FROM sync.outbox"
        " WHERE state = 'journalled' AND person_id IN (SELECT unnest(CAST(? AS BIGINT[]))) ORDER BY id",
        [[each.person_id for each in wanted]],
    ):
        open_rows.setdefault((row["person_id"], row["object"], row["operation"]), []).append(row)
    entries: list[Entry] = []
    busy: list[Wanted] = []
    given_up: list[int] = []
    number = int(session.value("SELECT coalesce(max(id), 0) FROM sync.outbox"))
    for each in wanted:
        before = open_rows.get((each.person_id, each.object, each.operation), [])
        if any(row["run_id"] in alive for row in before):
            busy.append(each)
            continue
        same = next((row for row in before if json.loads(row["payload"]) == dict(each.payload)), None)
        given_up += [row["id"] for row in before if row is not same]
        if same is None:
            number += 1
        entries.append(
            Entry(
                *(each.person_id, each.object, each.operation, each.sfdc_id, each.payload),
                id=same["id"] if same else number,
                created_at=same["created_at"] if same else at,
                unsure=same is not None,
            )
        )
    session.execute(
        "UPDATE sync.outbox SET state = 'superseded', settled_at = ? WHERE id IN (SELECT unnest(CAST(? AS BIGINT[])))",
        [utc_now(), given_up],
    )
    session.execute(
        "UPDATE sync.outbox SET run_id = ? WHERE id IN (SELECT unnest(CAST(? AS BIGINT[])))",
        [run_id, [each.id for each in entries if each.unsure]],
    )
    session.insert(
        "sync.outbox (id, run_id, object, operation, person_id, sfdc_id, payload, state, created_at)",
        [
            (
                *(each.id, run_id, each.object, each.operation, each.person_id, each.sfdc_id),
                *(json.dumps(dict(each.payload)), "journalled", each.created_at),
            )
            for each in entries
            if not each.unsure
        ],
    )
    return entries, busy


def unsettled(session: Session, run_id: str, operation: str) -> dict[int, dict[str, Any]]:
    """Return what dead runs left open of one operation: the payload, by person."""
    found = session.rows(
        "SELECT person_id, payload FROM sync.outbox WHERE state = 'journalled' AND operation = ?"
        f" AND {nobody_elses(session, run_id)} ORDER BY id",
        [operation],
    )
    return {row["person_id"]: json.loads(row["payload"]) for row in found}


def give_up(session: Session, run_id: str, operation: str, person_ids: Sequence[int]) -> None:
    """Close what dead runs left open for people who need it no more."""
    session.execute(
        "UPDATE sync.outbox SET state = 'superseded', settled_at = ? WHERE state = 'journalled' AND operation = ?"
        f" AND {nobody_elses(session, run_id)} AND person_id IN (SELECT unnest(CAST(? AS BIGINT[])))",
        [utc_now(), operation, list(person_ids)],
    )


def done_before(session: Session, wanted: Sequence[Wanted]) -> dict[int, str]:
    """Return, of those people whose very same entry was done before, the id of the record that it made."""
    found: dict[tuple[int, str, str, str], str] = {}
    for row in session.rows(
        "SELECT person_id, object, operation, sfdc_id, payload FROM sync.outbox"
        " WHERE state = 'done' AND person_id IN (SELECT unnest(CAST(? AS BIGINT[]))) ORDER BY id",
        [[each.person_id for each in wanted]],
    ):
        found[row["person_id"], row["object"], row["operation"], _key(json.loads(row["payload"]))] = row[
            "sfdc_id"
        ]
    keys = {
        each.person_id: (each.person_id, each.object, each.operation, _key(each.payload)) for each in wanted
    }
    return {person: found[key] for person, key in keys.items() if key in found}


def _key(payload: Mapping[str, Any]) -> str:
    return json.dumps(dict(payload), sort_keys=True)


def done_by_action(operation: str) -> str:
    """Return a query of the records that flow actions of one kind were answered about: their log has it already."""
    return (
        f"SELECT sfdc_id FROM sync.outbox WHERE operation = {literal(operation)} AND state = 'done'"
        " AND sfdc_id IS NOT NULL"
    )


def made_by_actions(session: Session, object_name: str, operation: str) -> set[str]:
    """Return the ids of the records that entries of one kind have made."""
    rows = session.rows(
        "SELECT DISTINCT sfdc_id FROM sync.outbox WHERE object = ? AND operation = ? AND state = 'done'",
        [object_name, operation],
    )
    return {row["sfdc_id"] for row in rows if row["sfdc_id"]}


def forget_made(session: Session, record_ids: Collection[str]) -> None:
    """Forget entries whose records are gone from Salesforce: they may be made again."""
    session.execute(
        "UPDATE sync.outbox SET state = 'superseded' WHERE state = 'done' AND operation = 'duplicate'"
        " AND sfdc_id IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [list(record_ids)],
    )


def settle(session: Session, results: Sequence[Result], run_id: str, title: str) -> None:
    """Close the entries that were answered; refusals become sync errors. Call it inside a transaction.

    :param title: the action in words, as the error's operation.
    """
    answered = [each for each in results if not each.lost]
    if not answered:
        return
    load_answers(
        session,
        [
            Answer(each.entry.id, each.sfdc_id, each.code, each.error_class, each.message, each.fields)
            for each in answered
        ],
    )
    now = utc_now()
    session.execute(
        "UPDATE sync.error SET resolved_at = ? WHERE resolved_at IS NULL AND level = 'record' AND operation = ?"
        " AND person_id IN (SELECT o.person_id FROM sync.outbox o JOIN answer a ON a.id = o.id)",
        [now, title],
    )
    record_refusals(session, literal(title), run_id, now)
    session.execute(
        "UPDATE sync.outbox o SET state = CASE a.code WHEN '' THEN 'done' ELSE 'refused' END, settled_at = ?,"
        " sfdc_id = coalesce(a.sfdc_id, o.sfdc_id) FROM answer a WHERE a.id = o.id AND o.state = 'journalled'",
        [now],
    )
