"""Assess: take a snapshot of the database, and hold its objects against their suites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database.quality import Relations, relations, take_snapshots
from tandem.errors import SettingsError, TandemError
from tandem.quality.defaults import suite_for
from tandem.quality.outcome import Survey
from tandem.quality.snapshot import Snapshot
from tandem.quality.suite import Suite, load
from tandem.quality.survey import survey
from tandem.run import Run


@dataclass(frozen=True)
class Assessment:
    """One object's survey, and the suite it was held against."""

    suite: Suite
    survey: Survey


@task(name="take snapshots", cache_policy=NO_CACHE, persist_result=False)
def take(run: Run) -> tuple[dict[str, Snapshot], Relations]:
    """Copy what the report is about, in one look at the database; the sync has it back after that.

    :raises TandemError: nothing was copied from Salesforce yet.
    """
    folder = run.staging / "snapshots"
    with run.database.read() as session:
        snapshots = take_snapshots(session, run.objects, folder)
        if not snapshots:
            raise TandemError(
                "There is nothing to report on: no object's first sync has ended."
                " Run `tandem backfill`, or wait for it (`tandem status`)."
            )
        return snapshots, relations(session, snapshots)


@task(name="assess", task_run_name="assess {name}", cache_policy=NO_CACHE, persist_result=False)
def assess(run: Run, name: str, snapshots: Mapping[str, Snapshot]) -> Assessment | SettingsError:
    """Hold an object against its suite; an error, in one line, where the suite cannot be judged."""
    settings, snapshot = run.settings, snapshots[name]
    try:
        suite = load(settings.expectations, name) or suite_for(snapshot, snapshots, settings.expectations)
        found = survey(suite, snapshot, snapshots, settings.memory_limit, settings.threads)
    except SettingsError as error:
        return error
    if not found.records and settings.sync.filter(name):
        note = f"No record meets the filter of {name} (sync.filters); was that meant?"
        found = replace(found, notes=(*found.notes, note))
    return Assessment(suite, found)
