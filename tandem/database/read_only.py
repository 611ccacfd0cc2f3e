"""One-way objects are read-only here while they are synced: what somebody wrote is put back (29, API-03).

Plain SQL cannot be refused, so a cycle puts it back before it merges, and keeps what was written as the losing
value of a conflict. Left out are what a contact's person may change of its company (7.2), what marketing decides
of a linked campaign (10.3), and columns that the settings block.
"""

from __future__ import annotations

from collections.abc import Mapping

from tandem.clock import utc_now
from tandem.database.compare import differ, literal, mirror_of, quoted, unlike
from tandem.database.connection import Session
from tandem.database.effects import restore
from tandem.database.fields import active_fields, columns_of
from tandem.objects import ACCOUNT
from tandem.objects.account import COMPANY_COLUMNS_OF_PERSON
from tandem.objects.declaration import Direction, SyncedObject
from tandem.objects.field_map import MappedField
from tandem.settings import SyncSettings

_CONFLICT = "INSERT INTO sync.conflict SELECT ?, CAST(? AS TIMESTAMP), ?, NULL"
_OF_CONTACTS = (
    "SELECT company_id FROM marketing.person WHERE sfdc_type = 'contact' AND company_id IS NOT NULL"
)


def put_back(session: Session, declared: SyncedObject, run_id: str, rules: SyncSettings) -> int:
    """Put back what somebody wrote to the rows of a one-way object; returns the number of values and rows.

    Rows that Salesforce does not have are taken out, and rows that somebody deleted come back as the mirror has
    them; campaign members too, which leave their campaign by a flow step only. Call it inside a transaction, before
    the object is merged.
    """
    if declared.is_person or not columns_of(session, "salesforce", declared.name):
        return 0
    if declared.direction is not Direction.IN:
        return _bring_back(session, declared)
    blocked = {column.lower() for column in rules.blocked(declared.table)}
    fields = {
        each.column: each
        for each in active_fields(session, declared.name)
        if each.column and each.column not in blocked and each.field not in declared.sent
    }
    pairs = {column: (f"p.{quoted(column)}", f"m.{quoted(each.field)}") for column, each in fields.items()}
    pairs["sfdc_id"] = ("p.sfdc_id", "m.Id")
    if not _differ(session, declared, pairs):
        return 0
    mended = _bring_back(session, declared)
    both = f"marketing.{declared.table} p JOIN {mirror_of(declared.name)} m ON m._record_id = p.id"
    moved = unlike(session, pairs, both)
    mended += sum(
        _put_back(session, declared, fields[column], run_id) for column in sorted(moved & set(fields))
    )
    if "sfdc_id" in moved:
        mended += session.execute(
            f"UPDATE marketing.{declared.table} p SET sfdc_id = m.Id FROM {mirror_of(declared.name)} m"
            " WHERE m._record_id = p.id AND p.sfdc_id IS DISTINCT FROM m.Id"
        )
    return mended + _take_out(session, declared, run_id)


def _bring_back(session: Session, declared: SyncedObject) -> int:
    """Bring back rows that somebody deleted, under their ids: whatever names them finds them again."""
    table, mirror = f"marketing.{declared.table}", mirror_of(declared.name)
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE brought_back AS SELECT _record_id AS id FROM {mirror}"
        f" WHERE _record_id IS NOT NULL AND _record_id NOT IN (SELECT id FROM {table})"
    )
    if not (found := int(session.value("SELECT count(*) FROM brought_back"))):
        return 0
    values = {
        each.column: f"m.{quoted(each.field)}"
        for each in active_fields(session, declared.name)
        if each.column
    }
    now = f"CAST({literal(utc_now().isoformat())} AS TIMESTAMP)"
    values |= {"id": "m._record_id", "sfdc_id": "m.Id", "created_at": now, "updated_at": now}
    session.execute(
        f"INSERT INTO {table} ({', '.join(quoted(name) for name in values)})"
        f" SELECT {', '.join(values.values())} FROM {mirror} m WHERE m._record_id IN (SELECT id FROM brought_back)"
    )
    restore(session, declared, "SELECT id FROM brought_back")
    return found


def _differ(session: Session, declared: SyncedObject, pairs: Mapping[str, tuple[str, str]]) -> bool:
    """Whether rows may differ from the mirror's: a hash over each side says no in most cycles, without a join."""
    ours = ", ".join(one for one, _ in pairs.values())
    theirs = ", ".join(other for _, other in pairs.values())
    return bool(
        session.value(
            f"SELECT (SELECT bit_xor(hash(p.id, {ours})) FROM marketing.{declared.table} p) IS DISTINCT FROM"
            f" (SELECT bit_xor(hash(m._record_id, {theirs})) FROM {mirror_of(declared.name)} m"
            " WHERE m._record_id IS NOT NULL)"
        )
    )


def _put_back(session: Session, declared: SyncedObject, field: MappedField, run_id: str) -> int:
    ours, theirs = f"p.{quoted(field.column or '')}", f"m.{quoted(field.field)}"
    edited = f"m._record_id = p.id AND {differ(ours, theirs, field)}"
    if declared is ACCOUNT and field.column in COMPANY_COLUMNS_OF_PERSON:
        edited += f" AND p.id NOT IN ({_OF_CONTACTS})"  # else its contacts say what it is
    session.execute(
        f"{_CONFLICT}, m.Id, ?, ?, CAST({theirs} AS VARCHAR), 'salesforce', CAST({theirs} AS VARCHAR),"
        f" CAST({ours} AS VARCHAR) FROM marketing.{declared.table} p, {mirror_of(declared.name)} m WHERE {edited}",
        [run_id, utc_now(), declared.name, field.field, field.column],
    )
    return session.execute(
        f"UPDATE marketing.{declared.table} p SET {quoted(field.column or '')} = {theirs}"
        f" FROM {mirror_of(declared.name)} m WHERE {edited}"
    )


def _take_out(session: Session, declared: SyncedObject, run_id: str) -> int:
    """Take out rows that Salesforce does not have; the log of conflicts keeps them whole, without a Salesforce id."""
    known = f"SELECT _record_id FROM {mirror_of(declared.name)} WHERE _record_id IS NOT NULL"
    rows = f"marketing.{declared.table} p WHERE p.id NOT IN ({known})"
    if not session.value(f"SELECT count(*) FROM {rows}"):
        return 0
    session.execute(
        f"{_CONFLICT}, coalesce(p.sfdc_id, ''), 'Id', 'id', NULL, 'salesforce', NULL, to_json(p) FROM {rows}",
        [run_id, utc_now(), declared.name],
    )
    return session.execute(f"DELETE FROM {rows}")
