"""A compiled query: its SQL, and how its rows become results."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.metadata.field import Field
from sandbox.metadata.sobject import SObject


@dataclass(slots=True, frozen=True)
class Output:
    """One value of a result: where it goes and which column of the row holds it.

    `at` is -1 where nothing is stored: a compound address (put together from `parts`).
    """

    path: tuple[str, ...]
    name: str
    field: Field
    at: int
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True, frozen=True)
class Parent:
    """A parent that results embed: its relationship path, what it is, and the column of its id."""

    path: tuple[str, ...]
    type_name: str
    id_at: int
    polymorphic: bool = False


@dataclass(slots=True, frozen=True)
class ChildPlan:
    """A subquery: run once for a page of parents, then dealt out by the parent's id (last column)."""

    name: str
    plan: Plan
    lookup: str
    limit: int | None
    offset: int | None


@dataclass(slots=True, frozen=True)
class TypePlan:
    """TYPEOF: for each type the outputs of one lookup."""

    path: tuple[str, ...]
    branches: dict[str, tuple[Output, ...]]
    otherwise: tuple[Output, ...]
    id_at: int


@dataclass(slots=True)
class Plan:
    """Everything needed to run a query and to show its rows."""

    sobject: SObject
    kind: str
    source: str
    where: list[str]
    columns: list[str]
    outputs: list[Output]
    parents: list[Parent] = field(default_factory=list)
    children: list[ChildPlan] = field(default_factory=list)
    types: list[TypePlan] = field(default_factory=list)
    group: str = ""
    having: str = ""
    order: str = ""
    limit: int | None = None
    offset: int | None = None
    alias: str = "t"
    joins: bool = False
    purpose: tuple[str, ...] = ()
    named: int | None = None
    """How many ids the condition names, where it can find no other rows."""

    @property
    def most(self) -> int | None:
        """How many rows there can be, where the query itself says so."""
        return min((each for each in (self.limit, self.named) if each is not None), default=None)

    def condition(self) -> str:
        """The WHERE clause, or nothing."""
        return f" WHERE {' AND '.join(self.where)}" if self.where else ""

    def sql(self, columns: list[str] | None = None) -> str:
        """The whole statement; `columns` replaces the select list."""
        if self.kind == "count" and self.limit is not None:
            return (
                f"SELECT count(*) FROM (SELECT 1 FROM {self.source}{self.condition()} "
                f"LIMIT {self.limit} OFFSET {self.offset or 0})"
            )
        text = f"SELECT {', '.join(columns or self.columns)} FROM {self.source}{self.condition()}"
        if self.group:
            text += f" GROUP BY {self.group}"
        if self.having:
            text += f" HAVING {self.having}"
        if self.order:
            text += f" ORDER BY {self.order}"
        if self.limit is not None:
            text += f" LIMIT {self.limit}"
        if self.offset is not None:
            text += f" OFFSET {self.offset}"
        return text
