"""Statuses of one campaign's members: labels are unique, one is the default, members follow changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandbox.rules.draft import Draft, Intent
from sandbox.rules.standard import Behaviour
from sandbox.rules.standard.campaign import recount

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer

_KNOWN = """
SELECT "CampaignId", _key, lower("Label"), "SortOrder" FROM "CampaignMemberStatus"
WHERE "CampaignId" IN (SELECT unnest(?)) AND NOT "IsDeleted"
"""


def derive(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Refuse a label twice in one campaign; put a new status last unless it says where."""
    known = writer.store.run(_KNOWN, [[str(draft.merged.get("CampaignId")) for draft in drafts]])
    for draft in drafts:
        campaign, label = draft.merged.get("CampaignId"), str(draft.merged.get("Label") or "").lower()
        mine = [row for row in known if row[0] == campaign]
        if any(row[2] == label and row[1] != draft.key for row in mine):
            draft.refuse("DUPLICATE_VALUE", f"duplicate value found: Label: {draft.merged['Label']}", "Label")
        if draft.old is None and draft.values.get("SortOrder") is None:
            draft.values["SortOrder"] = max((row[3] or 0 for row in mine), default=0) + 1
        if draft.old is None:
            known.append((campaign, None, label, draft.values["SortOrder"]))


def saved(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Keep one default, and carry a new label or meaning over to the members."""
    stamp = intent.stamp or writer.clock.stamp()
    for draft in drafts:
        merged, old = draft.merged, draft.old
        campaign = merged.get("CampaignId")
        if draft.values.get("IsDefault"):
            writer.store.run(
                'UPDATE "CampaignMemberStatus" SET "IsDefault" = FALSE, "SystemModstamp" = ? '
                'WHERE "CampaignId" = ? AND "IsDefault" AND _key <> ? AND NOT "IsDeleted"',
                [stamp, campaign, draft.key],
            )
        if old is None or (old["Label"], old["HasResponded"]) == (merged["Label"], merged["HasResponded"]):
            continue
        writer.store.run(
            'UPDATE "CampaignMember" SET "Status" = ?, "HasResponded" = ?, "SystemModstamp" = ? '
            'WHERE "CampaignId" = ? AND lower("Status") = lower(?) AND NOT "IsDeleted"',
            [merged["Label"], merged["HasResponded"], stamp, campaign, old["Label"]],
        )
        recount(writer, {campaign}, intent)


BEHAVIOUR = Behaviour(derive, saved, needs=("CampaignId", "Label", "HasResponded", "SortOrder"))
