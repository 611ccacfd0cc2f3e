"""An engine without a wire: staged pages in, the outbox out. For tests of the database alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tandem.database import fields as field_maps
from tandem.database import outbox
from tandem.database.connection import Database
from tandem.database.merge import MergeCounts, merge_pages
from tandem.database.outbox import Answer
from tandem.database.pending import find_pending
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import plan_field_map
from tandem.salesforce.description import FieldDescribe, ObjectDescribe
from tandem.settings import SyncSettings
from tandem.staging import stage_rows

EPOCH = datetime(2026, 1, 1)

_TYPES = {
    "IsDeleted": "boolean",
    "IsConverted": "boolean",
    "SystemModstamp": "datetime",
    "CreatedDate": "datetime",
    "ConvertedDate": "date",
}


def describe(name: str, fields: dict[str, str]) -> ObjectDescribe:
    """Return a describe answer; ``fields`` maps names to Salesforce types, all of them writable."""
    return ObjectDescribe(
        name,
        name,
        {
            field: FieldDescribe(field, field, kind, length=255, updateable=True, createable=True)
            for field, kind in fields.items()
        },
    )


class Offline:
    """One object's database, driven by hand.

    A second one in the same folder is the other object of the same database.
    """

    def __init__(self, folder: Path, declared: SyncedObject, fields: dict[str, str]) -> None:
        self.declared = declared
        self.folder = folder
        self.database = Database(folder / "marketing.duckdb", threads=1)
        drivers = {name: _TYPES.get(name, "string") for name in declared.drivers}
        answer = describe(declared.name, {**drivers, **fields})
        with self.database.write() as session, session.transaction():
            stand_ins = {"User", "Account", "Contact", "Lead"} - {declared.name}
            session.execute(f'DROP TABLE IF EXISTS salesforce."{declared.name}"')
            for other in stand_ins:  # what owner and company fields are looked up in
                session.execute(
                    f'CREATE TABLE IF NOT EXISTS salesforce."{other}" (_record_id BIGINT, Id VARCHAR, OwnerId VARCHAR,'
                    " AccountId VARCHAR)"
                )
            change = plan_field_map(
                declared, answer, (), field_maps.columns_of(session, "marketing", declared.table)
            )
            field_maps.save_field_map(session, declared, change, "setup")
        self.described = {name: answer.fields[name] for name in (each.field for each in change.fields)}
        self.fields = list(change.fields)
        self._pages = 0

    def pull(self, rows: Iterable[dict[str, Any]], rules: SyncSettings | None = None) -> MergeCounts:
        """Stage rows (missing fields are null) and merge them."""
        full = [{name: row.get(name) for name in self.described} for row in rows]
        if not full:
            return MergeCounts()
        self._pages += 1
        page = self.folder / f"{self.declared.name}{self._pages}.parquet"
        stage_rows(full, self.described, page)
        with self.database.write() as session, session.transaction():
            return merge_pages(
                session, self.declared, self.fields, [page], (), f"run{self._pages}", rules or SyncSettings()
            )

    def push(self, refuse: set[str], sent_after: datetime) -> dict[str, dict[str, Any]]:
        """Send what is pending; returns what Salesforce took, by record."""
        with self.database.write() as session, session.transaction():
            find_pending(session, self.declared, self.fields)
            outbox.journal_pending(session, self.declared, "run")
            rows = session.rows("SELECT id, sfdc_id, payload FROM sync.outbox WHERE state = 'journalled'")
            answers = [
                Answer(row["id"], row["sfdc_id"], "FIELD_CUSTOM_VALIDATION_EXCEPTION", "access", "No.")
                if row["sfdc_id"] in refuse
                else Answer(row["id"], row["sfdc_id"])
                for row in rows
            ]
            outbox.settle(session, self.declared, self.fields, answers, "run", sent_after)
        return {row["sfdc_id"]: json.loads(row["payload"]) for row in rows if row["sfdc_id"] not in refuse}


def stamp(second: int) -> str:
    """Return a Salesforce time so many seconds after the epoch of the tests."""
    return (EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
