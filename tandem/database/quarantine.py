"""Rows that failed their expectations: kept with the reason, told to their person, released when right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of
from tandem.database.connection import Session
from tandem.objects.declaration import SyncedObject
from tandem.quality.check import Finding


def hold_back(
    session: Session, declared: SyncedObject, findings: Sequence[Finding], pages: Sequence[Path], run_id: str
) -> int:
    """Put the rows of ``findings`` in quarantine; returns how many records that are.

    A row that is already held for the same reason, unchanged, is not held or told twice: reads overlap.
    Call it inside the merge's transaction, before the pages are merged.
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
    session.execute(
        """
        DELETE FROM finding WHERE EXISTS (
            SELECT 1 FROM sync.quarantine q
            WHERE q.object = ? AND q.sfdc_id = finding.sfdc_id AND q.expectation = finding.expectation
              AND q.column_name IS NOT DISTINCT FROM finding.column_name AND q.released_at IS NULL
              AND q.sfdc_stamp IS NOT DISTINCT FROM finding.sfdc_stamp)
        """,
        [declared.name],
    )
    now = utc_now()
    session.execute(
        "UPDATE sync.quarantine SET released_at = ? WHERE object = ? AND released_at IS NULL"
        " AND sfdc_id IN (SELECT sfdc_id FROM finding)",
        [now, declared.name],
    )
    session.execute(
        "INSERT INTO sync.quarantine"
        " (object, sfdc_id, expectation, column_name, value, sfdc_stamp, run_id, logged_at)"
        " SELECT ?, sfdc_id, expectation, column_name, value, sfdc_stamp, ?, CAST(? AS TIMESTAMP) FROM finding",
        [declared.name, run_id, now],
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
        UPDATE sync.quarantine SET released_at = ?
        WHERE object = ? AND released_at IS NULL AND sfdc_id NOT IN (SELECT id FROM still_held)
          AND sfdc_id IN (SELECT Id FROM {_pages(pages)})
        """,
        [utc_now(), declared.name],
    )


def _pages(pages: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(page)) for page in pages)}])"
