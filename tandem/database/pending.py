"""What marketing changed and Salesforce does not know yet: rows of ours that differ from the mirror.

Nothing marks an edit: anyone may change a row with plain SQL, and the difference from the mirror is
the pending change (1.7). Only fields that the sync user may write count (VIS-05), and only records that
can be written: not deleted, not converted. People that are not in Salesforce have no mirror row and so
are never pushed by the cycle (1.14).
"""

from __future__ import annotations

from collections.abc import Sequence

from tandem.database.compare import differ, literal, mirror_of, number, quoted, unlike
from tandem.database.connection import Session
from tandem.database.held import base, held_fields, release
from tandem.objects import CAMPAIGN
from tandem.objects.declaration import SyncedObject, Winner
from tandem.objects.field_map import MappedField

#: Marketing's side of an object that is not the object's own table: id, person_id and the columns that go out.
_OURS = {
    CAMPAIGN.name: """(
        SELECT c.id, NULL::BIGINT AS person_id, ch.name AS type, coalesce(p.period_cost, c.actual_cost) AS actual_cost
        FROM marketing.program p JOIN marketing.channel ch ON ch.id = p.channel_id
        JOIN marketing.campaign c ON c.sfdc_id = p.sfdc_id)""",  # 10.3
}


def wire_value(expression: str, field: MappedField) -> str:
    """Return the SQL of a value as JSON for Salesforce: null for "" and NaN, UTC times with a Z."""
    if field.sql_type == "TIMESTAMP":
        return f"to_json(strftime({expression}, '%Y-%m-%dT%H:%M:%S.000Z'))"
    if field.sql_type == "VARCHAR":
        return f"to_json(nullif({expression}, ''))"
    if field.sql_type == "BOOLEAN":
        return f"to_json(coalesce({expression}, false))"
    if field.sql_type == "DOUBLE":
        return f"to_json({number(expression)})"
    return f"to_json({expression})"


def find_pending(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    person_ids: Sequence[int] | None = None,
) -> int:
    """Make the temporary table ``pending`` (person_id, sfdc_id, payload, sfdc_stamp); returns its size.

    ``payload`` holds the changed fields only. Rows that Salesforce refused stay out until the payload or
    the record changes, or somebody asks for another try (design section 5); where Salesforce wins, so does a record
    in quarantine until it is released.

    :param person_ids: only these people's, and also what was refused before; ``None``: everybody's.
    """
    ours = _OURS.get(declared.name, f"marketing.{declared.table}")
    person = "p.id" if declared.is_person else "p.person_id"
    writable = [each for each in fields if each.updateable and each.column]
    session.execute(
        "CREATE OR REPLACE TEMP TABLE pending"
        " (person_id BIGINT, sfdc_id VARCHAR, payload JSON, sfdc_stamp TIMESTAMP)"
    )
    if not writable:
        return 0
    names = {each.field for each in fields}
    mirror = mirror_of(declared.name)
    held = held_fields(session, declared.name)
    # A hash per row and side finds the few that differ: a million unchanged rows are read, not joined in full.
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE candidate AS
        SELECT p.id FROM (SELECT id, hash({", ".join(_ours(each) for each in writable)}) AS h
                          FROM {ours} p) p
        JOIN (SELECT _record_id, hash({", ".join(base(each, held) for each in writable)}) AS h FROM {mirror} m) m
          ON p.id = m._record_id WHERE p.h <> m.h
        """
    )
    release(session, declared.name, held, "SELECT id FROM candidate")
    both = f"{mirror} m JOIN {ours} p ON p.id = m._record_id WHERE m._record_id IN (SELECT id FROM candidate)"
    touched = unlike(session, {each.field: (_ours(each), _base(each)) for each in writable}, both)
    if not touched:
        return 0
    entries = ", ".join(
        f"{{field: {literal(each.field)}, changed: {differ(_ours(each), _base(each), each)},"
        f" value: {wire_value(_ours(each), each)}}}"
        for each in writable
        if each.field in touched
    )
    session.execute(
        f"""
        INSERT INTO pending
        SELECT person_id, sfdc_id,
               to_json(map_from_entries(list_transform(changed, lambda e: (e.field, e.value)))),
               sfdc_stamp
        FROM (SELECT {person} AS person_id, m.Id AS sfdc_id, m.SystemModstamp AS sfdc_stamp,
                     list_filter([{entries}], lambda e: e.changed) AS changed
              FROM {both} AND {_open(names)})
        WHERE len(changed) > 0
        """
    )
    if declared.winner is Winner.SALESFORCE:
        # What it changed stands in quarantine: it would be overwritten unseen.
        session.execute(
            "DELETE FROM pending WHERE sfdc_id IN"
            " (SELECT sfdc_id FROM sync.quarantine WHERE object = ? AND released_at IS NULL)",
            [declared.name],
        )
    if person_ids is not None:
        session.execute(
            "DELETE FROM pending WHERE person_id IS NULL OR person_id NOT IN (SELECT unnest(?))",
            [list(person_ids)],
        )
        return int(session.value("SELECT count(*) FROM pending"))
    session.execute(
        """
        DELETE FROM pending WHERE EXISTS (
            SELECT 1 FROM sync.error e
            WHERE e.sfdc_id = pending.sfdc_id AND e.object = ? AND e.level = 'record'
              AND e.resolved_at IS NULL AND e.class <> 'intermittent' AND e.payload = pending.payload
              AND e.sfdc_stamp IS NOT DISTINCT FROM pending.sfdc_stamp)
        """,
        [declared.name],
    )
    return int(session.value("SELECT count(*) FROM pending"))


def _open(names: set[str]) -> str:
    """Return the condition that a record of the mirror can be written."""
    return "m.IsDeleted IS NOT TRUE" + (" AND m.IsConverted IS NOT TRUE" if "IsConverted" in names else "")


def _ours(field: MappedField) -> str:
    return f"p.{quoted(field.column or '')}"


def _base(field: MappedField) -> str:
    return f"m.{quoted(field.field)}"
