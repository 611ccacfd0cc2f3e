"""Which object has which behaviour."""

from __future__ import annotations

from sandbox.rules.standard import (
    Behaviour,
    activity,
    campaign,
    case,
    member_status,
    opportunity,
    person_account,
)

BEHAVIOURS: dict[str, Behaviour] = {
    "Opportunity": opportunity.BEHAVIOUR,
    "Campaign": campaign.CAMPAIGN,
    "CampaignMember": campaign.MEMBER,
    "CampaignMemberStatus": member_status.BEHAVIOUR,
    "Task": activity.BEHAVIOUR,
    "Event": activity.BEHAVIOUR,
    "Case": case.BEHAVIOUR,
    "Account": person_account.ACCOUNT,
    "Contact": person_account.CONTACT,
}
NONE = Behaviour()
