"""Merge people: at once, in Salesforce first (section 16)."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.outcome import ended
from flows.people import in_order
from flows.steps import attempt
from tandem.database.actions import DONE
from tandem.database.journal import Operation
from tandem.database.standing import standings
from tandem.run import Run
from tandem.settings import load
from tasks import merge_people as steps
from tasks.answer import answer
from tasks.push import push
from tasks.turn import wait_for_turn


@flow(name="merge-people", persist_result=False)
def merge_people(
    winner: int,
    losers: Annotated[list[int], Field(min_length=1)],
    in_salesforce: bool = True,
    values: dict[str, str] | None = None,
) -> dict[str, Any] | State[Any]:
    """Merge people into one: its values stay, and the others' fill what it lacks. It cannot be undone.

    Whoever was chosen, a contact wins over a lead, and who is in Salesforce over who is not. Leads that go into
    a contact are converted first, which makes an account and an opportunity for each.

    Args:
        winner: Id of the person that stays.
        losers: Ids of the people that are merged into it, 25 at most.
        in_salesforce: Merge their records in Salesforce first. Off, a record that stays there comes back as a
            new person as soon as it is updated.
        values: What the one who stays gets instead, by column; NULL empties it. Else the winner's values stay.
    """
    run = Run("merge-people", load())
    with ended(run) as outcome, run.acting():
        losers = list(dict.fromkeys(losers))
        steps.check_merge(winner, losers)
        wait_for_turn(run, [winner, *losers])
        with run.database.read() as session:
            stand = standings(session, [winner, *losers])
        roles = steps.roles_of(run, stand, winner, losers, in_salesforce)
        steps.check_values(run, roles.winner, values or {})
        done = steps.merge_people(run, roles, in_salesforce)
        if values and any(each.outcome == DONE for each in done):
            steps.set_values(run, roles.winner, values)
        # What the winner took from the others, or was given, goes to its record.
        if in_salesforce and roles.winner.object:
            with attempt(run, roles.winner.object, Operation.PUSH_UPDATES):
                push(run, roles.winner.object, [roles.winner.person_id])
        outcome.summary = answer(run, in_order([winner, *losers], done))
    return outcome.result()
