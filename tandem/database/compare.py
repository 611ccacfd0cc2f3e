"""When two values count as the same: SQL expressions, used by merge and push alike.

Salesforce trims text, stores "" as null, keeps whole seconds and rounds numbers to their scale
(spec 5.8). Values that differ only in that are the same value; telling them apart would echo for ever.
The values themselves are never normalised on their way, only for comparing.
"""

from __future__ import annotations

from collections.abc import Mapping

from tandem.database.connection import Session
from tandem.objects.field_map import MappedField


def quoted(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


# Which blanks Salesforce trims is not documented beyond the plain ones: what differs in any of them only is the same.
_BLANKS = literal("".join(chr(code) for code in range(0x3001) if chr(code).isspace()))


def mirror_of(object_name: str) -> str:
    """Return the mirror table of a Salesforce object."""
    return f"salesforce.{quoted(object_name)}"


def normalised(expression: str, field: MappedField) -> str:
    """Return the SQL of a value as Salesforce would store it."""
    if field.type == "multipicklist":
        return f"list_sort(string_split(nullif({expression}, ''), ';'))"
    if field.sql_type == "VARCHAR":
        one_line_end = f"replace(replace({expression}, chr(13) || chr(10), chr(10)), chr(13), chr(10))"
        return f"nullif(trim({one_line_end}, {_BLANKS}), '')"
    if field.sql_type == "DOUBLE":
        return f"round({number(expression)}, {field.scale})"
    if field.sql_type == "TIMESTAMP":
        return f"date_trunc('second', {expression})"
    if field.sql_type == "BOOLEAN":  # a checkbox is never null in Salesforce
        return f"coalesce({expression}, false)"
    return expression


def number(expression: str) -> str:
    """Return the SQL of a floating number, null for NaN: Salesforce has no such value."""
    return f"CASE WHEN NOT isnan({expression}) THEN {expression} END"


def differ(one: str, other: str, field: MappedField) -> str:
    """Return the SQL condition that two values of a field are not the same.

    The plain comparison comes first: it settles nearly every row without the cost of normalising.
    """
    return (
        f"({one} IS DISTINCT FROM {other}"
        f" AND {normalised(one, field)} IS DISTINCT FROM {normalised(other, field)})"
    )


def unlike(session: Session, pairs: Mapping[str, tuple[str, str]], source: str) -> set[str]:
    """Return the names of those pairs of expressions that differ, taken plainly, in any row of a source.

    Most cycles touch a handful of a record's fields. A statement that normalises only these is planned in a
    tenth of the time, which on a small batch is nearly all of it.
    """
    flags = ", ".join(
        f"bool_or({one} IS DISTINCT FROM {other}) AS {quoted(name)}" for name, (one, other) in pairs.items()
    )
    found = session.rows(f"SELECT {flags} FROM {source}") if pairs else []
    return {name for row in found for name, differs in row.items() if differs}
