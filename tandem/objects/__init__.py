"""What is synced and by which rules, one file per Salesforce object."""

from tandem.objects.account import ACCOUNT
from tandem.objects.contact import CONTACT
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
        *(TASK, EVENT),
    )
}

__all__ = [
    "ACCOUNT",
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
]
