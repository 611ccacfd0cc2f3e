"""Cases: numbered, closed by their status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandbox.rules.draft import Draft, Intent
from sandbox.rules.standard import Behaviour

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer


def derive(writer: Writer, drafts: Sequence[Draft], intent: Intent) -> None:
    """Number new cases; close those whose status says so."""
    last = writer.store.run('SELECT COALESCE(max(CAST("CaseNumber" AS BIGINT)), 1000) FROM "Case"')[0][0]
    for draft in drafts:
        if draft.old is None:
            last += 1
            draft.values["CaseNumber"] = f"{last:08d}"
        closed = draft.merged.get("Status") == "Closed"
        draft.values["IsClosed"] = closed
        if closed and not (draft.old or {}).get("IsClosed"):
            draft.values["ClosedDate"] = intent.stamp or writer.clock.stamp()
        elif not closed:
            draft.values["ClosedDate"] = None


BEHAVIOUR = Behaviour(derive, needs=("Status", "IsClosed"))
