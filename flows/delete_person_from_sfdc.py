"""Delete Person from SFDC: the record goes, the person stays (17.4)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.forms import PersonIds
from flows.outcome import ended
from tandem.database.actions import NO_ANSWER, REFUSED
from tandem.database.standing import standings
from tandem.run import Run
from tandem.settings import load
from tasks.answer import answer
from tasks.delete_people import delete_from_salesforce, delete_people
from tasks.turn import wait_for_turn


@flow(name="delete-person-from-sfdc", persist_result=False)
def delete_person_from_sfdc(
    person_ids: PersonIds, delete_in_marketing: bool = False
) -> dict[str, Any] | State[Any]:
    """Delete the leads and contacts of people in Salesforce; the people stay here, marked as deleted there.

    Args:
        person_ids: Ids of people in the marketing database.
        delete_in_marketing: Delete the people here as well, for good, unless Salesforce
            refuses to delete their records.
    """
    run = Run("delete-person-from-sfdc", load())
    with ended(run) as outcome, run.acting():
        wait_for_turn(run, person_ids)
        with run.database.read() as session:
            stand = standings(session, person_ids)
        there = delete_from_salesforce(run, stand)
        if delete_in_marketing:
            delete_people(
                run, [each.person_id for each in there if each.outcome not in (REFUSED, NO_ANSWER)], there
            )
        order = {person: number for number, person in enumerate(stand)}
        outcome.summary = answer(run, sorted(there, key=lambda each: order[each.person_id]))
    return outcome.result()
