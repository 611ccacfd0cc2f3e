"""Staged pages beside the mirror and our rows: which records are new, which moved, which fields differ.

Three temporary relations come out of it, and everything that merges reads them:

``incoming``  the rows, one per record, with ``_state``:
              ``new``     not in the mirror, and not deleted
              ``lost``    in the mirror, but its marketing row was deleted: it comes again (17.3)
              ``known``   in the mirror, and its stamp or a value moved
              ``same``    read before (the overlap of two reads)
              ``stale``   older than what the mirror holds: says nothing any more
              ``unseen``  deleted before we ever saw it, or merged into another since
              ``followed`` a converted lead that is nobody: its contact stands for it
``arrival``   the rows that get a marketing row of their own; ``_record_id`` is the id it will have
``change``    one row per record and field in which something differs, with base, theirs and ours as
              text, and what follows: ``apply`` (theirs replaces ours) or ``conflict`` (both changed)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from tandem.database.compare import differ, literal, mirror_of, quoted, unlike
from tandem.database.connection import Session
from tandem.database.identity import is_followed
from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.field_map import MappedField


def load_pages(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    compared: Sequence[MappedField],
    pages: Sequence[Path],
    held_back: Collection[str],
    only_known: bool = False,
) -> Iterator[bool]:
    """Make the relations from staged Parquet pages, a bounded number of rows at a time.

    :param fields: what the pages hold.
    :param compared: those of them that may change a record that is known.
    :param held_back: ids of rows that the batch's expectation suite refused.
    :param only_known: whether records that are not here yet are left out: the pages hold too little of them.
    :return: for each round, whether any of its records are in the mirror already.
    """
    if not pages:
        return
    session.execute("CREATE OR REPLACE TEMP TABLE held_back (id VARCHAR)")
    session.insert("held_back", [(each,) for each in held_back])
    session.execute(_CHANGE_TABLE)
    if not only_known and _all_new(session, declared, pages):
        _view_new(session, declared, fields, pages)
        yield False
        session.execute("DROP VIEW arrival; DROP VIEW incoming")
        return
    for page in pages:
        _compare(session, declared, compared, page)
        if only_known:
            session.execute("DELETE FROM incoming WHERE _state <> 'known'")
        session.execute(
            "CREATE OR REPLACE TEMP VIEW arrival AS SELECT * FROM incoming WHERE _state IN ('new', 'lost')"
        )
        known = bool(session.value("SELECT count(*) FROM incoming WHERE _state = 'known'"))
        if known:
            _load_change(session, declared, compared)
        yield known
        session.execute("DROP VIEW arrival; DROP TABLE incoming")
        session.execute(_CHANGE_TABLE)


#: Records of ``incoming`` that may say something new.
MOVED = "SELECT Id FROM incoming WHERE _state IN ('new', 'lost', 'known')"

_CHANGE_TABLE = """
    CREATE OR REPLACE TEMP TABLE change (
        _record_id BIGINT, sfdc_id VARCHAR, field VARCHAR, column_name VARCHAR,
        base VARCHAR, theirs VARCHAR, ours VARCHAR, conflict BOOLEAN, apply BOOLEAN)
"""


def _all_new(session: Session, declared: SyncedObject, pages: Sequence[Path]) -> bool:
    """Whether no record stands twice or is known: then nothing needs comparing, as in a first sync."""
    source = _staged(pages)
    return bool(
        session.value(
            f"SELECT (SELECT count(*) = count(DISTINCT Id) FROM {source})"
            f" AND NOT EXISTS (SELECT 1 FROM {mirror_of(declared.name)} WHERE Id IN (SELECT Id FROM {source}))"
        )
    )


def _view_new(
    session: Session, declared: SyncedObject, fields: Sequence[MappedField], pages: Sequence[Path]
) -> None:
    """Read straight from the pages. A row's number in its file makes its id: the same in every scan."""
    names = {each.field for each in fields}
    sizes = [int(session.value(f"SELECT count(*) FROM {_staged([page])}")) for page in pages]
    before = [sum(sizes[:number]) for number in range(len(sizes))]
    session.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW incoming AS
        SELECT {", ".join(f"i.{quoted(name)}" for name in sorted(names))},
               {_next_id(session, declared)} + i.file_row_number
                   + list_extract({before}, CAST(i.file_index AS BIGINT) + 1) AS _record_id,
               CASE WHEN {_deleted("i", names)} THEN 'unseen'
                    WHEN {is_followed(session, "i", names)} THEN 'followed' ELSE 'new' END AS _state,
               false AS _deleted_now, false AS _owner_changed, NULL AS _owner_before
        FROM {_staged(pages)} i WHERE Id NOT IN (SELECT id FROM held_back)
        """
    )
    session.execute("CREATE OR REPLACE TEMP VIEW arrival AS SELECT * FROM incoming WHERE _state = 'new'")


def _compare(session: Session, declared: SyncedObject, fields: Sequence[MappedField], page: Path) -> None:
    names = {each.field for each in fields}
    read = f"SELECT * FROM {_staged([page])} WHERE Id NOT IN (SELECT id FROM held_back)"
    if session.value(f"SELECT count(*) > count(DISTINCT Id) FROM {_staged([page])}"):
        # A record that changed while its pages were read stands in two of them: the later one holds.
        read += " QUALIFY row_number() OVER (PARTITION BY Id ORDER BY SystemModstamp DESC) = 1"
    moved = " OR ".join(f"i.{quoted(name)} IS DISTINCT FROM m.{quoted(name)}" for name in sorted(names))
    owned = "OwnerId" in names
    followed = is_followed(session, "i", names)
    # The mirror is cut down to the page's records first: it must never be the side that a join holds in memory.
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT i.* EXCLUDE (file_row_number),
               CASE WHEN p.id IS NULL THEN {_next_id(session, declared)} + i.file_row_number
                    ELSE m._record_id END AS _record_id,
               CASE WHEN m.Id IS NULL AND {_deleted("i", names)} THEN 'unseen'
                    WHEN m.Id IS NULL AND {followed} THEN 'followed'
                    WHEN m.Id IS NULL THEN 'new'
                    WHEN i.SystemModstamp < m.SystemModstamp OR i.SystemModstamp < m._pushed_after THEN 'stale'
                    WHEN p.id IS NULL AND {_deleted("i", names)} THEN 'unseen'
                    WHEN NOT ({moved}) THEN 'same'
                    WHEN p.id IS NULL AND {followed} THEN 'followed'
                    WHEN p.id IS NULL THEN 'lost'
                    ELSE 'known' END AS _state,
               {_deleted("i", names)} AND NOT {_deleted("m", names)} AS _deleted_now,
               {"i.OwnerId IS DISTINCT FROM m.OwnerId" if owned else "false"} AS _owner_changed,
               {"m.OwnerId" if owned else "NULL"} AS _owner_before
        FROM ({read}) i
        LEFT JOIN (SELECT * FROM {mirror_of(declared.name)} WHERE Id IN (SELECT Id FROM ({read}))) m ON m.Id = i.Id
        LEFT JOIN (SELECT id FROM marketing.{declared.table}) p ON p.id = m._record_id
        """
    )


def _staged(pages: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(page)) for page in pages)}], file_row_number = true)"


def _next_id(session: Session, declared: SyncedObject) -> int:
    # An id is never given out twice: the log of who was merged away or deleted (37) would pass to somebody else.
    gone = "0"
    if declared.is_person:
        gone = (
            "(SELECT max(person_id) FROM sync.merged_person), (SELECT max(person_id) FROM marketing.activity"
        )
        gone += " WHERE activity_type_id = 37)"
    return int(
        session.value(f"SELECT coalesce(greatest(max(id), {gone}), 0) + 1 FROM marketing.{declared.table}")
    )


def _deleted(alias: str, names: Collection[str]) -> str:
    return f"coalesce({alias}.IsDeleted, false)" if "IsDeleted" in names else "false"


def _load_change(session: Session, declared: SyncedObject, fields: Sequence[MappedField]) -> None:
    three = f"""(SELECT * FROM incoming WHERE _state = 'known') i
        JOIN {mirror_of(declared.name)} m ON m.Id = i.Id
        JOIN marketing.{declared.table} p ON p.id = i._record_id"""
    pairs = {
        each.field: (f"p.{quoted(each.column)}", f"i.{quoted(each.field)}") for each in fields if each.column
    }
    touched = unlike(session, pairs, three)
    entries = ",\n".join(_change_entry(declared, each) for each in fields if each.field in touched)
    if not entries:
        return
    session.execute(
        f"""
        INSERT INTO change BY NAME
        SELECT _record_id, sfdc_id, entry.* FROM (
            SELECT i._record_id, i.Id AS sfdc_id,
                   unnest(list_filter([{entries}], lambda e: e.apply OR e.conflict)) AS entry
            FROM {three})
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
