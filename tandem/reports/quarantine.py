"""What waits in quarantine, and why."""

from __future__ import annotations

from typing import Any

from tandem.database.connection import Session


def waiting(session: Session, limit: int) -> list[dict[str, Any]]:
    """Return the rows held back, newest first: a row per record and expectation."""
    return session.rows(
        f"""
        SELECT q.logged_at, q.object, q.sfdc_id, q.expectation, q.column_name, q.value, p.id AS person_id
        FROM sync.quarantine q LEFT JOIN marketing.person p ON p.sfdc_id = q.sfdc_id
        WHERE q.released_at IS NULL ORDER BY q.logged_at DESC, q.object, q.sfdc_id LIMIT {limit:d}
        """
    )
