"""Tasks and events: closed, high priority, the account behind the person, and who may be named with what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.metadata.activity import CLOSED
from sandbox.rules.draft import Draft, Intent
from sandbox.rules.standard import Behaviour

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer


def derive(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Fill what follows; a lead may not be named together with another record (facts 5.8)."""
    task = any("IsHighPriority" in draft.merged for draft in drafts)
    for draft in drafts:
        merged = draft.merged
        who, what = merged.get("WhoId"), merged.get("WhatId")
        if who and what and who.startswith("00Q"):
            draft.refuse(
                "FIELD_INTEGRITY_EXCEPTION", "Related To ID: can not specify both a lead and a what", "WhatId"
            )
            continue
        draft.values["AccountId"] = _account(writer, who, what)
        if not task:
            _when(draft)
            continue
        closed = merged.get("Status") == CLOSED
        draft.values.update(IsClosed=closed, IsHighPriority=merged.get("Priority") == "High")
        if closed and not (draft.old or {}).get("IsClosed"):
            draft.values["CompletedDateTime"] = intent.stamp or writer.clock.stamp()
        elif not closed:
            draft.values["CompletedDateTime"] = None


def _when(draft: Draft) -> None:
    """Start, end and duration of an event follow from each other."""
    merged, values = draft.merged, draft.values
    if draft.old is None:
        values["EventSubtype"] = "Event"
    start = values.get("StartDateTime") or values.get("ActivityDateTime") or merged.get("StartDateTime")
    if start is None:
        return
    end = values.get("EndDateTime")
    minutes = merged.get("DurationInMinutes")
    if end is None and minutes is not None:
        end = start + timedelta(minutes=minutes)
    if end is None:
        end = merged.get("EndDateTime") or start
    if end < start:
        draft.refuse("FIELD_INTEGRITY_EXCEPTION", "End date cannot be before start date", "EndDateTime")
        return
    values.update(
        StartDateTime=start,
        ActivityDateTime=start,
        ActivityDate=start.date(),
        EndDateTime=end,
        EndDate=end.date(),
        DurationInMinutes=int((end - start).total_seconds() // 60),
    )


def _account(writer: Writer, who: str | None, what: str | None) -> Any:
    if what and what.startswith("001"):
        return what
    for record_id, name in ((what, "Opportunity"), (what, "Case"), (who, "Contact")):
        if record_id and record_id.startswith(writer.schema[name].prefix):
            rows = writer.store.run(f'SELECT "AccountId" FROM "{name}" WHERE "Id" = ?', [record_id])
            if rows and rows[0][0]:
                return rows[0][0]
    return None


BEHAVIOUR = Behaviour(
    derive,
    needs=(
        "WhoId",
        "WhatId",
        "Status",
        "Priority",
        "IsClosed",
        "StartDateTime",
        "EndDateTime",
        "DurationInMinutes",
    ),
)
