"""What somebody should know of: kept once when it begins, once when it is over, and to whom it was said.

Some things just happen (a new picklist value); the others last until they are over (a refused login), and
are told apart by kind, object and field. Whether something began is worked out elsewhere, from what runs left in
the journal (:mod:`tandem.reports.trouble`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.notification import Kind

#: How long a target that does not answer is tried again.
TRIED_FOR = timedelta(days=1)

_SAME = "kind = ? AND object IS NOT DISTINCT FROM ? AND field IS NOT DISTINCT FROM ? AND lasting AND ended_at IS NULL"


@dataclass(frozen=True)
class Message:
    """One thing to be said to one target."""

    notification_id: int
    moment: str
    """``begin`` or ``end``."""
    kind: Kind
    text: str


def notify(
    session: Session, run_id: str | None, kind: Kind, object_name: str | None, field: str | None, message: str
) -> None:
    """Keep something that happened and is over. Call it inside a transaction."""
    _keep(session, run_id, kind, object_name, field, message, lasting=False)


def begin(
    session: Session,
    run_id: str | None,
    kind: Kind,
    message: str,
    object_name: str | None = None,
    field: str | None = None,
) -> None:
    """Keep something that lasts, unless it is known already. Call it inside a transaction."""
    known = f"SELECT count(*) FROM sync.notification WHERE {_SAME}"
    if not session.value(known, [kind, object_name, field]):
        _keep(session, run_id, kind, object_name, field, message, lasting=True)


def end(
    session: Session, kind: Kind, ending: str, object_name: str | None = None, field: str | None = None
) -> None:
    """Write down that something is over, if it was going on. Call it inside a transaction."""
    session.execute(
        f"UPDATE sync.notification SET ended_at = ?, ending = ? WHERE {_SAME}",
        [utc_now(), ending, kind, object_name, field],
    )


def _keep(
    session: Session,
    run_id: str | None,
    kind: Kind,
    object_name: str | None,
    field: str | None,
    message: str,
    lasting: bool,
) -> None:
    session.execute(
        "INSERT INTO sync.notification (id, run_id, logged_at, kind, object, field, message, lasting)"
        " SELECT (SELECT coalesce(max(id), 0) + 1 FROM sync.notification), ?, ?, ?, ?, ?, ?, ?",
        [run_id, utc_now(), kind, object_name, field, message, lasting],
    )


def notifications(session: Session, since: datetime) -> list[dict[str, Any]]:
    """Return what goes on, and what began or ended since then: what goes on first, then the newest first."""
    return session.rows(
        "SELECT id, logged_at, kind, object, field, message, coalesce(lasting, false) AND ended_at IS NULL AS open,"
        " ended_at, ending, run_id FROM sync.notification"
        " WHERE open OR logged_at >= ? OR ended_at >= ? ORDER BY open DESC, id DESC",
        [since, since],
    )


def messages(session: Session, target: str, kinds: Sequence[Kind]) -> list[Message]:
    """Return what a target wants to hear of and was not told yet, oldest first.

    What a target could not be told for :data:`TRIED_FOR` is left alone: it is no news any more.

    :param kinds: empty: all.
    """
    since = utc_now() - TRIED_FOR
    found = session.rows(
        """
        SELECT n.id, said.moment, n.kind, said.text
        FROM sync.notification n, LATERAL (
            SELECT 'begin' AS moment, n.message AS text, n.logged_at AS at
            UNION ALL SELECT 'end', n.ending, n.ended_at WHERE n.ended_at IS NOT NULL) said
        WHERE said.at >= ? AND NOT EXISTS (
            SELECT 1 FROM sync.delivery d
            WHERE d.notification_id = n.id AND d.moment = said.moment AND d.target = ?)
        ORDER BY said.at, n.id, said.moment
        """,
        [since, target],
    )
    wanted = [row for row in found if not kinds or row["kind"] in kinds]
    return [Message(row["id"], row["moment"], Kind(row["kind"]), row["text"]) for row in wanted]


def keep_delivery(session: Session, target: str, told: Sequence[Message]) -> None:
    """Write down that a target was told. Call it inside a transaction."""
    now = utc_now()
    session.insert("sync.delivery", [(each.notification_id, each.moment, target, now) for each in told])


def forget_old(session: Session, before: datetime) -> None:
    """Forget what is over since then. Call it inside a transaction."""
    session.execute(
        "DELETE FROM sync.notification WHERE coalesce(ended_at, logged_at) < ?"
        " AND (lasting IS NOT TRUE OR ended_at IS NOT NULL)",
        [before],
    )
    session.execute(
        "DELETE FROM sync.delivery WHERE notification_id NOT IN (SELECT id FROM sync.notification)"
    )
