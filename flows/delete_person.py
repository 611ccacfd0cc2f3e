"""Delete Person: from the marketing database and, by default, from Salesforce (17.2)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.forms import PersonIds
from flows.outcome import ended
from tandem.database.standing import standings
from tandem.run import Run
from tandem.settings import load
from tasks.answer import answer
from tasks.delete_people import delete_from_salesforce, delete_people
from tasks.turn import wait_for_turn


@flow(name="delete-person", persist_result=False)
def delete_person(person_ids: PersonIds, from_salesforce: bool = True) -> dict[str, Any] | State[Any]:
    """Delete people for good. It cannot be undone; only their activities stay.

    Whom Salesforce does not let go stays here too. A record that is kept there comes back as a new person as
    soon as it is updated.

    Args:
        person_ids: Ids of people in the marketing database.
        from_salesforce: Delete their leads and contacts in Salesforce first.
    """
    run = Run("delete-person", load())
    with ended(run) as outcome, run.acting():
        wait_for_turn(run, person_ids)
        with run.database.read() as session:
            stand = standings(session, person_ids)
        there = delete_from_salesforce(run, stand) if from_salesforce else []
        outcome.summary = answer(run, delete_people(run, list(stand), there))
    return outcome.result()
