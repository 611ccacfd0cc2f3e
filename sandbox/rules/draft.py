"""A record on its way into the org, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.access import User
from sandbox.errors import RowError
from sandbox.tables import Record

Locked = Callable[[str | None], bool]
"""Whether the lock on a record cannot be had."""


@dataclass(slots=True)
class Intent:
    """How a write is meant: by whom, and with which of the documented headers (facts 5.3)."""

    user: User
    all_or_none: bool = False
    from_text: bool = False
    auto_assign: bool | str = True
    allow_duplicates: bool = False
    unjudged: frozenset[str] = frozenset()
    """Objects whose duplicate rules are passed by."""
    duplicate_details: bool = False
    stamp: datetime | None = None
    locked: Locked | None = None
    refusal: Callable[[str | None], RowError | None] | None = None
    """An error on purpose for a record, if there is one."""
    trusted: bool = False
    """The org's own hand: read-only fields may be written."""


@dataclass(slots=True)
class Draft:
    """One record while the rules look at it."""

    raw: Mapping[str, Any]
    key: int | None = None
    old: Record | None = None
    values: Record = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    links: list[tuple[str, str, Any]] = field(default_factory=list)
    """Parents named by an external id: lookup field, external id field, value."""
    id: str | None = None
    created: bool = False
    external: tuple[str, Any] | None = None
    """The external id by which an upsert names the record: field and value as stored."""
    matches: Sequence[str] = ()
    """The ids of the records that carry it."""
    unclaimed: bool = False
    """Not even a record that the caller does not see carries it."""

    @property
    def merged(self) -> Record:
        """The record as it would be stored."""
        return {**(self.old or {}), **self.values}

    def refuse(self, code: str, message: str, *fields: str) -> None:
        """Note why it cannot be saved."""
        self.errors.append(RowError(code, message, fields))


@dataclass(slots=True)
class Outcome:
    """What a client is told about one record."""

    id: str | None = None
    created: bool = False
    errors: list[RowError] = field(default_factory=list)

    @property
    def success(self) -> bool:
        """Whether it was saved."""
        return not self.errors


def settled(draft: Draft) -> Outcome:
    """The outcome of a draft."""
    return Outcome(draft.id, draft.created, draft.errors)


ROLLED_BACK = RowError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
