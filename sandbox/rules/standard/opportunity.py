"""Opportunity: the stage decides probability, closed and won; the close date decides the fiscal period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sandbox.metadata.opportunity import STAGES
from sandbox.rules.draft import Draft, Intent
from sandbox.rules.standard import Behaviour
from sandbox.rules.standard.campaign import recount

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer

_DEFAULT = (0.0, False, False, "Pipeline", "Pipeline")


def derive(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Fill what follows from stage, amount and close date."""
    for draft in drafts:
        values, merged = draft.values, draft.merged
        stage = merged.get("StageName")
        if draft.old is None or stage != draft.old.get("StageName"):
            probability, closed, won, category, category_name = STAGES.get(str(stage), _DEFAULT)
            if values.get("Probability") is None:
                values["Probability"] = float(probability)
            values.update(IsClosed=closed, IsWon=won, ForecastCategory=category)
            values.setdefault("ForecastCategoryName", category_name)
            if draft.old is not None:
                values["LastStageChangeDate"] = intent.stamp or writer.clock.stamp()
        merged = draft.merged
        amount, probability_now = merged.get("Amount"), merged.get("Probability")
        values["ExpectedRevenue"] = (
            round(amount * probability_now / 100, 2)
            if amount is not None and probability_now is not None
            else None
        )
        close = merged.get("CloseDate")
        if close is not None and "CloseDate" in values:
            quarter = (close.month + 2) // 3
            values.update(FiscalQuarter=quarter, FiscalYear=close.year, Fiscal=f"{close.year} {quarter}")


def saved(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Make the contact a primary role, and count the campaign anew."""
    roles = [
        {"OpportunityId": draft.id, "ContactId": draft.values["ContactId"], "IsPrimary": True}
        for draft in drafts
        if draft.created and draft.values.get("ContactId")
    ]
    if roles:
        trusted = Intent(intent.user, stamp=intent.stamp, trusted=True)
        writer.insert(writer.schema["OpportunityContactRole"], roles, trusted)
    recount(
        writer,
        {draft.merged.get("CampaignId") for draft in drafts}
        | {(draft.old or {}).get("CampaignId") for draft in drafts},
        intent,
    )


def removed(writer: Writer, keys: Sequence[int], intent: Intent) -> None:
    """Count the campaigns anew."""
    rows = writer.store.fetch(writer.schema["Opportunity"], keys, ["CampaignId"])
    recount(writer, {row["CampaignId"] for row in rows.values()}, intent)


def won_with_account(writer: Writer, doomed: Mapping[int, str]) -> dict[str, list[str]]:
    """Names of won deals among those that an account would take along, by the account's id."""
    taken = [key for key, root in doomed.items() if root[:3] == writer.schema["Account"].prefix]
    out: dict[str, list[str]] = {}
    rows = writer.store.fetch(writer.schema["Opportunity"], taken, ["IsWon", "Name"])
    for key, row in sorted(rows.items()):
        if row["IsWon"]:
            out.setdefault(doomed[key], []).append(row["Name"])
    return out


BEHAVIOUR = Behaviour(
    derive,
    saved,
    removed,
    needs=("StageName", "Amount", "Probability", "CloseDate", "CampaignId"),
)
