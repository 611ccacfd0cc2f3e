"""Create Task: at once, outside the cycle (21.3)."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.forms import PersonIds
from flows.outcome import ended
from flows.people import in_order, present
from tandem.run import Run
from tandem.salesforce.owners import find_owner
from tandem.settings import load
from tasks.answer import answer
from tasks.create_task import TaskForm, check_form, create_tasks


@flow(name="create-task", persist_result=False)
def create_task(
    person_ids: PersonIds,
    subject: str,
    description: str = "",
    due_in_days: Annotated[int, Field(ge=0, le=3650)] = 5,
    assign_to: str | None = None,
    priority: str = "Normal",
    status: str = "Not Started",
    campaign: str = "",
    implied: bool = True,
    program: str | None = None,
) -> dict[str, Any] | State[Any]:
    """Make a task in Salesforce for each of these people; who is not there yet becomes a lead first.

    The very same task for the same day is made once, however often the action runs.

    Args:
        person_ids: Ids of people in the marketing database.
        subject: What is to be done, up to 255 characters. Tokens: {{lead.First Name}}, {{company.Industry}},
            {{campaign.Name}}, {{system.date}}; with a default: {{lead.First Name:default=friend}}.
        description: More about it; with tokens too.
        due_in_days: Days until it is due.
        assign_to: A user (id, name or e-mail); none: the owner of the lead or contact.
        priority: High, Normal or Low, as the org names them.
        status: The task's status, as the org names it.
        campaign: What {{campaign.Name}} stands for.
        implied: Send people that are not in Salesforce there first.
        program: The program (name or id) on whose behalf this is done, if any: inside a program that is linked
            to a campaign nobody is sent there first.
    """
    run = Run("create-task", load())
    with ended(run) as outcome, run.acting():
        assignee = find_owner(run.connection, assign_to) if assign_to else None
        form = TaskForm(subject, description, due_in_days, priority, status, campaign)
        check_form(run, form, assignee)
        stand, stayed = present(run, person_ids, implied, program)
        outcome.summary = answer(run, in_order(person_ids, create_tasks(run, stand, form, assignee), stayed))
    return outcome.result()
