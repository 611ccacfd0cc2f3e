"""Marketing User: without the tick on the user, campaigns, their members and statuses cannot be written."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft, Intent
from sandbox.store import Store

OBJECTS = frozenset(["Campaign", "CampaignMember", "CampaignMemberStatus"])


def check(store: Store, sobject: SObject, drafts: Sequence[Draft], intent: Intent, verb: str) -> None:
    """Refuse everything that this user may not do to campaigns; `verb` is inserted, updated or deleted."""
    if sobject.name not in OBJECTS or intent.trusted or intent.user.profile.all_data or not drafts:
        return
    rows = store.run('SELECT "UserPermissionsMarketingUser" FROM "User" WHERE "Id" = ?', [intent.user.id])
    if rows and rows[0][0]:
        return
    code = "INSUFFICIENT_ACCESS_OR_READONLY" if verb == "deleted" else "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    for draft in drafts:
        if not draft.errors:
            draft.refuse(code, f"entity type cannot be {verb}: {sobject.label}")
