"""The three-way merge of one object, in SQL generated from its declaration.

Base is the mirror (what Salesforce last told us), theirs the staged page, ours the marketing row. Per
field: only theirs changed, theirs is taken; only ours, ours stays and goes out with the next push; both to
different values, the object's winner holds and the losing value is kept in ``sync.conflict`` (5.2, 6.2).
A one-way object always shows Salesforce's value once its record moves (7.2).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tandem.clock import utc_now
from tandem.database import held, identity, opt_out, people
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.effects import EFFECTS_OF_FILLING, follow
from tandem.database.incoming import load_pages
from tandem.database.merged_page import MergedPage
from tandem.objects.declaration import Direction, SyncedObject, Winner
from tandem.objects.field_map import MappedField
from tandem.settings import SyncSettings


@dataclass
class MergeCounts:
    """What a merge did, in records (section 23)."""

    new: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    conflicts: int = 0
    converted: int = 0
    merged: int = 0

    def add(self, other: MergeCounts) -> None:
        """Add another page's counts."""
        self.new += other.new
        self.updated += other.updated
        self.deleted += other.deleted
        self.skipped += other.skipped
        self.conflicts += other.conflicts


def merge_pages(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    pages: Sequence[Path],
    held_back: Collection[str],
    run_id: str,
    rules: SyncSettings,
) -> MergeCounts:
    """Merge staged pages of one object. Call it inside the transaction that also moves the watermark.

    :param fields: the fields that the pages hold.
    :param held_back: ids of rows in quarantine.
    """
    total = MergeCounts()
    now = utc_now()
    open_fields = _without_blocked(declared, fields, rules)
    if declared.is_person and pages:
        identity.follow(session, declared, fields, pages, held_back)
    for known in load_pages(session, declared, fields, open_fields, pages, held_back):
        counts = _count(session)
        if counts.new:
            _insert_arrivals(session, declared, fields, run_id, now)
        if known:
            _apply_changes(session, declared, open_fields, run_id, now)
        follow(MergedPage(session, declared, fields, run_id, now, rules, counts.new > 0, known))
        total.add(counts)
    if declared.is_person and pages:
        total.converted, total.merged = identity.settle(session, declared, run_id, now)
    return total


def fill_fields(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    pages: Sequence[Path],
    held_back: Collection[str],
    run_id: str,
    rules: SyncSettings,
) -> MergeCounts:
    """Merge pages that hold a few fields of every record: known records get them, by the same rules.

    Nobody arrives and nothing else changes, so it has an effect on a company's people and on programs only.
    Parameters as for :func:`merge_pages`.
    """
    total = MergeCounts()
    now = utc_now()
    open_fields = _without_blocked(declared, fields, rules)
    for known in load_pages(session, declared, fields, open_fields, pages, held_back, only_known=True):
        total.add(_count(session))
        if known:
            _update_marketing(session, declared, open_fields, now)
            if declared.is_person:
                _log_conflicts(session, declared, run_id, now)
                people.log_pulled_values(session, declared, run_id, now)
            _update_mirror(session, declared, open_fields)
            if effect := EFFECTS_OF_FILLING.get(declared.name):
                effect(MergedPage(session, declared, fields, run_id, now, rules, False, known))
    return total


def _apply_changes(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    run_id: str,
    now: datetime,
) -> None:
    _update_marketing(session, declared, fields, now)
    if declared.direction is Direction.BOTH:
        _log_conflicts(session, declared, run_id, now)
    if declared.is_person:
        people.log_changes(session, declared, run_id, now)
    _update_mirror(session, declared, fields)


def _count(session: Session) -> MergeCounts:
    row = session.rows(
        """
        SELECT count(*) FILTER (_state IN ('new', 'lost')) AS new,
               count(*) FILTER (_state = 'known' AND _deleted_now) AS deleted,
               count(*) FILTER (_state = 'known' AND NOT _deleted_now AND changed) AS updated,
               count(*) FILTER (_state = 'known' AND NOT _deleted_now AND NOT changed) AS skipped,
               (SELECT count(*) FROM change WHERE conflict) AS conflicts
        FROM (SELECT _state, _deleted_now, Id IN (SELECT sfdc_id FROM change) AS changed FROM incoming)
        """
    )[0]
    return MergeCounts(**row)


def _without_blocked(
    declared: SyncedObject, fields: Sequence[MappedField], rules: SyncSettings
) -> list[MappedField]:
    """Leave out what the user blocked for this source (3.17).

    Of a known record neither our value nor the mirror's moves then: with the mirror alone, the kept value
    would look like an edit of ours and be sent to Salesforce.
    """
    blocked = {column.lower() for column in rules.blocked(declared.table)}
    return [each for each in fields if each.system or each.column not in blocked]


def _insert_arrivals(
    session: Session, declared: SyncedObject, fields: Sequence[MappedField], run_id: str, now: datetime
) -> None:
    columns = {each.column: f"a.{quoted(each.field)}" for each in fields if each.column}
    columns |= {"id": "a._record_id", "sfdc_id": "a.Id"}
    columns |= dict.fromkeys(("created_at", "updated_at"), f"CAST({literal(now.isoformat())} AS TIMESTAMP)")
    source = "arrival a"
    if declared.is_person:
        more, joins = people.arrival_columns(session, declared)
        columns |= more
        source += joins
        if "email_address" in columns:
            columns[opt_out.MARKER] = opt_out.marker_on_arrival(columns["email_address"])
    names = ", ".join(quoted(name) for name in columns)
    session.execute(
        f"INSERT INTO marketing.{declared.table} ({names}) SELECT {', '.join(columns.values())} FROM {source}"
    )
    mirror = mirror_of(declared.name)
    session.execute(f"DELETE FROM {mirror} WHERE Id IN (SELECT Id FROM arrival WHERE _state = 'lost')")
    read = ", ".join(quoted(each.field) for each in fields)
    session.execute(f"INSERT INTO {mirror} (_record_id, {read}) SELECT _record_id, {read} FROM arrival")
    if declared.is_person:
        people.log_arrivals(session, declared, fields, run_id, now)


def _update_marketing(
    session: Session, declared: SyncedObject, fields: Sequence[MappedField], now: datetime
) -> None:
    touched = {
        row["column_name"] for row in session.rows("SELECT DISTINCT column_name FROM change WHERE apply")
    }
    changed = [each for each in fields if each.column in touched]
    if not changed:
        return
    flags = ", ".join(
        f"bool_or(column_name = {literal(each.column or '')}) AS {quoted(each.field)}" for each in changed
    )
    sets = ", ".join(
        f"{quoted(each.column or '')} = CASE WHEN c.{quoted(each.field)} THEN i.{quoted(each.field)}"
        f" ELSE p.{quoted(each.column or '')} END"
        for each in changed
    )
    session.execute(
        f"""
        UPDATE marketing.{declared.table} p SET {sets}, updated_at = ?
        FROM (SELECT _record_id, {flags} FROM change WHERE apply GROUP BY _record_id) c
        JOIN incoming i ON i._record_id = c._record_id
        WHERE p.id = c._record_id AND i._state = 'known'
        """,
        [now],
    )


def _update_mirror(session: Session, declared: SyncedObject, fields: Sequence[MappedField]) -> None:
    known = "SELECT _record_id FROM incoming WHERE _state = 'known'"
    held.release(session, declared.name, held.held_fields(session, declared.name), known)
    sets = ", ".join(f"{quoted(each.field)} = i.{quoted(each.field)}" for each in fields)
    session.execute(
        f"UPDATE {mirror_of(declared.name)} m SET _pushed_after = NULL, {sets}"
        " FROM incoming i WHERE m.Id = i.Id AND i._state = 'known'"
    )


def _log_conflicts(session: Session, declared: SyncedObject, run_id: str, now: datetime) -> None:
    ours_wins = declared.winner is Winner.MARKETING
    winning, losing = ("ours", "theirs") if ours_wins else ("theirs", "ours")
    table = f"marketing.{declared.table}"
    person = (
        "_record_id" if declared.is_person else f"(SELECT r.person_id FROM {table} r WHERE r.id = _record_id)"
    )
    session.execute(
        f"""
        INSERT INTO sync.conflict
        SELECT ?, CAST(? AS TIMESTAMP), ?, {person}, sfdc_id, field, column_name, base, ?, {winning}, {losing}
        FROM change WHERE conflict
        """,
        [run_id, now, declared.name, declared.winner.value],
    )
