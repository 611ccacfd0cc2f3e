"""What may be done with an object's records at all: object permissions, and Marketing User for campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.access import CREATE, DELETE, EDIT
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft, Intent
from sandbox.store import Store

CAMPAIGNS = frozenset(["Campaign", "CampaignMember", "CampaignMemberStatus"])
_OPERATIONS = {"inserted": CREATE, "updated": EDIT, "deleted": DELETE}


def check(store: Store, sobject: SObject, drafts: Sequence[Draft], intent: Intent, verb: str) -> None:
    """Refuse everything that this user may not do; `verb` is inserted, updated or deleted."""
    profile = intent.user.profile
    if intent.trusted or profile.all_data or not drafts:
        return
    if profile.may(sobject, _OPERATIONS[verb]) and (
        sobject.name not in CAMPAIGNS or _markets(store, intent.user.id)
    ):
        return
    code = "INSUFFICIENT_ACCESS_OR_READONLY" if verb == "deleted" else "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    for draft in drafts:
        if not draft.errors:
            draft.refuse(code, f"entity type cannot be {verb}: {sobject.label}")


def _markets(store: Store, user_id: str) -> bool:
    """Whether Marketing User is ticked, without which campaigns cannot be written."""
    rows = store.run('SELECT "UserPermissionsMarketingUser" FROM "User" WHERE "Id" = ?', [user_id])
    return bool(rows and rows[0][0])
