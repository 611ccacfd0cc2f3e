"""What a SOQL query says, as a tree. `at` is a position in the query's text, for errors that point there."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, frozen=True)
class Name:
    """A path: a field, perhaps through relationships, perhaps after the source's alias."""

    parts: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """The path as written."""
        return ".".join(self.parts)


@dataclass(slots=True, frozen=True)
class Call:
    """A function applied to arguments; `COUNT()` has none."""

    function: str
    args: tuple[Expression, ...]
    at: int


@dataclass(slots=True, frozen=True)
class Literal:
    """A constant. `kind`: string, number, boolean, null, date, datetime, time, period or currency."""

    kind: str
    text: str
    at: int
    number: int | None = None


Expression = Name | Call | Literal


@dataclass(slots=True, frozen=True)
class Item:
    """One selected expression and the alias that aggregate queries may give it."""

    expression: Name | Call
    alias: str | None = None


@dataclass(slots=True, frozen=True)
class Child:
    """A subquery over a child relationship."""

    query: Query


@dataclass(slots=True, frozen=True)
class TypeOf:
    """Fields that depend on what a polymorphic lookup points to."""

    field: Name
    branches: tuple[tuple[str, tuple[Name, ...]], ...]
    otherwise: tuple[Name, ...]


@dataclass(slots=True, frozen=True)
class Compare:
    """`=`, `!=`, `<`, `<=`, `>`, `>=` or `LIKE` against one constant."""

    left: Name | Call
    operator: str
    right: Literal
    at: int


@dataclass(slots=True, frozen=True)
class Within:
    """`IN` or `NOT IN`, a list or a subselect."""

    left: Name | Call
    negated: bool
    values: tuple[Literal, ...]
    query: Query | None
    at: int


@dataclass(slots=True, frozen=True)
class Includes:
    """`INCLUDES` or `EXCLUDES` on a multi-select picklist."""

    left: Name
    negated: bool
    values: tuple[Literal, ...]
    at: int


@dataclass(slots=True, frozen=True)
class Logic:
    """AND, OR (two terms or more) or NOT (one term)."""

    operator: str
    terms: tuple[Condition, ...]


Condition = Compare | Within | Includes | Logic


@dataclass(slots=True, frozen=True)
class Order:
    """One sort key."""

    expression: Name | Call
    descending: bool = False
    nulls_last: bool | None = None


@dataclass(slots=True, frozen=True)
class Query:
    """A whole query, or a subquery."""

    select: tuple[Item | Child | TypeOf, ...]
    source: Name
    alias: str | None = None
    scope: str | None = None
    where: Condition | None = None
    group: tuple[Name | Call, ...] = ()
    grouping: str | None = None
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    purpose: tuple[str, ...] = ()
    all_rows: bool = False
    security: str | None = None
    more_sources: tuple[tuple[Name, str | None], ...] = field(default=())
    limit_at: int = 0
    offset_at: int = 0
