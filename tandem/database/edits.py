"""Change Data Value: editing a person through the front door, with what plain SQL cannot refuse (3.20, 3.22)."""

from __future__ import annotations

import duckdb

from tandem.clock import utc_now
from tandem.database.activity import log_values
from tandem.database.compare import literal, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.errors import TandemError
from tandem.objects import OBJECTS, Direction
from tandem.objects.field_map import RESERVED_COLUMNS
from tandem.objects.user import ACCOUNT_OWNER_FIELDS, SALES_OWNER_FIELDS

#: Kept by the sync itself: nobody else writes them (STA-04, OWN-05).
SYSTEM_COLUMNS = RESERVED_COLUMNS | {*SALES_OWNER_FIELDS, *ACCOUNT_OWNER_FIELDS, "original_source_type"}


#: What a column takes, by its type; a text takes all.
_WORDS = {
    "BOOLEAN": "true or false",
    "DATE": "a date such as 2026-11-20",
    "TIMESTAMP": "a time such as 2026-11-20 14:30:00, in UTC",
    "BIGINT": "a whole number",
    "DOUBLE": "a number",
}


class EditRefused(TandemError):
    """A value that may not be set."""


def change_data_value(session: Session, person_id: int, column: str, value: str) -> None:
    """Set a person's value; the next cycle sends it to Salesforce.

    The literal ``NULL`` empties a field; blanks do not (3.20). Call it inside a transaction.

    :raises EditRefused: no such person or field, a field that only the sync writes, a value that does not fit.
    """
    columns = columns_of(session, "marketing", "person")
    column = column.lower()
    if column not in columns:
        raise EditRefused(
            f"There is no field {column} on a person. {_elsewhere(session, column)}"
            "`tandem fields list` lists them."
        )
    if column in SYSTEM_COLUMNS or _is_system(session, column):
        raise EditRefused(
            f"{column} is kept by the sync and cannot be changed here. Change it in Salesforce."
        )
    if value.strip() == "":
        raise EditRefused(f"A blank does not empty {column}. Write NULL to empty it.")
    before = session.rows(
        f"SELECT CAST({quoted(column)} AS VARCHAR) AS old FROM marketing.person WHERE id = ?", [person_id]
    )
    if not before:
        raise EditRefused(
            f"There is no person {person_id}. `tandem person show` finds people by id, e-mail or SFDC id."
        )
    try:
        session.execute(
            f"UPDATE marketing.person SET {quoted(column)} = CAST(? AS {columns[column]}), updated_at = ? WHERE id = ?",
            [None if value == "NULL" else value, utc_now(), person_id],
        )
    except duckdb.ConversionException:
        wanted = _WORDS.get(columns[column], columns[column].lower())
        raise EditRefused(f"{column} takes {wanted}, and {value!r} is none.") from None
    log_values(
        session,
        f"marketing.person WHERE id = {int(person_id)}",
        run_id="edit",
        at=utc_now(),
        person="id",
        column=literal(column),
        old="NULL" if before[0]["old"] is None else literal(before[0]["old"]),
        new=quoted(column),
        origin="Marketing",
        reason="Change Data Value",
    )


def _elsewhere(session: Session, column: str) -> str:
    """Say where a column is that a person does not have: only Salesforce writes those tables (29)."""
    tables = ", ".join(literal(each.table) for each in OBJECTS.values() if each.direction is Direction.IN)
    table = session.value(
        "SELECT min(table_name) FROM duckdb_columns() WHERE database_name = current_database()"
        f" AND schema_name = 'marketing' AND column_name = ? AND table_name IN ({tables})",
        [column],
    )
    return f"It is one of {table}, which is read-only here: change it in Salesforce. " if table else ""


def _is_system(session: Session, column: str) -> bool:
    return bool(
        session.value(
            "SELECT count(*) FROM sync.field_map WHERE column_name = ? AND system AND object IN ('Lead', 'Contact')",
            [column],
        )
    )
