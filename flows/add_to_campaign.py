"""Add to SFDC Campaign: at once, outside the cycle (21.5)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.forms import PersonIds
from flows.outcome import ended
from flows.people import in_order, present
from tandem.run import Run
from tandem.salesforce.campaign_members import find_campaign
from tandem.settings import load
from tasks import campaign_actions as steps
from tasks.answer import answer


@flow(name="add-to-campaign", persist_result=False)
def add_to_campaign(
    person_ids: PersonIds,
    campaign: str,
    status: str | None = None,
    implied: bool = True,
    program: str | None = None,
) -> dict[str, Any] | State[Any]:
    """Make people members of a campaign in Salesforce; who is a member already keeps its status.

    Args:
        person_ids: Ids of people in the marketing database.
        campaign: The campaign's id or name in Salesforce.
        status: The members' status; none: the campaign's default.
        implied: Send people that are not in Salesforce there first.
        program: The program (name or id) on whose behalf this is done, if any: inside a program that is linked
            to a campaign nobody is sent there first.
    """
    run = Run("add-to-campaign", load())
    with ended(run) as outcome, run.acting():
        found = find_campaign(run.connection, campaign)
        chosen = found.status(status)
        stand, stayed = present(run, person_ids, implied, program)
        done = steps.add_to_campaign(run, stand, found, chosen)
        outcome.summary = answer(run, in_order(person_ids, done, stayed))
    return outcome.result()
