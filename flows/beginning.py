"""How a cycle and a first copy begin: what may be read and sent now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas.objects import State

from flows.outcome import ended
from flows.programs import without_campaigns
from flows.steps import attempt, names_to_sync, not_paused, resting
from tandem.database import jobs, newcomers
from tandem.database.journal import Operation, Status
from tandem.objects import LEAD
from tandem.run import Run
from tasks.custom_objects import refuse_edited_choice, take_over_choice
from tasks.look import look
from tasks.push import finish_writes
from tasks.push_activities import settle_activities
from tasks.push_new import push_new


def rest(run: Run) -> dict[str, Any] | State[Any]:
    """End a run at once because the whole sync is paused; only the choice of custom objects is taken over."""
    with ended(run) as outcome:
        take_over_choice(run)
    return outcome.result() if outcome.error else resting(run)


def begin(run: Run, chosen: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Return the objects that may be read now, in the order of a cycle, and those that are paused.

    :param chosen: objects that were asked for by name; ``None``: all that the settings name.
    :raises SettingsError: one was chosen that is left out or paused, or custom objects were edited (12.5).
    """
    refuse_edited_choice(run)
    wanted = names_to_sync(run.settings, chosen)
    names = not_paused(run.settings, wanted, chosen)
    visible = [step.object for step in look(run, names) if step.status is Status.SUCCEEDED]
    visible = _settle_earlier_writes(run, without_campaigns(run, visible))
    return visible, [name for name in wanted if name not in names]


def _settle_earlier_writes(run: Run, visible: Sequence[str]) -> list[str]:
    """Find out what became of writes that an earlier run could not settle; returns what may be read now.

    First, Bulk jobs that still write are waited for. Then creates without an answer are looked for: until
    they are settled, a lead may be there that is nobody's, and reading it would make a second person.
    """
    with run.database.read() as session:
        at_work = jobs.open_ingest_jobs(session, run.id)
        unsure = newcomers.creates_waiting(session, run.id)
    if at_work:
        finish_writes(run, at_work)
    settle_activities(run)
    if not unsure or LEAD.name not in visible:
        return list(visible)
    with attempt(run, LEAD.name, Operation.PUSH_NEW) as tried:
        push_new(run, [])
    return [name for name in visible if name != LEAD.name or not tried.failed]
