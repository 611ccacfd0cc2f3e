"""What merged campaigns, statuses and members mean beyond their rows: who and what they belong to, and the log."""

from __future__ import annotations

from tandem.database import program_members
from tandem.database.actions import done_by_action
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import mirror_of
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.merged_page import MergedPage
from tandem.objects import CAMPAIGN, CAMPAIGN_MEMBER, CAMPAIGN_MEMBER_STATUS, CONTACT, LEAD

#: A member's row with its campaign, to be joined to a relation ``r`` that has ``_record_id``.
_MEMBER = """
    JOIN marketing.campaign_member cm ON cm.id = r._record_id
    LEFT JOIN marketing.campaign c ON c.id = cm.campaign_id"""


def place_statuses(page: MergedPage) -> None:
    """Give statuses the campaign that they belong to."""
    if page.new:
        restore_statuses(page.session, "SELECT _record_id FROM arrival")


def restore_statuses(session: Session, rows: str) -> None:
    """Give statuses the campaign that they belong to; ``rows`` is a query of their ids in marketing."""
    session.execute(
        "UPDATE marketing.campaign_status s SET campaign_id = c.id"
        f" FROM {mirror_of(CAMPAIGN_MEMBER_STATUS.name)} m JOIN marketing.campaign c ON c.sfdc_id = m.CampaignId"
        f" WHERE s.id = m._record_id AND s.id IN ({rows})"
    )


def follow_members(page: MergedPage) -> None:
    """Give members their campaign and person, log what happened to them, and carry it over to the program."""
    session = page.session
    if page.new:
        resolve(session, "m.Id IN (SELECT Id FROM arrival)")
        _log_arrivals(page)
    if page.known:
        resolve(session, "m.Id IN (SELECT Id FROM incoming WHERE _state = 'known')")
        _log_changes(page)
    program_members.follow(page)


def follow_people(page: MergedPage) -> None:
    """Bring members that came before their lead or contact to those who are there now."""
    session, newcomers = page.session, page.newcomers()
    if not newcomers or not columns_of(session, "salesforce", CAMPAIGN_MEMBER.name):
        return
    session.execute(
        "CREATE OR REPLACE TEMP TABLE late_member AS SELECT m._record_id, m.Id, m.Status"
        f" FROM {mirror_of(CAMPAIGN_MEMBER.name)} m JOIN marketing.campaign_member cm ON cm.id = m._record_id"
        " WHERE cm.person_id IS NULL AND m.IsDeleted IS NOT TRUE"
        f" AND (m.LeadId IN ({newcomers}) OR m.ContactId IN ({newcomers}))"
    )
    if resolve(session, "m._record_id IN (SELECT _record_id FROM late_member)"):
        _log_arrivals(page, "late_member")


def resolve(session: Session, where: str) -> int:
    """Work out whose members of what these are; returns how many rows that moved.

    :param where: a condition on the mirror's row ``m``.
    """
    sides = [each.name for each in (CONTACT, LEAD) if columns_of(session, "salesforce", each.name)]
    if not sides or not columns_of(session, "salesforce", CAMPAIGN.name):
        return 0
    joins = "".join(f" LEFT JOIN {mirror_of(name)} {name} ON {name}.Id = m.{name}Id" for name in sides)
    person = f"coalesce({', '.join(f'{name}._record_id' for name in sides)})"
    return session.execute(
        f"""
        UPDATE marketing.campaign_member cm SET campaign_id = n.campaign_id, person_id = n.person_id
        FROM (SELECT m._record_id, c._record_id AS campaign_id, {person} AS person_id
              FROM {mirror_of(CAMPAIGN_MEMBER.name)} m
              LEFT JOIN {mirror_of(CAMPAIGN.name)} c ON c.Id = m.CampaignId{joins} WHERE {where}) n
        WHERE cm.id = n._record_id AND (cm.campaign_id IS DISTINCT FROM n.campaign_id
                                        OR cm.person_id IS DISTINCT FROM n.person_id)
        """
    )


def _log_arrivals(page: MergedPage, source: str = "arrival") -> None:
    untold = f"r.Id NOT IN ({done_by_action('add')})"
    _log(page, ActivityType.ADD_TO_CAMPAIGN, source, untold, New_Status="r.Status", SFDC_Id="r.Id")


def _log_changes(page: MergedPage) -> None:
    _log(
        page,
        ActivityType.CHANGE_STATUS_IN_CAMPAIGN,
        "change",
        "r.apply AND r.column_name = 'status'",
        Old_Status="r.ours",
        New_Status="r.theirs",
        SFDC_Id="r.sfdc_id",
    )
    _log(
        page,
        ActivityType.REMOVE_FROM_CAMPAIGN,
        "incoming",
        f"r._state = 'known' AND r._deleted_now AND r.Id NOT IN ({done_by_action('remove')})",
        Old_Status="cm.status",
        SFDC_Id="r.Id",
    )


def _log(page: MergedPage, activity: ActivityType, source: str, where: str = "true", **told: str) -> None:
    """Log one activity for each member in ``source r`` that is somebody's.

    :param told: attributes beside campaign and source, as SQL over the member's row, as is ``where``.
    """
    log(
        page.session,
        activity,
        f"{source} r{_MEMBER} WHERE {where} AND cm.person_id IS NOT NULL",
        run_id=page.run_id,
        at=page.now,
        person="cm.person_id",
        primary="c.name",
        attributes=attributes(Campaign="c.name", **told, Source="'Salesforce.com'"),
    )
