"""Campaigns: a new one gets two member statuses; members take theirs from it and are counted (facts 5.8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sandbox import ids
from sandbox.rules.draft import Draft, Intent
from sandbox.rules.standard import Behaviour

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer

_COUNTS = """
SELECT count(*) FILTER (WHERE m."LeadId" IS NOT NULL AND m."ContactId" IS NULL),
       count(*) FILTER (WHERE m."LeadId" IS NOT NULL AND m."ContactId" IS NOT NULL),
       count(*) FILTER (WHERE m."ContactId" IS NOT NULL),
       count(*) FILTER (WHERE m."HasResponded")
FROM "CampaignMember" m WHERE m."CampaignId" = ? AND NOT m."IsDeleted"
"""
_DEALS = """
SELECT count(*), count(*) FILTER (WHERE "IsWon"), COALESCE(sum("Amount"), 0),
       COALESCE(sum("Amount") FILTER (WHERE "IsWon"), 0)
FROM "Opportunity" WHERE "CampaignId" = ? AND NOT "IsDeleted"
"""


def campaign_saved(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Give new campaigns the two statuses that every campaign starts with."""
    rows: list[dict[str, Any]] = []
    for draft in drafts:
        if draft.created:
            common = {"CampaignId": draft.id}
            rows.append({**common, "Label": "Sent", "SortOrder": 1, "IsDefault": True, "HasResponded": False})
            rows.append(
                {**common, "Label": "Responded", "SortOrder": 2, "IsDefault": False, "HasResponded": True}
            )
    if rows:
        writer.insert(
            writer.schema["CampaignMemberStatus"], rows, Intent(intent.user, stamp=intent.stamp, trusted=True)
        )


def member_derive(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Check who is meant, and give a status of that campaign."""
    _check_people(writer, drafts)
    live = [draft for draft in drafts if not draft.errors]
    statuses = _statuses(writer, {draft.merged.get("CampaignId") for draft in live})
    people = _people(writer, live)
    for draft in live:
        merged = draft.merged
        known = statuses.get(str(merged.get("CampaignId")), {})
        wanted = str(merged.get("Status") or "").lower()
        if wanted not in known:
            # A status that the campaign does not have becomes its default.
            wanted = next((label for label, row in known.items() if row[1]), wanted)
        if wanted in known:
            label, _, responded = known[wanted]
            draft.values.update(Status=label, HasResponded=responded)
            if responded and not (draft.old or {}).get("FirstRespondedDate"):
                draft.values["FirstRespondedDate"] = (intent.stamp or writer.clock.stamp()).date()
        draft.values.update(people.get(str(merged.get("ContactId") or merged.get("LeadId")), {}))


def _check_people(writer: Writer, drafts: Sequence[Draft]) -> None:
    fresh: list[tuple[tuple[str, str], Draft]] = []
    for draft in drafts:
        if draft.old is not None:
            continue
        lead, contact = draft.values.get("LeadId"), draft.values.get("ContactId")
        if not lead and not contact:
            draft.refuse("FIELD_INTEGRITY_EXCEPTION", "A lead or a contact must be specified", "LeadId")
        elif lead and contact:
            draft.refuse(
                "FIELD_INTEGRITY_EXCEPTION", "Only one of lead and contact may be specified", "LeadId"
            )
        else:
            fresh.append(((str(draft.values.get("CampaignId")), str(contact or lead)), draft))
    taken = _members(writer, [key for key, _ in fresh])
    for key, draft in fresh:
        if key in taken:
            draft.refuse("DUPLICATE_VALUE", "Already a campaign member.")
        taken.add(key)


def _members(writer: Writer, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these campaigns have which of these people already."""
    if not pairs:
        return set()
    rows = writer.store.run(
        'SELECT "CampaignId", COALESCE("ContactId", "LeadId") FROM "CampaignMember" '
        'WHERE "CampaignId" IN (SELECT unnest(?)) '
        'AND COALESCE("ContactId", "LeadId") IN (SELECT unnest(?)) AND NOT "IsDeleted"',
        [list({campaign for campaign, _ in pairs}), [person for _, person in pairs]],
    )
    return {(row[0], row[1]) for row in rows}


def _statuses(writer: Writer, campaigns: Iterable[Any]) -> dict[str, dict[str, tuple[str, bool, bool]]]:
    out: dict[str, dict[str, tuple[str, bool, bool]]] = {}
    for campaign, label, default, responded in writer.store.run(
        'SELECT "CampaignId", "Label", "IsDefault", "HasResponded" FROM "CampaignMemberStatus" '
        'WHERE "CampaignId" IN (SELECT unnest(?)) AND NOT "IsDeleted" ORDER BY "SortOrder"',
        [[str(item) for item in campaigns]],
    ):
        out.setdefault(campaign, {})[label.lower()] = (label, default, responded)
    return out


def _people(writer: Writer, drafts: Sequence[Draft]) -> dict[str, dict[str, Any]]:
    """Who is meant; everything else that a member shows of its person is read from there."""
    out: dict[str, dict[str, Any]] = {}
    wanted = [draft.merged.get("ContactId") or draft.merged.get("LeadId") for draft in drafts]
    for name in ("Lead", "Contact"):
        prefix = writer.schema[name].prefix
        keys = [item for item in wanted if item and item.startswith(prefix)]
        if not keys:
            continue
        for record_id, owner in writer.store.run(
            f'SELECT "Id", "OwnerId" FROM "{name}" WHERE "Id" IN (SELECT unnest(?))', [keys]
        ):
            out[record_id] = {
                "LeadOrContactId": record_id,
                "LeadOrContactOwnerId": owner,
                "Type": name,
            }
    return out


def member_saved(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Count the campaigns anew."""
    recount(writer, {draft.merged.get("CampaignId") for draft in drafts}, intent)


def member_removed(writer: Writer, keys: Sequence[int], intent: Intent) -> None:
    """Count the campaigns anew."""
    rows = writer.store.fetch(writer.schema["CampaignMember"], keys, ["CampaignId"])
    recount(writer, {row["CampaignId"] for row in rows.values()}, intent)


def recount(writer: Writer, campaigns: Iterable[Any], intent: Intent) -> None:
    """Roll counts up; the campaign's SystemModstamp moves, its LastModifiedDate does not."""
    sobject = writer.schema["Campaign"]
    for campaign in sorted(item for item in campaigns if item):
        parsed = ids.parse(campaign)
        if parsed is None:
            continue
        leads, converted, contacts, responses = writer.store.run(_COUNTS, [campaign])[0]
        deals, won, amount, won_amount = writer.store.run(_DEALS, [campaign])[0]
        counts = {
            "NumberOfLeads": leads,
            "NumberOfConvertedLeads": converted,
            "NumberOfContacts": contacts,
            "NumberOfResponses": responses,
            "NumberOfOpportunities": deals,
            "NumberOfWonOpportunities": won,
            "AmountAllOpportunities": amount,
            "AmountWonOpportunities": won_amount,
            "SystemModstamp": intent.stamp or writer.clock.stamp(),
        }
        writer.store.update(sobject, [(parsed[1], counts)])


CAMPAIGN = Behaviour(saved=campaign_saved)
MEMBER = Behaviour(
    member_derive,
    member_saved,
    member_removed,
    needs=("CampaignId", "LeadId", "ContactId", "Status", "FirstRespondedDate"),
)
