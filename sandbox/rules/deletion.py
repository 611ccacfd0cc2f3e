"""Deletes and undeletes: the recycle bin, and what goes with a record (facts 5.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sandbox import ids
from sandbox.metadata.sobject import SObject
from sandbox.rules import cascade, permission, rollups
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
        store.run(cascade.TABLE)

    def delete(self, record_ids: Sequence[str], intent: Intent) -> list[Outcome]:
        """Delete records of any objects, in the order given."""
        with self.store.transaction():
            drafts = [Draft({}, id=record_id) for record_id in record_ids]
            doomed = self._doom(self._load(drafts, intent))
            if intent.all_or_none and any(draft.errors for draft in drafts):
                for draft in drafts:
                    if not draft.errors:
                        draft.errors.append(ROLLED_BACK)
                return [settled(draft) for draft in drafts]
            stamp = intent.stamp or self.clock.stamp()
            for name, keys in doomed.items():
                self._bin(self.schema[name], keys, intent, stamp)
            cascade.loosen(self.writer, doomed, stamp)
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
            permission.check(self.store, sobject, members, intent, "deleted")
            if sobject.name == "Contact" and not intent.trusted:
                person_account.refuse_deletes(self.writer, members)
            out.append((sobject, members))
        return out

    def _doom(self, groups: Sequence[tuple[SObject, list[Draft]]]) -> cascade.Doomed:
        """What goes; drafts are refused that something else holds back, as a case does its account."""
        roots = {
            sobject.name: {
                draft.key: draft for draft in members if draft.key is not None and not draft.errors
            }
            for sobject, members in groups
        }
        wanted = {name: {key: str(draft.id) for key, draft in found.items()} for name, found in roots.items()}
        doomed = cascade.doom(self.writer, wanted)
        held = cascade.forbidden(self.writer, doomed)
        for draft in (draft for found in roots.values() for draft in found.values()):
            if draft.id in held:
                draft.errors.append(held[draft.id])
        return {
            name: {key: root for key, root in keys.items() if root not in held}
            for name, keys in doomed.items()
        }

    def _bin(self, sobject: SObject, roots: Mapping[int, str], intent: Intent, stamp: datetime) -> None:
        keys = list(roots)
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
        self.store.run(
            "INSERT INTO _bin SELECT ?, unnest(?), unnest(?), ?, NULL",
            [sobject.name, keys, list(roots.values()), stamp],
        )
        behaviour = BEHAVIOURS.get(sobject.name, NONE)
        if behaviour.removed:
            behaviour.removed(self.writer, keys, intent)
        rollups.removed(self.writer, sobject, keys, intent)

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
        back: dict[str, list[int]] = {}
        for name, key, _ in rows:
            back.setdefault(name, []).append(key)
        strays = list(cascade.strays(self.writer, back))
        for _, lookup, _ in strays:
            if not lookup.nillable:
                draft.refuse("UNDELETE_FAILED", f"Undelete the record that {lookup.name} points to first")
                return
        for found, lookup, key in strays:
            self.store.update(found, [(key, {lookup.name: None})])
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
        cascade.tie(self.writer, draft.id or "", intent, stamp)
