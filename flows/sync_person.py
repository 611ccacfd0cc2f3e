"""Sync Person to SFDC: at once, outside the cycle (21.1)."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.outcome import ended
from flows.steps import attempt, finish_earlier_jobs
from tandem.database.journal import Operation, Status
from tandem.objects import CONTACT, LEAD
from tandem.run import Run
from tandem.settings import load
from tasks.look import look
from tasks.push import push
from tasks.push_new import push_new
from tasks.tell import tell


@flow(name="sync-person", validate_parameters=True)
def sync_person(
    person_ids: Annotated[list[int], Field(min_length=1, max_length=200)],
) -> dict[str, Any] | State[Any]:
    """Send people to Salesforce now: those that are not there become leads, the others are updated.

    Salesforce's assignment rules choose the owner of a new lead.

    Args:
        person_ids: Ids of people in the marketing database, up to 200.
    """
    run = Run("sync-person", load())
    with ended(run) as outcome, run.opened():
        looked = look(run, [LEAD.name, CONTACT.name])
        visible = [step.object for step in looked if step.status is Status.SUCCEEDED]
        finish_earlier_jobs(run)
        if LEAD.name in visible:
            with attempt(run, LEAD.name, Operation.PUSH_NEW):
                push_new(run, person_ids)
        for name in visible:
            with attempt(run, name, Operation.PUSH_UPDATES):
                push(run, name, person_ids)
        outcome.summary = tell(run)
    return outcome.result()
