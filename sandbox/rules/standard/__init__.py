"""What the platform itself does when certain objects are saved: derived values, their checks, roll-ups.

Each object's rules are a `Behaviour`: `derive` runs before validation rules, `saved` after the rows are
written, `removed` after rows went into the recycle bin or came back (facts 5.10).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.rules.draft import Draft, Intent

if TYPE_CHECKING:
    from sandbox.rules.writer import Writer

Step = Callable[["Writer", Sequence[Draft], Intent], None]
Removed = Callable[["Writer", Sequence[int], Intent], None]


@dataclass(slots=True, frozen=True)
class Behaviour:
    """The platform's own rules for one object."""

    derive: Step | None = None
    saved: Step | None = None
    removed: Removed | None = None
    needs: tuple[str, ...] = ()
    """Fields of the old record that `derive` looks at."""
