"""FOR VIEW and FOR REFERENCE: a query that says its records were looked at (no stamp of theirs moves)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sandbox.soql.plan import Plan
from sandbox.store import Store

_FIELDS = {"FOR VIEW": ("LastViewedDate", "LastReferencedDate"), "FOR REFERENCE": ("LastReferencedDate",)}


def note_use(store: Store, plan: Plan, ids: Sequence[str], moment: datetime) -> None:
    """Write down that the records of a plan were viewed or referenced, if the query says so."""
    names = {name for purpose in plan.purpose for name in _FIELDS.get(purpose, ())}
    known = sorted(name for name in names if name in plan.sobject.fields)
    if not known or not ids or plan.kind != "rows":
        return
    sets = ", ".join(f'"{name}" = ?' for name in known)
    with store.transaction():
        store.run(
            f'UPDATE {plan.sobject.table} SET {sets} WHERE "Id" IN (SELECT unnest(?))',
            [*(moment for _ in known), list(ids)],
        )
