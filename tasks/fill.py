"""Fill: a few fields of every record are read again, and nothing else is touched (3.4, 3.12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database import jobs, journal, quarantine
from tandem.database.effects import EDITS
from tandem.database.fields import active_fields, described
from tandem.database.journal import Operation, Step
from tandem.database.merge import fill_fields
from tandem.errors import SettingsError
from tandem.run import Run
from tasks.batch import Batch, Verdict

#: Read beside the fields: whose values they are, and how old.
KEYS = ("Id", "SystemModstamp")


def formula_fields(run: Run, object_names: Sequence[str]) -> dict[str, list[str]]:
    """Return the formula fields that are mapped; a change of what they refer to moves no stamp (3.12)."""
    with run.database.read() as session:
        seen = described(session)
        found = {
            name: [
                each.field
                for each in active_fields(session, name)
                if each.column
                and each.field in seen[name].fields
                and seen[name].fields[each.field].calculated
            ]
            for name in object_names
        }
    return {name: fields for name, fields in found.items() if fields}


def chosen_fields(run: Run, names: Sequence[str], object_names: Sequence[str]) -> dict[str, list[str]]:
    """Return fields that were asked for as ``Lead.Tier__c``, by object.

    :raises SettingsError: one of them is not synced.
    """
    chosen: dict[str, list[str]] = {}
    with run.database.read() as session:
        for name in names:
            object_name, _, field = name.partition(".")
            fields = active_fields(session, object_name) if object_name in object_names else []
            if field not in {each.field for each in fields if each.column}:
                raise SettingsError(
                    f"There is no synced field {name}. Write it like Lead.Tier__c; `tandem fields list` shows"
                    " them all. Nothing was read."
                )
            chosen.setdefault(object_name, []).append(field)
    return chosen


def refuse_before_first_copy(run: Run, wanted: Mapping[str, Sequence[str]]) -> None:
    """Refuse to fill fields of objects that have not been copied yet.

    :raises SettingsError: one has not.
    """
    with run.database.read() as session:
        marks = journal.watermarks(session)
    early = [name for name in wanted if name not in marks]
    if early:
        raise SettingsError(f"{', '.join(early)} has not been copied yet. Run `tandem backfill` first.")


@task(name="fill", task_run_name="fill fields of {batch.object}", cache_policy=NO_CACHE, persist_result=False)
def fill(run: Run, batch: Batch, verdict: Verdict) -> Step:
    """Give known records the fields that a batch holds: all of them, or none. No watermark moves."""
    declared = run.objects[batch.object]
    with run.database.write() as session, session.transaction():
        fields = [each for each in active_fields(session, batch.object) if each.field in set(batch.fields)]
        findings = quarantine.without_allowed(session, declared.name, verdict.findings)
        held_back = sorted({each.sfdc_id for each in findings})
        failed = quarantine.hold_back(session, declared, findings, batch.pages, run.id, some_fields=True)
        if take_over := EDITS.get(declared.name):
            take_over(session, run.id, run.settings.sync)
        counts = fill_fields(session, declared, fields, batch.pages, held_back, run.id, run.settings.sync)
        jobs.finish_jobs(session, [batch.object])
        names = ", ".join(each.field for each in fields if each.field not in KEYS)
        step = Step(
            batch.object,
            Operation.PULL_UPDATES,
            batch.started_at,
            updated=counts.updated,
            failed=failed,
            skipped=batch.rows - counts.updated - failed,
            detail=f"Only {names}, of every record",
        )
        journal.record_steps(session, run.id, [step])
    batch.discard()
    return step
