"""People that are not in Salesforce and are asked to be: the lead they become, journalled like every write.

A lead is never created twice. With an external id field the create is an upsert. Without one, a create whose
answer never came stays journalled, and is looked for in Salesforce before it is sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.outbox import Answer
from tandem.database.pending import wire_value
from tandem.objects import CONTACT, LEAD
from tandem.objects.field_map import MappedField
from tandem.objects.user import ACCOUNT_OWNER_FIELDS
from tandem.settings import SyncSettings

_CREATES = "object = 'Lead' AND operation = 'create' AND state = 'journalled'"
_ABSENT = "(p.sfdc_type IS NULL OR p.sfdc_is_deleted)"  # 4.1; after a delete the old id counts as absent


def journal_leads(
    session: Session,
    person_ids: Sequence[int],
    fields: Sequence[MappedField],
    rules: SyncSettings,
    run_id: str,
    at: datetime,
    retry_refused: bool = True,
) -> None:
    """Write the leads that these people become to the outbox, those excepted that are there already.

    Last name and company get their defaults where they are empty: this is the first push (21.1).

    :param at: Salesforce's clock, from which on the leads are looked for if no answer comes.
    :param retry_refused: also those that Salesforce refused before and nobody has changed since.
    """
    refused = (
        "FROM sync.error e WHERE e.object = 'Lead' AND e.operation = 'Push new' AND e.resolved_at IS NULL"
        " AND e.class <> 'intermittent' AND e.person_id = n.id AND e.payload = n.payload"
    )
    entries = ", ".join(
        f"{{field: {literal(each.field)}, value: {wire_value(_value(each, rules), each)}}}"
        for each in fields
        if each.createable and each.column
    )
    session.execute(
        "CREATE OR REPLACE TEMP TABLE chosen AS SELECT unnest(CAST(? AS BIGINT[])) AS id", [list(person_ids)]
    )
    session.execute(
        f"""
        INSERT INTO sync.outbox
        SELECT (SELECT coalesce(max(id), 0) FROM sync.outbox) + row_number() OVER (ORDER BY id),
               ?, 'Lead', 'create', id, NULL, payload, 'journalled', CAST(? AS TIMESTAMP), NULL
        FROM (SELECT id, to_json(map_from_entries(list_transform(filled, lambda e: (e.field, e.value)))) AS payload
        FROM (SELECT p.id, list_filter([{entries}], lambda e: e.value IS NOT NULL
                                       AND CAST(e.value AS VARCHAR) NOT IN ('null', 'false')) AS filled
              FROM marketing.person p
              WHERE p.id IN (SELECT id FROM chosen) AND {_ABSENT}
                AND p.id NOT IN (SELECT person_id FROM sync.outbox WHERE {_CREATES}))) n
        WHERE {"true" if retry_refused else f"NOT EXISTS (SELECT 1 {refused})"}
        """,
        [run_id, at],
    )


def _value(field: MappedField, rules: SyncSettings) -> str:
    default = _default(field, rules)
    ours = f"p.{quoted(field.column or '')}"
    return f"coalesce(nullif(trim({ours}), ''), {literal(default)})" if default else ours


def _default(field: MappedField, rules: SyncSettings) -> str:
    return {"LastName": rules.default_last_name, "Company": rules.default_company}.get(field.field, "")


def journalled_leads(session: Session) -> list[dict[str, Any]]:
    """Return the creates that wait for their answer, oldest first."""
    return session.rows(
        f"SELECT id, run_id, person_id, payload, created_at FROM sync.outbox WHERE {_CREATES} ORDER BY id"
    )


def known_leads(session: Session, ids: Sequence[str]) -> set[str]:
    """Return those of these leads that the mirror has: they are somebody's already."""
    if not ids:
        return set()
    found = session.rows(f"SELECT Id FROM {mirror_of(LEAD.name)} WHERE Id IN (SELECT unnest(?))", [list(ids)])
    return {row["Id"] for row in found}


def creates_waiting(session: Session) -> bool:
    """Whether creates wait for their answer: then leads may be in Salesforce that have no person yet."""
    return bool(session.value(f"SELECT count(*) FROM sync.outbox WHERE {_CREATES}"))


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
    session.execute(
        f"""
        INSERT INTO {mirror_of(LEAD.name)} (_record_id, Id, IsDeleted, {", ".join(quoted(name) for name in sent)})
        SELECT o.person_id, c.sfdc_id, false, {values}
        FROM created c JOIN sync.outbox o ON o.id = c.id
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
        "UPDATE sync.outbox SET state = 'done', sfdc_id = c.sfdc_id, settled_at = ?"
        " FROM created c WHERE c.id = outbox.id",
        [utc_now()],
    )
