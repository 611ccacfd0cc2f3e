"""Saves records in the documented order of execution (facts 5.10), one record or a hundred thousand alike.

Every step looks at all rows of a request before anything is written, so "all or none" needs no undoing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sandbox import ids
from sandbox.clock import Clock
from sandbox.errors import RowError
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject
from sandbox.rules import assignment, duplicates, naming, permission, references, rollups, uniques, validation
from sandbox.rules.coerce import checker
from sandbox.rules.draft import ROLLED_BACK, Draft, Intent, Outcome, settled
from sandbox.rules.prepare import Preparer
from sandbox.rules.standard.registry import BEHAVIOURS, NONE
from sandbox.soql import visibility
from sandbox.soql.scope import World
from sandbox.store import Store
from sandbox.tables import Record

Raw = Mapping[str, Any]
Hook = Callable[[Record | None, Record], Record | None]
"""Automation before the save: gets the old record and the new one, answers what to change."""


class Rulebook:
    """What an administrator has set up: validation rules and automation."""

    def __init__(self) -> None:
        self.validation: list[validation.ValidationRule] = []
        self.duplicates: list[duplicates.DuplicateRule] = []
        self.assignment: list[assignment.AssignmentRule] = []
        self.hooks: dict[str, list[Hook]] = {}

    def judges(self, sobject: SObject) -> bool:
        """Whether saving the object needs whole records."""
        judged = {rule.sobject for rule in self.validation} | {rule.sobject for rule in self.assignment}
        judged |= {rule.sobject for rule in self.duplicates}
        return sobject.name in judged or bool(self.hooks.get(sobject.name))


class Writer:
    """Creates and updates records."""

    def __init__(self, store: Store, schema: Schema, clock: Clock, rulebook: Rulebook) -> None:
        self.store = store
        self.schema = schema
        self.clock = clock
        self.rulebook = rulebook
        self.world: Callable[[Intent], World]
        self.system_world: Callable[[], World]
        self.visible: Callable[[Intent, SObject, Sequence[int]], set[int]]

    # the three ways in

    def insert(self, sobject: SObject, rows: Sequence[Raw], intent: Intent) -> list[Outcome]:
        """Create records."""
        with self.store.transaction():
            drafts = [Draft(row) for row in rows]
            self._prepare(sobject, drafts, intent, inserting=True)
            self._judge(sobject, drafts, intent)
            return self._finish(sobject, drafts, intent)

    def update(self, sobject: SObject, rows: Sequence[tuple[str, Raw]], intent: Intent) -> list[Outcome]:
        """Change records by id."""
        with self.store.transaction():
            drafts = [Draft(row, id=record_id) for record_id, row in rows]
            self._load(sobject, drafts, intent)
            self._prepare(sobject, [draft for draft in drafts if not draft.errors], intent, inserting=False)
            self._judge(sobject, drafts, intent)
            return self._finish(sobject, drafts, intent)

    def upsert(
        self, sobject: SObject, key_field: str, rows: Sequence[tuple[Any, Raw]], intent: Intent
    ) -> list[Outcome]:
        """Change the records that carry an external id, create the others."""
        with self.store.transaction():
            return self.save(sobject, self.match(sobject, key_field, rows, intent), intent)

    def save(self, sobject: SObject, drafts: Sequence[Draft], intent: Intent) -> list[Outcome]:
        """Change the records that `match` found, create the others, in the transaction that it began in."""
        known = [draft for draft in drafts if draft.id is not None and not draft.errors]
        fresh = [draft for draft in drafts if draft.id is None and not draft.errors]
        self._load(sobject, known, intent)
        self._prepare(sobject, [draft for draft in known if not draft.errors], intent, inserting=False)
        self._prepare(sobject, fresh, intent, inserting=True)
        for draft in fresh:
            if draft.external is not None:
                name, value = draft.external
                draft.values[name] = value
        self._judge(sobject, drafts, intent)
        return self._finish(sobject, drafts, intent)

    # steps

    def match(
        self, sobject: SObject, key_field: str, rows: Sequence[tuple[Any, Raw]], intent: Intent
    ) -> list[Draft]:
        """Drafts of an upsert: each with the ids of the living, visible records that carry its external id."""
        if key_field.lower() == "id":
            return [Draft(row, id=str(value) if value else None) for value, row in rows]
        found = sobject.find(key_field)
        if found is None:
            raise LookupError(key_field)
        drafts = [Draft(row) for _, row in rows]
        check = checker(found, True)
        by_value: dict[Any, list[Draft]] = {}
        for draft, (value, _) in zip(drafts, rows, strict=True):
            checked = check(value)
            if isinstance(checked, RowError):
                draft.errors.append(checked)
            elif checked is None:
                draft.refuse("MISSING_ARGUMENT", f"{found.name} not specified", found.name)
            else:
                draft.external = found.name, checked
                by_value.setdefault(found.folded(checked), []).append(draft)
        for value, same in by_value.items():
            if len(same) > 1:
                for draft in same:
                    draft.refuse("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", found.name)
        carriers = self.store.carriers(sobject, found, list(by_value))
        for value in by_value.keys() - {value for value, _, _ in carriers}:
            for draft in by_value[value]:
                draft.unclaimed = True
        for value, matches in self._seen(sobject, carriers, intent).items():
            for draft in by_value[value]:
                draft.id, draft.matches = matches[0], matches
                if len(matches) > 1:
                    draft.refuse(
                        "DUPLICATE_EXTERNAL_ID",
                        f"{found.name}: more than one record found for external id field: "
                        f"[{', '.join(matches)}]",
                        found.name,
                    )
        return drafts

    def matches(
        self, sobject: SObject, name: str, values: Sequence[Any], intent: Intent
    ) -> dict[Any, list[str]]:
        """Ids of the living, visible records that carry those values, by (folded) value."""
        return self._seen(sobject, self.store.carriers(sobject, sobject.fields[name], values), intent)

    def _seen(
        self, sobject: SObject, carriers: Sequence[tuple[Any, ...]], intent: Intent
    ) -> dict[Any, list[str]]:
        out: dict[Any, list[str]] = {}
        seen = self.visible(intent, sobject, [key for _, key, _ in carriers])
        for value, key, record_id in carriers:
            if key in seen:
                out.setdefault(value, []).append(record_id)
        return out

    def _load(self, sobject: SObject, drafts: Sequence[Draft], intent: Intent) -> None:
        """Find the records to change, and refuse what is not there to be changed."""
        label = sobject.fields["Id"].label
        for draft in drafts:
            parsed = ids.parse(draft.id or "")
            if parsed is None or parsed[0] != sobject.prefix:
                draft.refuse("MALFORMED_ID", f"{label}: id value of incorrect type: {draft.id}", "Id")
            else:
                draft.key = parsed[1]
                draft.id = ids.to18(draft.id or "")
        keys = [draft.key for draft in drafts if draft.key is not None]
        whole = self.rulebook.judges(sobject)
        names = None if whole else self._control(sobject)
        found = self.store.fetch(sobject, sorted(set(keys)), names)
        seen = self.visible(intent, sobject, keys)
        mine = (
            keys if intent.trusted else visibility.keys(self.store, self.world(intent), sobject, seen, True)
        )
        for draft in drafts:
            if draft.key is None:
                continue
            draft.old = found.get(draft.key)
            if draft.old is None:
                draft.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            elif draft.key not in seen:
                draft.refuse(
                    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
                    f"insufficient access rights on cross-reference id: {(draft.id or '')[:15]}",
                )
            elif draft.old.get("IsDeleted"):
                draft.refuse("ENTITY_IS_DELETED", "entity is deleted")
            elif draft.key not in mine:
                draft.refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
            elif (
                draft.old.get("IsConverted") and sobject.name == "Lead" and not self._edits_converted(intent)
            ):
                draft.refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")

    def _edits_converted(self, intent: Intent) -> bool:
        return intent.trusted or intent.user.profile.permissions.get("ViewAndEditConvertedLeads", False)

    def _control(self, sobject: SObject) -> list[str]:
        wanted = ["IsDeleted", "IsConverted", "OwnerId", "FirstName", "LastName"]
        wanted += [item.name for item in sobject.stored if item.unique]
        wanted += BEHAVIOURS.get(sobject.name, NONE).needs
        wanted += rollups.lookups(self.schema, sobject.name)
        return [
            name for name in dict.fromkeys(wanted) if name in sobject.fields and sobject.fields[name].stored
        ]

    def _prepare(self, sobject: SObject, drafts: Sequence[Draft], intent: Intent, inserting: bool) -> None:
        preparer = Preparer(sobject, intent, inserting)
        owned = inserting and "OwnerId" in sobject.fields
        permission.check(self.store, sobject, drafts, intent, "inserted" if inserting else "updated")
        for draft in drafts:
            if draft.errors:
                continue
            preparer.prepare(draft)
            if owned and not draft.values.get("OwnerId"):
                draft.values["OwnerId"] = intent.user.id
        self._locks(drafts, sobject, intent)
        if intent.refusal is not None:
            for draft in drafts:
                if error := intent.refusal(draft.id):
                    draft.errors.append(error)

    def _locks(self, drafts: Sequence[Draft], sobject: SObject, intent: Intent) -> None:
        if intent.locked is None:
            return
        for draft in drafts:
            # A child's write locks its account and campaign as well (facts 5.3).
            parents = [draft.values.get(name) for name in ("AccountId", "CampaignId")]
            for held in [draft.id, *parents]:
                if intent.locked(held):
                    draft.refuse(
                        "UNABLE_TO_LOCK_ROW",
                        f"unable to obtain exclusive access to this record or 1 records: {held or ''}",
                    )
                    break

    def _judge(self, sobject: SObject, drafts: Sequence[Draft], intent: Intent) -> None:
        live = [draft for draft in drafts if not draft.errors]
        references.resolve_links(self.store, self.schema, sobject, live)
        sound = [draft for draft in live if not draft.errors]
        seen = None if intent.trusted else partial(self.visible, intent)
        references.check(self.store, self.schema, sobject, sound, known=intent.user.id, seen=seen)
        self._automate(sobject, [draft for draft in live if not draft.errors])
        behaviour = BEHAVIOURS.get(sobject.name, NONE)
        if behaviour.derive and live:
            behaviour.derive(self, [draft for draft in live if not draft.errors], intent)
        rules = [rule for rule in self.rulebook.validation if rule.sobject == sobject.name]
        if rules:
            validation.check(self.store, self.world(intent), sobject, rules, live)
        uniques.check(self.store, sobject, live)
        doubles = [rule for rule in self.rulebook.duplicates if rule.sobject == sobject.name]
        if doubles and sobject.name not in intent.unjudged:
            duplicates.check(self.store, self.schema, sobject, doubles, live, intent)

    def _automate(self, sobject: SObject, drafts: Sequence[Draft]) -> None:
        for hook in self.rulebook.hooks.get(sobject.name, []):
            for draft in drafts:
                for name, value in (hook(draft.old, draft.merged) or {}).items():
                    found = sobject.fields[name]
                    checked = checker(found, False)(value)
                    if isinstance(checked, RowError):
                        draft.errors.append(checked)
                    else:
                        draft.values[found.name] = checked

    def _finish(self, sobject: SObject, drafts: Sequence[Draft], intent: Intent) -> list[Outcome]:
        failed = any(draft.errors for draft in drafts)
        if failed and intent.all_or_none:
            for draft in drafts:
                draft.created = False
                if draft.old is None:
                    draft.id = None
                if not draft.errors:
                    draft.errors.append(ROLLED_BACK)
            return [settled(draft) for draft in drafts]
        live = [draft for draft in drafts if not draft.errors]
        entries = [rule for rule in self.rulebook.assignment if rule.sobject == sobject.name]
        if entries:
            assignment.assign(self.store, self.world(intent), sobject, entries, live, intent)
        self._save(sobject, [draft for draft in live if draft.old is None], intent, inserting=True)
        self._save(sobject, [draft for draft in live if draft.old is not None], intent, inserting=False)
        behaviour = BEHAVIOURS.get(sobject.name, NONE)
        if behaviour.saved and live:
            behaviour.saved(self, live, intent)
        rollups.saved(self, sobject, live, intent)
        return [settled(draft) for draft in drafts]

    def _save(self, sobject: SObject, drafts: Sequence[Draft], intent: Intent, inserting: bool) -> None:
        if not drafts:
            return
        stamp = intent.stamp or self.clock.stamp()
        marks: Record = {
            "SystemModstamp": stamp,
            "LastModifiedDate": stamp,
            "LastModifiedById": intent.user.id,
        }
        if inserting:
            marks |= {"CreatedDate": stamp, "CreatedById": intent.user.id, "IsDeleted": False}
        marks = {name: value for name, value in marks.items() if name in sobject.fields}
        if not inserting:
            naming.name(sobject, drafts)
            self._update(sobject, drafts, marks)
            return
        numbers = self.store.numbers(sobject, len(drafts))
        for number, record_id, draft in zip(
            numbers, ids.sequence(sobject.prefix, numbers), drafts, strict=True
        ):
            draft.id = record_id
            draft.key = number
            draft.created = True
            draft.values["_key"] = number
            draft.values["Id"] = record_id
        naming.name(sobject, drafts)
        self.store.insert(sobject, [draft.values for draft in drafts], marks)

    def _update(self, sobject: SObject, drafts: Sequence[Draft], marks: Record) -> None:
        # One record twice in a request: the set-based update must not see both at once, the later one wins.
        waves: list[dict[int, Record]] = [{}]
        for draft in drafts:
            assert draft.key is not None
            wave = next((item for item in waves if draft.key not in item), None)
            if wave is None:
                wave = {}
                waves.append(wave)
            wave[draft.key] = draft.values
        for wave in waves:
            self.store.update(sobject, list(wave.items()), marks)
