"""Sync Person to SFDC: at once, outside the cycle (21.1)."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.outcome import ended
from flows.steps import attempt, finish_earlier_jobs
from tandem.database import chosen
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

    Salesforce's assignment rules choose the owner of a new lead. Only objects that these people are, or become,
    are looked at; the summary says of each person what happened.

    Args:
        person_ids: Ids of people in the marketing database, up to 200.
    """
    run = Run("sync-person", load())
    with ended(run) as outcome, run.opened():
        with run.database.read() as session:
            kinds = chosen.objects_of(session, person_ids)
        absent = [person for person, kind in kinds.items() if kind is None]
        concerned = [name for name in (LEAD.name, CONTACT.name) if name in kinds.values()]
        if absent and LEAD.name not in concerned:
            concerned.insert(0, LEAD.name)
        looked = look(run, concerned)
        visible = [step.object for step in looked if step.status is Status.SUCCEEDED]
        finish_earlier_jobs(run)
        if absent and LEAD.name in visible:
            with attempt(run, LEAD.name, Operation.PUSH_NEW):
                push_new(run, absent)
        for name in visible:
            if people := [person for person, kind in kinds.items() if kind == name]:
                with attempt(run, name, Operation.PUSH_UPDATES):
                    push(run, name, people)
        outcome.summary = tell(run)
        reached = [person for person, kind in kinds.items() if (kind or LEAD.name) in visible]
        with run.database.read() as session:
            outcome.summary["people"] = chosen.outcomes(session, run.id, person_ids, reached)
    return outcome.result()
