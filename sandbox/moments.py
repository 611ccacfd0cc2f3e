"""Dates and moments of query results in the ways of the APIs that show them differently from REST."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sandbox.soql.plan import Plan


def rewrite(
    plan: Plan, records: Sequence[dict[str, Any]], types: Collection[str], change: Callable[[str], Any]
) -> None:
    """Change the values of those field types in records that a plan's query found, parents and children too."""
    for output in plan.outputs:
        if output.field.type in types:
            for holder in _holders(records, output.path):
                if holder.get(output.name) is not None:
                    holder[output.name] = change(str(holder[output.name]))
    for child in plan.children:
        for record in records:
            if record[child.name]:
                rewrite(child.plan, record[child.name]["records"], types, change)


def _holders(records: Sequence[dict[str, Any]], path: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    for record in records:
        holder: Any = record
        for step in path:
            holder = holder and holder.get(step)
        if holder:
            yield holder


def zulu(text: str) -> str:
    """A moment as SOAP shows it."""
    return text.replace("+0000", "Z")


def milliseconds(text: str) -> int:
    """A date or a moment as Bulk 1.0's JSON shows it: since 1970 (simple-salesforce#290)."""
    if "T" in text:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    else:
        moment = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    return int(moment.timestamp() * 1000)
