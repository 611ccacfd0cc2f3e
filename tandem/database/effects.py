"""What a merge of each object means beyond its own rows: one function per object, one place to look.

An object that is not named here has no further effect. Everything runs inside the merge's transaction: what takes
over edits once before the pages are merged, the effects once a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tandem.database import (
    campaigns,
    companies,
    custom_objects,
    opportunities,
    people,
    person_accounts,
    program_members,
    sfdc_activities,
)
from tandem.database.belonging import follow_owners, restore_owners
from tandem.database.connection import Session
from tandem.database.merged_page import MergedPage
from tandem.objects import (
    ACCOUNT,
    CAMPAIGN_MEMBER,
    CAMPAIGN_MEMBER_STATUS,
    CONTACT,
    EVENT,
    LEAD,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    TASK,
    USER,
)
from tandem.objects.declaration import SyncedObject
from tandem.settings import SyncSettings

#: Take over what somebody edited elsewhere than on the object's own rows; return the number of values.
EDITS: Mapping[str, Callable[[Session, str, SyncSettings], int]] = {
    ACCOUNT.name: companies.take_over_edits,
    CAMPAIGN_MEMBER.name: program_members.take_over_edits,
}


#: Records that belong to people, by object.
_BELONGINGS = {
    each.object: each for each in (opportunities.ROLES, sfdc_activities.TASKS, sfdc_activities.EVENTS)
}


def _follow_people(page: MergedPage) -> None:
    people.follow_references(page)
    for belonging in _BELONGINGS.values():
        follow_owners(page, belonging)
    custom_objects.follow_people(page)
    campaigns.follow_people(page)


def _follow_accounts(page: MergedPage) -> None:
    companies.spread(page)
    custom_objects.follow_people(page)
    person_accounts.show_accounts(page)


def _follow_contacts(page: MergedPage) -> None:
    _follow_people(page)
    person_accounts.show_accounts(page)


EFFECTS: Mapping[str, Callable[[MergedPage], None]] = {
    USER.name: people.spread_users,
    ACCOUNT.name: _follow_accounts,
    LEAD.name: _follow_people,
    CONTACT.name: _follow_contacts,
    OPPORTUNITY.name: opportunities.follow_opportunities,
    OPPORTUNITY_CONTACT_ROLE.name: opportunities.follow_roles,
    TASK.name: sfdc_activities.follow_tasks,
    EVENT.name: sfdc_activities.follow_events,
    CAMPAIGN_MEMBER_STATUS.name: campaigns.place_statuses,
    CAMPAIGN_MEMBER.name: campaigns.follow_members,
}


#: What changes of known records alone have an effect on, where a few of their fields are filled.
EFFECTS_OF_FILLING: Mapping[str, Callable[[MergedPage], object]] = {
    ACCOUNT.name: companies.spread,
    CAMPAIGN_MEMBER.name: program_members.follow,
}


def follow(page: MergedPage) -> None:
    """Do what follows from a page; a custom object's pages mean the same for all of them."""
    if page.declared.is_custom:
        custom_objects.follow_records(page)
    elif effect := EFFECTS.get(page.declared.name):
        effect(page)


def restore(session: Session, declared: SyncedObject, rows: str) -> None:
    """Let rows belong to those they belonged to, which were deleted here and put back. Nobody is told.

    :param rows: a query of their ids in marketing.
    """
    if declared.is_custom:
        custom_objects.restore_records(session, declared.name, rows)
    elif belonging := _BELONGINGS.get(declared.name):
        restore_owners(session, belonging, rows)
    elif declared is CAMPAIGN_MEMBER_STATUS:
        campaigns.restore_statuses(session, rows)
    elif declared is CAMPAIGN_MEMBER:
        campaigns.resolve(session, f"m._record_id IN ({rows})")
