"""The field map in the database, and the tables that follow it: mirror and marketing columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, fields

import duckdb

from tandem.clock import utc_now
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.notifications import notify
from tandem.database.retype import retype
from tandem.notification import Kind
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import FieldMapChange, MappedField
from tandem.salesforce.description import ObjectDescribe

_COLUMNS = ", ".join({"column": "column_name"}.get(each.name, each.name) for each in fields(MappedField))


def field_map(session: Session, object_name: str) -> list[MappedField]:
    """Return the map of one object, switched-off fields included; empty before the first look."""
    found = session.rows(f"SELECT {_COLUMNS} FROM sync.field_map WHERE object = ?", [object_name])
    return [MappedField(*row.values()) for row in found]


def active_fields(session: Session, object_name: str) -> list[MappedField]:
    """Return the fields of one object that take part in the sync now."""
    return [each for each in field_map(session, object_name) if each.active]


def active_fields_of(session: Session, object_names: Collection[str]) -> dict[str, list[MappedField]]:
    """Return, for each of these objects, the fields that take part in the sync now."""
    maps: dict[str, list[MappedField]] = {name: [] for name in object_names}
    found = session.rows(
        f"SELECT {_COLUMNS} FROM sync.field_map WHERE active AND object IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [list(object_names)],
    )
    for row in found:
        each = MappedField(*row.values())
        maps[each.object].append(each)
    return maps


def returned_fields(session: Session, object_name: str) -> list[str]:
    """Return the fields that take part now and were out of sight before."""
    found = session.rows(
        "SELECT DISTINCT field FROM sync.schema_change WHERE object = ? AND change = 'returned' ORDER BY field",
        [object_name],
    )
    if not found:
        return []
    returned = {row["field"] for row in found}
    return [each.field for each in active_fields(session, object_name) if each.field in returned]


def columns_of(session: Session, schema: str, table: str) -> dict[str, str]:
    """Return the columns of a table with their SQL types; empty where there is no such table."""
    # Of this table alone; duckdb_columns() would gather those of all tables first.
    name = literal(f"{schema}.{quoted(table)}")
    try:
        found = session.rows(f"SELECT name, type FROM pragma_table_info({name})")
    except duckdb.CatalogException:
        return {}
    return {row["name"]: row["type"] for row in found}


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

    Columns are only ever added (3.5, 3.10) or take another type (3.9). Call it inside a transaction that has
    not changed rows of these tables: DuckDB takes new columns and types before new values only.
    """
    session.execute("DELETE FROM sync.field_map WHERE object = ?", [declared.name])
    session.insert(f"sync.field_map ({_COLUMNS})", [astuple(each) for each in change.fields])
    now = utc_now()
    retyped = [each.new.field for each in change.retyped]
    kinds = (
        *(("added", change.added), ("gone", change.gone), ("returned", change.returned)),
        ("retyped", retyped),
    )
    session.insert(
        "sync.schema_change",
        [(run_id, now, declared.name, name, kind) for kind, names in kinds for name in names],
    )
    _grow_mirror(session, declared, change)
    _grow_marketing(session, declared, change.fields)
    _follow_types(session, declared, change, run_id)


def _follow_types(session: Session, declared: SyncedObject, change: FieldMapChange, run_id: str) -> None:
    """Take over changed types, dropping what does not fit, and warn (3.9)."""
    for each in change.retyped:
        new, dropped = each.new, 0
        if new.sql_type != each.old.sql_type:
            retype(session, mirror_of(declared.name), new.field, new.sql_type)
            table = f"marketing.{declared.table}"
            have = columns_of(session, "marketing", declared.table)
            if new.column and not each.moved and have[new.column] != new.sql_type:
                dropped = retype(session, table, new.column, new.sql_type)
        told = f"{declared.name}.{new.field} was a {each.old.type} and is a {new.type} in Salesforce now."
        if each.moved:
            told += (
                f" It shared {each.old.column} with a field that has kept the old type, and fills {new.column}"
                " from now on."
            )
        elif dropped:
            told += f" {dropped} values in {new.column} did not fit and are gone here."
        notify(session, run_id, Kind.TYPE_CHANGE, declared.name, new.field, told)


def restore_columns(session: Session, objects: Mapping[str, SyncedObject], run_id: str) -> list[MappedField]:
    """Put back mapped columns that somebody dropped: a field cannot be deleted (2.9).

    Left out, every value would pass for cleared here and be cleared in Salesforce. Returns the fields whose
    columns :func:`fill_from_mirror` has to fill, all that feed them. Call it before rows of the tables change.
    """
    have = session.rows(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = 'marketing'"
    )
    there = {(row["table_name"], row["column_name"]) for row in have}
    mapped = session.rows("SELECT object, column_name FROM sync.field_map WHERE column_name IS NOT NULL")
    gone = {
        (row["object"], row["column_name"])
        for row in mapped
        if row["object"] in objects and (objects[row["object"]].table, row["column_name"]) not in there
    }
    missing: dict[tuple[str, str], list[MappedField]] = {}
    for name in sorted({name for name, _ in gone}):
        for each in field_map(session, name):
            if each.column and (name, each.column) in gone:
                missing.setdefault((objects[name].table, each.column), []).append(each)
    for (table, column), feeding in missing.items():
        session.execute(f"ALTER TABLE marketing.{table} ADD COLUMN {quoted(column)} {feeding[0].sql_type}")
        told = (
            f"The column {column} of marketing.{table} was dropped. A field cannot be deleted, so it is back"
            f" with Salesforce's values; `tandem fields hide {column}` takes it out of sight."
        )
        notify(session, run_id, Kind.COLUMN_RESTORED, feeding[0].object, feeding[0].field, told)
    return [each for feeding in missing.values() for each in feeding]


def fill_from_mirror(session: Session, table: str, field: MappedField) -> None:
    """Give a new marketing column the values that the mirror knows."""
    session.execute(
        f"UPDATE marketing.{table} p SET {quoted(field.column or '')} = m.{quoted(field.field)}"
        f" FROM {mirror_of(field.object)} m WHERE p.id = m._record_id"
    )


def freeze_mapping(session: Session, object_names: Sequence[str]) -> None:
    """Keep objects' mapping as their sync starts with it: from now on it cannot be edited (2.8, 3.15)."""
    session.execute(
        "INSERT INTO sync.initial_mapping SELECT object, field, column_name, label, ? FROM sync.field_map"
        " WHERE object IN (SELECT unnest(CAST(? AS VARCHAR[])))"
        " AND object NOT IN (SELECT object FROM sync.initial_mapping)",
        [utc_now(), list(object_names)],
    )


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


def _grow_marketing(session: Session, declared: SyncedObject, fields: Iterable[MappedField]) -> None:
    have = columns_of(session, "marketing", declared.table)
    for each in fields:
        if each.column and each.column not in have:
            session.execute(
                f"ALTER TABLE marketing.{declared.table} ADD COLUMN {quoted(each.column)} {each.sql_type}"
            )
            have[each.column] = each.sql_type
