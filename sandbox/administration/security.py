"""What the sync user's profile allows: fields, objects, permissions; and records out of its sight."""

from __future__ import annotations

from sandbox.access import CREATE, DELETE, EDIT, READ
from sandbox.administration.base import Administration
from sandbox.core import SYNC_PROFILE, SYNC_USER
from sandbox.metadata.custom_field import InvalidMetadata
from sandbox.metadata.permission import KNOWN
from sandbox.rules.permission import CAMPAIGNS


class SecurityAdministration(Administration):
    """Security of the sync user's profile."""

    def hide_field(self, obj: str, name: str) -> None:
        """Hide a field from the sync user: for it the field does not exist."""
        self._secure(obj, name, hidden=True)

    def show_field(self, obj: str, name: str) -> None:
        """Undo `hide_field`."""
        self._secure(obj, name, hidden=False)

    def set_field_read_only(self, obj: str, name: str, read_only: bool = True) -> None:
        """Let the sync user read a field but not write it."""
        found = self._object(obj)
        rules = self.core.profiles[SYNC_PROFILE].read_only
        (rules.add if read_only else rules.discard)((found.name, self._field_name(found, name)))
        self.core.schema.touch(found.name)
        self._keep()

    def hide_object(self, obj: str) -> None:
        """Hide an object from the sync user: for it the object does not exist."""
        self.set_object_permission(obj, READ, False)

    def show_object(self, obj: str) -> None:
        """Undo `hide_object`."""
        self.set_object_permission(obj, READ, True)

    def set_object_permission(self, obj: str, operation: str, granted: bool) -> None:
        """Let the sync user's profile Read, Create, Edit or Delete records of an object, or not."""
        if operation not in (READ, CREATE, EDIT, DELETE):
            raise InvalidMetadata(f"a profile grants {READ}, {CREATE}, {EDIT} or {DELETE}, not {operation}")
        found, denied = self._object(obj), self.core.profiles[SYNC_PROFILE].denied
        (denied.discard if granted else denied.add)((found.name, operation))
        self.core.schema.touch(found.name)
        self._keep()

    def hide_record(self, obj: str, record_id: str) -> None:
        """Take a record out of the sync user's sight, whatever sharing says."""
        self.show_record(obj, record_id)
        values = [self._object(obj).name, self._number(record_id)]
        self.core.store.run("INSERT INTO _hidden VALUES (?, ?)", values)
        self.core.note_hidden()

    def show_record(self, obj: str, record_id: str) -> None:
        """Undo `hide_record`."""
        self.core.store.run(
            "DELETE FROM _hidden WHERE object = ? AND key = ?",
            [self._object(obj).name, self._number(record_id)],
        )
        self.core.note_hidden()

    def set_permission(self, name: str, granted: bool) -> None:
        """Grant the sync user a permission of `metadata/permission.py`, or take it."""
        self.core.profiles[SYNC_PROFILE].permissions[name] = granted
        if name not in KNOWN:
            raise LookupError(f"no permission {name}; there are {', '.join(sorted(KNOWN))}")
        profile = self.core.schema["Profile"]
        column = profile.find(f"Permissions{name}")
        if column is not None:
            self.core.store.update(profile, [(self._number(SYNC_PROFILE), {column.name: granted})])
        self._keep()

    def set_marketing_user(self, marketing: bool, user_id: str = SYNC_USER) -> None:
        """Tick or clear Marketing User, without which campaigns cannot be written."""
        values = {"UserPermissionsMarketingUser": marketing}
        outcome = self.core.writer.update(self.core.schema["User"], [(user_id, values)], self._admin())[0]
        if not outcome.success:
            raise LookupError(f"no user {user_id}")
        for name in CAMPAIGNS:
            self.core.schema.touch(name)

    def _secure(self, obj: str, name: str, hidden: bool) -> None:
        found = self._object(obj)
        rules = self.core.profiles[SYNC_PROFILE].hidden
        (rules.add if hidden else rules.discard)((found.name, self._field_name(found, name)))
        self.core.schema.touch(found.name)
        self._keep()
