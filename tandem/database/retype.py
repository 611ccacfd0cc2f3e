"""Another type for a column that holds values: what does not fit the new type is dropped (3.9)."""

from __future__ import annotations

from tandem.database.compare import quoted
from tandem.database.connection import Session


def fitting(expression: str, sql_type: str) -> str:
    """Return the SQL of a value in another type, null where it does not fit.

    DuckDB's own casts are kinder than Salesforce: 12.5 would become the whole number 13, and ``NaN`` a number.
    """
    cast = f"TRY_CAST({expression} AS {sql_type})"
    if sql_type == "BIGINT":
        return f"CASE WHEN TRY_CAST({expression} AS DOUBLE) = {cast} THEN {cast} END"
    if sql_type == "DOUBLE":
        return f"CASE WHEN isfinite({cast}) THEN {cast} END"
    return cast


def retype(session: Session, table: str, column: str, sql_type: str) -> int:
    """Give a column another type; returns how many values were dropped.

    Call it inside a transaction that has not changed the table's rows yet: DuckDB takes new columns and types
    before new values only.
    """
    value = fitting(quoted(column), sql_type)
    dropped = int(
        session.value(
            f"SELECT count(*) FROM {table} WHERE {quoted(column)} IS NOT NULL AND ({value}) IS NULL"
        )
    )
    session.execute(
        f"ALTER TABLE {table} ALTER COLUMN {quoted(column)} SET DATA TYPE {sql_type} USING {value}"
    )
    return dropped
