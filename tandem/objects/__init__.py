"""What is synced and by which rules, one file per Salesforce object."""

from collections.abc import Iterable

from tandem.objects.account import ACCOUNT
from tandem.objects.campaign import CAMPAIGN
from tandem.objects.campaign_member import CAMPAIGN_MEMBER
from tandem.objects.campaign_member_status import CAMPAIGN_MEMBER_STATUS
from tandem.objects.contact import CONTACT
from tandem.objects.custom_object import custom_object
from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.event import EVENT
from tandem.objects.group import GROUP
from tandem.objects.lead import LEAD
from tandem.objects.opportunity import OPPORTUNITY
from tandem.objects.opportunity_contact_role import OPPORTUNITY_CONTACT_ROLE
from tandem.objects.task import TASK
from tandem.objects.user import USER

#: Every standard object, in the order of a cycle: owners before what they own, accounts before contacts, people
#: before what belongs to them.
OBJECTS: dict[str, SyncedObject] = {
    each.name: each
    for each in (
        *(USER, GROUP, ACCOUNT, LEAD, CONTACT),
        *(OPPORTUNITY, OPPORTUNITY_CONTACT_ROLE),
        *(CAMPAIGN, CAMPAIGN_MEMBER_STATUS, CAMPAIGN_MEMBER),
        *(TASK, EVENT),
    )
}

#: They take part once ``sync.campaigns`` is on (10.1).
CAMPAIGN_OBJECTS = (CAMPAIGN.name, CAMPAIGN_MEMBER_STATUS.name, CAMPAIGN_MEMBER.name)


def synced_objects(custom: Iterable[str]) -> dict[str, SyncedObject]:
    """Return the standard objects and these custom ones, in the order of a cycle: activities last."""
    last = (TASK.name, EVENT.name)
    found = {name: each for name, each in OBJECTS.items() if name not in last}
    found |= {name: custom_object(name) for name in custom}
    return found | {name: OBJECTS[name] for name in last}


__all__ = [
    "ACCOUNT",
    "CAMPAIGN",
    "CAMPAIGN_MEMBER",
    "CAMPAIGN_MEMBER_STATUS",
    "CAMPAIGN_OBJECTS",
    "CONTACT",
    "EVENT",
    "GROUP",
    "LEAD",
    "OBJECTS",
    "OPPORTUNITY",
    "OPPORTUNITY_CONTACT_ROLE",
    "TASK",
    "USER",
    "Direction",
    "SyncedObject",
    "Winner",
    "synced_objects",
]
