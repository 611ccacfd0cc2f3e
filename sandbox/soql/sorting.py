"""How values sort: text without regard to case, picklists in the order of their setup."""

from __future__ import annotations

from sandbox.soql.scope import Column


def sort_key(column: Column) -> str:
    """The SQL by which a column sorts."""
    found = column.field
    if column.key_sql:
        return column.key_sql
    if found.type == "picklist" and found.choices:
        listed = ", ".join("'" + item.value.lower().replace("'", "''") + "'" for item in found.choices)
        place = f"list_position([{listed}], lower({column.sql}))"
        # Values that the setup does not know come after those that it does.
        last = len(found.choices) + 1
        return f"CASE WHEN {column.sql} IS NOT NULL THEN COALESCE(NULLIF({place}, 0), {last}) END"
    if found.is_text and found.type not in ("id", "reference"):
        return f"upper({column.sql})"
    return column.sql


def smallest(column: Column, largest: bool) -> str:
    """MIN or MAX in sort order."""
    key = sort_key(column)
    word = "max" if largest else "min"
    return (
        f"{word}({column.sql})" if key == column.sql or column.key_sql else f"arg_{word}({column.sql}, {key})"
    )
