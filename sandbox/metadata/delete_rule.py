"""What a delete means for the records that point to the deleted one, lookup by lookup.

Standard lookups follow `cascadeDelete` and `restrictedDelete` of recorded describe answers; custom ones say it
themselves, in the words of the Metadata API.
"""

from __future__ import annotations

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject

CASCADE, RESTRICT, SET_NULL = "Cascade", "Restrict", "SetNull"
"""The record goes along, forbids the delete, or loses the link."""
_STANDARD = {
    ("Contact", "AccountId"): CASCADE,
    ("Opportunity", "AccountId"): CASCADE,
    ("OpportunityContactRole", "OpportunityId"): CASCADE,
    ("OpportunityContactRole", "ContactId"): CASCADE,
    ("CampaignMember", "LeadId"): CASCADE,
    ("CampaignMember", "ContactId"): CASCADE,
    ("Task", "WhoId"): CASCADE,
    ("Task", "WhatId"): CASCADE,
    ("Event", "WhoId"): CASCADE,
    ("Event", "WhatId"): CASCADE,
    ("Case", "AccountId"): RESTRICT,
    ("Case", "ContactId"): RESTRICT,
    ("User", "ContactId"): RESTRICT,
    ("User", "UserRoleId"): RESTRICT,
    ("UserRole", "ParentRoleId"): RESTRICT,
    ("GroupMember", "GroupId"): CASCADE,
    ("GroupMember", "UserOrGroupId"): CASCADE,
    ("QueueSobject", "QueueId"): CASCADE,
}
_OF_MERGES = frozenset(["MasterRecordId", "PersonContactId"])
"""Links that tell where a record went or what it is made of; no delete touches them."""


def delete_rule(child: SObject, lookup: Field) -> str | None:
    """The rule of one lookup; None where a delete leaves the link as it is."""
    if lookup.name in _OF_MERGES or not lookup.stored:
        return None
    if lookup.master_detail:
        return CASCADE
    if lookup.name == "OwnerId":
        return RESTRICT
    return lookup.on_delete if lookup.custom else _STANDARD.get((child.name, lookup.name), SET_NULL)
