"""What became of records that were sent."""

from __future__ import annotations

from dataclasses import dataclass

from tandem.salesforce.errors import RowError


@dataclass(frozen=True)
class RowResult:
    """What Salesforce did with one record."""

    index: int
    """Which row of those sent, counted from 0."""
    id: str | None
    """The record's id: the one given, or the new one."""
    success: bool
    """Whether the org is now as asked; a delete of what is deleted already succeeds."""
    created: bool = False
    """Whether this made a new record."""
    errors: tuple[RowError, ...] = ()
    lost: bool = False
    """No answer came: the write may or may not have happened. Look before sending it again."""
