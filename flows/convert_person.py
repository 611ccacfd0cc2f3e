"""Convert Person: at once, outside the cycle (21.4)."""

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
from tasks.answer import answer
from tasks.convert_people import check_assignee, convert_people, converted_status


@flow(name="convert-person", persist_result=False)
def convert_person(
    person_ids: PersonIds,
    assign_to: str | None = None,
    status: str | None = None,
    notify: bool = False,
    implied: bool = True,
    program: str | None = None,
) -> dict[str, Any] | State[Any]:
    """Turn leads into contacts, each with a new account and a new opportunity.

    Who is not in Salesforce yet becomes a lead first. A person keeps its id; a contact is left as it is.

    Args:
        person_ids: Ids of people in the marketing database.
        assign_to: A user (id, name or e-mail) who is to own contact, account and opportunity; none: the lead's
            owner, who must be a user then.
        status: The status of the converted lead; none: the org's first for converted leads.
        notify: Send the owner an e-mail.
        implied: Send people that are not in Salesforce there first.
        program: The program (name or id) on whose behalf this is done, if any: inside a program that is linked
            to a campaign nobody is sent there first.
    """
    run = Run("convert-person", load())
    with ended(run) as outcome, run.acting():
        assignee = find_owner(run.connection, assign_to) if assign_to else None
        check_assignee(assignee)
        chosen = converted_status(run.connection, status)
        stand, stayed = present(run, person_ids, implied, program)
        done = convert_people(run, stand, chosen, assignee, notify)
        outcome.summary = answer(run, in_order(person_ids, done, stayed))
    return outcome.result()
