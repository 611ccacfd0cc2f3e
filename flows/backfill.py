"""The full first copy, object by object; goes on where an earlier one was stopped."""

from __future__ import annotations

import threading
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.beginning import begin, rest
from flows.filling import fill_fields
from flows.outcome import ended
from flows.progress import backfill_progress
from flows.reading import READERS, read_all
from flows.steps import announce, attempt
from tandem.database import journal
from tandem.database.journal import Operation
from tandem.quality.gx import warm_up
from tandem.quality.suite import edition
from tandem.run import Run
from tandem.settings import AnyObjectName, load
from tasks.check import check
from tasks.fill import chosen_fields
from tasks.merge import merge, note_unchanged
from tasks.read import ask
from tasks.tell import tell


@flow(name="backfill", task_runner=READERS, persist_result=False)
def backfill(
    objects: list[AnyObjectName] | None = None,
    restart: bool = False,
    fields: list[str] | None = None,
) -> dict[str, Any] | State[Any]:
    """Copy everything that the sync user can see into the marketing database.

    Objects that are finished are left alone; a Bulk job that was started is picked up by its id.

    Args:
        objects: Objects to copy; none: all that the settings name.
        restart: Read everything again, also objects that were copied before. Nothing is deleted.
        fields: Fill these fields only, like `Lead.Tier__c`, on every record that is here; nothing else changes.
    """
    settings = load()
    run = Run("backfill", settings)
    if settings.sync.paused:
        return rest(run)
    with ended(run) as outcome, run.opened():
        visible, paused = begin(run, objects)
        if fields:
            fill_fields(run, chosen_fields(run, fields, visible))
            outcome.summary = tell(run)
            return outcome.result()
        with run.database.read() as session:
            finished = set() if restart else set(journal.watermarks(session))
        todo = [name for name in visible if name not in finished]

        announce(run, todo, Operation.PULL_UPDATES)
        # Great Expectations takes seconds to load; Salesforce's first job takes longer.
        if any(edition(settings.expectations, name) for name in todo):
            threading.Thread(target=warm_up, daemon=True, name="load-great-expectations").start()
        with backfill_progress(todo) as progress:
            empty = []
            for name, reading in read_all(run, ask(run, todo, everything=True), progress).items():
                with attempt(run, name, Operation.PULL_UPDATES):
                    batch = reading()
                    progress(name, batch.rows, batch.rows)
                    if batch.rows:
                        merge(run, batch, check(run, batch))
                    else:
                        empty.append(batch)
            note_unchanged(run, empty)

        outcome.summary = tell(run) | {"paused": paused}
    return outcome.result()
