"""Two people become one: values by the winner rule, score summed, everything that hangs on the loser moved (16).

The winner's value stays; where it has none, the loser's takes its place. Only null is none: ``false`` is a
value (16.4, 16.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tandem.database.activity import ActivityType, attributes, log, log_values
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.objects import CONTACT, LEAD
from tandem.objects.account import COMPANY_COLUMNS_OF_PERSON
from tandem.objects.field_map import RESERVED_COLUMNS
from tandem.objects.user import ACCOUNT_OWNER_FIELDS, SALES_OWNER_FIELDS

#: The default score, which merges sum; custom scores follow the winner (16.7).
SCORE = "score"

#: What tells about the record, not about the person: the winner's stays, empty or not.
_OF_THE_RECORD = {
    *RESERVED_COLUMNS,
    *SALES_OWNER_FIELDS,
    *ACCOUNT_OWNER_FIELDS,
    *("sfdc_is_deleted", "sfdc_created_date", "original_source_type"),
    SCORE,
}


def choose(session: Session, winner: int, losers: Sequence[int]) -> None:
    """Make ``merging`` for people that marketing merges: the winner goes on under its own id."""
    session.execute("CREATE OR REPLACE TEMP TABLE merging (loser BIGINT, winner BIGINT, kept BIGINT)")
    session.insert("merging", [(each, winner, winner) for each in losers])


def mark_merged(
    session: Session, object_name: str, losers: Sequence[str], winner: str, sent_after: datetime
) -> None:
    """Note that records were merged into another in Salesforce, by us; they say nothing of anybody any more.

    :param sent_after: Salesforce's clock before the merge was sent. Call it inside a transaction.
    """
    session.execute(
        f"UPDATE {mirror_of(object_name)} SET _record_id = NULL, IsDeleted = true, MasterRecordId = ?,"
        " _pushed_after = CAST(? AS TIMESTAMP) WHERE Id IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [winner, sent_after, list(losers)],
    )


def merge_people(
    session: Session, run_id: str, now: datetime, by_marketing: bool = False, in_salesforce: bool = True
) -> None:
    """Merge people: the temporary table ``merging`` (loser, winner, kept) names them.

    ``kept`` is the id under which the winner goes on. Nobody may be loser and winner at once. Call it inside a
    transaction, after the winners' own values are up to date.

    :param by_marketing: somebody merged them here: then the winner's score stays (16.7).
    :param in_salesforce: their records were merged as well.
    """
    filled = _give_values(session, run_id, now)
    if not by_marketing:
        _sum_scores(session, run_id, now)
    source = "'Marketing'" if by_marketing else "'Salesforce.com'"
    for kind in (
        (ActivityType.MERGE_LEADS,)
        if by_marketing
        else (ActivityType.SFDC_MERGE_LEADS, ActivityType.MERGE_LEADS)
    ):
        log(
            session,
            kind,
            "(SELECT winner, string_agg(CAST(loser AS VARCHAR), ',' ORDER BY loser) AS losers"
            " FROM merging GROUP BY winner)",
            run_id=run_id,
            at=now,
            person="winner",
            attributes=attributes(
                Merge_IDs="losers",
                Master_Updated="winner IN (SELECT winner FROM filled)" if filled else "false",
                Merged_in_Sales="true" if in_salesforce else "false",
                Merge_Source=source,
            ),
        )
    _join_memberships(session)
    _move_children(session)
    session.execute("DELETE FROM marketing.person WHERE id IN (SELECT loser FROM merging)")
    session.execute("UPDATE marketing.person p SET id = g.kept FROM merging g WHERE p.id = g.winner")
    for each in (LEAD, CONTACT):
        if columns_of(session, "salesforce", each.name):
            session.execute(
                f"UPDATE {mirror_of(each.name)} m SET _record_id = g.kept FROM merging g"
                " WHERE m._record_id = g.winner AND g.kept <> g.winner"
            )
    session.execute(
        "INSERT INTO sync.merged_person SELECT CASE loser WHEN kept THEN winner ELSE loser END, kept, ?,"
        " CAST(? AS TIMESTAMP) FROM merging",
        [run_id, now],
    )


def _give_values(session: Session, run_id: str, now: datetime) -> bool:
    """Give winners what they lack and their losers have; returns whether that was anything."""
    system = {
        row["column_name"]
        for row in session.rows("SELECT DISTINCT column_name FROM sync.field_map WHERE system")
    }
    columns = [
        name
        for name in columns_of(session, "marketing", "person")
        if name not in _OF_THE_RECORD and name not in system
    ]
    # arg_min leaves nulls out: of several losers, the oldest person that has a value gives it.
    given = ", ".join(f"arg_min(l.{quoted(name)}, l.id) AS {quoted(name)}" for name in columns)
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE given AS SELECT g.winner, {given}"
        " FROM merging g JOIN marketing.person l ON l.id = g.loser GROUP BY g.winner"
    )
    entries = ", ".join(
        f"{{column_name: {literal(name)}, value: CAST(l.{quoted(name)} AS VARCHAR),"
        f" lacks: {_lacks(name)} AND l.{quoted(name)} IS NOT NULL}}"
        for name in columns
    )
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE filled AS
        SELECT winner, entry.column_name, entry.value FROM (
            SELECT l.winner, unnest(list_filter([{entries}], lambda e: e.lacks)) AS entry
            FROM given l JOIN marketing.person p ON p.id = l.winner)
        """
    )
    if not session.value("SELECT count(*) FROM filled"):
        return False
    log_values(
        session,
        "filled",
        run_id=run_id,
        at=now,
        person="winner",
        column="column_name",
        new="value",
        origin="Salesforce.com",
        reason="Taken over from the person that was merged",
    )
    sets = ", ".join(
        f"{quoted(name)} = CASE WHEN {_lacks(name)} THEN l.{quoted(name)} ELSE p.{quoted(name)} END"
        for name in columns
    )
    session.execute(
        f"UPDATE marketing.person p SET {sets}, updated_at = ? FROM given l"
        " WHERE p.id = l.winner AND p.id IN (SELECT winner FROM filled)",
        [now],
    )
    return True


def _lacks(column: str) -> str:
    """Return the condition that a winner takes a column from its loser; a contact shows its company's (7.2)."""
    empty = f"p.{quoted(column)} IS NULL"
    if column in COMPANY_COLUMNS_OF_PERSON:
        return f"({empty} AND p.sfdc_type IS DISTINCT FROM 'contact')"
    return empty


def _sum_scores(session: Session, run_id: str, now: datetime) -> None:
    if SCORE not in columns_of(session, "marketing", "person"):
        return
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE scored AS
        SELECT p.id, p.{SCORE} AS before, coalesce(p.{SCORE}, 0) + l.points AS after
        FROM (SELECT g.winner, sum(l.{SCORE}) AS points
              FROM merging g JOIN marketing.person l ON l.id = g.loser GROUP BY g.winner) l
        JOIN marketing.person p ON p.id = l.winner WHERE l.points IS NOT NULL AND l.points <> 0
        """
    )
    log(
        session,
        ActivityType.CHANGE_SCORE,
        "scored",
        run_id=run_id,
        at=now,
        person="id",
        primary=literal(SCORE),
        attributes=attributes(
            Score_Name=literal(SCORE),
            Old_Value="before",
            New_Value="after",
            Change_Value="after - coalesce(before, 0)",
            Reason="'Sum of the people that were merged'",
        ),
    )
    session.execute(
        f"UPDATE marketing.person p SET {SCORE} = s.after, updated_at = ? FROM scored s WHERE p.id = s.id",
        [now],
    )


def _join_memberships(session: Session) -> None:
    """Leave one membership of each program: the furthest step, as a status never goes down one (10.9)."""
    session.execute(
        """
        CREATE OR REPLACE TEMP TABLE double_member AS
        SELECT m.program_id, m.person_id
        FROM marketing.program_member m
        JOIN (SELECT loser AS id, kept, 1 AS place FROM merging UNION SELECT winner, kept, 0 FROM merging) g
          ON g.id = m.person_id
        LEFT JOIN marketing.program p ON p.id = m.program_id
        LEFT JOIN marketing.channel_status s ON s.channel_id = p.channel_id AND s.name = m.status
        QUALIFY row_number() OVER (PARTITION BY m.program_id, g.kept
                                   ORDER BY coalesce(m.is_removed, false), s.step DESC NULLS LAST, g.place, g.id) > 1
        """
    )
    for table in ("marketing.program_member", "sync.held_program_value"):
        session.execute(
            f"DELETE FROM {table} c USING double_member d"
            " WHERE c.program_id = d.program_id AND c.person_id = d.person_id"
        )


def _move_children(session: Session) -> None:
    """Move everything that names a loser: activities, memberships, roles, errors (16.6)."""
    tables = session.rows(
        "SELECT schema_name, table_name FROM duckdb_columns() JOIN duckdb_tables() USING (schema_name, table_name)"
        " WHERE duckdb_tables.database_name = current_database() AND column_name = 'person_id'"
        " AND duckdb_columns.database_name = current_database()"
        " AND schema_name IN ('marketing', 'sync') AND table_name <> 'merged_person'"
    )
    for each in tables:
        session.execute(
            f"UPDATE {quoted(each['schema_name'])}.{quoted(each['table_name'])} c SET person_id = g.kept"
            " FROM (SELECT loser AS id, kept FROM merging UNION SELECT winner, kept FROM merging) g"
            " WHERE c.person_id = g.id AND c.person_id <> g.kept"
        )
