"""How a synced object is declared: direction, who wins, which fields, in words the rest of Tandem reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way an object's changes flow (1.4)."""

    IN = "in"  # Salesforce to marketing only
    BOTH = "both"


class Winner(StrEnum):
    """Whose value stays when both sides changed one field to different values (5.2, 6.2)."""

    MARKETING = "marketing"
    SALESFORCE = "salesforce"


#: Never synced as data, on any object (3.21). Some are still read: they drive the sync itself.
IGNORED_EVERYWHERE = frozenset(
    {
        "CreatedById",
        "LastActivityDate",
        "LastModifiedById",
        "LastModifiedDate",
        "MasterRecordId",
        "SystemModstamp",
        # Salesforce's own record of who looked at a row, per user: it says nothing about the person.
        "LastReferencedDate",
        "LastViewedDate",
    }
)


@dataclass(frozen=True)
class SyncedObject:
    """One Salesforce object and the rules by which it is synced.

    ``fields`` is the default field map, Salesforce name to column of the marketing ``table``.
    ``system`` names the mapped fields that only Salesforce sets (3.22); ``required`` those without
    which the object's step fails (2.18); ``drivers`` those that are read for the sync's own use.
    """

    name: str
    table: str
    direction: Direction
    fields: Mapping[str, str]
    required: tuple[str, ...]
    drivers: tuple[str, ...]
    winner: Winner = Winner.SALESFORCE
    system: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    only_declared: bool = False  # True: nothing beyond ``fields`` and ``drivers`` is read
    person_type: str | None = None  # the SFDC Type this object gives a person (4.1)
    condition: str | None = None  # SOQL condition that every read carries
    sent: frozenset[str] = frozenset()  # fields of a one-way object that marketing alone decides (10.3)

    @property
    def is_custom(self) -> bool:
        """Whether it is an object of the org's own (section 12)."""
        return self.name.endswith("__c")

    @property
    def is_person(self) -> bool:
        """Whether its records are people of the marketing database."""
        return self.person_type is not None

    @property
    def is_written(self) -> bool:
        """Whether the sync writes its records in Salesforce."""
        return self.direction is Direction.BOTH or bool(self.sent)
