"""Reset Schema: look at the fields anew before the sync starts (3.14)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.outcome import ended
from flows.steps import names_to_sync
from tandem.database.mapping import refuse_once_started
from tandem.run import Run
from tandem.settings import load
from tasks.look import look
from tasks.tell import tell


@flow(name="reset-schema", persist_result=False)
def reset_schema() -> dict[str, Any] | State[Any]:
    """Read what the sync user can see and lay out the mapping afresh, before the first backfill or sync.

    Joins that were made or broken are lost. Fields are only ever added, also where they are out of sight now.
    """
    run = Run("reset-schema", load())
    with ended(run) as outcome, run.opened():
        names = names_to_sync(run.settings, None)
        with run.database.read() as session:
            refuse_once_started(session, names)
        look(run, names, before_start=True)
        outcome.summary = tell(run)
    return outcome.result()
