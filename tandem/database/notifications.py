"""What somebody should know of: new picklist values, changed types (section 26)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session


class Kind(StrEnum):
    """What a notification is about."""

    PICKLIST_VALUE = "picklist value"
    TYPE_CHANGE = "type change"
    COLUMN_RESTORED = "column restored"


def notify(session: Session, run_id: str, kind: Kind, object_name: str, field: str, message: str) -> None:
    """Keep a notification. Call it inside a transaction."""
    session.execute(
        "INSERT INTO sync.notification SELECT (SELECT coalesce(max(id), 0) + 1 FROM sync.notification),"
        " ?, ?, ?, ?, ?, ?",
        [run_id, utc_now(), kind, object_name, field, message],
    )


def notifications(session: Session, since: datetime) -> list[dict[str, Any]]:
    """Return the notifications of late, newest first."""
    return session.rows(
        "SELECT logged_at, kind, object, field, message FROM sync.notification WHERE logged_at >= ? ORDER BY id DESC",
        [since],
    )
