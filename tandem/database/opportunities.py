"""What an opportunity and its contact roles mean for people (section 9)."""

from __future__ import annotations

from tandem.database.activity import ActivityType
from tandem.database.belonging import Belonging, follow, follow_parent
from tandem.database.merged_page import MergedPage
from tandem.objects import OPPORTUNITY_CONTACT_ROLE

ROLES = Belonging(
    object=OPPORTUNITY_CONTACT_ROLE.name,
    table=OPPORTUNITY_CONTACT_ROLE.table,
    references=("ContactId",),
    added=ActivityType.ADD_TO_OPPORTUNITY,
    updated=ActivityType.UPDATE_OPPORTUNITY,
    removed=ActivityType.REMOVE_FROM_OPPORTUNITY,
    joins="LEFT JOIN marketing.opportunity o ON o.sfdc_id = t.sfdc_opportunity_id",
    holds="t.sfdc_is_deleted IS NOT TRUE AND o.id IS NOT NULL AND o.sfdc_is_deleted IS NOT TRUE",
    primary="o.name",
    told={"SFDC_Id": "t.sfdc_opportunity_id", "Role": "t.role", "Is_Primary": "t.is_primary"},
)


def follow_roles(page: MergedPage) -> None:
    """Log who got, kept or lost a role (34, 36, 35)."""
    follow(page, ROLES)


def follow_opportunities(page: MergedPage) -> None:
    """Log an opportunity's changes for everybody with a role in it (36); one that is deleted is lost (35)."""
    follow_parent(page, ROLES, "OpportunityId", "o.id")
