"""Which custom objects may be enabled, and by which lookups each would find its people (section 12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tandem.objects.custom_object import Path, find_path, needed
from tandem.salesforce.connection import Connection
from tandem.salesforce.describe import custom_objects, describe_objects
from tandem.salesforce.description import ObjectDescribe


@dataclass(frozen=True)
class Offer:
    """A custom object that can be enabled."""

    name: str
    label: str
    belongs_to: str
    """``person`` or ``company``."""
    lookups: tuple[str, ...]
    """The fields that name it; the first that is filled counts."""
    enabled: bool


def offered(connection: Connection, enabled: Iterable[str]) -> list[Offer]:
    """Return the custom objects that the sync user sees and that lead to people, by name (12.2)."""
    names = custom_objects(connection)
    described = {name: each for name, each in describe_objects(connection, names).items() if each}
    chosen = set(enabled)
    return [
        Offer(
            name,
            described[name].label,
            "company" if path.of_company else "person",
            path.references,
            name in chosen,
        )
        for name, path in paths(connection, described.values()).items()
        if path
    ]


def paths(connection: Connection, described: Iterable[ObjectDescribe]) -> dict[str, Path | None]:
    """Find the way from each custom object to people; ``None``: there is none."""
    known = {each.name: each for each in described}
    further = sorted(needed(known.values()) - set(known))
    found = describe_objects(connection, further) if further else {}
    others = known | {name: each for name, each in found.items() if each}
    return {name: find_path(each, others) for name, each in known.items()}
