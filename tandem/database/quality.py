"""What a data quality report takes out of the database, and what it leaves there.

Everything is taken in one short look, so that it fits together and the sync goes on meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tandem.database import journal
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of, described
from tandem.objects.declaration import SyncedObject
from tandem.quality.outcome import Outcome, Survey, Worst
from tandem.quality.snapshot import ROW, Snapshot

#: Examples kept of duplicates and of each kind of orphans.
EXAMPLES = 100
WORST = "worst records"
DUPLICATES = "people who share an e-mail address"
#: The days that say how many records are usual.
_USUAL = timedelta(days=14)
#: Days that the figures of single expectations and fields are kept; nobody looks at them longer.
_DETAILS = timedelta(days=30)


@dataclass(frozen=True)
class Example:
    """A record to look at. ``key`` is what it has in common with others."""

    what: str
    key: str | None
    object: str
    sfdc_id: str
    person_id: int | None
    name: str | None
    detail: str | None = None


@dataclass(frozen=True)
class Relations:
    """Duplicates and orphans: how many, and examples."""

    counts: Mapping[str, int]
    examples: Sequence[Example]


def take_snapshots(
    session: Session, objects: Mapping[str, SyncedObject], folder: Path
) -> dict[str, Snapshot]:
    """Copy the records of those objects whose first sync has ended, deleted ones left out."""
    read_at = journal.watermarks(session)
    known = described(session)
    held = session.rows("SELECT object, sfdc_id FROM sync.quarantine WHERE released_at IS NULL GROUP BY ALL")
    usual = {
        row["object"]: float(row["usual"])
        for row in session.rows(
            "SELECT object, median(records) AS usual FROM sync.quality"
            " WHERE measured_at >= (SELECT max(measured_at) FROM sync.quality) - CAST(? AS INTERVAL) GROUP BY object",
            [_USUAL],
        )
    }
    found = {}
    for name in objects:
        columns = columns_of(session, "salesforce", name)
        if name not in read_at or not columns:
            continue
        columns = {key: kind for key, kind in columns.items() if not key.startswith("_")}
        pages = folder / name
        pages.mkdir(parents=True)
        source = f"{mirror_of(name)} WHERE {_live(columns)}"
        session.execute(
            f"COPY (SELECT rowid AS {quoted(ROW)}, {', '.join(map(quoted, columns))} FROM {source})"
            f" TO {literal(str(pages / 'records.parquet'))} (FORMAT parquet)"
        )
        records = int(session.value(f"SELECT count(*) FROM {source}"))
        held_ids = [row["sfdc_id"] for row in held if row["object"] == name]
        there = int(
            session.value(
                f"SELECT count(*) FROM {source} AND Id IN (SELECT unnest(?::VARCHAR[]))", [held_ids]
            )
            if held_ids
            else 0
        )
        found[name] = Snapshot(
            name,
            pages,
            {ROW: "BIGINT", **columns},
            records,
            _filled(session, name, columns, source),
            len(held_ids),
            len(held_ids) - there,
            read_at[name],
            usual.get(name, float(records)),
            known.get(name),
        )
    return found


def _live(columns: Collection[str], alias: str = "") -> str:
    return f"{alias}IsDeleted IS NOT TRUE" if "IsDeleted" in columns else "true"


def _filled(session: Session, name: str, columns: Mapping[str, str], source: str) -> dict[str, int]:
    """Count values by field. A checkbox always has one, and fields for the sync's own use say nothing."""
    fields = [
        each.field
        for each in active_fields(session, name)
        if each.column is not None and not each.system and columns.get(each.field, "BOOLEAN") != "BOOLEAN"
    ]
    if not fields:
        return {}
    counts = ", ".join(
        f"count(nullif({quoted(each)}, ''))" if columns[each] == "VARCHAR" else f"count({quoted(each)})"
        for each in fields
    )
    counted = session.rows(f"SELECT {counts} FROM {source}")[0]
    return dict(zip(fields, counted.values(), strict=True))


def relations(session: Session, copied: Collection[str]) -> Relations:
    """Find duplicates by e-mail address, and records that lack what belongs to them.

    Two addresses are the same when they differ in case and outer blanks only.
    """
    counts: dict[str, int] = {}
    examples: list[Example] = []

    def look(what: str, source: str, order: str) -> None:
        counts[what] = int(session.value(f"SELECT count(*) FROM ({source})"))
        found = session.rows(f"SELECT * FROM ({source}) ORDER BY {order} LIMIT {EXAMPLES}")
        examples.extend(Example(what, **row) for row in found)

    if {"Lead", "Contact"} & set(copied):
        look(
            DUPLICATES,
            """
            WITH mailed AS (
                SELECT id, sfdc_id, sfdc_type, first_name, last_name, lower(trim(email_address)) AS email
                FROM marketing.person
                WHERE trim(email_address) <> '' AND sfdc_id IS NOT NULL AND sfdc_is_deleted IS NOT TRUE
            ), shared AS (SELECT email, count(*) AS people FROM mailed GROUP BY email HAVING count(*) > 1)
            SELECT email AS key, upper(sfdc_type[1]) || sfdc_type[2:] AS object, sfdc_id, id AS person_id,
                   concat_ws(' ', first_name, last_name) AS name, people || ' people' AS detail
            FROM mailed JOIN shared USING (email)
            """,
            "detail[:-8]::BIGINT DESC, key, sfdc_id",
        )
    if {"Opportunity", "OpportunityContactRole"} <= set(copied):
        look(
            "opportunities without contact roles",
            """
            SELECT NULL AS key, 'Opportunity' AS object, o.sfdc_id, NULL::BIGINT AS person_id, o.name,
                   o.stage AS detail
            FROM marketing.opportunity o
            WHERE o.sfdc_is_deleted IS NOT TRUE AND o.sfdc_id NOT IN (
                SELECT sfdc_opportunity_id FROM marketing.opportunity_role
                WHERE sfdc_is_deleted IS NOT TRUE AND sfdc_opportunity_id IS NOT NULL)
            """,
            "sfdc_id",
        )
    if "Contact" in copied:
        look(
            "contacts without accounts",
            """
            SELECT NULL AS key, 'Contact' AS object, m.Id AS sfdc_id, p.id AS person_id,
                   concat_ws(' ', p.first_name, p.last_name) AS name, NULL AS detail
            FROM salesforce."Contact" m LEFT JOIN marketing.person p ON p.id = m._record_id
            WHERE m.AccountId IS NULL AND m.IsDeleted IS NOT TRUE
            """,
            "sfdc_id",
        )
    return Relations(counts, examples)


def record(
    session: Session,
    run_id: str,
    at: datetime,
    snapshots: Mapping[str, Snapshot],
    surveys: Iterable[Survey],
    related: Relations,
    keep_days: int,
) -> None:
    """Keep a report and drop what is too old. Call it inside a transaction."""
    for table, kept in {
        "quality": timedelta(days=keep_days),
        "quality_count": timedelta(days=keep_days),
        "quality_expectation": min(_DETAILS, timedelta(days=keep_days)),
        "quality_field": min(_DETAILS, timedelta(days=keep_days)),
    }.items():
        session.execute(f"DELETE FROM sync.{table} WHERE measured_at < ?", [at - kept])
    session.execute("DELETE FROM sync.quality_example")
    worst: list[tuple[str, Worst]] = []
    for survey in surveys:
        snapshot = snapshots[survey.object]
        row = (
            *(at, run_id, survey.object, survey.records, survey.failing, survey.warned, snapshot.quarantined),
            *(
                snapshot.completeness,
                survey.score(snapshot),
                snapshot.read_at,
                " ".join(survey.notes) or None,
            ),
        )
        session.insert("sync.quality", [row])
        session.insert(
            "sync.quality_expectation", [(at, survey.object, *_told(each)) for each in survey.outcomes]
        )
        session.insert(
            "sync.quality_field",
            [(at, survey.object, name, filled, survey.records) for name, filled in snapshot.filled.items()],
        )
        worst += [(survey.object, each) for each in survey.worst]
    worst.sort(key=lambda each: each[1].weight, reverse=True)
    examples = [
        Example(
            *(WORST, None, name, each.sfdc_id, None, each.name),
            "; ".join(f"{rule.severity}: {rule.complaint}" for rule in each.rules),
        )
        for name, each in worst
    ]
    session.insert("sync.quality_count", [(at, what, count) for what, count in related.counts.items()])
    session.insert(
        "sync.quality_example",
        [
            (each.what, place, each.key, each.object, each.sfdc_id, each.person_id, each.name, each.detail)
            for place, each in enumerate([*examples, *related.examples])
        ],
    )
    session.execute(
        """
        UPDATE sync.quality_example SET person_id = p.id,
            name = coalesce(quality_example.name, concat_ws(' ', p.first_name, p.last_name))
        FROM marketing.person p WHERE p.sfdc_id = quality_example.sfdc_id AND quality_example.person_id IS NULL
        """
    )


def _told(outcome: Outcome) -> tuple[object, ...]:
    rule = outcome.rule
    why = (rule.document.get("meta") or {}).get("why")
    observed = outcome.problem or outcome.observed
    facts = (outcome.holds, outcome.checked, outcome.broken, observed, why)
    return (rule.number + 1, rule.type, rule.subject, rule.severity, *facts)
