"""Puts the rows of a recipe into an org, in an order in which every lookup has something to point to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.metadata.sobject import SObject
from sandbox.recipe.cook import Row
from sandbox.recipe.errors import InvalidRecipe
from sandbox.rules.draft import Intent

BATCH = 10_000


def load(core: Core, rows: Iterable[Row]) -> dict[str, int]:
    """Create the records, all or none, with every rule of the org; answers how many of each object."""
    levels: dict[Row, int] = {}
    courses: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        # A row refers to rows that were made before it.
        below = [levels[value] for value in row.values.values() if isinstance(value, Row)]
        levels[row] = max(below, default=-1) + 1
        courses.setdefault((levels[row], row.sobject), []).append(row)
    made: dict[Row, str] = {}
    counts: dict[str, int] = {}
    with core.store.transaction():
        for _, course in sorted(courses.items(), key=lambda item: item[0][0]):
            sobject = _object(core, course[0].sobject)
            for start in range(0, len(course), BATCH):
                _create(core, sobject, course[start : start + BATCH], made)
            counts[sobject.name] = counts.get(sobject.name, 0) + len(course)
    return counts


def _create(core: Core, sobject: SObject, rows: Sequence[Row], made: dict[Row, str]) -> None:
    intent = Intent(core.admin, all_or_none=True, from_text=True, auto_assign=False)
    values = [{name: _plain(value, made) for name, value in row.values.items()} for row in rows]
    try:
        outcomes = core.writer.insert(sobject, values, intent)
    except ApiError as refused:
        raise InvalidRecipe(f"{sobject.name}: {refused.message}") from None
    for row, outcome in zip(rows, outcomes, strict=True):
        if not outcome.success or outcome.id is None:
            error = next(
                item for each in outcomes for item in each.errors if not item.code.startswith("ALL_OR_NONE")
            )
            raise InvalidRecipe(f"{sobject.name} number {row.number}: {error.message}")
        made[row] = outcome.id


def _object(core: Core, name: str) -> SObject:
    found = core.schema.find(name)
    if found is None:
        raise InvalidRecipe(f"there is no object {name} in the org")
    return found


def _plain(value: Any, made: dict[Row, str]) -> Any:
    if isinstance(value, Row):
        return made[value]
    return value.isoformat() if isinstance(value, date | datetime) else value
