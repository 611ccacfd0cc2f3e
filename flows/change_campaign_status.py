"""Change Status in SFDC Campaign: at once, outside the cycle (21.6)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.forms import PersonIds
from flows.outcome import ended
from flows.people import implies, in_order, present
from tandem.run import Run
from tandem.salesforce.campaign_members import find_campaign
from tandem.settings import load
from tasks import campaign_actions as steps
from tasks.answer import answer


@flow(name="change-campaign-status", persist_result=False)
def change_campaign_status(
    person_ids: PersonIds, campaign: str, status: str, implied: bool = True, program: str | None = None
) -> dict[str, Any] | State[Any]:
    """Give members of a campaign another status in Salesforce; who is none is added with it.

    Args:
        person_ids: Ids of people in the marketing database.
        campaign: The campaign's id or name in Salesforce.
        status: The new status, one of the campaign's.
        implied: Send people that are not in Salesforce there first.
        program: The program (name or id) on whose behalf this is done, if any: inside a program that is linked
            to a campaign nobody is sent there first.
    """
    run = Run("change-campaign-status", load())
    with ended(run) as outcome, run.acting():
        found = find_campaign(run.connection, campaign)
        chosen = found.status(status)
        stand, stayed = present(run, person_ids, implied, program)
        done = steps.change_status_in_campaign(run, stand, found, chosen, implied and implies(run, program))
        outcome.summary = answer(run, in_order(person_ids, done, stayed))
    return outcome.result()
