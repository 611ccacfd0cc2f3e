"""Who sees which records: org-wide defaults, sharing rules, manual shares."""

from __future__ import annotations

from sandbox import ids
from sandbox.administration.base import Administration
from sandbox.core import SYNC_USER
from sandbox.metadata.custom_field import InvalidMetadata
from sandbox.sharing import DEFAULTS, Share, SharingRule
from sandbox.soql.compiler import compile_condition


class SharingAdministration(Administration):
    """The sharing of the whole org. Roles and groups are records: UserRole, Group, GroupMember."""

    def set_sharing(self, obj: str, default: str) -> None:
        """Set an org-wide default: Private, Read, ReadWrite or ControlledByParent."""
        if default not in DEFAULTS:
            raise InvalidMetadata(f"{default} is no org-wide default; there are {', '.join(DEFAULTS)}")
        self.core.sharing.defaults[self._object(obj).name] = default
        self._keep()

    def share_record(self, obj: str, record_id: str, user_id: str = SYNC_USER, edit: bool = False) -> None:
        """Share a record by hand; `edit` lets the user change it."""
        self.unshare_record(obj, record_id, user_id)
        share = Share(self._object(obj).name, self._number(record_id), user_id, edit)
        self.core.sharing.shares.append(share)
        self._keep()

    def unshare_record(self, obj: str, record_id: str, user_id: str = SYNC_USER) -> None:
        """Undo `share_record`."""
        gone = (self._object(obj).name, self._number(record_id), user_id)
        shares = self.core.sharing.shares
        shares[:] = [item for item in shares if (item.sobject, item.key, item.user_id) != gone]
        self._keep()

    def add_sharing_rule(
        self,
        obj: str,
        name: str,
        to: str,
        owners: str | None = None,
        condition: str | None = None,
        edit: bool = False,
    ) -> None:
        """Open records of certain `owners`, or of which a SOQL condition is true, to others.

        `to` and `owners` are ids of a user, a public group, a queue, or a role with those below it.
        """
        found = self._object(obj)
        if (owners is None) == (condition is None):
            raise InvalidMetadata(
                f"{name}: say either whose records are shared (owners) or which (condition)"
            )
        if any(rule.name == name for rule in self.core.sharing.rules):
            raise InvalidMetadata(f"there is a sharing rule {name} already")
        if condition is not None:
            compile_condition(condition, self.core.world(self.core.admin), found)
        rule = SharingRule(
            found.name, name, self._holder(to), owners and self._holder(owners), condition, edit
        )
        self.core.sharing.rules.append(rule)
        self._keep()

    def remove_sharing_rule(self, name: str) -> None:
        """Undo `add_sharing_rule`."""
        rules = self.core.sharing.rules
        if not any(rule.name == name for rule in rules):
            raise LookupError(f"no sharing rule {name}")
        rules[:] = [rule for rule in rules if rule.name != name]
        self._keep()

    def _holder(self, record_id: str) -> str:
        """The full id of somebody whom records can be shared with."""
        found = self.core.schema.by_prefix(record_id[:3])
        if (
            found is None
            or found.name not in ("User", "Group", "UserRole")
            or not self.core.store.fetch(found, [self._number(record_id)], ["Id"])
        ):
            raise LookupError(f"no user, group or role {record_id}")
        return ids.make(found.prefix, self._number(record_id))
