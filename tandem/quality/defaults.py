"""The suite of an object that has no file: what Salesforce's own description of it promises.

It is for the report only. A file in ``expectations/`` takes its place, also in the cycle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from tandem.quality.snapshot import Snapshot
from tandem.quality.suite import Suite, parse


def suite_for(snapshot: Snapshot, synced: Collection[str], folder: Path) -> Suite:
    """Return a suite made from an object's description: ids unique, required fields filled, picklists as
    offered, references that resolve where the object they name is synced."""
    document = {
        "name": snapshot.object.lower(),
        "expectations": list(_expectations(snapshot, synced)),
        "meta": {"about": "Made from Salesforce's description, as there is no file for this object."},
    }
    return parse(folder / f"{snapshot.object.lower()}.json", document)


def _expectations(snapshot: Snapshot, synced: Collection[str]) -> Iterator[dict[str, Any]]:
    yield _expect("values_to_not_be_null", "critical", "A record has an id.", column="Id")
    yield _expect("values_to_be_unique", "critical", "An id is one record's.", column="Id")
    for name, described in (snapshot.describe.fields if snapshot.describe else {}).items():
        if name not in snapshot.columns or name == "Id":
            continue
        if not described.nillable and described.type != "boolean":
            yield _expect("values_to_not_be_null", "warning", "Salesforce requires it.", column=name)
        if described.type == "picklist" and described.picklist_values:
            why = "The org offers these values."
            offered = {"$PARAMETER": f"picklist_{name}"}
            yield _expect("values_to_be_in_set", "warning", why, column=name, value_set=offered)
        relationship = f"{name[:-1]}r" if name.endswith("__c") else name.removesuffix("Id")
        if described.reference_to and set(described.reference_to) <= set(synced) and relationship != name:
            condition = {"type": "nullity", "column": {"name": name}, "is_null": False}
            why = f"A record that {name} names is there."
            column = f"{relationship}.Id"
            yield _expect("values_to_not_be_null", "warning", why, column=column, row_condition=condition)


def _expect(what: str, severity: str, why: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": f"expect_column_{what}", "kwargs": kwargs, "severity": severity, "meta": {"why": why}}
