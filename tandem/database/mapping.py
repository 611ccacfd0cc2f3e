"""Editing the mapping: joins before the sync starts, and hiding of columns at any time (3.6, 3.13)."""

from __future__ import annotations

from collections.abc import Sequence

from tandem.clock import utc_now
from tandem.database.compare import quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of, field_map
from tandem.errors import TandemError
from tandem.objects import CONTACT, LEAD, OBJECTS
from tandem.objects.field_map import MappedField


class MappingRefused(TandemError):
    """An edit of the mapping that may not be made."""


def join_fields(session: Session, one: str, other: str) -> str:
    """Let a lead field and a contact field share one column, the first one's; returns the column (FLD-11).

    :param one: ``Lead.Tier__c``, as ``other``. Call it inside a transaction.
    :raises MappingRefused: the sync has started, a standard field, different types, or joined already.
    """
    kept, moved = _editable(session, one), _editable(session, other)
    if {kept.object, moved.object} != {LEAD.name, CONTACT.name}:
        raise MappingRefused("Only a field of Lead and one of Contact can be joined.")
    if kept.sql_type != moved.sql_type:
        raise MappingRefused(
            f"{one} is a {kept.type} and {other} a {moved.type}: fields of different types cannot be joined."
        )
    for each in (kept, moved):
        if partner := _partner(session, each):
            raise MappingRefused(
                f"{each.object}.{each.field} is joined with {partner} already. `tandem fields break"
                f" {each.object}.{each.field}` first."
            )
    _move(session, moved, kept.column or "")
    return kept.column or ""


def break_join(session: Session, name: str) -> str:
    """Give a field that shares its column one of its own; returns that column (FLD-11).

    :raises MappingRefused: the sync has started, a standard field, or not joined.
    """
    field = _editable(session, name)
    if not _partner(session, field):
        raise MappingRefused(f"{name} is not joined with another field.")
    column = f"{field.object.lower()}_{field.column}"
    if column not in columns_of(session, "marketing", "person"):
        session.execute(f"ALTER TABLE marketing.person ADD COLUMN {quoted(column)} {field.sql_type}")
    _move(session, field, column)
    return column


def refuse_once_started(session: Session, object_names: Sequence[str]) -> None:
    """Refuse an edit of objects whose sync has started (2.8).

    :raises MappingRefused: one has.
    """
    frozen = {row["object"] for row in session.rows("SELECT DISTINCT object FROM sync.initial_mapping")}
    started = [name for name in object_names if name in frozen]
    if started:
        raise MappingRefused(
            f"The sync of {', '.join(started)} has started, and the mapping is frozen since. It could be edited"
            " before the first backfill or sync only."
        )


def hide(session: Session, table: str, column: str) -> None:
    """Take a column out of sight. It stays and its sync goes on: a field cannot be deleted (2.9)."""
    unhide(session, table, column)
    session.execute("INSERT INTO sync.hidden_column VALUES (?, ?, ?)", [table, column, utc_now()])


def unhide(session: Session, table: str, column: str) -> None:
    """Show a column again."""
    session.execute(
        "DELETE FROM sync.hidden_column WHERE table_name = ? AND column_name = ?", [table, column]
    )


def _editable(session: Session, name: str) -> MappedField:
    object_name, _, field_name = name.partition(".")
    found = {each.field: each for each in field_map(session, object_name)}
    if not found:
        raise MappingRefused(
            f"Nothing is known of the fields of {object_name or 'this object'} yet. `tandem fields reset` looks"
            " at what the sync user can see; fields are written like Lead.Tier__c."
        )
    refuse_once_started(session, [object_name])
    field = found.get(field_name)
    if field is None or field.column is None:
        raise MappingRefused(f"There is no mapped field {name}. `tandem fields list` shows them all.")
    standard = OBJECTS[object_name].fields if object_name in OBJECTS else {}
    if field.field in standard or not field.field.endswith("__c"):
        raise MappingRefused(f"{name} is a standard field: its mapping is fixed.")
    return field


def _partner(session: Session, field: MappedField) -> str | None:
    """Name the field of another object that feeds the same column."""
    other = {LEAD.name: CONTACT.name, CONTACT.name: LEAD.name}.get(field.object, "")
    joined = (each for each in field_map(session, other) if each.column == field.column)
    return next((f"{other}.{each.field}" for each in joined), None)


def _move(session: Session, field: MappedField, column: str) -> None:
    session.execute(
        "UPDATE sync.field_map SET column_name = ? WHERE object = ? AND field = ?",
        [column, field.object, field.field],
    )
