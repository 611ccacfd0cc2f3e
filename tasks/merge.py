"""Merge: the checked batch becomes marketing rows, mirror, activities and watermark, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import identity, jobs, journal, outbox, quarantine, read_only
from tandem.database.connection import Session
from tandem.database.effects import EDITS
from tandem.database.fields import active_fields
from tandem.database.journal import Operation, Step
from tandem.database.merge import merge_pages
from tandem.database.place import keep_place, leave_places
from tandem.errors import RolledBack
from tandem.objects import LEAD
from tandem.objects.declaration import Direction, SyncedObject
from tandem.run import Run
from tasks.batch import Batch, Verdict


@task(name="merge", task_run_name="merge {batch.object}", cache_policy=NO_CACHE, persist_result=False)
def merge(run: Run, batch: Batch, verdict: Verdict) -> list[Step]:
    """Apply one object's batch: all of it, or nothing. What was staged of it is no longer needed then.

    :raises RolledBack: the database could not take it, as where somebody changed a table's columns.
    """
    try:
        with run.database.write() as session, session.transaction():
            steps = apply(session, run, batch, verdict)
            _note_read(session, run, [batch], steps)
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException) as error:
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise RolledBack(
            f"{batch.object} could not be merged, and all of it stands as before: {reason}. Was a table of the"
            " database changed? Put it back; the next run reads the changes again."
        ) from error
    batch.discard()
    return steps


@task(name="note unchanged", cache_policy=NO_CACHE, persist_result=False)
def note_unchanged(run: Run, batches: Sequence[Batch]) -> None:
    """Move the watermarks of objects in which nothing changed, all in one transaction."""
    with run.database.write() as session, session.transaction():
        steps = [step for batch in batches for step in apply(session, run, batch, Verdict())]
        _note_read(session, run, batches, steps)
    for batch in batches:
        batch.discard()


def apply(session: Session, run: Run, batch: Batch, verdict: Verdict, of_a_cycle: bool = True) -> list[Step]:
    """Apply one object's batch inside the caller's transaction; returns what was done.

    :param of_a_cycle: it holds all that changed; off for chosen records.
    """
    declared = run.objects[batch.object]
    findings = quarantine.without_allowed(session, declared.name, verdict.findings)
    held_back = sorted({each.sfdc_id for each in findings})
    mapped = active_fields(session, batch.object) if batch.pages else ()
    fields = [each for each in mapped if each.field in set(batch.fields)]
    failed = quarantine.hold_back(session, declared, findings, batch.pages, run.id, batch.suite)
    quarantine.release(session, declared, batch.pages, held_back)
    quarantine.note_asked(session, declared.name, batch.also, batch.suite)
    outbox.recognise(session, declared, fields, batch.pages, held_back)
    mended = read_only.put_back(session, declared, run.id, run.settings.sync) if of_a_cycle else 0
    take_over = EDITS.get(declared.name)
    edits = take_over(session, run.id, run.settings.sync) if take_over else 0
    counts = merge_pages(session, declared, fields, batch.pages, held_back, run.id, run.settings.sync)
    details = [
        f"{counts.conflicts} conflicts, {declared.winner} wins" if counts.conflicts else "",
        f"{counts.merged} merged into others" if counts.merged else "",
        f"{edits} {declared.table.replace('_', ' ')} values edited in marketing" if edits else "",
        _put_back(declared, mended) if mended else "",
        f"{failed} rows in quarantine" if failed else "",
        f"{batch.rows} rows read, as many as sync.rows_per_pass allows; the next cycle goes on"
        if batch.more
        else "",
    ]
    pulled = Step(
        batch.object,
        Operation.PULL_UPDATES,
        batch.started_at,
        new=counts.new,
        updated=counts.updated,
        failed=failed,
        skipped=counts.skipped,
        detail="; ".join(filter(None, details)) or None,
    )
    steps = [pulled]
    if counts.deleted:
        steps.append(Step(batch.object, Operation.PULL_DELETES, batch.started_at, deleted=counts.deleted))
    if declared.is_person:
        unseen = identity.report_out_of_sight(session, run.id, utc_now()) if batch.pages else 0
        if counts.converted or unseen:
            conversions = Operation.PULL_CONVERSIONS
            steps.append(
                Step(LEAD.name, conversions, batch.started_at, updated=counts.converted, failed=unseen)
            )
    return steps


def _note_read(session: Session, run: Run, batches: Sequence[Batch], steps: Sequence[Step]) -> None:
    """Move the watermarks, or keep the places where reading goes on, and write down what was done."""
    whole = [batch for batch in batches if not batch.more]
    for batch in batches:
        if batch.more:
            keep_place(session, batch.object, batch.pages, batch.stamp)
    leave_places(session, [batch.object for batch in whole])
    journal.move_watermarks(session, {batch.object: batch.stamp for batch in whole}, run.id)
    jobs.finish_jobs(session, [batch.object for batch in batches])
    journal.record_steps(session, run.id, steps)


def _put_back(declared: SyncedObject, mended: int) -> str:
    if declared.direction is Direction.BOTH:
        return f"{mended} rows that were deleted here put back"
    return f"{mended} edits put back: {declared.table} is read-only here, only Salesforce changes it"
