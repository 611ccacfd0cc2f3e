"""Programs in a cycle: new campaigns, members on both sides, and leads for members that are not in Salesforce."""

from __future__ import annotations

from collections.abc import Sequence

from flows.steps import attempt
from tandem.clock import utc_now
from tandem.database import journal, program_members, program_newcomers, programs
from tandem.database.journal import Operation, Step
from tandem.errors import TandemError
from tandem.objects import CAMPAIGN, CAMPAIGN_MEMBER, CAMPAIGN_OBJECTS, LEAD
from tandem.run import Run
from tasks.make_campaign import make_campaign
from tasks.marketing_user import is_marketing_user
from tasks.push_members import push_new_members
from tasks.push_new import push_new


def without_campaigns(run: Run, names: Sequence[str]) -> list[str]:
    """Leave campaigns out, each with a failed step that says so, if the sync user is no Marketing User (10.1)."""
    asked = [name for name in names if name in CAMPAIGN_OBJECTS]
    if not asked or is_marketing_user(run):
        return list(names)
    for name in asked:
        with attempt(run, name, Operation.PULL_UPDATES):
            raise TandemError(
                "Campaigns are not synced: the sync user is no Marketing User. Tick Marketing User on it in"
                " Salesforce, or set sync.campaigns to false."
            )
    return [name for name in names if name not in asked]


def sync_programs(run: Run, compared: Sequence[str]) -> None:
    """Make programs and their campaigns the same, after the pull and before changed members are pushed.

    :param compared: objects that were read in this cycle.
    """
    with run.database.read() as session:
        if not programs.listed(session):
            return
        wanted = programs.new_campaigns(session)
    for each in wanted if CAMPAIGN.name in compared else ():
        with attempt(run, CAMPAIGN.name, Operation.INIT_LINK):
            make_campaign(run, each)
    absent = _align(run)
    if absent and LEAD.name in compared:
        with attempt(run, LEAD.name, Operation.PUSH_NEW):
            push_new(run, absent, retry_refused=False)
    with attempt(run, CAMPAIGN_MEMBER.name, Operation.PUSH_NEW):
        push_new_members(run)


def _align(run: Run) -> list[int]:
    """Carry edits over between programs and campaigns; returns the people who must become leads."""
    step = Step(CAMPAIGN.name, Operation.SYNC_WITH_PROGRAM, utc_now())
    with run.database.write() as session, session.transaction():
        carried = program_members.align(session, run.id)
        step.new, step.updated = carried.new, carried.updated
        step.failed, step.skipped = carried.failed, carried.skipped
        if carried != program_members.Carried():
            journal.record_steps(session, run.id, [step])
        return program_newcomers.people_to_create(session)
