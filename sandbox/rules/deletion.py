"""Deletes and undeletes: the recycle bin, and what goes with a record (facts 5.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sandbox import ids
from sandbox.metadata.schema import CASCADES
from sandbox.metadata.sobject import SObject
from sandbox.rules import marketing, rollups
from sandbox.rules.draft import ROLLED_BACK, Draft, Intent, Outcome, settled
from sandbox.rules.standard import person_account
from sandbox.rules.standard.registry import BEHAVIOURS, NONE
from sandbox.rules.writer import Writer
from sandbox.soql import visibility


class Remover:
    """Moves records into the recycle bin and back."""

    def __init__(self, writer: Writer) -> None:
        store, schema, clock = writer.store, writer.schema, writer.clock
        self.writer = writer
        self.store = store
        self.schema = schema
        self.clock = clock
        self.visible: Callable[[Intent, SObject, Sequence[int]], set[int]]
        store.run(
            "CREATE TABLE IF NOT EXISTS _bin "
            "(object VARCHAR, key BIGINT, root VARCHAR, deleted_at TIMESTAMP, purged_at TIMESTAMP)"
        )

    def delete(self, record_ids: Sequence[str], intent: Intent) -> list[Outcome]:
        """Delete records of any objects, in the order given."""
        with self.store.transaction():
            drafts = [Draft({}, id=record_id) for record_id in record_ids]
            groups = self._load(drafts, intent)
            if intent.all_or_none and any(draft.errors for draft in drafts):
                for draft in drafts:
                    if not draft.errors:
                        draft.errors.append(ROLLED_BACK)
                return [settled(draft) for draft in drafts]
            stamp = intent.stamp or self.clock.stamp()
            for sobject, members in groups:
                live = [draft for draft in members if not draft.errors]
                self._bin(sobject, [draft.key for draft in live if draft.key is not None], intent, stamp)
            return [settled(draft) for draft in drafts]

    def undelete(self, record_ids: Sequence[str], intent: Intent) -> list[Outcome]:
        """Bring records back, with what was deleted along with them."""
        with self.store.transaction():
            outcomes = []
            for record_id in record_ids:
                draft = Draft({}, id=record_id)
                self._restore(draft, intent)
                outcomes.append(settled(draft))
            return outcomes

    def _load(self, drafts: Sequence[Draft], intent: Intent) -> list[tuple[SObject, list[Draft]]]:
        groups: dict[str, list[Draft]] = {}
        for draft in drafts:
            parsed = ids.parse(draft.id or "")
            sobject = self.schema.by_prefix(parsed[0]) if parsed else None
            if parsed is None or sobject is None:
                draft.refuse("MALFORMED_ID", f"bad id {draft.id}", "Id")
                continue
            draft.key = parsed[1]
            draft.id = ids.to18(draft.id or "")
            if not sobject.deletable:
                draft.refuse(
                    "INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be deleted: {sobject.name}"
                )
            groups.setdefault(sobject.name, []).append(draft)
        out = []
        for name, members in groups.items():
            sobject = self.schema[name]
            keys = sorted({draft.key for draft in members if draft.key is not None})
            names = ["IsDeleted"] if "IsDeleted" in sobject.fields else []
            found = self.store.fetch(sobject, keys, names)
            seen = self.visible(intent, sobject, keys)
            mine = visibility.keys(self.store, self.writer.world(intent), sobject, seen, editing=True)
            done: set[int] = set()
            for draft in members:
                if draft.key is None or draft.errors:
                    continue
                record = found.get(draft.key)
                if record is None or draft.key not in seen:
                    draft.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
                elif record.get("IsDeleted") or draft.key in done:
                    draft.refuse("ENTITY_IS_DELETED", "entity is deleted")
                elif draft.key not in mine:
                    draft.refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
                elif intent.locked is not None and intent.locked(draft.id):
                    draft.refuse(
                        "UNABLE_TO_LOCK_ROW",
                        f"unable to obtain exclusive access to this record or 1 records: {draft.id}",
                    )
                elif intent.refusal is not None and (refusal := intent.refusal(draft.id)):
                    draft.errors.append(refusal)
                done.add(draft.key)
            marketing.check(self.store, sobject, members, intent, "deleted")
            if sobject.name == "Contact" and not intent.trusted:
                person_account.refuse_deletes(self.writer, members)
            out.append((sobject, members))
        return out

    def _bin(
        self, sobject: SObject, keys: Sequence[int], intent: Intent, stamp: datetime, root: str | None = None
    ) -> None:
        if not keys:
            return
        if "IsDeleted" not in sobject.fields:
            self.store.remove(sobject, keys)
            return
        marks = {
            "IsDeleted": True,
            "SystemModstamp": stamp,
            "LastModifiedDate": stamp,
            "LastModifiedById": intent.user.id,
        }
        marks = {name: value for name, value in marks.items() if name in sobject.fields}
        self.store.update(sobject, [(key, {}) for key in keys], marks)
        roots = dict.fromkeys(keys, root) if root else {key: ids.make(sobject.prefix, key) for key in keys}
        self.store.run(
            "INSERT INTO _bin SELECT ?, unnest(?), unnest(?), ?, NULL",
            [sobject.name, list(roots), list(roots.values()), stamp],
        )
        behaviour = BEHAVIOURS.get(sobject.name, NONE)
        if behaviour.removed:
            behaviour.removed(self.writer, keys, intent)
        rollups.removed(self.writer, sobject, keys, intent)
        parents = {ids.make(sobject.prefix, key): key for key in keys}
        for child, lookup in self.schema.children(sobject.name):
            if (child.name, lookup.name) not in CASCADES and not lookup.master_detail:
                continue
            members: dict[str, list[int]] = {}
            for key, parent in self.store.run(
                f'SELECT _key, "{lookup.name}" FROM {child.table} '
                f'WHERE "{lookup.name}" IN (SELECT unnest(?)) AND NOT "IsDeleted"',
                [list(parents)],
            ):
                members.setdefault(parent, []).append(key)
            for parent, found in members.items():
                self._bin(child, found, intent, stamp, roots[parents[parent]])

    def _restore(self, draft: Draft, intent: Intent) -> None:
        parsed = ids.parse(draft.id or "")
        sobject = self.schema.by_prefix(parsed[0]) if parsed else None
        if parsed is None or sobject is None or "IsDeleted" not in sobject.fields:
            draft.refuse("MALFORMED_ID", f"bad id {draft.id}", "Id")
            return
        draft.id = ids.to18(draft.id or "")
        record = self.store.fetch(sobject, [parsed[1]], ["IsDeleted"]).get(parsed[1])
        if record is None:
            draft.refuse("INVALID_ID_FIELD", f"invalid record id: {draft.id}")
            return
        rows = self.store.run("SELECT object, key, purged_at FROM _bin WHERE root = ?", [draft.id])
        if not record["IsDeleted"] or not rows or rows[0][2] is not None:
            draft.refuse("UNDELETE_FAILED", "Entity is not in the recycle bin")
            return
        stamp = intent.stamp or self.clock.stamp()
        for name, key, _ in rows:
            found = self.schema[name]
            marks = {
                "IsDeleted": False,
                "SystemModstamp": stamp,
                "LastModifiedDate": stamp,
                "LastModifiedById": intent.user.id,
            }
            if "MasterRecordId" in found.fields:
                marks["MasterRecordId"] = None
            self.store.update(found, [(key, {})], {n: v for n, v in marks.items() if n in found.fields})
            behaviour = BEHAVIOURS.get(name, NONE)
            if behaviour.removed:
                behaviour.removed(self.writer, [key], intent)
            rollups.removed(self.writer, found, [key], intent)
        self.store.run("DELETE FROM _bin WHERE root = ?", [draft.id])
