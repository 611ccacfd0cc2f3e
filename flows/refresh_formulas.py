"""Formula fields on a schedule of their own: what they refer to changes without moving a stamp (3.12)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.filling import fill_fields
from flows.outcome import ended
from flows.reading import READERS
from flows.steps import names_to_sync, not_paused, resting
from tandem.clock import utc_now
from tandem.database.journal import Status, last_success
from tandem.run import Run
from tandem.settings import load
from tasks.fill import formula_fields
from tasks.look import look
from tasks.tell import tell

KIND = "refresh-formulas"


@flow(name=KIND, task_runner=READERS, persist_result=False)
def refresh_formulas(only_when_due: bool = False) -> dict[str, Any] | State[Any]:
    """Read the formula fields of every record again, and nothing else.

    Args:
        only_when_due: Do nothing unless `sync.formula_refresh_hours` have passed since the last time; 0: never.
    """
    settings = load()
    run = Run(KIND, settings)
    if settings.sync.paused:
        return resting(run)
    with ended(run) as outcome:
        if only_when_due and not _is_due(run):
            nothing: dict[str, Any] = {"steps": [], "api_calls": 0, "errors": []}
            outcome.summary = {"run_id": run.id, "kind": run.kind, **nothing}
            return outcome.result()
        with run.opened():
            looked = look(run, not_paused(settings, names_to_sync(settings, None), None))
            visible = [step.object for step in looked if step.status is Status.SUCCEEDED]
            fill_fields(run, formula_fields(run, visible))
            outcome.summary = tell(run)
    return outcome.result()


def _is_due(run: Run) -> bool:
    hours = run.settings.sync.formula_refresh_hours
    if not hours or not run.database.exists():
        return False
    with run.database.read() as session:
        last = last_success(session, KIND)
    return last is None or utc_now() - last >= timedelta(hours=hours)
