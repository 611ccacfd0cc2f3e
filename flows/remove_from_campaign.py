"""Remove from SFDC Campaign: at once, outside the cycle (21.7)."""

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


@flow(name="remove-from-campaign", persist_result=False)
def remove_from_campaign(person_ids: PersonIds, campaign: str) -> dict[str, Any] | State[Any]:
    """End people's membership of a campaign in Salesforce; who is no member is skipped.

    Args:
        person_ids: Ids of people in the marketing database.
        campaign: The campaign's id or name in Salesforce.
    """
    run = Run("remove-from-campaign", load())
    with ended(run) as outcome, run.acting():
        found = find_campaign(run.connection, campaign)
        stand, _ = present(run, person_ids, implied=False)
        done = steps.remove_from_campaign(run, stand, found)
        outcome.summary = answer(run, in_order(person_ids, done))
    return outcome.result()
