"""Errors that somebody muted: they stand and are listed, but are no news and count nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tandem.clock import utc_now
from tandem.database.compare import literal
from tandem.database.connection import Session


def is_muted() -> str:
    """Return the SQL condition that a row of ``sync.error``, under its own name, is muted now."""
    now = literal(utc_now().isoformat(sep=" "))
    same = " AND ".join(
        f"(mute.{column} IS NULL OR mute.{column} = error.{column})"
        for column in ("level", "person_id", "sfdc_id")
    )
    return (
        "EXISTS (SELECT 1 FROM sync.mute WHERE lower(mute.code) = lower(error.code)"
        " AND (mute.object IS NULL OR lower(mute.object) = lower(error.object))"
        f" AND (mute.until IS NULL OR mute.until > TIMESTAMP {now}) AND {same})"
    )


def mute_code(session: Session, code: str, object_name: str | None, until: datetime | None) -> None:
    """Mute a code, of one object or of all; ``None`` for ever. Call it inside a transaction."""
    unmute_code(session, code, object_name)
    session.execute(
        "INSERT INTO sync.mute VALUES (?, NULL, ?, NULL, NULL, ?, ?)",
        [code, object_name, utc_now(), until],
    )


def mute_entries(session: Session, ids: Sequence[int], until: datetime | None) -> list[int]:
    """Mute single errors, also when they come again: the same code of the same record, or of the same job.

    Call it inside a transaction.

    :return: those of the ids that there are.
    """
    unmute_entries(session, ids)
    session.execute(
        "INSERT INTO sync.mute SELECT DISTINCT code, level, object, person_id, sfdc_id,"
        " CAST(? AS TIMESTAMP), CAST(? AS TIMESTAMP) FROM sync.error WHERE id IN (SELECT unnest(?))",
        [utc_now(), until, list(ids)],
    )
    found = session.rows("SELECT id FROM sync.error WHERE id IN (SELECT unnest(?)) ORDER BY id", [list(ids)])
    return [int(row["id"]) for row in found]


def unmute_code(session: Session, code: str, object_name: str | None) -> int:
    """Take a code's mute back, not those of single errors; returns how many there were."""
    return session.execute(
        "DELETE FROM sync.mute WHERE lower(code) = lower(?) AND level IS NULL"
        " AND lower(object) IS NOT DISTINCT FROM lower(?)",
        [code, object_name],
    )


def unmute_entries(session: Session, ids: Sequence[int]) -> int:
    """Take the mutes of single errors back; returns how many there were."""
    return session.execute(
        "DELETE FROM sync.mute USING sync.error WHERE error.id IN (SELECT unnest(?)) AND mute.code = error.code"
        " AND mute.level = error.level AND mute.object IS NOT DISTINCT FROM error.object"
        " AND mute.person_id IS NOT DISTINCT FROM error.person_id AND mute.sfdc_id IS NOT DISTINCT FROM error.sfdc_id",
        [list(ids)],
    )


def unmute_all(session: Session) -> int:
    """Take all mutes back; returns how many there were."""
    return session.execute("DELETE FROM sync.mute")
