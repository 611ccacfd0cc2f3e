"""Activities on their way to Salesforce as tasks (section 14): which go, and what became of them.

For each person and type one activity of a day goes, the first; nothing from before the person was in Salesforce;
nothing older than three months when its type was ticked. What goes is kept for good, so nothing goes twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tandem.clock import utc_now
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.outbox import Answer, load_answers, record_refusals
from tandem.objects import TASK
from tandem.salesforce.errors import ErrorClass

#: The outbox's word for an activity that goes out.
OPERATION = "activity"


def tick(session: Session, type_ids: Sequence[int]) -> None:
    """Let activities of these types go out and of no others; a new one begins three months back (14.3)."""
    session.execute(
        "DELETE FROM sync.pushed_type WHERE activity_type_id NOT IN (SELECT unnest(CAST(? AS INTEGER[])))",
        [list(type_ids)],
    )
    session.execute(
        "INSERT INTO sync.pushed_type SELECT id, CAST(? AS TIMESTAMP) FROM (SELECT unnest(CAST(? AS INTEGER[])) AS id)"
        " WHERE id NOT IN (SELECT activity_type_id FROM sync.pushed_type)",
        [utc_now(), list(type_ids)],
    )


def journal_next(session: Session, run_id: str, at: datetime, most: int) -> list[dict[str, Any]]:
    """Write the next activities that may go to the outbox, the oldest first; returns those rows.

    :param at: Salesforce's clock, from which on the tasks are looked for if no answer comes. Call it inside a
        transaction.
    """
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE going AS
        WITH open AS MATERIALIZED (
            SELECT a.* FROM marketing.activity a JOIN sync.pushed_type e ON e.activity_type_id = a.activity_type_id
            WHERE a.activity_date >= e.enabled_at - INTERVAL 3 MONTH AND NOT EXISTS (
                SELECT 1 FROM sync.pushed_activity d WHERE d.person_id = a.person_id
                AND d.activity_type_id = a.activity_type_id AND d.day = CAST(a.activity_date AS DATE))),
        arrived AS (  -- in Salesforce: as the record that it is now, the lead that it was, or by our push
            SELECT person_id, min(CASE activity_type_id
                WHEN {int(ActivityType.SYNC_LEAD_TO_SFDC)} THEN activity_date
                ELSE TRY_CAST(attributes->>'Created Date' AS TIMESTAMP) END) AS at
            FROM marketing.activity WHERE person_id IN (SELECT person_id FROM open)
              AND (activity_type_id = {int(ActivityType.NEW_LEAD)}
                   OR activity_type_id = {int(ActivityType.SYNC_LEAD_TO_SFDC)}
                   AND (attributes->>'Status') = 'succeeded')
            GROUP BY person_id)
        SELECT a.id AS activity_id, a.person_id, a.activity_type_id, CAST(a.activity_date AS DATE) AS day,
               p.sfdc_id, t.name AS title, a.primary_attribute_value AS about, a.attributes,
               (SELECT coalesce(max(id), 0) FROM sync.outbox)
                   + row_number() OVER (ORDER BY a.activity_date, a.id) AS outbox_id
        FROM open a
        JOIN marketing.activity_type t ON t.id = a.activity_type_id
        JOIN marketing.person p ON p.id = a.person_id
        LEFT JOIN arrived s ON s.person_id = p.id
        WHERE p.sfdc_type IS NOT NULL AND p.sfdc_id IS NOT NULL AND p.sfdc_is_deleted IS NOT TRUE
          AND a.activity_date >= least(s.at, p.sfdc_created_date)
        QUALIFY row_number() OVER (PARTITION BY a.person_id, a.activity_type_id, CAST(a.activity_date AS DATE)
                                   ORDER BY a.activity_date, a.id) = 1
        ORDER BY a.activity_date, a.id LIMIT {most}
        """
    )
    session.execute(
        f"""
        INSERT INTO sync.outbox (id, run_id, object, operation, person_id, payload, state, created_at)
        SELECT outbox_id, ?, '{TASK.name}', '{OPERATION}', person_id, to_json({{
                   WhoId: sfdc_id,
                   Subject: left(trim(concat_ws(': ', title, about)), 255),
                   ActivityDate: strftime(day, '%Y-%m-%d'),
                   Status: 'Completed',
                   Description: nullif(array_to_string(list_transform(json_keys(coalesce(attributes, '{{}}')),
                       lambda k: k || ': ' || (attributes->>('$."' || k || '"'))), chr(10)), '')}}),
               'journalled', CAST(? AS TIMESTAMP)
        FROM going
        """,
        [run_id, at],
    )
    session.execute(
        "INSERT INTO sync.pushed_activity SELECT activity_id, person_id, activity_type_id, day, outbox_id FROM going"
    )
    return session.rows(
        "SELECT id, payload FROM sync.outbox WHERE id IN (SELECT outbox_id FROM going) ORDER BY id"
    )


def unsettled(session: Session) -> list[dict[str, Any]]:
    """Return what an earlier run sent without hearing the answer, or meant to send."""
    return session.rows(
        "SELECT id, payload, created_at FROM sync.outbox WHERE operation = ? AND state = 'journalled' ORDER BY id",
        [OPERATION],
    )


def settle(session: Session, answers: Sequence[Answer], run_id: str) -> None:
    """Apply answers: what was refused becomes a sync error, and goes again only if that may pass.

    Call it inside a transaction.
    """
    if not answers:
        return
    now = utc_now()
    load_answers(session, answers)
    record_refusals(session, "'Push new'", run_id, now)
    session.execute(
        "UPDATE sync.outbox o SET state = CASE a.code WHEN '' THEN 'done' ELSE 'refused' END, sfdc_id = a.sfdc_id,"
        " settled_at = ? FROM answer a WHERE a.id = o.id",
        [now],
    )
    session.execute(
        "DELETE FROM sync.pushed_activity WHERE outbox_id IN (SELECT id FROM answer WHERE class = ?)",
        [ErrorClass.INTERMITTENT.value],
    )


def give_back(session: Session, outbox_ids: Sequence[int]) -> None:
    """Let activities go again that never arrived. Call it inside a transaction."""
    session.execute(
        "UPDATE sync.outbox SET state = 'superseded', settled_at = ? WHERE id IN (SELECT unnest(CAST(? AS BIGINT[])))",
        [utc_now(), list(outbox_ids)],
    )
    session.execute(
        "DELETE FROM sync.pushed_activity WHERE outbox_id IN (SELECT unnest(CAST(? AS BIGINT[])))",
        [list(outbox_ids)],
    )
