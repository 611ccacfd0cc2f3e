"""Rows that failed their expectations: kept with the reason, told to their person, released when right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of
from tandem.database.connection import Session
from tandem.objects.declaration import SyncedObject
from tandem.quality.report import Finding

#: Records that a cycle reads although they did not move, by object: their ids stand in an address.
_MOST_ASKED = 200


def to_ask_again(session: Session, object_name: str, suite: str) -> tuple[str, ...]:
    """Return records that may come in although they did not move: released, or held by another edition of the suite.

    The longest held first, up to 200; :func:`note_asked` lets the others have their turn.
    """
    found = session.rows(
        "SELECT sfdc_id FROM sync.quarantine WHERE object = ? AND released_at IS NULL"
        " AND (ask_again OR suite IS DISTINCT FROM ?) GROUP BY sfdc_id ORDER BY min(logged_at), sfdc_id LIMIT ?",
        [object_name, suite, _MOST_ASKED],
    )
    return tuple(row["sfdc_id"] for row in found)


def note_asked(session: Session, object_name: str, asked: Sequence[str], suite: str | None) -> None:
    """Write down that records were asked for; those that did not come are not asked for again by themselves."""
    if asked:
        session.execute(
            "UPDATE sync.quarantine SET ask_again = false, suite = coalesce(?, suite)"
            " WHERE object = ? AND released_at IS NULL AND sfdc_id IN (SELECT unnest(?))",
            [suite, object_name, list(asked)],
        )


def without_allowed(session: Session, object_name: str, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that still count: not those values that somebody let in, now or earlier."""
    if not findings:
        return []
    allowed = {
        (row["sfdc_id"], row["expectation"], row["column_name"], row["value"])
        for row in session.rows(
            "SELECT sfdc_id, expectation, column_name, value FROM sync.quarantine"
            " WHERE object = ? AND allowed_at IS NOT NULL",
            [object_name],
        )
    }
    return [
        each for each in findings if (each.sfdc_id, each.expectation, each.column, each.value) not in allowed
    ]


def hold_back(
    session: Session,
    declared: SyncedObject,
    findings: Sequence[Finding],
    pages: Sequence[Path],
    run_id: str,
    suite: str | None = None,
    some_fields: bool = False,
) -> int:
    """Put the rows of ``findings`` in quarantine; returns how many records that are.

    A row that is already held for the same reason, unchanged, is not held or told twice: reads overlap. Nor is one
    that was dropped. Call it inside the merge's transaction, before the pages are merged.

    :param suite: the edition of the suite that found them.
    :param some_fields: whether only some fields were looked at, so that what else is wrong with a row stays.
    """
    if not findings:
        return 0
    session.execute(
        "CREATE OR REPLACE TEMP TABLE finding (sfdc_id VARCHAR, expectation VARCHAR, column_name VARCHAR,"
        " value VARCHAR, sfdc_stamp TIMESTAMP)"
    )
    session.insert("finding", [(f.sfdc_id, f.expectation, f.column, f.value, None) for f in findings])
    session.execute(
        f"""
        UPDATE finding SET sfdc_stamp = i.stamp
        FROM (SELECT Id, max(SystemModstamp) AS stamp FROM {_pages(pages)} GROUP BY Id) i
        WHERE i.Id = finding.sfdc_id
        """
    )
    now = utc_now()
    same = (
        "q.object = ? AND q.sfdc_id = finding.sfdc_id AND q.expectation = finding.expectation"
        " AND q.column_name IS NOT DISTINCT FROM finding.column_name"
        " AND q.sfdc_stamp IS NOT DISTINCT FROM finding.sfdc_stamp"
    )
    if not some_fields:
        session.execute(
            "UPDATE sync.quarantine q SET released_at = ?, outcome = 'replaced'"
            " WHERE object = ? AND released_at IS NULL"
            f" AND sfdc_id IN (SELECT sfdc_id FROM finding) AND NOT EXISTS (SELECT 1 FROM finding WHERE {same})",
            [now, declared.name, declared.name],
        )
    session.execute(
        "UPDATE sync.quarantine SET suite = coalesce(?, suite) WHERE object = ? AND released_at IS NULL"
        " AND sfdc_id IN (SELECT sfdc_id FROM finding)",
        [suite, declared.name],
    )
    session.execute(
        f"""
        DELETE FROM finding WHERE EXISTS (
            SELECT 1 FROM sync.quarantine q WHERE {same} AND (q.released_at IS NULL OR q.outcome = 'dropped'))
        """,
        [declared.name],
    )
    session.execute(
        "INSERT INTO sync.quarantine (object, sfdc_id, expectation, column_name, value, sfdc_stamp, run_id,"
        " logged_at, suite) SELECT ?, sfdc_id, expectation, column_name, value, sfdc_stamp, ?,"
        " CAST(? AS TIMESTAMP), ? FROM finding",
        [declared.name, run_id, now, suite],
    )
    if declared.is_person:
        log(
            session,
            ActivityType.QUARANTINED,
            f"finding f JOIN {mirror_of(declared.name)} m ON m.Id = f.sfdc_id",
            run_id=run_id,
            at=now,
            person="m._record_id",
            primary="f.expectation",
            attributes=attributes(
                Expectation="f.expectation", Field="f.column_name", Value="f.value", SFDC_Id="f.sfdc_id"
            ),
        )
    return len({each.sfdc_id for each in findings})


def release(session: Session, declared: SyncedObject, pages: Sequence[Path], held_back: Sequence[str]) -> int:
    """Release rows that came again and passed; returns the number of reasons that fell away."""
    if not pages:
        return 0
    session.execute("CREATE OR REPLACE TEMP TABLE still_held (id VARCHAR)")
    session.insert("still_held", [(each,) for each in held_back])
    return session.execute(
        f"""
        UPDATE sync.quarantine
        SET released_at = ?, outcome = CASE WHEN allowed_at IS NULL THEN 'repaired' ELSE 'released' END
        WHERE object = ? AND released_at IS NULL AND sfdc_id NOT IN (SELECT id FROM still_held)
          AND sfdc_id IN (SELECT Id FROM {_pages(pages)})
        """,
        [utc_now(), declared.name],
    )


def let_in(session: Session, records: Sequence[tuple[str, str]]) -> None:
    """Let records in as they are: the next cycle reads them, and what is held against them counts no more.

    The same value of the same record is let in from now on; another value is judged anew.

    :param records: object and Salesforce id. Call it inside a transaction.
    """
    _choose(session, records)
    session.execute(
        "UPDATE sync.quarantine SET allowed_at = ?, ask_again = true WHERE released_at IS NULL"
        " AND (object, sfdc_id) IN (SELECT object, sfdc_id FROM chosen_record)",
        [utc_now()],
    )


def drop(session: Session, records: Sequence[tuple[str, str]]) -> None:
    """Give up what is held of these records: they stay here as they were until they move again in Salesforce.

    :param records: object and Salesforce id. Call it inside a transaction.
    """
    _choose(session, records)
    session.execute(
        "UPDATE sync.quarantine SET released_at = ?, outcome = 'dropped' WHERE released_at IS NULL"
        " AND (object, sfdc_id) IN (SELECT object, sfdc_id FROM chosen_record)",
        [utc_now()],
    )


def _choose(session: Session, records: Sequence[tuple[str, str]]) -> None:
    session.execute("CREATE OR REPLACE TEMP TABLE chosen_record (object VARCHAR, sfdc_id VARCHAR)")
    session.insert("chosen_record", records)


def _pages(pages: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(page)) for page in pages)}])"
