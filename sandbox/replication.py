"""getUpdated and getDeleted: what changed and what went between two moments (facts 5.6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox import ids
from sandbox.access import User
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.metadata.sobject import SObject
from sandbox.soql import visibility

UPDATED_DAYS = 30
DELETED_DAYS = 15
MAX_IDS = 600_000


def _bounds(core: Core, start: datetime, end: datetime, days: int) -> tuple[datetime, datetime]:
    # Seconds are ignored.
    start, end = start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    now = core.clock.stamp()
    if end - start < timedelta(minutes=1):
        raise ApiError(
            400, "INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate"
        )
    if start < now - timedelta(days=days):
        raise ApiError(400, "INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    if start > now:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate is in the future")
    return start, end


def _unseen(core: Core, user: User, sobject: SObject, column: str) -> str:
    limits = visibility.conditions(core.world(user), sobject, "t")
    if not limits:
        return ""
    return f" AND {column} IN (SELECT t._key FROM {sobject.table} t WHERE {' AND '.join(limits)})"


def updated(core: Core, user: User, sobject: SObject, start: datetime, end: datetime) -> dict[str, Any]:
    """Ids of what was made or changed, and how far that is known for certain."""
    start, end = _bounds(core, start, end, UPDATED_DAYS)
    alive = ' AND NOT "IsDeleted"' if "IsDeleted" in sobject.fields else ""
    rows = core.store.run(
        f'SELECT "Id" FROM {sobject.table} WHERE "SystemModstamp" >= ? AND "SystemModstamp" < ?{alive}'
        f"{_unseen(core, user, sobject, '_key')} ORDER BY _key",
        [start, end],
    )
    if len(rows) > MAX_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"more than {MAX_IDS} ids")
    return {"ids": [row[0] for row in rows], "latestDateCovered": _moment(min(end, core.clock.stamp()))}


def deleted(core: Core, user: User, sobject: SObject, start: datetime, end: datetime) -> dict[str, Any]:
    """Ids of what went into the recycle bin and is still known to the delete log."""
    start, end = _bounds(core, start, end, DELETED_DAYS)
    rows = core.store.run(
        "SELECT key, deleted_at FROM _bin WHERE object = ? AND deleted_at >= ? AND deleted_at < ?"
        f"{_unseen(core, user, sobject, 'key')} ORDER BY deleted_at, key",
        [sobject.name, start, end],
    )
    if len(rows) > MAX_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"more than {MAX_IDS} ids")
    oldest = core.recycle_bin.log_since or core.store.run("SELECT min(deleted_at) FROM _bin")[0][0] or start
    return {
        "deletedRecords": [
            {"deletedDate": _moment(at), "id": ids.make(sobject.prefix, key)} for key, at in rows
        ],
        "earliestDateAvailable": _moment(oldest),
        "latestDateCovered": _moment(min(end, core.clock.stamp())),
    }


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
