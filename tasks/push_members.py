"""Push new members: program members that the linked campaign does not have are added to it."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import journal, program_newcomers
from tandem.database.journal import Operation, Step
from tandem.database.place import places
from tandem.objects import CAMPAIGN_MEMBER
from tandem.run import Run
from tasks.push import deliver


@task(name="push new members", cache_policy=NO_CACHE, persist_result=False)
def push_new_members(run: Run) -> Step | None:
    """Add members to the campaigns of linked programs; ``None`` when there are none.

    Call it after members were read: a create of an earlier run that went without an answer shows there. Where that
    is not finished (ENG-10), nobody is added yet.

    :raises BudgetExhausted: calls ran out; what was answered is settled, the rest goes another time.
    :raises SalesforceError: the line broke, or some rows have no answer: as before, the rest another time.
    """
    step = Step(CAMPAIGN_MEMBER.name, Operation.PUSH_NEW, utc_now())
    with run.database.write() as session, session.transaction():
        if CAMPAIGN_MEMBER.name in places(session):
            return None
        program_newcomers.recover(session, run.id)
        if not program_newcomers.find_new(session):
            return None
        program_newcomers.journal_new(session, run.id, utc_now())
        journal.open_steps(session, run.id, [CAMPAIGN_MEMBER.name], step.operation)
    return deliver(run, CAMPAIGN_MEMBER, "create", step, program_newcomers.settle)
