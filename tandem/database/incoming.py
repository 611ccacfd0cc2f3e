"""A staged page beside the mirror and our rows: which records are new, which moved, which fields differ.

Three temporary tables come out of it, and everything that merges reads them:

``incoming``  the page, one row per record, with ``_state``:
              ``new``     not in the mirror, and not deleted
              ``lost``    in the mirror, but its marketing row was deleted: it comes again (17.3)
              ``known``   in the mirror, and its stamp or a value moved
              ``same``    read before (the overlap of two reads)
              ``stale``   older than what the mirror holds: says nothing any more
              ``unseen``  deleted before we ever saw it
``arrival``   the rows that get a marketing row of their own, with the id it will have
``change``    one row per record and field in which something differs, with base, theirs and ours as
              text, and what follows: ``apply`` (theirs replaces ours) or ``conflict`` (both changed)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from tandem.database.compare import differ, literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.field_map import MappedField


def load_page(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    page: Path,
    held_back: Collection[str] = (),
) -> None:
    """Make ``incoming``, ``arrival`` and ``change`` from one staged Parquet page.

    :param held_back: ids of rows that the page's expectation suite refused.
    """
    _load_incoming(session, declared, fields, page, held_back)
    _load_arrival(session, declared)
    _load_change(session, declared, fields)


def _load_incoming(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    page: Path,
    held_back: Collection[str],
) -> None:
    session.execute("CREATE OR REPLACE TEMP TABLE held_back (id VARCHAR)")
    session.insert("held_back", [(each,) for each in held_back])
    source = f"read_parquet({literal(str(page))})"
    read = f"SELECT * FROM {source} WHERE Id NOT IN (SELECT id FROM held_back)"
    if session.value(f"SELECT count(*) > count(DISTINCT Id) FROM {source}"):
        # A record that changed while its pages were read stands in two of them: the later one holds.
        read += " QUALIFY row_number() OVER (PARTITION BY Id ORDER BY SystemModstamp DESC) = 1"
    names = {each.field for each in fields}
    deleted = "coalesce(i.IsDeleted, false)" if "IsDeleted" in names else "false"
    was_deleted = "coalesce(m.IsDeleted, false)" if "IsDeleted" in names else "false"
    moved = " OR ".join(f"i.{quoted(each.field)} IS DISTINCT FROM m.{quoted(each.field)}" for each in fields)
    owner = "i.OwnerId IS DISTINCT FROM m.OwnerId" if "OwnerId" in names else "false"
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT i.*, m._record_id,
               CASE WHEN m.Id IS NULL AND {deleted} THEN 'unseen'
                    WHEN m.Id IS NULL THEN 'new'
                    WHEN i.SystemModstamp < m.SystemModstamp OR i.SystemModstamp < m._pushed_after THEN 'stale'
                    WHEN NOT ({moved}) THEN 'same'
                    WHEN p.id IS NULL AND {deleted} THEN 'unseen'
                    WHEN p.id IS NULL THEN 'lost'
                    ELSE 'known' END AS _state,
               {deleted} AND NOT {was_deleted} AS _deleted_now,
               {owner} AS _owner_changed,
               {"m.OwnerId" if "OwnerId" in names else "NULL"} AS _owner_before
        FROM ({read}) i
        LEFT JOIN {mirror_of(declared.name)} m ON m.Id = i.Id
        LEFT JOIN marketing.{declared.table} p ON p.id = m._record_id
        """
    )


def _load_arrival(session: Session, declared: SyncedObject) -> None:
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE arrival AS
        SELECT * REPLACE (
            (SELECT coalesce(max(id), 0) FROM marketing.{declared.table}) + row_number() OVER () AS _record_id)
        FROM incoming WHERE _state IN ('new', 'lost')
        """
    )


def _load_change(session: Session, declared: SyncedObject, fields: Sequence[MappedField]) -> None:
    entries = ",\n".join(_change_entry(declared, each) for each in fields if each.column)
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE change AS
        SELECT _record_id, sfdc_id, entry.* FROM (
            SELECT i._record_id, i.Id AS sfdc_id,
                   unnest(list_filter([{entries}], lambda e: e.apply OR e.conflict)) AS entry
            FROM incoming i
            JOIN {mirror_of(declared.name)} m ON m.Id = i.Id
            JOIN marketing.{declared.table} p ON p.id = i._record_id
            WHERE i._state = 'known')
        """
    )


def _change_entry(declared: SyncedObject, field: MappedField) -> str:
    theirs, base = f"i.{quoted(field.field)}", f"m.{quoted(field.field)}"
    ours = f"p.{quoted(field.column or '')}"
    disagree = differ(ours, theirs, field)
    if declared.direction is Direction.IN or field.system:
        conflict, apply = "false", disagree  # Salesforce's word is the only one (7.2)
    else:
        conflict = f"({differ(theirs, base, field)} AND {differ(ours, base, field)} AND {disagree})"
        apply = f"({differ(theirs, base, field)} AND {disagree})"
        if declared.winner is Winner.MARKETING:
            apply = f"({apply} AND NOT {differ(ours, base, field)})"
    texts = ", ".join(
        f"{name}: CAST({value} AS VARCHAR)"
        for name, value in (("base", base), ("theirs", theirs), ("ours", ours))
    )
    return (
        f"{{field: {literal(field.field)}, column_name: {literal(field.column or '')}, {texts},"
        f" conflict: {conflict}, apply: {apply}}}"
    )
