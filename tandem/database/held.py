"""Values that marketing has when Salesforce gets a field for them: they go over with their record's next update.

A field of :data:`~tandem.objects.marketing_owned.MARKETING_OWNED` that comes into sight is empty on every record,
and sending all of it at once would touch every record (2.17). So the value of that moment is kept beside the
mirror; as long as it stands there, it does not count as a change. The record's next update, on either side, takes
it away.
"""

from __future__ import annotations

from collections.abc import Sequence

from tandem.database.compare import mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.objects.field_map import MappedField
from tandem.objects.marketing_owned import MARKETING_OWNED

_PREFIX = "_held_"


def make_room(session: Session, fields: Sequence[MappedField]) -> list[MappedField]:
    """Give the mirror a place for the values of new fields; returns those that :func:`hold` has to fill.

    Call it before rows of the mirror change: DuckDB takes new columns before new values only.
    """
    owned = [
        each
        for each in fields
        if each.field in MARKETING_OWNED
        and each.updateable
        and session.value(f"SELECT count(*) > 0 FROM {mirror_of(each.object)}")
    ]
    for each in owned:
        column = f"{quoted(_PREFIX + each.field)} {each.sql_type}"
        session.execute(f"ALTER TABLE {mirror_of(each.object)} ADD COLUMN IF NOT EXISTS {column}")
    return owned


def hold(session: Session, field: MappedField) -> None:
    """Keep what marketing has of a field that is new in Salesforce."""
    session.execute(
        f"UPDATE {mirror_of(field.object)} m SET {quoted(_PREFIX + field.field)} = p.{quoted(field.column or '')}"
        f" FROM marketing.person p WHERE p.id = m._record_id AND m.{quoted(field.field)} IS NULL"
    )


def held_fields(session: Session, object_name: str) -> list[str]:
    """Return the fields of which values may be held."""
    columns = columns_of(session, "salesforce", object_name)
    return [each.removeprefix(_PREFIX) for each in columns if each.startswith(_PREFIX)]


def base(field: MappedField, held: Sequence[str]) -> str:
    """Return the SQL of what the mirror ``m`` holds of a field, or of what is held beside it."""
    value = f"m.{quoted(field.field)}"
    return f"coalesce({value}, m.{quoted(_PREFIX + field.field)})" if field.field in held else value


def release(session: Session, object_name: str, held: Sequence[str], record_ids: str) -> None:
    """Let the values of these records go over: something of them is changed.

    :param record_ids: SQL of the marketing ids.
    """
    if held:
        sets = ", ".join(f"{quoted(_PREFIX + name)} = NULL" for name in held)
        standing = " OR ".join(f"{quoted(_PREFIX + name)} IS NOT NULL" for name in held)
        session.execute(
            f"UPDATE {mirror_of(object_name)} SET {sets} WHERE ({standing}) AND _record_id IN ({record_ids})"
        )
