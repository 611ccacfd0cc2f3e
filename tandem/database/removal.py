"""People that go: their records from Salesforce's side, themselves from ours (section 17)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, attributes, log, log_values
from tandem.database.compare import mirror_of
from tandem.database.connection import Session


def mark_deleted(session: Session, records: Sequence[tuple[str, str, datetime]], run_id: str) -> None:
    """Mark records that we deleted in Salesforce, and their people (4.2), with the change of the flag in the log.

    :param records: object, id, and Salesforce's clock before the delete was sent. Call it inside a transaction.
    """
    for name in sorted({record[0] for record in records}):
        session.execute("CREATE OR REPLACE TEMP TABLE deleted_now (sfdc_id VARCHAR, sent_after TIMESTAMP)")
        session.insert("deleted_now", [record[1:] for record in records if record[0] == name])
        people = (
            "marketing.person WHERE sfdc_is_deleted IS NOT TRUE AND id IN (SELECT _record_id FROM"
            f" {mirror_of(name)} WHERE IsDeleted IS NOT TRUE AND Id IN (SELECT sfdc_id FROM deleted_now))"
        )
        log_values(
            session,
            people,
            run_id=run_id,
            at=utc_now(),
            person="id",
            column="'sfdc_is_deleted'",
            old="'false'",
            new="'true'",
            origin="Marketing",
            reason="Delete Person from SFDC",
        )
        session.execute(
            "UPDATE marketing.person SET sfdc_is_deleted = true, updated_at = ? WHERE id IN"
            f" (SELECT _record_id FROM {mirror_of(name)} WHERE Id IN (SELECT sfdc_id FROM deleted_now))",
            [utc_now()],
        )
        session.execute(
            f"UPDATE {mirror_of(name)} m SET IsDeleted = true, _pushed_after = d.sent_after FROM deleted_now d"
            " WHERE m.Id = d.sfdc_id"
        )


def delete_people(session: Session, person_ids: Sequence[int], run_id: str, from_salesforce: bool) -> None:
    """Delete people for good, with a Delete Lead (37) each, which stays. Call it inside a transaction.

    A record that was kept in Salesforce makes a new person as soon as it is updated there (17.3).
    """
    session.execute("CREATE OR REPLACE TEMP TABLE leaving (id BIGINT)")
    session.insert("leaving", [(each,) for each in person_ids])
    log(
        session,
        ActivityType.DELETE_LEAD,
        "marketing.person WHERE id IN (SELECT id FROM leaving)",
        run_id=run_id,
        at=utc_now(),
        person="id",
        attributes=attributes(
            Status="'succeeded'",
            SFDC_Id="sfdc_id",
            Remove_from_CRM="'true'" if from_salesforce else "'false'",
        ),
    )
    session.execute("DELETE FROM marketing.person WHERE id IN (SELECT id FROM leaving)")
