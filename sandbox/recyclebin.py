"""The recycle bin as time and administrators see it: how long records stay, and how they leave for good (facts 5.6).

`rules/deletion.py` puts records in and takes them out; the table `_bin` is both the bin and the delete log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox import ids
from sandbox.errors import RowError
from sandbox.rules import cascade
from sandbox.rules.deletion import Remover
from sandbox.rules.draft import Intent, Outcome

BIN_DAYS = 15
"""Days after which a deleted record is gone, and after which the delete log forgets it."""
SEEN_HOURS = 24
"""How long queryAll still finds a record after its bin was emptied ("typically 24 hours")."""
ROWS_PER_LICENCE, LICENCES = 5_000, 5
SAFE_HOURS = 2
"""A full bin drops its oldest rows, but none younger than this."""
_SWEEP_SECONDS = 3600.0


class RecycleBin:
    """What becomes of deleted records."""

    def __init__(self, remover: Remover) -> None:
        self._remover = remover
        self._store = remover.store
        self._schema = remover.schema
        self._clock = remover.clock
        self._swept_at = 0.0
        self.capacity = ROWS_PER_LICENCE * LICENCES
        self.log_since: datetime | None = None
        """An administrator purged the bin then: the delete log knows nothing older."""

    def empty(self, record_ids: Sequence[str], intent: Intent) -> list[Outcome]:
        """Make deleted records impossible to bring back; queryAll and the delete log know them for a while."""
        with self._store.transaction():
            return [self._empty(record_id, intent) for record_id in record_ids]

    def _empty(self, record_id: str, intent: Intent) -> Outcome:
        parsed = ids.parse(record_id)
        sobject = self._schema.by_prefix(parsed[0]) if parsed else None
        if parsed is None or sobject is None:
            return Outcome(None, False, [RowError("MALFORMED_ID", f"bad id {record_id}", ("Id",))])
        full = ids.to18(record_id)
        rows = self._store.run(
            "SELECT root, purged_at FROM _bin WHERE object = ? AND key = ?", [sobject.name, parsed[1]]
        )
        # What went along with its parent leaves with it and cannot be named alone.
        visible = self._remover.visible(intent, sobject, [parsed[1]])
        if not rows or not visible or rows[-1] != (full, None):
            return Outcome(full, False, [RowError("INVALID_ID_FIELD", "Entity is not in the recycle bin")])
        self._store.run("UPDATE _bin SET purged_at = ? WHERE root = ?", [self._clock.stamp(), full])
        return Outcome(full)

    def hard_delete(self, record_ids: Sequence[str], intent: Intent) -> list[Outcome]:
        """Delete records without a stay in the bin. The delete log names them, queryAll does not."""
        with self._store.transaction():
            outcomes = self._remover.delete(record_ids, intent)
            gone = [outcome.id for outcome in outcomes if outcome.success]
            self._drop("list_contains(?::VARCHAR[], root)", [gone])
            return outcomes

    def purge(self) -> None:
        """What an administrator does in Setup: the bin is emptied and the delete log with it."""
        with self._store.transaction():
            self._drop("TRUE", [])
            self._store.run("DELETE FROM _bin")
        self.log_since = self._clock.stamp()

    def sweep(self, at_once: bool = False) -> None:
        """Let go of what has stayed its time, at most once in an hour of the org's time."""
        now = self._clock.now().timestamp()
        if not at_once and abs(now - self._swept_at) < _SWEEP_SECONDS:
            return
        self._swept_at = now
        stamp = self._clock.stamp()
        expired = stamp - timedelta(days=BIN_DAYS)
        with self._store.transaction():
            self._drop("purged_at < ?", [stamp - timedelta(hours=SEEN_HOURS)])
            self._drop("deleted_at < ?", [expired])
            self._store.run("DELETE FROM _bin WHERE deleted_at < ?", [expired])
            self._shrink(stamp)

    def _shrink(self, stamp: datetime) -> None:
        kept = self._store.run(
            "SELECT deleted_at FROM _bin WHERE purged_at IS NULL ORDER BY deleted_at DESC LIMIT 1 OFFSET ?",
            [self.capacity - 1],
        )
        if kept:
            oldest = min(kept[0][0], stamp - timedelta(hours=SAFE_HOURS))
            self._drop("purged_at IS NULL AND deleted_at < ?", [oldest])

    def _drop(self, condition: str, values: list[object]) -> None:
        """Take records out of their tables; the log keeps their ids."""
        for (name,) in self._store.run(f"SELECT DISTINCT object FROM _bin WHERE {condition}", values):
            found = self._schema.find(name)
            if found is not None:
                self._store.run(
                    f'DELETE FROM {found.table} WHERE "IsDeleted" AND _key IN '
                    f"(SELECT key FROM _bin WHERE object = ? AND {condition})",
                    [name, *values],
                )
        gone = f"SELECT root FROM _bin WHERE {condition}"
        cascade.forget(self._remover.writer, f"root IN ({gone})", values)
        self._store.run(
            f"UPDATE _bin SET purged_at = deleted_at WHERE purged_at IS NULL AND {condition}", values
        )
