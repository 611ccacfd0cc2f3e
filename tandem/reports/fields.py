"""Which fields are mapped where, and all that is known of one column (3.15, 20.3)."""

from __future__ import annotations

from typing import Any

from tandem.database.connection import Session
from tandem.database.fields import described, field_map
from tandem.errors import TandemError
from tandem.objects import synced_objects
from tandem.objects.field_map import MappedField
from tandem.reports.field_uses import uses_of
from tandem.settings import Settings


def mapping(session: Session, settings: Settings) -> list[dict[str, Any]]:
    """Return the mapping as it is now, a row per field that has a column."""
    hidden = hidden_columns(session)
    return [
        {
            "object": name,
            "field": each.field,
            "table": declared.table,
            "column": each.column,
            "type": each.type,
            "label": each.label,
            "active": each.active,
            "writable": each.updateable,
            "standard": each.field in declared.fields,
            "blocked": each.column in settings.sync.blocked(declared.table),
            "hidden": (declared.table, each.column) in hidden,
        }
        for name, declared in synced_objects(settings.sync.custom_objects).items()
        for each in field_map(session, name)
        if each.column
    ]


def initial_mapping(session: Session) -> list[dict[str, Any]]:
    """Return the mapping as each object's sync started with it; it never changes afterwards (3.15, FLD-17)."""
    return session.rows(
        'SELECT object, field, column_name AS "column", label, frozen_at FROM sync.initial_mapping'
        " WHERE column_name IS NOT NULL ORDER BY object, field"
    )


def hidden_columns(session: Session) -> set[tuple[str, str]]:
    """Return the columns that are hidden, each with its table."""
    found = session.rows("SELECT table_name, column_name FROM sync.hidden_column")
    return {(row["table_name"], row["column_name"]) for row in found}


def column(session: Session, settings: Settings, name: str) -> dict[str, Any]:
    """Return what is known of a column: what feeds it, what uses it, and the values it offers.

    A column that lead and contact both feed offers the picklist values that they have in common (20.3).
    """
    table, fields = fields_of_column(session, settings, name)
    seen = described(session)
    lists = [
        seen[each.object].fields[each.field].picklist_values
        for each in fields
        if each.active and each.field in seen[each.object].fields
    ]
    offered = [list(values) for values in lists if values]
    shared = [value for value in offered[0] if all(value in other for other in offered)] if offered else None
    rows = [
        row
        for row in mapping(session, settings)
        if (row["table"], row["column"]) == (table, fields[0].column)
    ]
    return {
        "table": table,
        "column": fields[0].column,
        "sql_type": fields[0].sql_type,
        "fields": rows,
        "hidden": rows[0]["hidden"],
        "blocked": rows[0]["blocked"],
        "values": shared if len(offered) == len(lists) else None,
        "uses": uses_of(session, settings, table, fields),
    }


def fields_of_column(session: Session, settings: Settings, name: str) -> tuple[str, list[MappedField]]:
    """Return the table of a column, and the fields that feed it.

    :param name: ``rating``, or ``company.rating`` for a table other than ``person``.
    :raises TandemError: no Salesforce field feeds such a column.
    """
    table, dot, wanted = name.lower().rpartition(".")
    table = table if dot else "person"
    found = [
        each
        for declared in synced_objects(settings.sync.custom_objects).values()
        if declared.table == table
        for each in field_map(session, declared.name)
        if each.column == wanted
    ]
    if not found:
        raise TandemError(
            f"There is no synced column {wanted} of marketing.{table}. `tandem fields list` shows them all."
        )
    return table, found
