"""Change Owner: at once, outside the cycle (21.2)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.forms import PersonIds
from flows.outcome import ended
from flows.people import in_order, present
from tandem.run import Run
from tandem.salesforce.owners import find_owner
from tandem.settings import load
from tasks import change_owner as steps
from tasks.answer import answer


@flow(name="change-owner", persist_result=False)
def change_owner(
    person_ids: PersonIds, owner: str, implied: bool = True, program: str | None = None
) -> dict[str, Any] | State[Any]:
    """Give people another owner in Salesforce; who is not there yet becomes a lead first.

    The owner of a contact cannot be changed from here. For a queue, a contact gets a second record, a lead.

    Args:
        person_ids: Ids of people in the marketing database.
        owner: A user (id, name or e-mail) or a lead queue (id or name).
        implied: Send people that are not in Salesforce there first.
        program: The program (name or id) on whose behalf this is done, if any: inside a program that is linked
            to a campaign nobody is sent there first.
    """
    run = Run("change-owner", load())
    with ended(run) as outcome, run.acting():
        chosen = find_owner(run.connection, owner)
        stand, stayed = present(run, person_ids, implied, program)
        outcome.summary = answer(run, in_order(person_ids, steps.change_owner(run, stand, chosen), stayed))
    return outcome.result()
