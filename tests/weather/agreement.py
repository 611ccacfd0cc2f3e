"""Do both sides agree? Compared field by field, the org as its administrator sees it against the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from tandem.database.connection import Session
from tandem.objects import CONTACT, LEAD
from tandem.objects.declaration import SyncedObject
from tests.support.world import World


def sides_agree(world: World, apart: Collection[str] = ()) -> None:
    """Assert that every person is on both sides once, with the same values, and that nothing is left half-way.

    :param apart: records whose values rightly differ (refused, in quarantine).
    """
    with world.database.read() as session:
        for declared in (LEAD, CONTACT):
            _values_agree(world, session, declared, apart)
        _nothing_twice(session)
        assert session.rows("SELECT * FROM sync.outbox WHERE state = 'journalled'") == []


def _values_agree(world: World, session: Session, declared: SyncedObject, apart: Collection[str]) -> None:
    fields = session.rows(
        "SELECT field, column_name FROM sync.field_map WHERE object = ? AND active AND column_name IS NOT NULL",
        [declared.name],
    )
    names = ", ".join(["Id", *(row["field"] for row in fields)])
    theirs = {row["Id"]: row for row in world.org.query_all(f"SELECT {names} FROM {declared.name}")}
    people = session.rows("SELECT * FROM marketing.person WHERE sfdc_type = ?", [declared.person_type])
    ours = {row["sfdc_id"]: row for row in people}
    assert [key for key, count in Counter(row["sfdc_id"] for row in people).items() if count > 1] == []
    # A converted lead is nobody any more: its contact stands for it.
    alive = {key for key, row in theirs.items() if not row["IsDeleted"] and not row.get("IsConverted")}
    assert alive - set(ours) == set(), f"not in marketing: {alive - set(ours)}"
    assert set(ours) - set(theirs) == set(), f"not in Salesforce: {set(ours) - set(theirs)}"
    for key, row in ((key, row) for key, row in ours.items() if key not in apart):
        for field in fields:
            if theirs[key]["IsDeleted"] and field["field"] != "IsDeleted":
                continue  # what marketing changes on a deleted record stays here
            there, here = theirs[key][field["field"]], row[field["column_name"]]
            assert same(there, here), (declared.name, key, field["field"], there, here)


def _nothing_twice(session: Session) -> None:
    mirrored = session.rows(
        'SELECT Id, _record_id FROM salesforce."Lead" WHERE _record_id IS NOT NULL'
        ' UNION ALL SELECT Id, _record_id FROM salesforce."Contact" WHERE _record_id IS NOT NULL'
    )
    for column in ("Id", "_record_id"):
        twice = [key for key, count in Counter(row[column] for row in mirrored).items() if count > 1]
        assert twice == [], f"in the mirror twice by {column}: {twice}"
    for table in ("person", "activity"):
        assert session.rows(f"SELECT id FROM marketing.{table} GROUP BY id HAVING count(*) > 1") == []


def same(there: Any, here: Any) -> bool:
    """Whether a value that the org shows by REST is the value that the database holds."""
    if isinstance(here, datetime):
        return bool(there == f"{here:%Y-%m-%dT%H:%M:%S}.000+0000")
    if isinstance(here, date):
        return bool(there == here.isoformat())
    if isinstance(here, float):
        return there is not None and abs(there - here) < 1e-6
    return (there or None) == (here or None)
