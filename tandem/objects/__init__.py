"""What is synced and by which rules, one file per Salesforce object."""

from tandem.objects.account import ACCOUNT
from tandem.objects.campaign import CAMPAIGN
from tandem.objects.campaign_member import CAMPAIGN_MEMBER
from tandem.objects.campaign_member_status import CAMPAIGN_MEMBER_STATUS
from tandem.objects.contact import CONTACT
from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.group import GROUP
from tandem.objects.lead import LEAD
from tandem.objects.user import USER

#: Every synced object, in the order of a cycle: owners before what they own, accounts before contacts.
OBJECTS: dict[str, SyncedObject] = {
    each.name: each
    for each in (
        *(USER, GROUP, ACCOUNT, LEAD, CONTACT),
        *(CAMPAIGN, CAMPAIGN_MEMBER_STATUS, CAMPAIGN_MEMBER),
    )
}

#: They take part once ``sync.campaigns`` is on (10.1).
CAMPAIGN_OBJECTS = (CAMPAIGN.name, CAMPAIGN_MEMBER_STATUS.name, CAMPAIGN_MEMBER.name)

__all__ = [
    "ACCOUNT",
    "CAMPAIGN",
    "CAMPAIGN_MEMBER",
    "CAMPAIGN_MEMBER_STATUS",
    "CAMPAIGN_OBJECTS",
    "CONTACT",
    "GROUP",
    "LEAD",
    "OBJECTS",
    "USER",
    "Direction",
    "SyncedObject",
    "Winner",
]
