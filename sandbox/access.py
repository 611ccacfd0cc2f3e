"""Who may see and change what: users, profiles, permission sets, field-level security (facts 5.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject

READ, CREATE, EDIT, DELETE, VIEW_ALL, MODIFY_ALL = "Read", "Create", "Edit", "Delete", "ViewAll", "ModifyAll"
OPERATIONS = {
    READ: {READ},
    CREATE: {READ, CREATE},
    EDIT: {READ, EDIT},
    DELETE: {READ, EDIT, DELETE},
    VIEW_ALL: {READ, VIEW_ALL},
    MODIFY_ALL: {READ, EDIT, DELETE, VIEW_ALL, MODIFY_ALL},
}
"""What may be done with an object's records, and what each of it takes for granted."""
Named = tuple[str, str]
"""An object and one of its fields or operations."""


@dataclass(slots=True, frozen=True)
class PermissionSet:
    """What everybody who has the set may do on top of the own profile."""

    id: str
    name: str
    permissions: frozenset[str] = frozenset()
    operations: frozenset[Named] = frozenset()
    readable: frozenset[Named] = frozenset()
    editable: frozenset[Named] = frozenset()


@dataclass(slots=True)
class Profile:
    """A kind of user. `all_data` means that sharing and hidden records do not apply."""

    id: str
    name: str
    all_data: bool = False
    permissions: dict[str, bool] = field(
        default_factory=lambda: dict.fromkeys(["ApiEnabled", "ConvertLeads", "EditTask", "EditEvent"], True)
    )
    hidden: set[Named] = field(default_factory=set)
    read_only: set[Named] = field(default_factory=set)
    denied: set[Named] = field(default_factory=set)
    """Operations that the profile does not grant; without Read the object does not exist."""
    wide: frozenset[Named] = frozenset()
    """Operations that permission sets grant, ViewAll and ModifyAll among them."""

    def widened(self, sets: Iterable[PermissionSet]) -> Profile:
        """The profile together with the permission sets that somebody has."""
        given = list(sets)
        if not given:
            return self
        operations = frozenset[Named]().union(*(item.operations for item in given))
        editable = frozenset[Named]().union(*(item.editable for item in given))
        readable = frozenset[Named]().union(*(item.readable for item in given))
        shown = self.hidden & (readable - editable)
        return replace(
            self,
            permissions=self.permissions | {name: True for item in given for name in item.permissions},
            hidden=self.hidden - readable - editable,
            read_only=(self.read_only | shown) - editable,
            denied=self.denied - operations,
            wide=operations,
        )

    def allows(self, permission: str) -> bool:
        """Whether a permission is granted, by its API name."""
        return self.permissions.get(permission, self.all_data)

    def may(self, sobject: SObject, operation: str) -> bool:
        """Whether the object's records may be read, created, edited or deleted at all."""
        return (sobject.name, operation) not in self.denied and self.sees_object(sobject)

    def sees_object(self, sobject: SObject) -> bool:
        """Whether the object exists for this user."""
        return (sobject.name, READ) not in self.denied

    def passes_sharing(self, sobject: SObject, editing: bool) -> bool:
        """Whether every record of the object is seen, or may be changed, whatever sharing says."""
        return self.allows("ModifyAllData" if editing else "ViewAllData") or (
            (sobject.name, MODIFY_ALL if editing else VIEW_ALL) in self.wide
        )

    def sees(self, sobject: SObject, found: Field) -> bool:
        """Whether the field exists for this user."""
        return (sobject.name, found.name) not in self.hidden

    def may_edit(self, sobject: SObject, found: Field) -> bool:
        """Whether field-level security lets this user write the field."""
        key = (sobject.name, found.name)
        return key not in self.hidden and key not in self.read_only


@dataclass(slots=True, frozen=True)
class User:
    """Somebody at work: the id that stamps carry, and what profile and permission sets allow."""

    id: str
    username: str
    profile: Profile
