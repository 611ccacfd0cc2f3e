"""What Sales Insight shows of a person, worked out here: relative score, urgency, last interesting moment (28).

Relative score is the rank of the score among all people, urgency that of its rise within a week: 0 to 3. A person's
values are worked out anew when its score changes; the lowest score and rise of each tier once a day. The scores that
were there when the fields came into sight only begin the count: nothing is sent for them.

Nothing of this costs anything where the sync user does not see the package's fields.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, log_values
from tandem.database.compare import literal
from tandem.database.connection import Session
from tandem.database.fields import active_fields_of, columns_of
from tandem.database.person_merge import SCORE
from tandem.objects import CONTACT, LEAD
from tandem.objects.sales_insight import SALES_INSIGHT

#: Shares of the people with a score, or a rise, that lie below tiers 1, 2 and 3.
_TIERS = (0.75, 0.9, 0.975)
_RISING = timedelta(days=7)

#: Column of a person, and the column of ``scored`` that it ranks.
_RANKED = {"relative_score": "score", "urgency": "rise"}
_DATE = "last_interesting_moment_date"
_MOMENTS = {
    _DATE: "happened_at",
    "last_interesting_moment_description": "description",
    "last_interesting_moment_source": "source",
    "last_interesting_moment_type": "type",
}


def refresh(session: Session, run_id: str) -> None:
    """Work out what changed. Call it inside a transaction, before what is to be sent is looked for."""
    mapped = {
        each.column
        for fields in active_fields_of(session, (LEAD.name, CONTACT.name)).values()
        for each in fields
        if each.column and each.field in SALES_INSIGHT
    }
    columns = columns_of(session, "marketing", "person")
    now = utc_now()
    if SCORE in columns and (ranked := [each for each in _RANKED if each in mapped]):
        _rank(session, ranked, columns, run_id, now)
    if _DATE in mapped:
        _take_moments(session, [each for each in _MOMENTS if each in mapped], columns, now)


def _rank(session: Session, ranked: list[str], columns: dict[str, str], run_id: str, now: datetime) -> None:
    begun = session.value("SELECT count(*) FROM sync.score_tier")
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE moved_score AS
        SELECT p.id, coalesce(p.{SCORE}, 0) AS score FROM marketing.person p
        LEFT JOIN (SELECT id, arg_max(score, noted_at) AS score FROM sync.score GROUP BY id) s ON s.id = p.id
        WHERE coalesce(p.{SCORE}, 0) <> coalesce(s.score, 0)
        """
    )
    # Where the count begins, nothing has risen.
    noted_at = now if begun else now - _RISING
    session.execute(
        "INSERT INTO sync.score SELECT id, score, CAST(? AS TIMESTAMP) FROM moved_score", [noted_at]
    )
    _find_tiers(session, now)
    if not begun:
        return
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE scored AS SELECT * FROM ({_scores(now)})"
        " WHERE id IN (SELECT id FROM moved_score)"
    )
    for column in ranked:
        lowest = f"SELECT lowest FROM sync.score_tier WHERE what = {literal(column)} AND lowest <= s.{_RANKED[column]}"
        session.execute(
            f"CREATE OR REPLACE TEMP TABLE ranked AS SELECT p.id, p.{column} AS before,"
            f" CAST((SELECT count(*) FROM ({lowest})) AS {columns[column]}) AS value"
            " FROM scored s JOIN marketing.person p ON p.id = s.id"
        )
        session.execute("DELETE FROM ranked WHERE value IS NOT DISTINCT FROM before")
        log_values(
            session,
            "ranked",
            run_id=run_id,
            at=now,
            person="id",
            column=literal(column),
            old="before",
            new="value",
            origin="Marketing",
            reason="Score changed",
        )
        session.execute(
            f"UPDATE marketing.person p SET {column} = r.value, updated_at = ? FROM ranked r WHERE r.id = p.id",
            [now],
        )


def _scores(now: datetime) -> str:
    """Return the query of scores, and by how much each rose within a week."""
    before = literal((now - _RISING).isoformat())
    return f"""
        SELECT id, arg_max(score, noted_at) AS score,
               arg_max(score, noted_at) - coalesce(arg_max(score, noted_at) FILTER (noted_at <= {before}), 0) AS rise
        FROM sync.score GROUP BY id"""


def _find_tiers(session: Session, now: datetime) -> None:
    """Find the lowest score and rise of each tier, once a day; the first time as soon as there is any."""
    for what, value in _RANKED.items():
        if session.value(
            "SELECT count(*) FROM sync.score_tier WHERE what = ? AND lowest IS NOT NULL"
            " AND CAST(found_at AS DATE) = CAST(? AS DATE)",
            [what, now],
        ):
            continue
        session.execute("DELETE FROM sync.score_tier WHERE what = ?", [what])
        session.execute(
            f"INSERT INTO sync.score_tier SELECT ?, unnest(range(1, 4)),"
            f" unnest(coalesce(quantile_disc({value}, {list(_TIERS)}), [NULL])), CAST(? AS TIMESTAMP)"
            f" FROM ({_scores(now)}) WHERE {value} > 0",
            [what, now],
        )
        session.execute(  # no longer needed: what came before the score of a week ago
            "DELETE FROM sync.score s USING (SELECT id, max(noted_at) AS at FROM sync.score"
            " WHERE noted_at <= CAST(? AS TIMESTAMP) GROUP BY id) o WHERE s.id = o.id AND s.noted_at < o.at",
            [now - _RISING],
        )


def _take_moments(session: Session, moments: list[str], columns: dict[str, str], now: datetime) -> None:
    """Show each person's newest Interesting Moment (46), unless a newer one stands there already."""
    date = "date_trunc('second', coalesce(TRY_CAST(attributes->>'Date' AS TIMESTAMP), activity_date))"
    sets = ", ".join(f"{each} = CAST(m.{_MOMENTS[each]} AS {columns[each]})" for each in moments)
    session.execute(
        f"""
        UPDATE marketing.person p SET {sets}, updated_at = ?
        FROM (SELECT person_id, {date} AS happened_at, attributes->>'Description' AS description,
                     attributes->>'Source' AS source, primary_attribute_value AS type
              FROM marketing.activity WHERE activity_type_id = {int(ActivityType.INTERESTING_MOMENT)}
              QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY happened_at DESC, id DESC) = 1) m
        WHERE m.person_id = p.id AND (p.{_DATE} IS NULL OR p.{_DATE} < m.happened_at)
        """,
        [now],
    )
