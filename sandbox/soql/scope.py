"""Finds the column behind a name in a query, joining parents as they are needed (facts 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.access import Profile
from sandbox.errors import ApiError
from sandbox.metadata.field import Field, define
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject
from sandbox.sharing import Sharing
from sandbox.soql.ast import Name
from sandbox.soql.tokens import failure

MAX_DEPTH = 5
"""Levels from child to parent (facts 1)."""
MAX_PARENTS = 55
_COMPUTED = ""
"""Leads the keys of parents that computed fields need, apart from those that the query names."""

_CUSTOM_HINT = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
_OBJECT_HINT = (
    "If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
_NAME_FIELDS = [
    "Id",
    "Name",
    "FirstName",
    "LastName",
    "Email",
    "Phone",
    "Title",
    "Username",
    "Alias",
    "IsActive",
    "ProfileId",
    "UserRoleId",
]


@dataclass(slots=True, frozen=True)
class World:
    """What a query is compiled against: the schema as one user sees it, at one moment."""

    schema: Schema
    profile: Profile
    now: datetime
    user_id: str = ""
    has_hidden: frozenset[str] = frozenset()
    sharing: Sharing = field(default_factory=Sharing)
    criteria: Mapping[str, str] = field(default_factory=dict)
    """SQL that finds the keys which a sharing rule's condition opens, by the rule's name."""


@dataclass(slots=True, frozen=True)
class Column:
    """A field reached in a query. `path` are the relationship names that lead to it."""

    sql: str
    field: Field
    sobject: SObject
    path: tuple[str, ...] = ()
    key_sql: str | None = None

    @property
    def name(self) -> str:
        """The path as results show it, in the schema's spelling."""
        return ".".join((*self.path, self.field.name))


@dataclass(slots=True)
class _Join:
    alias: str
    sobject: SObject
    path: tuple[str, ...]
    polymorphic: bool = False
    outer: bool = True


@dataclass(slots=True)
class Scope:
    """The FROM clause of one query while it is being compiled."""

    world: World
    text: str
    sobject: SObject
    alias: str = "t"
    table: str = ""
    own_alias: str | None = None
    clauses: list[str] = field(default_factory=list)
    parents: dict[tuple[str, ...], _Join] = field(default_factory=dict)
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def fail(self, at: int, code: str, message: str) -> ApiError:
        """An error that points into this query."""
        return failure(self.text, at, code, message)

    def source(self) -> str:
        """FROM and its joins, complete once everything was resolved."""
        return " ".join([f"{self.table or self.sobject.table} {self.alias}", *self.clauses])

    def parts(self, name: Name) -> tuple[str, ...]:
        """The path without the source's alias or name in front."""
        parts = name.parts
        if len(parts) > 1:
            head = parts[0].lower()
            if head in self.extra:
                return (*self.extra[head], *parts[1:])
            own = {self.sobject.name.lower()} | ({self.own_alias.lower()} if self.own_alias else set())
            if head in own and self.sobject.relation(parts[0]) is None:
                return parts[1:]
        return parts

    def column(self, name: Name) -> Column:
        """The column behind a path, or INVALID_FIELD."""
        parts = self.parts(name)
        join = self._walk(parts[:-1], name.at)
        found = join.sobject.find(parts[-1])
        if join.polymorphic and parts[-1].lower() == "type":
            found = define("Type", "Type", "string", length=40)
        if found is None or not self.world.profile.sees(join.sobject, found):
            raise self.no_column(name.at, parts[-1], join.sobject.name if not join.polymorphic else "Name")
        if join.polymorphic and found.name not in (*_NAME_FIELDS, "Type"):
            raise self.no_column(name.at, parts[-1], "Name")
        key = f"{join.alias}._key" if found.name == "Id" and not join.polymorphic else None
        return Column(self._value(found, join), found, join.sobject, join.path, key)

    def read(self, found: Field) -> str:
        """The SQL of one of the object's own fields, whoever asks."""
        return self._value(found, _Join(self.alias, self.sobject, ()))

    def _value(self, found: Field, here: _Join) -> str:
        return found.sql(here.alias, self.world.now.date(), lambda path: self._computed_from(here, path))

    def _computed_from(self, here: _Join, path: str) -> str:
        """The alias of a parent that a computed field reads; field-level security does not apply."""
        for part in path.split("."):
            key = (_COMPUTED, *here.path, part)
            known = self.parents.get(key)
            if known is None:
                lookup = here.sobject.relation(part)
                target = self.world.schema.find(lookup.refers_to[0]) if lookup else None
                if lookup is None or target is None:
                    raise LookupError(f"{here.sobject.name} has no parent {part}")
                known = self._join(key, here, lookup, [target], (*here.path, part))
            here = known
        return here.alias

    def parent(self, parts: tuple[str, ...], at: int) -> tuple[str, SObject, bool]:
        """Alias and object of the parent that relationship names lead to, and whether it is polymorphic."""
        join = self._walk(parts, at)
        return join.alias, join.sobject, join.polymorphic

    def no_column(self, at: int, name: str, entity: str) -> ApiError:
        """INVALID_FIELD, in the words of a real org."""
        return self.fail(at, "INVALID_FIELD", f"No such column '{name}' on entity '{entity}'. {_CUSTOM_HINT}")

    def no_relation(self, at: int, name: str, path: str) -> ApiError:
        """INVALID_FIELD for a path that leads nowhere."""
        return self.fail(
            at,
            "INVALID_FIELD",
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
            "relationship, be sure to append the '__r' after the custom relationship name. "
            f"Please reference your WSDL or the describe call for the appropriate names. ({path})",
        )

    def _walk(self, parts: tuple[str, ...], at: int) -> _Join:
        join = _Join(self.alias, self.sobject, ())
        if len(parts) > MAX_DEPTH:
            raise self.fail(
                at,
                "INVALID_FIELD",
                f"SOQL relationship queries may not go more than {MAX_DEPTH} levels up: {'.'.join(parts)}",
            )
        for part in parts:
            join = self._step(join, part, at, ".".join(parts))
        return join

    def _step(self, here: _Join, part: str, at: int, path: str) -> _Join:
        key = (*(item.lower() for item in here.path), part.lower())
        known = self.parents.get(key)
        if known is not None:
            return known
        lookup = None if here.polymorphic else here.sobject.relation(part)
        if lookup is None or not self.world.profile.sees(here.sobject, lookup):
            raise self.no_relation(at, part, path)
        parents = [self.world.schema.find(name) for name in lookup.refers_to]
        targets = [found for found in parents if found and self.world.profile.sees_object(found)]
        if not targets or not lookup.relationship:
            raise self.no_relation(at, part, path)
        if sum(item[0] != _COMPUTED for item in self.parents) >= MAX_PARENTS:
            raise self.fail(at, "MALFORMED_QUERY", f"maximum {MAX_PARENTS} relationships allowed in a query")
        return self._join(key, here, lookup, targets, (*here.path, lookup.relationship))

    def _join(
        self, key: tuple[str, ...], here: _Join, lookup: Field, targets: list[SObject], path: tuple[str, ...]
    ) -> _Join:
        alias = f"{self.alias}{len(self.parents) + 1}"
        polymorphic = len(lookup.refers_to) > 1
        source = union_of_names(targets) if polymorphic else targets[0].table
        self.clauses.append(f'LEFT JOIN {source} {alias} ON {alias}."Id" = {here.alias}."{lookup.name}"')
        joined = _Join(alias, targets[-1], path, polymorphic)
        self.parents[key] = joined
        return joined


def union_of_names(targets: list[SObject]) -> str:
    """The rows that a polymorphic lookup may point to, with the fields that all of them are read by."""
    selects = []
    for target in targets:
        columns = [
            f'"{name}"' if (found := target.find(name)) and found.stored else f'NULL AS "{name}"'
            for name in _NAME_FIELDS
        ]
        kind = (
            "CASE WHEN \"Type\" = 'Queue' THEN 'Queue' ELSE 'Group' END"
            if target.name == "Group"
            else f"'{target.name}'"
        )
        selects.append(f'SELECT {", ".join(columns)}, {kind} AS "Type" FROM {target.table}')
    return f"({' UNION ALL '.join(selects)})"


def find_object(world: World, text: str, name: str, at: int) -> SObject:
    """The object behind FROM, or INVALID_TYPE in the words of a real org."""
    found = world.schema.find(name)
    if found is None or not found.queryable or not world.profile.sees_object(found):
        raise failure(text, at, "INVALID_TYPE", f"sObject type '{name}' is not supported. {_OBJECT_HINT}")
    return found
