"""What waits in quarantine, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.database.connection import Session
from tandem.errors import TandemError
from tandem.quality.suite import Rule, load


@dataclass(frozen=True)
class HeldFilter:
    """Which records to look at; empty means all."""

    ids: Sequence[str] = ()
    object: str | None = None
    expectation: str | None = None
    column: str | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """Return the filter as SQL with its values."""
        conditions, values = ["q.released_at IS NULL"], list[Any]()
        if self.ids:
            conditions.append("q.sfdc_id IN (SELECT unnest(?))")
            values.append(list(self.ids))
        wanted = (("object", self.object), ("expectation", self.expectation), ("column_name", self.column))
        for column, name in wanted:
            if name is not None:
                conditions.append(f"lower(q.{column}) = lower(?)")
                values.append(name)
        return " AND ".join(conditions), values


def waiting(
    session: Session, limit: int | None = None, chosen: HeldFilter | None = None
) -> list[dict[str, Any]]:
    """Return the rows held back, newest first: a row per record and expectation."""
    condition, values = (chosen or HeldFilter()).condition()
    return session.rows(
        f"""
        SELECT q.logged_at, q.object, q.sfdc_id, q.expectation, q.column_name, q.value, p.id AS person_id,
               coalesce(q.ask_again, false) AS let_in, q.sfdc_stamp, q.run_id
        FROM sync.quarantine q LEFT JOIN marketing.person p ON p.sfdc_id = q.sfdc_id
        WHERE {condition} ORDER BY q.logged_at DESC, q.object, q.sfdc_id
        """
        + (f" LIMIT {limit:d}" if limit is not None else ""),
        values,
    )


def why(session: Session, sfdc_id: str, expectations: Path) -> list[dict[str, Any]]:
    """Return what is held against a record, each with what the suite says of it.

    :raises TandemError: nothing of that record is held.
    :raises SettingsError: the object's suite is wrong.
    """
    found = waiting(session, chosen=HeldFilter((sfdc_id,)))
    if not found:
        raise TandemError(f"Nothing of {sfdc_id} waits in quarantine. `tandem quarantine` shows what does.")
    for row in found:
        suite = load(expectations, row["object"])
        rule = next((each for each in (suite.rules if suite else ()) if _is_of(each, row)), None)
        row["suite"] = str(suite.file) if suite else None
        row["expects"] = dict(rule.kwargs) if rule else None
        row["why"] = rule.document.get("meta", {}).get("why") if rule else None
    return found


def _is_of(rule: Rule, row: dict[str, Any]) -> bool:
    return rule.is_critical and rule.type == row["expectation"] and row["column_name"] in rule.subjects
