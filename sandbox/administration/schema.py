"""Objects and fields: added, renamed, retyped, computed, deleted while the org runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.administration.base import Administration
from sandbox.metadata import formula, person_account
from sandbox.metadata.custom_field import InvalidMetadata, custom_fields, retyped
from sandbox.metadata.custom_object import check_format, custom_object, numbered
from sandbox.metadata.field import Field, changed
from sandbox.metadata.parts import owner
from sandbox.metadata.rollup import rollup_field
from sandbox.metadata.sobject import SObject
from sandbox.rules import rollups
from sandbox.soql.scope import Scope

MAX_MASTERS = 2
ACTIVITIES = ("Task", "Event")


class SchemaAdministration(Administration):
    """Changes of the schema. What cannot be done raises InvalidMetadata and changes nothing."""

    # objects

    def add_object(
        self,
        name: str,
        label: str | None = None,
        plural: str | None = None,
        number_format: str | None = None,
        activities: bool = False,
    ) -> str:
        """Add a custom object; answers its key prefix.

        `number_format` (`INV-{0000}`) lets the org name the records. `activities`: tasks and events may be
        about them.
        """
        schema, store = self.core.schema, self.core.store
        if schema.find(name):
            raise InvalidMetadata(f"there is an object {name} already")
        made = custom_object(name, schema.prefixes, label, plural, number_format)
        with store.transaction():
            store.create(made)
        schema.add(made)
        for task in ACTIVITIES if activities else ():
            what = schema[task].fields["WhatId"]
            schema.replace_field(task, what.name, changed(what, refers_to=(*what.refers_to, made.name)))
        self._keep()
        return made.prefix

    def delete_object(self, name: str) -> None:
        """Delete a custom object, its records, and the lookups to it."""
        found = self._object(name)
        schema, store = self.core.schema, self.core.store
        if not found.custom:
            raise InvalidMetadata(f"{found.name} is a standard object and stays")
        for child, lookup in schema.children(found.name):
            if child is found:
                continue
            if len(lookup.refers_to) > 1:
                left = tuple(item for item in lookup.refers_to if item != found.name)
                schema.replace_field(child.name, lookup.name, changed(lookup, refers_to=left))
            else:
                self.delete_field(child.name, lookup.name)
        with store.transaction():
            store.run(f"DROP TABLE {found.table}")
            store.run("DELETE FROM _bin WHERE object = ?", [found.name])
            store.run("DELETE FROM _hidden WHERE object = ?", [found.name])
        store.forget_numbers()
        schema.remove(found.name)
        self._keep()

    # fields

    def add_field(
        self, obj: str, name: str, type: str = "string", label: str | None = None, **flags: Any
    ) -> None:
        """Add a field; `values` fill a picklist, `to` names what a lookup points to."""
        found = self._object(obj)
        made = custom_fields(name, type, label, **flags)
        self._check_new(found, made)
        store, schema = self.core.store, self.core.schema
        with store.transaction():
            for field in made:
                if field.stored:
                    store.add_column(found, field)
                schema.add_field(found.name, field)
                self._number_existing(found, field)
            if made[0].master_detail:
                self._give_up_owner(found)
        if found.name == "Contact" and person_account.enabled(schema):
            for field in made:
                self._copy_to_accounts(field)
        self._keep()

    def add_formula(
        self,
        obj: str,
        name: str,
        text: str,
        type: str = "text",
        label: str | None = None,
        scale: int = 2,
        blank_as_zero: bool = True,
    ) -> None:
        """Add a field that is computed when it is read: `Amount__c * 2`, `Account.Name & " x"`."""
        found = self._object(obj)
        made = formula.formula_field(self.core.schema, found, name, text, type, label, scale, blank_as_zero)
        self._check_new(found, [made])
        self._probe(found, made)
        self.core.schema.add_field(found.name, made)
        self._keep()

    def change_formula(self, obj: str, name: str, text: str) -> None:
        """Define a formula anew; its values change, no stamp moves (facts 5.6)."""
        found = self._object(obj)
        field = found.fields[self._field_name(found, name)]
        if field.formula is None:
            raise InvalidMetadata(f"{field.name} is no formula field")
        made = changed(field, formula=text)
        if (found.name, field.name) in set(self._used_by(found, made)):
            raise InvalidMetadata(f"{field.name} cannot refer to itself")
        made = changed(made, expression=formula.compile_formula(self.core.schema, found, made))
        self._probe(found, made)
        self.core.schema.replace_field(found.name, field.name, made)
        self._recompile()
        self._keep()

    def add_rollup(
        self,
        obj: str,
        name: str,
        child: str,
        operation: str,
        field: str | None = None,
        condition: str | None = None,
        label: str | None = None,
    ) -> None:
        """Add a roll-up summary: COUNT, SUM, MIN or MAX over the children that a SOQL condition finds."""
        found = self._object(obj)
        made = rollup_field(self.core.schema, found, name, child, operation, field, condition, label)
        self._check_new(found, [made])
        store, schema = self.core.store, self.core.schema
        with store.transaction():
            store.add_column(found, made)
            schema.add_field(found.name, made)
            assert made.rollup is not None
            try:
                rollups.fill(self.core.writer, found, made, made.rollup, self._admin())
            except Exception:
                schema.drop_field(found.name, name)
                raise
        self._keep()

    def rename_field(self, obj: str, old: str, new: str) -> None:
        """Change a field's API name; its values stay, and formulas follow."""
        found = self._object(obj)
        field = self._changeable(found, old)
        old = field.name
        if found.find(new):
            raise InvalidMetadata(f"there is a field {new} on {found.name} already")
        texts = {
            (item.name, each.name): formula.renamed(self.core.schema, item, each, found.name, old, new)
            for item, each in self._formulas()
        }
        flags: dict[str, Any] = {"name": new}
        if field.custom and field.relationship:
            flags["relationship"] = f"{new.removesuffix('__c')}__r"
        with self.core.store.transaction():
            if field.stored:
                self.core.store.rename_column(found, old, new)
            self.core.schema.replace_field(found.name, old, changed(field, **flags))
        for (holder, before), text in texts.items():
            each = new if (holder, before) == (found.name, old) else before
            self.core.schema.replace_field(
                holder, each, changed(self.core.schema[holder].fields[each], formula=text)
            )
        self._rename_in_rollups(found, old, new)
        self._recompile()
        copy = self._copy_on_accounts(found, old)
        if copy:
            self.rename_field("Account", copy, person_account.on_account(new))
        for profile in self.core.profiles.values():
            for rules in (profile.hidden, profile.read_only):
                if (found.name, old) in rules:
                    rules.remove((found.name, old))
                    rules.add((found.name, new))
        self._keep()

    def retype_field(self, obj: str, name: str, type: str, **flags: Any) -> None:
        """Change a field's type; values that do not fit become null."""
        found = self._object(obj)
        name = self._changeable(found, name).name
        self._refuse_if_used(found, name)
        field = retyped(found.fields[name], type, **flags)
        with self.core.store.transaction():
            self.core.store.retype_column(found, field)
            self.core.schema.replace_field(found.name, name, field)
        copy = self._copy_on_accounts(found, name)
        if copy:
            self.retype_field("Account", copy, type, **flags)
        self._keep()

    def relabel_field(self, obj: str, name: str, label: str) -> None:
        """Change what people see as the field's name."""
        found = self._object(obj)
        name = self._field_name(found, name)
        self.core.schema.replace_field(found.name, name, changed(found.fields[name], label=label))
        self._keep()

    def delete_field(self, obj: str, name: str) -> None:
        """Delete a field and its values."""
        found = self._object(obj)
        field = self._changeable(found, name)
        self._refuse_if_used(found, field.name)
        doomed = (
            [field, *(found.fields[part] for part in field.parts.values())] if field.is_compound else [field]
        )
        with self.core.store.transaction():
            for each in doomed:
                if each.stored:
                    self.core.store.drop_column(found, each.name)
                self.core.schema.drop_field(found.name, each.name)
            if field.master_detail and "OwnerId" not in found.fields:
                self._take_up_owner(found)
        copy = self._copy_on_accounts(found, field.name)
        if copy:
            self.delete_field("Account", copy)
        self._keep()

    # helpers

    def _changeable(self, found: SObject, name: str) -> Field:
        """The field of that name, unless the org itself lives by it."""
        field = found.fields[self._field_name(found, name)]
        fixed = not (field.createable or field.is_compound or field.calculated) or field.name == "OwnerId"
        if fixed and not field.custom:
            raise InvalidMetadata(f"{field.name} belongs to the org itself and stays as it is")
        return field

    def _check_new(self, found: SObject, made: list[Field]) -> None:
        for field in made:
            if found.find(field.name):
                raise InvalidMetadata(f"there is a field {field.name} on {found.name} already")
            for target in field.refers_to:
                if self.core.schema.find(target) is None:
                    raise InvalidMetadata(f"{field.name}: no object {target} to point to")
            if field.number_format:
                check_format(field.number_format)
        if not made[0].master_detail:
            return
        masters = sum(item.master_detail for item in found.fields.values())
        if not found.custom or masters >= MAX_MASTERS:
            raise InvalidMetadata(f"{found.name} cannot have another master-detail relationship")
        if self.core.store.run(f"SELECT 1 FROM {found.table} LIMIT 1"):
            raise InvalidMetadata(f"{found.name} has records; add a lookup, or delete them first")

    def _number_existing(self, found: SObject, field: Field) -> None:
        if not field.number_format:
            return
        keys = [row[0] for row in self.core.store.run(f"SELECT _key FROM {found.table} ORDER BY _key")]
        values = [(key, {field.name: numbered(field.number_format, key)}) for key in keys]
        self.core.store.update(found, values)

    def _give_up_owner(self, found: SObject) -> None:
        # The detail belongs to whoever owns the master.
        if "OwnerId" in found.fields:
            self.core.store.drop_column(found, "OwnerId")
            self.core.schema.drop_field(found.name, "OwnerId")

    def _copy_to_accounts(self, field: Field) -> None:
        account = self.core.schema["Account"]
        copy = person_account.copied(field)
        if copy.stored:
            self.core.store.add_column(account, copy)
        self.core.schema.add_field("Account", copy)

    def _copy_on_accounts(self, found: SObject, name: str) -> str | None:
        """What person accounts call a custom field of contacts."""
        copy = person_account.on_account(name)
        known = self.core.schema["Account"].fields
        return copy if found.name == "Contact" and copy.endswith("__pc") and copy in known else None

    def _take_up_owner(self, found: SObject) -> None:
        field = owner("Group", "User")
        self.core.store.add_column(found, field)
        self.core.schema.add_field(found.name, field)
        self.core.store.run(f'UPDATE {found.table} SET "OwnerId" = "CreatedById"')

    def _formulas(self) -> Iterator[tuple[SObject, Field]]:
        for found in self.core.schema:
            for field in found.fields.values():
                if field.formula is not None and field.expression is not None:
                    yield found, field

    def _used_by(self, found: SObject, field: Field) -> Iterator[tuple[str, str]]:
        """Every field that a formula depends on, through other formulas too."""
        for owner_name, name in formula.uses(self.core.schema, found, field):
            yield owner_name, name
            below = self.core.schema[owner_name].fields[name]
            if below.expression is not None and (owner_name, name) != (found.name, field.name):
                yield from self._used_by(self.core.schema[owner_name], below)

    def _probe(self, found: SObject, field: Field) -> None:
        """Run a formula once, so that what the database cannot do is refused now."""
        scope = Scope(self.core.world(self.core.admin), "", found)
        self.core.store.run(f"SELECT {scope.read(field)} FROM {scope.source()} LIMIT 1")

    def _recompile(self) -> None:
        """Compile every formula anew: one may be built on another."""
        schema = self.core.schema
        for _ in range(len(list(self._formulas()))):
            stale = 0
            for found, field in list(self._formulas()):
                fresh = formula.compile_formula(schema, found, field)
                if fresh != field.expression:
                    schema.replace_field(found.name, field.name, changed(field, expression=fresh))
                    stale += 1
            if not stale:
                return

    def _rename_in_rollups(self, found: SObject, old: str, new: str) -> None:
        for parent, field, rollup in self.core.schema.rollups(found.name):
            if old in (rollup.lookup, rollup.field):
                lookup = new if rollup.lookup == old else rollup.lookup
                source = new if rollup.field == old else rollup.field
                fresh = type(rollup)(rollup.child, lookup, rollup.operation, source, rollup.condition)
                self.core.schema.replace_field(parent.name, field.name, changed(field, rollup=fresh))

    def _refuse_if_used(self, found: SObject, name: str) -> None:
        for other, field in self._formulas():
            if (found.name, name) in set(formula.uses(self.core.schema, other, field)):
                raise InvalidMetadata(f"{name} is used in the formula of {other.name}.{field.name}")
        for parent, field, rollup in self.core.schema.rollups(found.name):
            if name in (rollup.lookup, rollup.field):
                raise InvalidMetadata(f"{name} is used in the roll-up {parent.name}.{field.name}")
