"""Sync Person to SFDC: at once, outside the cycle (21.1)."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.forms import PersonIds
from flows.outcome import ended
from flows.people import send_people
from tandem.run import Run
from tandem.salesforce.owners import find_owner
from tandem.settings import load
from tasks.answer import answer


@flow(name="sync-person", persist_result=False)
def sync_person(person_ids: PersonIds, owner: str | None = None) -> dict[str, Any] | State[Any]:
    """Send people to Salesforce now: those that are not there become leads, the others are updated.

    Only objects that these people are, or become, are looked at; the summary says of each person what happened.

    Args:
        person_ids: Ids of people in the marketing database.
        owner: Who is to own them: a user (id, name or e-mail) or a lead queue (id or name); none: Salesforce's
            assignment rules choose for new leads, the others keep theirs. The owner of a contact cannot be
            changed; for a queue, a contact gets a second record, a lead.
    """
    run = Run("sync-person", load())
    with ended(run) as outcome, run.acting():
        chosen = find_owner(run.connection, owner) if owner else None
        outcome.summary = answer(run, send_people(run, person_ids, chosen))
    return outcome.result()
