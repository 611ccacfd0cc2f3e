"""What the database held of an object when a report began: Parquet, so that the database is free meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tandem.salesforce.description import ObjectDescribe

#: Names a record within its snapshot; no Salesforce field has a question mark in its name.
ROW = "?row"


@dataclass(frozen=True)
class Snapshot:
    """The records of one object that are not deleted. ``pages`` is a folder of Parquet files with Salesforce's
    field names and :data:`ROW`."""

    object: str
    pages: Path
    columns: Mapping[str, str]
    """Name of each column and its DuckDB type."""
    records: int
    filled: Mapping[str, int]
    """How many records have a value, by field; of those fields that may be empty."""
    quarantined: int
    newly_quarantined: int
    """Those of ``quarantined`` that the database does not hold otherwise."""
    read_at: datetime
    """How far the object was read, by Salesforce's clock."""
    rows_usual: float
    """The number of records in a usual report: the median of late, or today's in the first."""
    describe: ObjectDescribe | None

    @property
    def completeness(self) -> float | None:
        """The mean share of filled fields."""
        if not self.records or not self.filled:
            return None
        return sum(self.filled.values()) / len(self.filled) / self.records

    def references(self, column: str) -> tuple[str, ...]:
        """The objects that a related column looks at: ``Account`` for ``Account.Id``; empty if there is none."""
        field = self.reference_field(column)
        return self.describe.fields[field].reference_to if field and self.describe else ()

    def reference_field(self, column: str) -> str | None:
        """The field that holds the id of a related record: ``AccountId`` for ``Account.Id``, as in SOQL."""
        relationship = column.split(".")[0]
        own = f"{relationship[:-1]}c" if relationship.endswith("__r") else f"{relationship}Id"
        known = self.describe.fields if self.describe else {}
        return own if own in known and own in self.columns else None

    def picklist(self, field: str) -> list[str] | None:
        """The values that the org offers for a picklist, ``None`` where the field is none."""
        described = self.describe.fields.get(field) if self.describe else None
        return list(described.picklist_values) if described and described.picklist_values else None
