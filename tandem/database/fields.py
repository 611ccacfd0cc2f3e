"""The field map in the database, and the tables that follow it: mirror and marketing columns."""

from __future__ import annotations

from dataclasses import astuple, fields

from tandem.clock import utc_now
from tandem.database.compare import mirror_of, quoted
from tandem.database.connection import Session
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import FieldMapChange, MappedField
from tandem.salesforce.describe import ObjectDescribe

_COLUMNS = ", ".join({"column": "column_name"}.get(each.name, each.name) for each in fields(MappedField))


def field_map(session: Session, object_name: str) -> list[MappedField]:
    """Return the map of one object, switched-off fields included; empty before the first look."""
    found = session.rows(f"SELECT {_COLUMNS} FROM sync.field_map WHERE object = ?", [object_name])
    return [MappedField(*row.values()) for row in found]


def active_fields(session: Session, object_name: str) -> list[MappedField]:
    """Return the fields of one object that take part in the sync now."""
    return [each for each in field_map(session, object_name) if each.active]


def columns_of(session: Session, schema: str, table: str) -> dict[str, str]:
    """Return the columns of a table with their SQL types; empty where there is no such table."""
    found = session.rows(
        "SELECT column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = ? AND table_name = ?",
        [schema, table],
    )
    return {row["column_name"]: row["data_type"] for row in found}


def described(session: Session) -> dict[str, ObjectDescribe]:
    """Return the describe answers that were kept, by object."""
    found = session.rows("SELECT object, answer FROM sync.describe")
    return {row["object"]: ObjectDescribe.from_json(row["answer"]) for row in found}


def save_describe(session: Session, answer: ObjectDescribe) -> None:
    """Keep a describe answer, so that the next look can ask whether it still holds."""
    session.execute("DELETE FROM sync.describe WHERE object = ?", [answer.name])
    session.execute(
        "INSERT INTO sync.describe VALUES (?, ?, ?)", [answer.name, answer.last_modified, answer.to_json()]
    )


def save_field_map(session: Session, declared: SyncedObject, change: FieldMapChange, run_id: str) -> None:
    """Write an object's map and give mirror and marketing table the columns that it names.

    Columns are only ever added (3.5, 3.10). Call it inside a transaction.
    """
    session.execute("DELETE FROM sync.field_map WHERE object = ?", [declared.name])
    session.insert(f"sync.field_map ({_COLUMNS})", [astuple(each) for each in change.fields])
    now = utc_now()
    kinds = (("added", change.added), ("gone", change.gone), ("returned", change.returned))
    session.insert(
        "sync.schema_change",
        [(run_id, now, declared.name, name, kind) for kind, names in kinds for name in names],
    )
    _grow_mirror(session, declared, change)
    _grow_marketing(session, declared, change)


def _grow_mirror(session: Session, declared: SyncedObject, change: FieldMapChange) -> None:
    table = mirror_of(declared.name)
    wanted = {each.field: each.sql_type for each in change.fields}
    have = columns_of(session, "salesforce", declared.name)
    if not have:
        columns = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in wanted.items())
        # _record_id: the marketing row. _pushed_after: Salesforce's clock before our last write of the row;
        # what was read earlier than that is stale.
        session.execute(f"CREATE TABLE {table} (_record_id BIGINT, _pushed_after TIMESTAMP, {columns})")
        return
    for name, sql_type in wanted.items():
        if name not in have:
            session.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {sql_type}")


def _grow_marketing(session: Session, declared: SyncedObject, change: FieldMapChange) -> None:
    have = columns_of(session, "marketing", declared.table)
    for each in change.fields:
        if each.column and each.column not in have:
            session.execute(
                f"ALTER TABLE marketing.{declared.table} ADD COLUMN {quoted(each.column)} {each.sql_type}"
            )
            have[each.column] = each.sql_type
