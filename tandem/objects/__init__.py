"""What is synced and by which rules, one file per Salesforce object."""

from tandem.objects.account import ACCOUNT
from tandem.objects.contact import CONTACT
from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.group import GROUP
from tandem.objects.lead import LEAD
from tandem.objects.user import USER

#: Every synced object, in the order of a cycle: owners before what they own, accounts before contacts.
OBJECTS: dict[str, SyncedObject] = {each.name: each for each in (USER, GROUP, ACCOUNT, LEAD, CONTACT)}

__all__ = ["ACCOUNT", "CONTACT", "GROUP", "LEAD", "OBJECTS", "USER", "Direction", "SyncedObject", "Winner"]
