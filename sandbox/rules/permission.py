"""What may be done with an object's records at all: by anybody, by permission, by Marketing User for campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.access import CREATE, DELETE, EDIT, User
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Draft, Intent
from sandbox.store import Store

CAMPAIGNS = frozenset(["Campaign", "CampaignMember", "CampaignMemberStatus"])
_OPERATIONS = {"inserted": CREATE, "updated": EDIT, "deleted": DELETE}


def check(store: Store, sobject: SObject, drafts: Sequence[Draft], intent: Intent, verb: str) -> None:
    """Refuse everything that this user may not do; `verb` is inserted, updated or deleted."""
    if intent.trusted or not drafts or (_allows(sobject, verb) and _may(store, sobject, intent.user, verb)):
        return
    code = "INSUFFICIENT_ACCESS_OR_READONLY" if verb == "deleted" else "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    for draft in drafts:
        if not draft.errors:
            draft.refuse(code, f"entity type cannot be {verb}: {sobject.label}")


def _allows(sobject: SObject, verb: str) -> bool:
    """Whether anybody may do that to the object."""
    return {"inserted": sobject.createable, "updated": sobject.updateable, "deleted": sobject.deletable}[verb]


def _may(store: Store, sobject: SObject, user: User, verb: str) -> bool:
    if user.profile.all_data:
        return True
    allowed = user.profile.may(sobject, _OPERATIONS[verb])
    return allowed and (sobject.name not in CAMPAIGNS or _markets(store, user.id))


def _markets(store: Store, user_id: str) -> bool:
    """Whether Marketing User is ticked, without which campaigns cannot be written."""
    rows = store.run('SELECT "UserPermissionsMarketingUser" FROM "User" WHERE "Id" = ?', [user_id])
    return bool(rows and rows[0][0])
