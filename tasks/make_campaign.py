"""Make a campaign that a program asks for, with the program's statuses, and link the two (10.2)."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import journal, programs
from tandem.database.fields import active_fields
from tandem.database.journal import Operation, Step
from tandem.database.programs import NewCampaign
from tandem.errors import SalesforceError
from tandem.objects import CAMPAIGN
from tandem.run import Run
from tandem.salesforce.campaigns import WantedStatus, give_statuses, require
from tandem.salesforce.errors import Refused
from tandem.salesforce.lookup import find_created
from tandem.salesforce.write import send


@task(
    name="make campaign",
    task_run_name="make campaign {wanted.name}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def make_campaign(run: Run, wanted: NewCampaign) -> Step:
    """Make the campaign; safe to repeat, at whatever point an earlier try was broken off.

    :raises SalesforceError: no answer came (the next run looks for the campaign first), or Salesforce refused:
        then the program has to ask again.
    """
    step = Step(CAMPAIGN.name, Operation.INIT_LINK, utc_now())
    sfdc_id = wanted.sfdc_id or _find(run, wanted) or _create(run, wanted)
    with run.database.write() as session, session.transaction():
        programs.note_made(session, wanted.program_id, sfdc_id)
        statuses = programs.statuses_of(session, wanted.program_id)
    give_statuses(run.connection, sfdc_id, [WantedStatus(each.name, each.is_success) for each in statuses])
    step.updated, step.detail = 1, f"{wanted.program} is linked to its new campaign {wanted.name}"
    with run.database.write() as session, session.transaction():
        programs.finish_new(session, wanted.program_id, sfdc_id)
        journal.record_steps(session, run.id, [step])
    return step


def _find(run: Run, wanted: NewCampaign) -> str | None:
    """Find the campaign that an earlier try made without our hearing of it."""
    if wanted.sent_at is None:
        return None
    found = find_created(run.connection, CAMPAIGN.name, {"Name": wanted.name}, wanted.sent_at)
    with run.database.read() as session:
        taken = programs.linked_campaigns(session, found)
    return next((each for each in found if each not in taken), None)


def _create(run: Run, wanted: NewCampaign) -> str:
    now = run.server_time
    with run.database.write() as session, session.transaction():
        may_send = {each.field for each in active_fields(session, CAMPAIGN.name) if each.createable}
        programs.note_sent(session, wanted.program_id, now)
    record: dict[str, Any] = {"Name": wanted.name, "IsActive": True}
    costs = {"Type": wanted.type, "ActualCost": wanted.actual_cost}
    record |= {name: value for name, value in costs.items() if name in may_send and value is not None}
    [[result]] = send(run.connection, CAMPAIGN.name, "create", [record])
    try:
        require(result, f"create of the campaign {wanted.name}")
    except Refused as error:
        with run.database.write() as session, session.transaction():
            programs.finish_new(session, wanted.program_id, None)
        raise SalesforceError(
            f"{error} The program {wanted.program} stays unlinked; link it again when that is put right.",
            error.code,
        ) from None
    return str(result.id)
