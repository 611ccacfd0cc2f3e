"""The outbox: what is about to be sent is written here first, and each answer settles its row.

A run that dies between sending and settling leaves journalled rows. The next run reads Salesforce before
it looks at them: what arrived there shows in the mirror and counts as done, the rest is superseded, and
what still differs is sent again. So no change is lost and no activity logged twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tandem.clock import utc_now
from tandem.database import journal, write_activities
from tandem.database.compare import differ, literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.journal import OF_A_CYCLE
from tandem.database.lease import nobody_elses
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import MappedField

#: The refusals in ``answer``, with their rows of the outbox.
_REFUSALS = "answer a JOIN sync.outbox o ON o.id = a.id WHERE a.code <> '' AND o.state = 'journalled'"


@dataclass(frozen=True)
class Answer:
    """What became of one outbox row. ``code`` is empty for success; ``message`` is Salesforce's own."""

    outbox_id: int
    sfdc_id: str | None = None
    code: str = ""
    error_class: str = ""
    message: str = ""
    fields: tuple[str, ...] = field(default=())


def journal_pending(session: Session, declared: SyncedObject, run_id: str) -> None:
    """Write the rows of the temporary table ``pending`` to the outbox. Call it inside a transaction."""
    session.execute(
        """
        INSERT INTO sync.outbox
        SELECT (SELECT coalesce(max(id), 0) FROM sync.outbox) + row_number() OVER (ORDER BY sfdc_id),
               ?, ?, 'update', person_id, sfdc_id, payload, 'journalled', CAST(? AS TIMESTAMP), NULL
        FROM pending
        """,
        [run_id, declared.name, utc_now()],
    )


def recognise(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    pages: Sequence[Path],
    held_back: Collection[str],
) -> None:
    """Move the mirror to what an earlier run sent without hearing the answer, where the pages show it arrived.

    It is our own write, so it is no change of Salesforce's, and what marketing changed since is compared with
    it. Call it inside the merge's transaction, before the pages are merged.
    """
    open_rows = "object = ? AND operation = 'update' AND state = 'journalled'"
    if not pages or not session.value(f"SELECT count(*) FROM sync.outbox WHERE {open_rows}", [declared.name]):
        return
    session.execute("CREATE OR REPLACE TEMP TABLE held_back (id VARCHAR)")
    session.insert("held_back", [(each,) for each in held_back])
    mirror = mirror_of(declared.name)
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE come_back AS
        SELECT o.payload, i.* FROM read_parquet([{", ".join(literal(str(page)) for page in pages)}]) i
        JOIN sync.outbox o ON o.sfdc_id = i.Id JOIN {mirror} m ON m.Id = i.Id
        WHERE {" AND ".join(f"o.{each}" for each in open_rows.split(" AND "))}
          AND i.Id NOT IN (SELECT id FROM held_back)
          AND (m.SystemModstamp IS NULL OR i.SystemModstamp >= m.SystemModstamp)
          AND (m._pushed_after IS NULL OR i.SystemModstamp >= m._pushed_after)
        QUALIFY row_number() OVER (PARTITION BY i.Id ORDER BY i.SystemModstamp DESC) = 1
        """,
        [declared.name],
    )
    present = session.rows("SELECT DISTINCT unnest(json_keys(payload)) AS name FROM come_back")
    names = {row["name"] for row in present}
    for each in fields:
        if each.column and each.field in names:
            theirs = f"c.{quoted(each.field)}"
            session.execute(
                f"UPDATE {mirror} m SET {quoted(each.field)} = {theirs} FROM come_back c WHERE m.Id = c.Id"
                f" AND json_exists(c.payload, {literal(each.field)}) AND NOT {differ(_sent('c', each), theirs, each)}"
            )


def recover(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    run_id: str,
    person_ids: Sequence[int] | None = None,
) -> int:
    """Settle what an earlier run sent or meant to send; returns the rows that turned out to be done.

    Call it after Salesforce's changes were merged, inside a transaction.

    :param person_ids: only these people's; ``None``: everybody's.
    """
    chosen = f" AND {nobody_elses(session, run_id)}"
    chosen += "" if person_ids is None else " AND person_id IN (SELECT unnest(CAST(? AS BIGINT[])))"
    parameters = [declared.name] if person_ids is None else [declared.name, list(person_ids)]
    open_rows = f"object = ? AND operation = 'update' AND state = 'journalled'{chosen}"
    if not session.value(f"SELECT count(*) FROM sync.outbox WHERE {open_rows}", parameters):
        return 0
    arrived = " AND ".join(
        f"(NOT json_exists(o.payload, {literal(each.field)})"
        f" OR NOT {differ(_sent('o', each), f'm.{quoted(each.field)}', each)})"
        for each in fields
        if each.column
    )
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE settled AS
        SELECT o.id, o.person_id, o.sfdc_id, o.payload
        FROM sync.outbox o JOIN {mirror_of(declared.name)} m ON m.Id = o.sfdc_id
        WHERE o.object = ? AND o.operation = 'update' AND o.state = 'journalled'{chosen} AND {arrived}
        """,
        parameters,
    )
    done = int(session.value("SELECT count(*) FROM settled"))
    if done:
        write_activities.log_done(session, declared, run_id)
        _close(session, "done", "SELECT id FROM settled")
    session.execute(
        f"UPDATE sync.outbox SET state = 'superseded', settled_at = ? WHERE {open_rows}",
        [utc_now(), *parameters],
    )
    return done


def actions_broken_off(session: Session) -> int:
    """Return for how many people a flow action died before it heard the answer."""
    return int(
        session.value(
            f"SELECT count(DISTINCT person_id) FROM sync.outbox WHERE state = 'journalled' AND NOT {OF_A_CYCLE}"
            f" AND {nobody_elses(session, '')}"
        )
    )


def leave_to_others(session: Session, run_id: str) -> int:
    """Take out of ``pending`` whom another run at work is writing just now; returns how many are left.

    What two runs send at once may arrive in either order, and the older value would stay.
    """
    theirs = f"state = 'journalled' AND NOT ({nobody_elses(session, run_id)})"
    session.execute(
        f"DELETE FROM pending WHERE person_id IN (SELECT person_id FROM sync.outbox WHERE {theirs})"
    )
    return int(session.value("SELECT count(*) FROM pending"))


def in_others_hands(session: Session, run_id: str, person_ids: Sequence[int]) -> set[int]:
    """Return those of these people whom another run at work is writing just now."""
    found = session.rows(
        "SELECT DISTINCT person_id FROM sync.outbox WHERE state = 'journalled'"
        f" AND NOT ({nobody_elses(session, run_id)}) AND person_id IN (SELECT unnest(CAST(? AS BIGINT[])))",
        [list(person_ids)],
    )
    return {row["person_id"] for row in found}


def settle(
    session: Session,
    declared: SyncedObject,
    fields: Sequence[MappedField],
    answers: Sequence[Answer],
    run_id: str,
    sent_after: datetime,
) -> None:
    """Apply a chunk of answers: success moves the mirror, refusal becomes an activity and an error.

    :param sent_after: Salesforce's clock shortly before the rows were sent. Call it inside a transaction.
    """
    load_answers(session, answers)
    session.execute(
        """
        CREATE OR REPLACE TEMP TABLE settled AS
        SELECT o.id, o.person_id, o.sfdc_id, o.payload FROM sync.outbox o JOIN answer a ON a.id = o.id
        WHERE a.code = '' AND o.state = 'journalled'
        """
    )
    _move_mirror(session, declared, fields, sent_after)
    write_activities.log_done(session, declared, run_id)
    _close(session, "done", "SELECT id FROM settled")
    whose = "person_id" if declared.is_person else "sfdc_id"  # a person has one record, but many memberships
    session.execute(
        "UPDATE sync.error SET resolved_at = ? WHERE resolved_at IS NULL AND level = 'record' AND object = ?"
        f" AND {whose} IN (SELECT o.{whose} FROM sync.outbox o JOIN answer a ON a.id = o.id)",
        [utc_now(), declared.name],
    )
    now = utc_now()
    record_refusals(
        session,
        "CASE o.operation WHEN 'create' THEN 'Push new' ELSE 'Push updates' END",
        run_id,
        now,
        stamp=f"(SELECT any_value(SystemModstamp) FROM {mirror_of(declared.name)} m WHERE m.Id = o.sfdc_id)",
    )
    write_activities.log_refused(session, declared, _REFUSALS, run_id, now)
    _close(session, "refused", "SELECT id FROM answer WHERE code <> ''")


def load_answers(session: Session, answers: Sequence[Answer]) -> None:
    """Make the temporary table ``answer``, with Salesforce's answers by the ids of their outbox rows."""
    session.execute(
        "CREATE OR REPLACE TEMP TABLE answer"
        " (id BIGINT, sfdc_id VARCHAR, code VARCHAR, class VARCHAR, message VARCHAR, fields VARCHAR[])"
    )
    session.insert(
        "answer",
        [(a.outbox_id, a.sfdc_id, a.code, a.error_class, a.message, list(a.fields)) for a in answers],
    )


def record_refusals(session: Session, operation: str, run_id: str, at: datetime, stamp: str = "NULL") -> None:
    """Write an error for each refusal in ``answer``; call it before the refused rows are closed.

    :param operation: SQL over the answer ``a`` and the outbox row ``o``, as is ``stamp``.
    """
    journal.record_errors(
        session,
        _REFUSALS,
        run_id=run_id,
        at=at,
        object_name="o.object",
        operation=operation,
        person="o.person_id",
        sfdc_id="o.sfdc_id",
        code="a.code",
        error_class="a.class",
        message="a.message",
        fields="to_json(a.fields)",
        payload="o.payload",
        stamp=stamp,
    )


def resolve_taken_back(session: Session, declared: SyncedObject) -> None:
    """Close the errors of records that Salesforce refused and that do not differ any more: nothing is to be sent.

    Call it after :func:`tandem.database.pending.find_pending`, inside its transaction.
    """
    session.execute(
        "UPDATE sync.error SET resolved_at = ? WHERE resolved_at IS NULL AND level = 'record' AND object = ?"
        " AND operation = 'Push updates' AND sfdc_id IN"
        f" (SELECT Id FROM {mirror_of(declared.name)} WHERE _record_id NOT IN (SELECT id FROM candidate))",
        [utc_now(), declared.name],
    )


def _sent(outbox: str, field: MappedField) -> str:
    return f"CAST({outbox}.payload->>{literal(field.field)} AS {field.sql_type})"


def _move_mirror(
    session: Session, declared: SyncedObject, fields: Sequence[MappedField], sent_after: datetime
) -> None:
    present = session.rows("SELECT DISTINCT unnest(json_keys(payload)) AS name FROM settled")
    names = {row["name"] for row in present}
    sent = [each for each in fields if each.field in names]
    if not sent:
        return
    sets = ", ".join(
        f"{quoted(each.field)} = CASE WHEN NOT json_exists(s.payload, {literal(each.field)})"
        f" THEN m.{quoted(each.field)} ELSE {_sent('s', each)} END"
        for each in sent
    )
    session.execute(
        f"UPDATE {mirror_of(declared.name)} m SET {sets}, _pushed_after = CAST(? AS TIMESTAMP)"
        " FROM settled s WHERE m.Id = s.sfdc_id",
        [sent_after],
    )


def _close(session: Session, state: str, ids: str) -> None:
    session.execute(
        f"UPDATE sync.outbox SET state = ?, settled_at = ? WHERE state = 'journalled' AND id IN ({ids})",
        [state, utc_now()],
    )
