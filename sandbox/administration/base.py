"""What every part of the administration needs: the org's core, its objects, its state."""

from __future__ import annotations

from sandbox import ids
from sandbox.core import Core
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Intent
from sandbox.state import save_state


class Administration:
    """One org, to be changed."""

    core: Core

    def _object(self, name: str) -> SObject:
        found = self.core.schema.find(name)
        if found is None:
            raise LookupError(f"no object {name}")
        return found

    def _field_name(self, found: SObject, name: str) -> str:
        field = found.find(name)
        if field is None:
            raise LookupError(f"no field {name} on {found.name}")
        return field.name

    def _number(self, record_id: str) -> int:
        parsed = ids.parse(record_id)
        if parsed is None:
            raise LookupError(f"not an id: {record_id}")
        return parsed[1]

    def _admin(self) -> Intent:
        # A person in the user interface chooses whether assignment rules run; the default there is no.
        return Intent(self.core.admin, auto_assign=False)

    def _keep(self) -> None:
        self.core.forget_users()
        save_state(self.core)
