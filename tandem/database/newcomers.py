"""People that are not in Salesforce and are asked to be: the lead they become, journalled like every write.

A lead is never created twice. With an external id field the create is an upsert. Without one, a create whose
answer never came stays journalled, and is looked for in Salesforce before it is sent again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.lease import nobody_elses
from tandem.database.outbox import Answer
from tandem.database.pending import wire_value
from tandem.objects import CONTACT, LEAD
from tandem.objects.field_map import MappedField
from tandem.objects.user import ACCOUNT_OWNER_FIELDS
from tandem.settings import SyncSettings

_ABSENT = "(p.sfdc_type IS NULL OR p.sfdc_is_deleted)"  # 4.1; after a delete the old id counts as absent


def journal_leads(
    session: Session,
    person_ids: Sequence[int],
    fields: Sequence[MappedField],
    rules: SyncSettings,
    run_id: str,
    at: datetime,
    owner_id: str | None = None,
    retry_refused: bool = True,
) -> None:
    """Write the leads that these people become to the outbox, those excepted that are there already.

    Last name and company get their defaults where they are empty: this is the first push (21.1).

    :param at: Salesforce's clock, from which on the leads are looked for if no answer comes.
    :param owner_id: who is to own them; ``None``: the org's assignment rules choose.
    :param retry_refused: also those that Salesforce refused before and nobody has changed since.
    """
    session.execute(
        "CREATE OR REPLACE TEMP TABLE chosen AS SELECT unnest(CAST(? AS BIGINT[])) AS id", [list(person_ids)]
    )
    owned = to_json_object({"OwnerId": owner_id} if owner_id else {})
    refused = (
        "EXISTS (SELECT 1 FROM sync.error e WHERE e.object = 'Lead' AND e.operation = 'Push new'"
        " AND e.resolved_at IS NULL AND e.class <> 'intermittent' AND e.person_id = n.id AND e.payload = n.payload)"
    )
    session.execute(
        f"""
        INSERT INTO sync.outbox
        SELECT (SELECT coalesce(max(id), 0) FROM sync.outbox) + row_number() OVER (ORDER BY id),
               ?, 'Lead', 'create', id, NULL,
               json_merge_patch(payload, {owned}), 'journalled', CAST(? AS TIMESTAMP), NULL
        FROM ({_payloads(fields, rules)} AND {_ABSENT}
                AND p.id NOT IN (SELECT person_id FROM sync.outbox
                                 WHERE object = 'Lead' AND operation = 'create' AND state = 'journalled')) n
        WHERE {"true" if retry_refused else f"NOT {refused}"}
        """,
        [run_id, at],
    )


def to_json_object(values: Mapping[str, str]) -> str:
    """Return the SQL of a JSON object."""
    return f"CAST({literal(json.dumps(dict(values)))} AS JSON)"


def lead_payloads(
    session: Session, person_ids: Sequence[int], fields: Sequence[MappedField], rules: SyncSettings
) -> dict[int, dict[str, Any]]:
    """Return what these people would be sent as when they became leads, by person."""
    session.execute("CREATE OR REPLACE TEMP TABLE chosen (id BIGINT)")
    session.insert("chosen", [(each,) for each in person_ids])
    return {row["id"]: json.loads(row["payload"]) for row in session.rows(_payloads(fields, rules))}


def _payloads(fields: Sequence[MappedField], rules: SyncSettings) -> str:
    entries = ", ".join(
        f"{{field: {literal(each.field)}, value: {wire_value(_value(each, rules), each)}}}"
        for each in fields
        if each.createable and each.column
    )
    filled = (
        f"list_filter([{entries}], lambda e: e.value IS NOT NULL"
        " AND CAST(e.value AS VARCHAR) NOT IN ('null', 'false'))"
    )
    return (
        f"SELECT p.id, to_json(map_from_entries(list_transform({filled}, lambda e: (e.field, e.value)))) AS payload"
        " FROM marketing.person p WHERE p.id IN (SELECT id FROM chosen)"
    )


def _value(field: MappedField, rules: SyncSettings) -> str:
    default = _default(field, rules)
    ours = f"p.{quoted(field.column or '')}"
    return f"coalesce(nullif(trim({ours}), ''), {literal(default)})" if default else ours


def _default(field: MappedField, rules: SyncSettings) -> str:
    return {"LastName": rules.default_last_name, "Company": rules.default_company}.get(field.field, "")


def journalled_leads(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Return the creates that wait for their answer, oldest first, but for those of other runs at work."""
    return session.rows(
        "SELECT id, run_id, person_id, payload, created_at FROM sync.outbox WHERE object = 'Lead'"
        f" AND operation = 'create' AND state = 'journalled' AND {nobody_elses(session, run_id)} ORDER BY id"
    )


def deleted_leads(session: Session, ids: Collection[str]) -> set[str]:
    """Return those of these leads that were deleted in Salesforce, as far as the mirror knows."""
    found = session.rows(
        f"SELECT Id FROM {mirror_of(LEAD.name)} WHERE IsDeleted AND Id IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [list(ids)],
    )
    return {row["Id"] for row in found}


def known_leads(session: Session, ids: Sequence[str]) -> set[str]:
    """Return those of these leads that the mirror has: they are somebody's already."""
    if not ids:
        return set()
    found = session.rows(f"SELECT Id FROM {mirror_of(LEAD.name)} WHERE Id IN (SELECT unnest(?))", [list(ids)])
    return {row["Id"] for row in found}


def creates_waiting(session: Session, run_id: str) -> bool:
    """Whether creates of a dead run wait for their answer: then leads may be there that have no person yet."""
    return bool(journalled_leads(session, run_id))


def _give_back(session: Session) -> None:
    """Give a lead to the person it was made for, where a cycle read it before the answer was written down.

    The cycle took it for somebody new; that person is a moment old and goes, with its New Lead activity.
    """
    mirror = mirror_of(LEAD.name)
    session.execute(
        "CREATE OR REPLACE TEMP TABLE mistaken AS SELECT m._record_id AS id, o.person_id, c.sfdc_id"
        f" FROM created c JOIN sync.outbox o ON o.id = c.id JOIN {mirror} m ON m.Id = c.sfdc_id"
        " JOIN marketing.person p ON p.id = m._record_id JOIN sync.run r ON r.id = o.run_id"
        " WHERE m._record_id <> o.person_id AND p.created_at >= r.started_at"
    )
    session.execute("DELETE FROM marketing.activity WHERE person_id IN (SELECT id FROM mistaken)")
    session.execute("DELETE FROM marketing.person WHERE id IN (SELECT id FROM mistaken)")
    session.execute(f"UPDATE {mirror} m SET _record_id = n.person_id FROM mistaken n WHERE m.Id = n.sfdc_id")


def settle_leads(
    session: Session,
    fields: Sequence[MappedField],
    answers: Sequence[Answer],
    rules: SyncSettings,
    run_id: str,
) -> None:
    """Link people to the leads that were created. Refusals are settled by :func:`tandem.database.outbox.settle`.

    The mirror takes what was sent, without the defaults: those come back as Salesforce's own values with the
    next pull. Call it inside a transaction.
    """
    session.execute("CREATE OR REPLACE TEMP TABLE created (id BIGINT, sfdc_id VARCHAR)")
    session.insert("created", [(a.outbox_id, a.sfdc_id) for a in answers if not a.code])
    sent = {each.field: each for each in fields if each.createable and each.column}
    values = ", ".join(
        f"CAST(nullif(o.payload->>{literal(each.field)}, {literal(_default(each, rules))}) AS {each.sql_type})"
        for each in sent.values()
    )
    # Who was deleted in Salesforce before lets go of the old record: one person, one record (17.5).
    for each in (LEAD, CONTACT):
        if columns_of(session, "salesforce", each.name):
            session.execute(
                f"UPDATE {mirror_of(each.name)} SET _record_id = NULL WHERE _record_id IN"
                " (SELECT o.person_id FROM created c JOIN sync.outbox o ON o.id = c.id)"
            )
    _give_back(session)
    session.execute(
        f"""
        INSERT INTO {mirror_of(LEAD.name)} (_record_id, Id, IsDeleted, {", ".join(quoted(name) for name in sent)})
        SELECT o.person_id, c.sfdc_id, false, {values}
        FROM created c JOIN sync.outbox o ON o.id = c.id WHERE c.sfdc_id NOT IN (SELECT Id FROM {mirror_of(LEAD.name)})
        """
    )
    session.execute(
        f"""
        UPDATE marketing.person p SET sfdc_id = n.sfdc_id, sfdc_type = 'lead', sfdc_is_deleted = false,
            company_id = NULL, {", ".join(f"{column} = NULL" for column in ACCOUNT_OWNER_FIELDS)}, updated_at = ?
        FROM (SELECT o.person_id, c.sfdc_id FROM created c JOIN sync.outbox o ON o.id = c.id) n
        WHERE p.id = n.person_id
        """,
        [utc_now()],
    )
    log(
        session,
        ActivityType.SYNC_LEAD_TO_SFDC,
        "created c JOIN sync.outbox o ON o.id = c.id",
        run_id=run_id,
        at=utc_now(),
        person="o.person_id",
        attributes=attributes(Status="'succeeded'", SFDC_Id="c.sfdc_id", SFDC_Type="'lead'"),
    )
    session.execute(
        "UPDATE sync.error SET resolved_at = ? WHERE resolved_at IS NULL AND level = 'record' AND object = 'Lead'"
        " AND person_id IN (SELECT o.person_id FROM created c JOIN sync.outbox o ON o.id = c.id)",
        [utc_now()],
    )
    session.execute(
        "UPDATE sync.outbox SET state = 'done', sfdc_id = c.sfdc_id, settled_at = ?"
        " FROM created c WHERE c.id = outbox.id",
        [utc_now()],
    )
