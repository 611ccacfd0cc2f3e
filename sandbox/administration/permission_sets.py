"""Permission sets: what some users may do on top of their profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.access import OPERATIONS, Named, PermissionSet
from sandbox.administration.base import Administration
from sandbox.core import SYNC_USER
from sandbox.metadata.custom_field import InvalidMetadata
from sandbox.metadata.permission import KNOWN, PERMISSIONS
from sandbox.rules.draft import Intent


class PermissionSetAdministration(Administration):
    """Makes permission sets and gives them to users."""

    def add_permission_set(
        self,
        name: str,
        permissions: Sequence[str] = (),
        objects: Mapping[str, Sequence[str]] | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
        read_only: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Make a set and answer its id.

        `objects` grants operations by object ({"Lead": ["Read", "Edit"]}; also Create, Delete, ViewAll, ModifyAll),
        `fields` the writing and `read_only` the reading of fields by object ({"Lead": ["Rating"]}).
        """
        unknown = set(permissions) - KNOWN
        if unknown:
            raise LookupError(f"no permission {min(unknown)}; there are {', '.join(sorted(KNOWN))}")
        row: dict[str, Any] = {f"Permissions{item}": item in permissions for item in PERMISSIONS}
        row |= {"Name": name, "Label": name.replace("_", " "), "IsCustom": True, "IsOwnedByProfile": False}
        row |= {"Type": "Regular"}
        operations, editable, readable = (
            self._operations(objects or {}),
            self._fields(fields),
            self._fields(read_only),
        )
        outcome = self.core.writer.insert(self._object("PermissionSet"), [row], self._trusted())[0]
        made = PermissionSet(str(outcome.id), name, frozenset(permissions), operations, readable, editable)
        self.core.permission_sets[made.id] = made
        self._keep()
        return made.id

    def assign_permission_set(self, permission_set: str, user_id: str = SYNC_USER) -> None:
        """Give a set to a user."""
        made = self._made(permission_set)
        self.unassign_permission_set(permission_set, user_id)
        row = {"PermissionSetId": made.id, "AssigneeId": self.core.user(user_id).id, "IsActive": True}
        self.core.writer.insert(self._object("PermissionSetAssignment"), [row], self._trusted())
        self._notice(made)

    def unassign_permission_set(self, permission_set: str, user_id: str = SYNC_USER) -> None:
        """Undo `assign_permission_set`."""
        made = self._made(permission_set)
        self.core.store.run(
            'DELETE FROM "PermissionSetAssignment" WHERE "PermissionSetId" = ? AND "AssigneeId" = ?',
            [made.id, user_id],
        )
        self._notice(made)

    def _made(self, permission_set: str) -> PermissionSet:
        found = self.core.permission_sets.get(permission_set)
        if found is None:
            raise LookupError(f"no permission set {permission_set}")
        return found

    def _notice(self, changed: PermissionSet) -> None:
        """Describe answers of what the set is about are no longer what they were."""
        for name in {name for name, _ in changed.operations | changed.readable | changed.editable}:
            self.core.schema.touch(name)
        self._keep()

    def _trusted(self) -> Intent:
        return Intent(self.core.admin, trusted=True, all_or_none=True)

    def _operations(self, objects: Mapping[str, Sequence[str]]) -> frozenset[Named]:
        wanted = {(self._object(obj).name, item) for obj, items in objects.items() for item in items}
        unknown = {item for _, item in wanted} - OPERATIONS.keys()
        if unknown:
            raise InvalidMetadata(f"a set grants {', '.join(OPERATIONS)}, not {min(unknown)}")
        return frozenset((obj, implied) for obj, item in wanted for implied in OPERATIONS[item])

    def _fields(self, fields: Mapping[str, Sequence[str]] | None) -> frozenset[Named]:
        return frozenset(
            (self._object(obj).name, self._field_name(self._object(obj), name))
            for obj, names in (fields or {}).items()
            for name in names
        )
