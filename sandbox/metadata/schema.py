"""The org's schema: its objects, and the changes that an administrator makes to them."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clock import Clock
from sandbox.metadata import (
    account,
    activity,
    campaign,
    case,
    contact,
    custom,
    lead,
    opportunity,
    permission,
    setup,
)
from sandbox.metadata.field import Field, Rollup
from sandbox.metadata.sobject import SObject


class Schema:
    """Every object, by name in any case and by key prefix."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._objects: dict[str, SObject] = {}
        self._folded: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._rollups: dict[str, list[tuple[SObject, Field, Rollup]]] | None = None
        for make in (
            setup.organization,
            setup.profile,
            permission.permission_set,
            permission.assignment,
            setup.user,
            setup.user_role,
            setup.group,
            setup.group_member,
            setup.queue_sobject,
            setup.record_type,
            setup.lead_status,
            account.account,
            contact.contact,
            lead.lead,
            opportunity.opportunity,
            opportunity.contact_role,
            opportunity.stage,
            campaign.campaign,
            campaign.member,
            campaign.member_status,
            activity.task,
            activity.event,
            case.case,
        ):
            found = make()
            found.put([*found.fields.values(), *custom.demo_fields(found.name)])
            self.add(found)

    def add(self, found: SObject) -> None:
        """Take an object in."""
        found.changed_at = float(int(self._clock.now().timestamp()))
        self._objects[found.name] = found
        self._folded[found.name.lower()] = found.name
        self._prefixes[found.prefix] = found.name
        self._rollups = None

    def remove(self, name: str) -> None:
        """Forget an object."""
        gone = self._objects.pop(name)
        self._folded.pop(name.lower(), None)
        self._prefixes.pop(gone.prefix, None)
        self._rollups = None

    @property
    def prefixes(self) -> frozenset[str]:
        """The key prefixes in use."""
        return frozenset(self._prefixes)

    def __iter__(self) -> Iterator[SObject]:
        return iter(list(self._objects.values()))

    def __getitem__(self, name: str) -> SObject:
        return self._objects[name]

    def find(self, name: str) -> SObject | None:
        """The object of that name, in any case."""
        return self._objects.get(self._folded.get(name.lower(), ""))

    def by_prefix(self, prefix: str) -> SObject | None:
        """The object whose ids start with that prefix."""
        return self._objects.get(self._prefixes.get(prefix, ""))

    def children(self, parent: str) -> list[tuple[SObject, Field]]:
        """The lookups that point to an object."""
        return [
            (child, field) for child in self for field in child.fields.values() if parent in field.refers_to
        ]

    def child_relation(self, parent: str, name: str) -> tuple[SObject, Field] | None:
        """The child object and lookup behind a child relationship name."""
        folded = name.lower()
        for child, field in self.children(parent):
            found = child_relationship(parent, child, field)
            if found and found.lower() == folded:
                return child, field
        return None

    def rollups(self, child: str) -> list[tuple[SObject, Field, Rollup]]:
        """The roll-up summaries that look at an object's records, with the objects that have them."""
        if self._rollups is None:
            index: dict[str, list[tuple[SObject, Field, Rollup]]] = {}
            for parent in self:
                for field in parent.fields.values():
                    if field.rollup:
                        index.setdefault(field.rollup.child, []).append((parent, field, field.rollup))
            self._rollups = index
        return self._rollups.get(child, [])

    def touch(self, name: str) -> None:
        """Note that the object's describe answer changed."""
        found = self[name]
        found.changed_at = self._tick(found.changed_at)
        self._rollups = None

    def _tick(self, before: float) -> float:
        # Strictly rising whole seconds: a client that revalidates with If-Modified-Since must see two
        # changes within one second as two.
        return max(float(int(self._clock.now().timestamp())), before + 1)

    def add_field(self, name: str, field: Field) -> None:
        """Put a new field last."""
        found = self[name]
        found.put([*found.fields.values(), field])
        self.touch(name)

    def replace_field(self, name: str, old: str, field: Field) -> None:
        """Put another declaration in a field's place."""
        found = self[name]
        found.put([field if item.name == old else item for item in found.fields.values()])
        self.touch(name)

    def drop_field(self, name: str, old: str) -> None:
        """Take a field away."""
        found = self[name]
        found.put([item for item in found.fields.values() if item.name != old])
        self.touch(name)


_PLURAL_RELATIONS = {
    ("Account", "Contact", "AccountId"): "Contacts",
    ("Account", "Account", "ParentId"): "ChildAccounts",
    ("Account", "Opportunity", "AccountId"): "Opportunities",
    ("Account", "Case", "AccountId"): "Cases",
    ("Account", "Task", "WhatId"): "Tasks",
    ("Account", "Event", "WhatId"): "Events",
    ("Contact", "Case", "ContactId"): "Cases",
    ("Contact", "CampaignMember", "ContactId"): "CampaignMembers",
    ("Contact", "OpportunityContactRole", "ContactId"): "OpportunityContactRoles",
    ("Contact", "Task", "WhoId"): "Tasks",
    ("Contact", "Event", "WhoId"): "Events",
    ("Lead", "CampaignMember", "LeadId"): "CampaignMembers",
    ("Lead", "Task", "WhoId"): "Tasks",
    ("Lead", "Event", "WhoId"): "Events",
    ("Opportunity", "OpportunityContactRole", "OpportunityId"): "OpportunityContactRoles",
    ("Opportunity", "Task", "WhatId"): "Tasks",
    ("Opportunity", "Event", "WhatId"): "Events",
    ("Campaign", "CampaignMember", "CampaignId"): "CampaignMembers",
    ("Campaign", "CampaignMemberStatus", "CampaignId"): "CampaignMemberStatuses",
    ("Campaign", "Opportunity", "CampaignId"): "Opportunities",
    ("Campaign", "Campaign", "ParentId"): "ChildCampaigns",
    ("Campaign", "Task", "WhatId"): "Tasks",
    ("Case", "Case", "ParentId"): "Cases",
    ("Profile", "User", "ProfileId"): "Users",
    ("PermissionSet", "PermissionSetAssignment", "PermissionSetId"): "Assignments",
    ("User", "PermissionSetAssignment", "AssigneeId"): "PermissionSetAssignments",
    ("Account", "User", "AccountId"): "Users",
    ("Contact", "User", "ContactId"): "Users",
    ("Contact", "Opportunity", "ContactId"): "Opportunities",
    ("Event", "Event", "RecurrenceActivityId"): "RecurringEvents",
    ("UserRole", "User", "UserRoleId"): "Users",
    ("Group", "GroupMember", "GroupId"): "GroupMembers",
    ("Group", "QueueSobject", "QueueId"): "QueueSobjects",
    ("User", "User", "DelegatedApproverId"): "DelegatedUsers",
    ("User", "User", "ManagerId"): "ManagedUsers",
}


def child_relationship(parent: str, child: SObject, field: Field) -> str | None:
    """The name under which a parent's children are queried; custom lookups end in `__r`."""
    known = _PLURAL_RELATIONS.get((parent, child.name, field.name))
    if known or not field.custom:
        return known
    return f"{field.child_relationship or child.name.removesuffix('__c') + 's'}__r"
