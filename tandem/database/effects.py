"""What a merge of each object means beyond its own rows: one function per object, one place to look.

An object that is not named here has no further effect. Everything runs inside the merge's transaction: what takes
over edits once before the pages are merged, the effects once a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tandem.database import campaigns, companies, people, program_members
from tandem.database.connection import Session
from tandem.database.merged_page import MergedPage
from tandem.objects import ACCOUNT, CAMPAIGN_MEMBER, CAMPAIGN_MEMBER_STATUS, CONTACT, LEAD, USER
from tandem.settings import SyncSettings

#: Take over what somebody edited elsewhere than on the object's own rows; return the number of values.
EDITS: Mapping[str, Callable[[Session, str, SyncSettings], int]] = {
    ACCOUNT.name: companies.take_over_edits,
    CAMPAIGN_MEMBER.name: program_members.take_over_edits,
}

EFFECTS: Mapping[str, Callable[[MergedPage], None]] = {
    USER.name: people.spread_users,
    ACCOUNT.name: companies.spread,
    LEAD.name: people.follow_references,
    CONTACT.name: people.follow_references,
    CAMPAIGN_MEMBER_STATUS.name: campaigns.place_statuses,
    CAMPAIGN_MEMBER.name: campaigns.follow_members,
}
