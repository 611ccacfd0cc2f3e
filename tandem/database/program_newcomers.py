"""Program members that are not in the linked campaign: the members they become, journalled like every write.

A member is never created twice: Salesforce has a person in a campaign once. A create without an answer shows in
the next read, and what does not show is sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tandem.clock import utc_now
from tandem.database import outbox
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.lease import nobody_elses
from tandem.database.outbox import Answer
from tandem.database.pending import wire_value
from tandem.database.program_member_fields import shared_fields
from tandem.objects import CAMPAIGN_MEMBER, CONTACT, LEAD
from tandem.objects.field_map import MappedField

_CREATES = "object = 'CampaignMember' AND operation = 'create' AND state = 'journalled'"

#: Live members of linked programs that their campaign does not have.
_MISSING = """
    marketing.program p
    JOIN marketing.program_member pm ON pm.program_id = p.id AND pm.is_removed IS NOT TRUE
    LEFT JOIN marketing.campaign c ON c.sfdc_id = p.sfdc_id
    LEFT JOIN marketing.campaign_member cm ON cm.campaign_id = c.id AND cm.person_id = pm.person_id
         AND cm.sfdc_is_deleted IS NOT TRUE"""
_IS_MISSING = "p.sfdc_id IS NOT NULL AND c.sfdc_is_deleted IS NOT TRUE AND cm.id IS NULL"


def people_to_create(session: Session) -> list[int]:
    """Return the people who must become leads first: members of linked programs, not in Salesforce (CMP-06)."""
    found = session.rows(
        f"SELECT DISTINCT pm.person_id AS id FROM {_MISSING} JOIN marketing.person per ON per.id = pm.person_id"
        f" WHERE {_IS_MISSING} AND (per.sfdc_type IS NULL OR per.sfdc_is_deleted) ORDER BY id"
    )
    return [row["id"] for row in found]


def find_new(session: Session) -> int:
    """Make the temporary table ``new_member`` (person_id, payload); returns its size.

    Members that Salesforce refused stay out until their payload changes, or somebody asks for another try.
    """
    session.execute("CREATE OR REPLACE TEMP TABLE new_member (person_id BIGINT, payload JSON)")
    people = _people(session)
    if not people:
        return 0
    entries = [
        "{field: 'CampaignId', value: to_json(p.sfdc_id)}",
        "{field: w.key, value: to_json(w.sfdc_id)}",
    ]
    entries += [
        f"{{field: {literal(each.field.field)}, value: CASE WHEN {_is_held(each.column)} THEN NULL"
        f" ELSE {wire_value(f'pm.{quoted(each.column)}', each.field)} END}}"
        for each in shared_fields(session)
        if each.field.createable
    ]
    session.execute(
        f"""
        INSERT INTO new_member
        SELECT person_id, to_json(map_from_entries(list_transform(filled, lambda e: (e.field, e.value))))
        FROM (SELECT pm.person_id, list_filter([{", ".join(entries)}], lambda e: e.value IS NOT NULL
                                               AND CAST(e.value AS VARCHAR) <> 'null') AS filled
              FROM {_MISSING} JOIN ({people}) w ON w.person_id = pm.person_id WHERE {_IS_MISSING})
        """
    )
    session.execute(
        """
        DELETE FROM new_member WHERE EXISTS (
            SELECT 1 FROM sync.error e
            WHERE e.object = 'CampaignMember' AND e.operation = 'Push new' AND e.resolved_at IS NULL
              AND e.class <> 'intermittent' AND e.person_id = new_member.person_id
              AND e.payload = new_member.payload)
        """
    )
    # What is on its way has been seen to by recover(), or is in the hands of a flow action at work.
    session.execute(
        "DELETE FROM new_member n WHERE EXISTS (SELECT 1 FROM sync.outbox WHERE outbox.person_id = n.person_id"
        f" AND (outbox.payload->>'CampaignId') = (n.payload->>'CampaignId') AND {_CREATES})"
    )
    return int(session.value("SELECT count(*) FROM new_member"))


def journal_new(session: Session, run_id: str, at: datetime) -> None:
    """Write the rows of the temporary table ``new_member`` to the outbox. Call it inside a transaction."""
    session.execute(
        """
        INSERT INTO sync.outbox
        SELECT (SELECT coalesce(max(id), 0) FROM sync.outbox) + row_number() OVER (ORDER BY person_id),
               ?, 'CampaignMember', 'create', person_id, NULL, payload, 'journalled', CAST(? AS TIMESTAMP), NULL
        FROM new_member
        """,
        [run_id, at],
    )


def recover(session: Session, run_id: str) -> None:
    """Settle creates of a dead run that have no answer: what the mirror has was done, the rest was not.

    Call it after members were read, inside a transaction.
    """
    creates = f"{_CREATES} AND {nobody_elses(session, run_id)}"
    if not session.value(f"SELECT count(*) FROM sync.outbox WHERE {creates}"):
        return
    now = utc_now()
    session.execute(
        f"UPDATE sync.outbox o SET state = 'done', sfdc_id = m.Id, settled_at = ?"
        f" FROM {mirror_of(CAMPAIGN_MEMBER.name)} m WHERE {creates} AND m.IsDeleted IS NOT TRUE"
        " AND m.CampaignId = (o.payload->>'CampaignId') AND (m.LeadId = (o.payload->>'LeadId')"
        " OR m.ContactId = (o.payload->>'ContactId'))",
        [now],
    )
    session.execute(f"UPDATE sync.outbox SET state = 'superseded', settled_at = ? WHERE {creates}", [now])


def settle(
    session: Session,
    fields: Sequence[MappedField],
    answers: Sequence[Answer],
    run_id: str,
    sent_after: datetime,
) -> None:
    """Apply a chunk of answers: a member that was created gets its rows, a refusal its error.

    Call it inside a transaction.
    """
    now = utc_now()
    taken = [each for each in answers if not each.code]
    session.execute(
        "CREATE OR REPLACE TEMP TABLE created AS"
        " SELECT unnest(CAST(? AS BIGINT[])) AS id, unnest(CAST(? AS VARCHAR[])) AS sfdc_id",
        [[each.outbox_id for each in taken], [each.sfdc_id for each in taken]],
    )
    session.execute(
        """
        CREATE OR REPLACE TEMP TABLE new_row AS
        SELECT o.id AS outbox_id, o.person_id, o.payload, n.sfdc_id, c.id AS campaign_id, c.name AS campaign,
               (SELECT coalesce(max(id), 0) FROM marketing.campaign_member) + row_number() OVER (ORDER BY o.id) AS id
        FROM created n JOIN sync.outbox o ON o.id = n.id AND o.state = 'journalled'
        LEFT JOIN marketing.campaign c ON c.sfdc_id = (o.payload->>'CampaignId')
        """
    )
    sent = {each.field: each for each in fields if each.createable}
    columns = "".join(f", {quoted(name)}" for name in sent)
    values = "".join(f", CAST(payload->>{literal(name)} AS {each.sql_type})" for name, each in sent.items())
    session.execute(
        f"INSERT INTO {mirror_of(CAMPAIGN_MEMBER.name)}"
        f" (_record_id, Id, IsDeleted, CampaignId, LeadId, ContactId{columns})"
        " SELECT id, sfdc_id, false, payload->>'CampaignId', payload->>'LeadId',"
        f" payload->>'ContactId'{values} FROM new_row"
    )
    columns = "".join(f", {quoted(each.column or '')}" for each in sent.values())
    session.execute(
        f"INSERT INTO marketing.campaign_member (id, sfdc_id, created_at, updated_at, campaign_id, person_id{columns})"
        f" SELECT id, sfdc_id, CAST(? AS TIMESTAMP), CAST(? AS TIMESTAMP), campaign_id, person_id{values} FROM new_row",
        [now, now],
    )
    log(
        session,
        ActivityType.ADD_TO_CAMPAIGN,
        "new_row",
        run_id=run_id,
        at=now,
        primary="campaign",
        attributes=attributes(
            Status="'succeeded'",
            Campaign="campaign",
            New_Status="payload->>'Status'",
            SFDC_Id="sfdc_id",
            Source="'Marketing'",
        ),
    )
    session.execute(
        "UPDATE sync.outbox SET state = 'done', sfdc_id = n.sfdc_id, settled_at = ? FROM new_row n"
        " WHERE n.outbox_id = outbox.id",
        [now],
    )
    session.execute(
        "CREATE OR REPLACE TEMP TABLE answered AS SELECT unnest(CAST(? AS BIGINT[])) AS id",
        [[each.outbox_id for each in answers]],
    )
    session.execute(
        "UPDATE sync.error e SET resolved_at = ? FROM sync.outbox o JOIN answered a ON a.id = o.id"
        " WHERE e.resolved_at IS NULL AND e.object = 'CampaignMember' AND e.operation = 'Push new'"
        " AND e.person_id = o.person_id AND (e.payload->>'CampaignId') = (o.payload->>'CampaignId')",
        [now],
    )
    if refused := [each for each in answers if each.code]:
        outbox.settle(session, CAMPAIGN_MEMBER, fields, refused, run_id, sent_after)


def _is_held(column: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM sync.held_program_value h WHERE h.program_id = pm.program_id"
        f" AND h.person_id = pm.person_id AND h.column_name = {literal(column)} AND {literal(column)} <> 'status'"
        f" AND h.value IS NOT DISTINCT FROM CAST(pm.{quoted(column)} AS VARCHAR))"
    )


def _people(session: Session) -> str:
    """Return the query of who is what in Salesforce; empty where neither leads nor contacts are synced."""
    sides = []
    for each in (CONTACT, LEAD):
        if columns_of(session, "salesforce", each.name):
            live = " AND IsConverted IS NOT TRUE" if each is LEAD else ""
            sides.append(
                f"SELECT _record_id AS person_id, '{each.name}Id' AS key, Id AS sfdc_id FROM {mirror_of(each.name)}"
                f" WHERE _record_id IS NOT NULL AND IsDeleted IS NOT TRUE{live}"
            )
    return " UNION ALL ".join(sides)
