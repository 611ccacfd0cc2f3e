"""What a merged page of each object means beyond its own rows: one function per object, one place to look.

An object that is not named here has no further effect. Each function runs once a page, inside the merge's
transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tandem.database import companies, custom_objects, opportunities, people, sfdc_activities
from tandem.database.belonging import follow_owners
from tandem.database.merged_page import MergedPage
from tandem.objects import (
    ACCOUNT,
    CONTACT,
    EVENT,
    LEAD,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    TASK,
    USER,
)


def _follow_people(page: MergedPage) -> None:
    people.follow_references(page)
    for belonging in (opportunities.ROLES, sfdc_activities.TASKS, sfdc_activities.EVENTS):
        follow_owners(page, belonging)
    custom_objects.follow_people(page)


def _follow_accounts(page: MergedPage) -> None:
    companies.spread(page)
    custom_objects.follow_people(page)


EFFECTS: Mapping[str, Callable[[MergedPage], None]] = {
    USER.name: people.spread_users,
    ACCOUNT.name: _follow_accounts,
    LEAD.name: _follow_people,
    CONTACT.name: _follow_people,
    OPPORTUNITY.name: opportunities.follow_opportunities,
    OPPORTUNITY_CONTACT_ROLE.name: opportunities.follow_roles,
    TASK.name: sfdc_activities.follow_tasks,
    EVENT.name: sfdc_activities.follow_events,
}


def follow(page: MergedPage) -> None:
    """Do what follows from a page; a custom object's pages mean the same for all of them."""
    if page.declared.is_custom:
        custom_objects.follow_records(page)
    elif effect := EFFECTS.get(page.declared.name):
        effect(page)
