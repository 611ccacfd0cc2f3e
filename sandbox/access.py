"""Who may see and change what: users, profiles, field-level security, record visibility (facts 5.8)."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject

PRIVATE, READ, READ_WRITE = "Private", "Read", "ReadWrite"
CONTROLLED_BY_PARENT = "ControlledByParent"
DEFAULTS = (PRIVATE, READ, READ_WRITE, CONTROLLED_BY_PARENT)
"""Org-wide defaults, named as the Metadata API names them."""


@dataclass(slots=True, frozen=True)
class Share:
    """A record shared by hand with a user; `edit` lets that user change it as well."""

    sobject: str
    key: int
    user_id: str
    edit: bool = False


@dataclass(slots=True)
class Sharing:
    """Org-wide defaults by object (an object that is not named is open to everybody), and manual shares."""

    defaults: dict[str, str] = field(default_factory=dict)
    shares: list[Share] = field(default_factory=list)


@dataclass(slots=True)
class Profile:
    """A kind of user. `all_data` means that sharing and hidden records do not apply."""

    id: str
    name: str
    all_data: bool = False
    permissions: dict[str, bool] = field(
        default_factory=lambda: dict.fromkeys(["ApiEnabled", "ConvertLeads", "EditTask", "EditEvent"], True)
    )
    hidden: set[tuple[str, str]] = field(default_factory=set)
    read_only: set[tuple[str, str]] = field(default_factory=set)
    hidden_objects: set[str] = field(default_factory=set)

    def allows(self, permission: str) -> bool:
        """Whether the profile grants a permission by its API name."""
        return self.permissions.get(permission, self.all_data)

    def sees_object(self, sobject: SObject) -> bool:
        """Whether the object exists for this user."""
        return sobject.name not in self.hidden_objects

    def sees(self, sobject: SObject, found: Field) -> bool:
        """Whether the field exists for this user."""
        return (sobject.name, found.name) not in self.hidden

    def may_edit(self, sobject: SObject, found: Field) -> bool:
        """Whether field-level security lets this user write the field."""
        key = (sobject.name, found.name)
        return key not in self.hidden and key not in self.read_only


@dataclass(slots=True, frozen=True)
class User:
    """Somebody at work: the id that stamps carry, and what the profile allows."""

    id: str
    username: str
    profile: Profile
