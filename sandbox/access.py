"""Who may see and change what: users, profiles, field-level security, record visibility (facts 5.8)."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject


@dataclass(slots=True)
class Profile:
    """A kind of user. `all_data` means that sharing and hidden records do not apply."""

    id: str
    name: str
    all_data: bool = False
    permissions: dict[str, bool] = field(default_factory=lambda: {"ApiEnabled": True})
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
