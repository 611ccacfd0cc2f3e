"""Members of linked programs and of their campaigns, kept the same (10.4 to 10.6, 10.9, 11.2).

The campaign member goes both ways like any record: base is the mirror. The program member is marketing's face of
it. An edit of the program member is carried over to the campaign member before that is merged and pushed; what
a merge changed is carried over to the program member after it. In between both hold the same, except for what
stands in ``sync.held_program_value``: a status that Salesforce set back a step, which the program does not
follow, and values from before a field was mapped. Those are not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tandem.clock import utc_now
from tandem.database import journal
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import differ, literal, mirror_of, quoted, unlike
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.merged_page import MergedPage
from tandem.database.program_member_fields import MemberField, shared_fields
from tandem.objects import CAMPAIGN_MEMBER
from tandem.settings import SyncSettings

#: Members of linked programs beside the live members of their campaigns. ``p`` is the program.
_LINKED = f"""
    marketing.program p
    JOIN marketing.campaign c ON c.sfdc_id = p.sfdc_id
    JOIN marketing.campaign_member cm ON cm.campaign_id = c.id AND cm.sfdc_is_deleted IS NOT TRUE
    JOIN {mirror_of(CAMPAIGN_MEMBER.name)} m ON m._record_id = cm.id
    JOIN marketing.program_member pm ON pm.program_id = p.id AND pm.person_id = cm.person_id
         AND pm.is_removed IS NOT TRUE"""


@dataclass
class Carried:
    """What was carried over between programs and campaigns, in members and values."""

    new: int = 0
    updated: int = 0
    failed: int = 0
    skipped: int = 0


def take_over_edits(session: Session, run_id: str, rules: SyncSettings) -> int:
    """Carry over what somebody edited, before members are merged; returns the number of values."""
    return align(session, run_id).updated


def take_over_statuses(session: Session, statuses: Mapping[str, str], run_id: str) -> None:
    """Take over that members have other statuses in Salesforce now, where that could not be read back.

    :param statuses: the new status by the member's id. Call it inside a transaction.
    """
    session.execute("CREATE OR REPLACE TEMP TABLE answered_status (sfdc_id VARCHAR, status VARCHAR)")
    session.insert("answered_status", list(statuses.items()))
    session.execute(
        "UPDATE marketing.campaign_member cm SET status = n.status FROM answered_status n WHERE n.sfdc_id = cm.sfdc_id"
    )
    align(session, run_id)  # while the mirror still tells that it was the campaign's face that moved
    session.execute(
        f"UPDATE {mirror_of(CAMPAIGN_MEMBER.name)} m SET Status = n.status FROM answered_status n"
        " WHERE n.sfdc_id = m.Id"
    )


def align(session: Session, run_id: str) -> Carried:
    """Make program members and campaign members the same again, after edits of either.

    Every live member of a linked campaign becomes a member of the program (10.6). A status that goes back a
    step, or that the channel does not have, is put back (10.9). Call it inside a transaction.
    """
    done = Carried()
    if not session.value("SELECT count(*) FROM marketing.program"):
        return done
    now = utc_now()
    _greet(session, run_id, now, done)
    if not columns_of(session, "salesforce", CAMPAIGN_MEMBER.name):
        return done
    shared = shared_fields(session)
    _adopt(session, shared, run_id, now, done)
    pairs = {
        each.column: (f"pm.{quoted(each.column)}", f"cm.{quoted(each.member_column)}") for each in shared
    }
    touched = unlike(session, pairs, _LINKED)
    for each in shared:
        if each.column in touched:
            _carry(session, each, run_id, now, done)
    return done


def _greet(session: Session, run_id: str, now: datetime, done: Carried) -> None:
    """Take note of members that somebody added: once each, with a status, in the log."""
    _keep_one(session)
    if not session.value("SELECT count(*) FROM marketing.program_member WHERE created_at IS NULL"):
        return
    session.execute(
        """
        CREATE OR REPLACE TEMP TABLE greeted AS
        SELECT pm.program_id, pm.person_id, pm.status AS wanted, p.name AS program, s.is_success,
               coalesce(s.name, (SELECT arg_min(f.name, f.step) FROM marketing.channel_status f
                                 WHERE f.channel_id = p.channel_id)) AS status
        FROM marketing.program_member pm JOIN marketing.program p ON p.id = pm.program_id
        LEFT JOIN marketing.channel_status s ON s.channel_id = p.channel_id AND s.name = pm.status
        WHERE pm.created_at IS NULL
        """
    )
    session.execute(
        "UPDATE marketing.program_member pm SET status = g.status, created_at = ?, updated_at = ? FROM greeted g"
        " WHERE g.program_id = pm.program_id AND g.person_id = pm.person_id",
        [now, now],
    )
    log(
        session,
        ActivityType.CHANGE_STATUS_IN_PROGRESSION,
        "greeted",
        run_id=run_id,
        at=now,
        primary="program",
        attributes=attributes(
            Program="program", New_Status="status", Success="is_success", Source="'Marketing'"
        ),
    )
    done.new += int(session.value("SELECT count(*) FROM greeted"))
    done.failed += _refuse_unknown(
        session, "greeted WHERE wanted IS NOT NULL AND wanted <> status", "wanted", "status", run_id, now
    )


def _keep_one(session: Session) -> None:
    """Keep one membership of a person in a program, the furthest: people were merged, or somebody added one twice."""
    if session.value(
        "SELECT count(*) FROM (SELECT 1 FROM marketing.program_member GROUP BY program_id, person_id"
        " HAVING count(*) > 1)"
    ):
        session.execute(
            "DELETE FROM marketing.program_member WHERE rowid NOT IN (SELECT pm.rowid FROM marketing.program_member pm"
            " JOIN marketing.program p ON p.id = pm.program_id LEFT JOIN marketing.channel_status s"
            " ON s.channel_id = p.channel_id AND s.name = pm.status"
            " QUALIFY row_number() OVER (PARTITION BY pm.program_id, pm.person_id ORDER BY pm.is_removed NULLS FIRST,"
            " s.step DESC NULLS LAST, pm.created_at NULLS LAST, pm.rowid) = 1)"
        )


def _adopt(session: Session, shared: list[MemberField], run_id: str, now: datetime, done: Carried) -> None:
    live = """
        marketing.program p JOIN marketing.campaign c ON c.sfdc_id = p.sfdc_id
        JOIN marketing.campaign_member cm ON cm.campaign_id = c.id
        LEFT JOIN marketing.program_member pm ON pm.program_id = p.id AND pm.person_id = cm.person_id
        WHERE cm.person_id IS NOT NULL AND cm.sfdc_is_deleted IS NOT TRUE AND pm.person_id IS NULL"""
    if not session.value(f"SELECT count(*) FROM {live}"):
        return
    values = "".join(f", cm.{quoted(each.member_column)} AS {quoted(each.column)}" for each in shared)
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE adopted AS SELECT p.id AS program_id, cm.person_id{values} FROM {live}"
        " QUALIFY row_number() OVER (PARTITION BY p.id, cm.person_id ORDER BY cm.id) = 1"
    )
    names = "".join(f", {quoted(each.column)}" for each in shared)
    stamp = f"CAST({literal(now.isoformat())} AS TIMESTAMP)"
    session.execute(
        f"INSERT INTO marketing.program_member (program_id, person_id{names}, created_at, updated_at)"
        f" SELECT program_id, person_id{names}, {stamp}, {stamp} FROM adopted"
    )
    log(
        session,
        ActivityType.CHANGE_STATUS_IN_PROGRESSION,
        "adopted a JOIN marketing.program p ON p.id = a.program_id LEFT JOIN marketing.channel_status s"
        " ON s.channel_id = p.channel_id AND s.name = a.status",
        run_id=run_id,
        at=now,
        primary="p.name",
        attributes=attributes(
            Program="p.name", New_Status="a.status", Success="s.is_success", Source="'Salesforce.com'"
        ),
    )
    done.new += int(session.value("SELECT count(*) FROM adopted"))


def _carry(session: Session, shared: MemberField, run_id: str, now: datetime, done: Carried) -> None:
    """Carry one field's edits over. Where both faces were edited, the program's holds."""
    column, member_column = quoted(shared.column), quoted(shared.member_column)
    base, sql_type = f"m.{quoted(shared.field.field)}", shared.field.sql_type
    known = f"CASE WHEN h.column_name IS NULL THEN {base} ELSE CAST(h.value AS {sql_type}) END"
    ours, shown = f"pm.{column}", f"cm.{member_column}"
    out = differ(ours, known, shared.field)
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE member_edit AS
        SELECT e.*, fresh.step AS new_step, before.step AS old_step, fresh.is_success,
               CASE WHEN {_is_status(shared)} AND fresh.step IS NULL
                    THEN CASE WHEN goes_out THEN 'unknown' ELSE 'held' END
                    WHEN {_is_status(shared)} AND fresh.step < before.step
                    THEN CASE WHEN goes_out THEN 'back' ELSE 'held' END
                    WHEN goes_out THEN 'out' ELSE 'in' END AS way
        FROM (SELECT pm.program_id, pm.person_id, cm.id AS member_id, p.name AS program, p.channel_id,
                     {out} AS goes_out, {known} AS known, {ours} AS ours, {shown} AS shown,
                     CAST(CASE WHEN {out} THEN {known} ELSE {ours} END AS {sql_type}) AS old_value,
                     CAST(CASE WHEN {out} THEN {ours} ELSE {shown} END AS {sql_type}) AS new_value
              FROM {_LINKED}
              LEFT JOIN sync.held_program_value h ON h.program_id = pm.program_id
                   AND h.person_id = pm.person_id AND h.column_name = {literal(shared.column)}
              WHERE {differ(ours, shown, shared.field)} AND ({out} OR {differ(shown, base, shared.field)})) e
        {_steps("e.channel_id", "e.new_value", "e.old_value")}
        """
    )
    _apply(session, shared, run_id, now, done, "'Marketing'")


def follow(page: MergedPage) -> Carried:
    """Carry over to programs what a merged page changed: fields, removals, and members that were added."""
    session, done = page.session, Carried()
    if page.new:
        _welcome(page)
    if not page.known:
        return done
    session.execute(
        """
        UPDATE marketing.program_member pm SET is_removed = true, updated_at = ?
        FROM (SELECT p.id AS program_id, cm.person_id
              FROM incoming i JOIN marketing.campaign_member cm ON cm.id = i._record_id
              JOIN marketing.campaign c ON c.id = cm.campaign_id JOIN marketing.program p ON p.sfdc_id = c.sfdc_id
              WHERE i._state = 'known' AND i._deleted_now
                AND NOT EXISTS (SELECT 1 FROM marketing.campaign_member o WHERE o.campaign_id = cm.campaign_id
                                AND o.person_id = cm.person_id AND o.sfdc_is_deleted IS NOT TRUE)) gone
        WHERE pm.program_id = gone.program_id AND pm.person_id = gone.person_id
        """,
        [page.now],
    )
    moved = {row["name"] for row in session.rows("SELECT DISTINCT field AS name FROM change WHERE apply")}
    for shared in shared_fields(session):
        if shared.field.field not in moved:
            continue
        ours, theirs = f"pm.{quoted(shared.column)}", f"cm.{quoted(shared.member_column)}"
        session.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE member_edit AS
            SELECT e.*, fresh.step AS new_step, before.step AS old_step, fresh.is_success,
                   CASE WHEN {_is_status(shared)} AND (fresh.step IS NULL OR fresh.step < before.step)
                        THEN 'held' ELSE 'in' END AS way
            FROM (SELECT pm.program_id, pm.person_id, cm.id AS member_id, p.name AS program, p.channel_id,
                         {ours} AS known, {ours} AS ours, {theirs} AS shown, {ours} AS old_value,
                         CAST({theirs} AS {shared.field.sql_type}) AS new_value
                  FROM {_LINKED}
                  JOIN change ch ON ch._record_id = cm.id AND ch.apply AND ch.field = {literal(shared.field.field)}
                  WHERE {differ(ours, theirs, shared.field)}) e
            {_steps("e.channel_id", "e.new_value", "e.old_value")}
            """
        )
        _apply(session, shared, page.run_id, page.now, done, "'Salesforce.com'")
    return done


def _welcome(page: MergedPage) -> None:
    """Take members that Salesforce added and the program had already: removed ones are back."""
    here = """arrival a JOIN marketing.campaign_member cm ON cm.id = a._record_id
        JOIN marketing.campaign c ON c.id = cm.campaign_id JOIN marketing.program p ON p.sfdc_id = c.sfdc_id"""
    page.session.execute(
        f"""
        UPDATE marketing.program_member pm SET is_removed = false, status = n.status, updated_at = ?
        FROM (SELECT p.id AS program_id, cm.person_id, cm.status FROM {here}) n
        WHERE pm.program_id = n.program_id AND pm.person_id = n.person_id AND pm.is_removed
        """,
        [page.now],
    )
    own = [each for each in shared_fields(page.session) if each.column != "status"]
    if own:
        sets = ", ".join(
            f"{quoted(o.column)} = coalesce(pm.{quoted(o.column)}, n.{quoted(o.column)})" for o in own
        )
        values = "".join(f", cm.{quoted(o.member_column)} AS {quoted(o.column)}" for o in own)
        page.session.execute(
            f"UPDATE marketing.program_member pm SET {sets}"
            f" FROM (SELECT p.id AS program_id, cm.person_id{values} FROM {here}) n"
            " WHERE pm.program_id = n.program_id AND pm.person_id = n.person_id"
        )


def _is_status(shared: MemberField) -> str:
    return "true" if shared.column == "status" else "false"


def _steps(channel: str, new: str, old: str) -> str:
    return f"""
        LEFT JOIN marketing.channel_status fresh
          ON fresh.channel_id = {channel} AND fresh.name = CAST({new} AS VARCHAR)
        LEFT JOIN marketing.channel_status before
          ON before.channel_id = {channel} AND before.name = CAST({old} AS VARCHAR)"""


def _apply(
    session: Session, shared: MemberField, run_id: str, now: datetime, done: Carried, source: str
) -> None:
    """Do what the temporary table ``member_edit`` says, and log it."""
    ways = {
        row["way"]: int(row["n"])
        for row in session.rows("SELECT way, count(*) AS n FROM member_edit GROUP BY 1")
    }
    if not ways:
        return
    if "out" in ways:
        session.execute(
            f"UPDATE marketing.campaign_member cm SET {quoted(shared.member_column)} = e.ours, updated_at = ?"
            " FROM member_edit e WHERE e.member_id = cm.id AND e.way = 'out'",
            [now],
        )
    for way, value in (("in", "shown"), ("back", "known"), ("unknown", "known")):
        if way in ways:
            session.execute(
                f"UPDATE marketing.program_member pm SET {quoted(shared.column)} = e.{value}, updated_at = ?"
                " FROM member_edit e WHERE e.program_id = pm.program_id AND e.person_id = pm.person_id AND e.way = ?",
                [now, way],
            )
    session.execute(
        "DELETE FROM sync.held_program_value h USING member_edit e WHERE h.program_id = e.program_id"
        " AND h.person_id = e.person_id AND h.column_name = ? AND e.way IN ('out', 'in', 'held')",
        [shared.column],
    )
    session.execute(
        "INSERT INTO sync.held_program_value SELECT program_id, person_id, ?, CAST(ours AS VARCHAR)"
        " FROM member_edit WHERE way = 'held'",
        [shared.column],
    )
    _log(session, shared, run_id, now, source)
    done.updated += ways.get("out", 0) + ways.get("in", 0)
    done.skipped += ways.get("back", 0) + ways.get("held", 0)
    if "unknown" in ways:
        done.failed += _refuse_unknown(
            session, "member_edit WHERE way = 'unknown'", "new_value", "known", run_id, now
        )


def _log(session: Session, shared: MemberField, run_id: str, now: datetime, source: str) -> None:
    if shared.column == "status":
        log(
            session,
            ActivityType.CHANGE_STATUS_IN_PROGRESSION,
            "member_edit WHERE way <> 'unknown'",
            run_id=run_id,
            at=now,
            primary="program",
            attributes=attributes(
                Program="program",
                Status="CASE WHEN way IN ('back', 'held') THEN 'skipped' END",
                Old_Status="old_value",
                New_Status="new_value",
                Success="is_success",
                Source=source,
                Reason="CASE WHEN way IN ('back', 'held') THEN 'A program status never goes back a step' END",
            ),
        )
        return
    log(
        session,
        ActivityType.CHANGE_PROGRAM_MEMBER_DATA,
        "member_edit",
        run_id=run_id,
        at=now,
        primary="program",
        attributes=attributes(
            Program="program",
            Attribute_Name=literal(shared.column),
            Old_Value="old_value",
            New_Value="new_value",
            Source=source,
        ),
    )


def _refuse_unknown(session: Session, source: str, wanted: str, kept: str, run_id: str, now: datetime) -> int:
    """Write an error for each member whose status is none of its channel's."""
    return journal.record_errors(
        session,
        source,
        run_id=run_id,
        at=now,
        object_name=literal(CAMPAIGN_MEMBER.name),
        operation="'Sync with program'",
        code="'UNKNOWN_STATUS'",
        error_class="'other'",
        message=f"format('{{}} is no status of the program {{}}: it is {{}} as before.',"
        f" {wanted}, program, coalesce({kept}, 'empty'))",
        fields="""'["status"]'""",
    )


def implied_actions_allowed(session: Session, program_id: int | None) -> bool:
    """Whether a flow step may sync or add a person first: not in a program that is linked to a campaign (10.8).

    :param program_id: the program that the step runs in; ``None``: in none.
    """
    if program_id is None:
        return True
    return not session.value(
        "SELECT count(*) FROM marketing.program WHERE id = ? AND sfdc_id IS NOT NULL", [program_id]
    )
