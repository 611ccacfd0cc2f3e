"""Add to, Change Status in and Remove from SFDC Campaign: who is a member is asked of Salesforce (21.5 to 21.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database import actions, program_members
from tandem.database.actions import Entry, Outcome, Result, Told, Wanted
from tandem.database.activity import ActivityType
from tandem.database.connection import Session
from tandem.database.standing import Standing
from tandem.objects import CONTACT
from tandem.run import Run
from tandem.salesforce.campaign_members import CampaignFound, Member, members_of
from tandem.salesforce.write import Operation, send
from tasks.perform import Action, Apply, Plan, Send, perform, result_of
from tasks.read_back import read_back

_OBJECT = "CampaignMember"
NOT_A_MEMBER_YET = "Not a member of the campaign. Nothing was sent: implied actions are off."
NOT_A_MEMBER = "Not a member of the campaign; there is nothing to remove."


@task(name="add to campaign", cache_policy=NO_CACHE, persist_result=False)
def add_to_campaign(
    run: Run, stand: dict[int, Standing], campaign: CampaignFound, status: str
) -> list[Outcome]:
    """Make people members with this status; who is one already is skipped and keeps its status."""
    plan, members = _begin(run, stand, campaign, status)
    with run.database.read() as session:
        unsure = actions.unsettled(session, run.id, "add")
    for person, each in plan.those_there(stand).items():
        member = members.get(str(each.sfdc_id))
        if member and unsure.get(person, {}).get("CampaignId") == campaign.id:
            plan.wanted.append(Wanted(person, _OBJECT, "add", None, unsure[person]))
        elif member:
            plan.skipped[person] = f"A member already, as {member.status}."
        else:
            plan.wanted.append(_addition(each, campaign, status))
    return perform(run, _adding("Add to SFDC Campaign", ActivityType.ADD_TO_CAMPAIGN, campaign), plan)


@task(name="change status in campaign", cache_policy=NO_CACHE, persist_result=False)
def change_status_in_campaign(
    run: Run, stand: dict[int, Standing], campaign: CampaignFound, status: str, may_add: bool = True
) -> list[Outcome]:
    """Give members another status; who is none is added with it (21.0).

    :param may_add: off, only members are looked at.
    """
    plan, members = _begin(run, stand, campaign, status)
    additions = Plan(about=plan.about, primary=plan.primary)
    for person, each in plan.those_there(stand).items():
        member = members.get(str(each.sfdc_id))
        if member is None and not may_add:
            plan.refused[person] = NOT_A_MEMBER_YET
        elif member is None:
            additions.wanted.append(_addition(each, campaign, status))
        elif member.status == status:
            plan.skipped[person] = f"Has the status {status} already."
        else:
            payload = {"Status": status}
            plan.wanted.append(Wanted(person, _OBJECT, "change status", member.id, payload))
    changing = Action(
        "Change Status in SFDC Campaign",
        "change status",
        ActivityType.CHANGE_STATUS_IN_CAMPAIGN,
        _sender("update"),
        _teller(ActivityType.CHANGE_STATUS_IN_CAMPAIGN),
    )
    outcomes = perform(run, changing, plan)
    if additions.wanted:
        adding = _adding(changing.title, ActivityType.ADD_TO_CAMPAIGN, campaign)
        outcomes += perform(run, adding, additions)
    return outcomes


@task(name="remove from campaign", cache_policy=NO_CACHE, persist_result=False)
def remove_from_campaign(run: Run, stand: dict[int, Standing], campaign: CampaignFound) -> list[Outcome]:
    """End memberships; who is no member, or not in Salesforce, is skipped."""
    plan, members = _begin(run, stand, campaign, None)
    for person, each in stand.items():
        member = members.get(str(each.sfdc_id))
        if member is None:
            plan.skipped[person] = NOT_A_MEMBER
        else:
            plan.wanted.append(Wanted(person, _OBJECT, "remove", member.id, {}))
    removing = Action(
        "Remove from SFDC Campaign",
        "remove",
        ActivityType.REMOVE_FROM_CAMPAIGN,
        _sender("delete"),
        _teller(ActivityType.REMOVE_FROM_CAMPAIGN),
    )
    return perform(run, removing, plan)


def _begin(
    run: Run, stand: dict[int, Standing], campaign: CampaignFound, status: str | None
) -> tuple[Plan, dict[str, Member]]:
    records = [str(each.sfdc_id) for each in stand.values() if each.object]
    members = members_of(run.connection, campaign.id, records) if records else {}
    return Plan(about={"Campaign": campaign.name, "New Status": status}, primary=campaign.name), members


def _addition(each: Standing, campaign: CampaignFound, status: str) -> Wanted:
    side = "ContactId" if each.object == CONTACT.name else "LeadId"
    payload = {"CampaignId": campaign.id, side: each.sfdc_id, "Status": status}
    return Wanted(each.person_id, _OBJECT, "add", None, payload)


def _adding(title: str, activity: ActivityType, campaign: CampaignFound) -> Action:
    def find(run: Run, entries: Sequence[Entry]) -> list[Result]:
        records = {
            each.id: str(each.payload.get("LeadId") or each.payload.get("ContactId")) for each in entries
        }
        members = members_of(run.connection, campaign.id, list(records.values()))
        found = [
            Result(each, members[records[each.id]].id) for each in entries if records[each.id] in members
        ]
        return _taken_over(run, found)

    return Action(title, "add", activity, _sender("create"), _teller(activity), find)


def _sender(operation: Operation) -> Send:
    def go(run: Run, entries: Sequence[Entry]) -> Iterator[list[Result]]:
        rows = [
            {**({"Id": each.sfdc_id} if operation != "create" else {}), **each.payload} for each in entries
        ]
        for results in send(run.connection, _OBJECT, operation, rows, by_bulk=False):
            yield _taken_over(run, [result_of(row, entries[row.index]) for row in results])

    return go


def _taken_over(run: Run, results: list[Result]) -> list[Result]:
    """Show the memberships here as they are now."""
    done = {str(each.sfdc_id) for each in results if not each.code and not each.lost}
    if done:
        read_back(run, {_OBJECT: done})
    return results


def _teller(activity: ActivityType) -> Apply:
    def told(session: Session, run: Run, results: Sequence[Result]) -> list[Told]:
        """Tell of each membership once: what the read-back logged gets what only we know.

        Nobody is added to a membership twice, so a cycle may have told of it since the action was killed.
        """
        if activity is ActivityType.CHANGE_STATUS_IN_CAMPAIGN:
            statuses = {str(each.sfdc_id): str(each.entry.payload["Status"]) for each in results}
            program_members.take_over_statuses(session, statuses, run.id)
        program_members.align(session, run.id)
        more = {"Status": "succeeded", "Source": "Flow action"}
        told_by = None if activity is ActivityType.ADD_TO_CAMPAIGN else run.id
        found = []
        for each in results:
            if not actions.tell_more(session, activity, "SFDC Id", each.sfdc_id, more, told_by):
                facts = {"SFDC Id": each.sfdc_id, "Source": "Flow action"}
                found.append(Told(each.entry.person_id, facts))
        return found

    return told
