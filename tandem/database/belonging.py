"""Records that belong to people: contact roles, tasks and events, custom objects.

A column of each such table says whose record it is, as far as the activity log was told. After a merged page it
is held against what the mirror says now, and the difference is logged. So it does not matter whether a record
comes before its person or after, and nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tandem.database.activity import attributes, log
from tandem.database.companies import CONTACTS, too_large
from tandem.database.compare import mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.database.incoming import MOVED
from tandem.database.merged_page import MergedPage
from tandem.objects import ACCOUNT, CONTACT, LEAD


@dataclass(frozen=True)
class Belonging:
    """How the records of one object find their people, and which activities tell of it.

    The SQL sees ``t``, the record's marketing row, and what ``joins`` adds to it.
    """

    object: str
    table: str
    references: tuple[str, ...]
    """Fields of the mirror that hold the id of a lead, contact or account; the first that is filled counts."""
    added: int
    updated: int
    primary: str
    told: Mapping[str, str]
    """Attributes of the activities, as SQL."""
    removed: int | None = None
    joins: str = ""
    holds: str = "true"
    """Whether the record belongs to anybody at all."""
    of_company: bool = False
    """The references are accounts: the record belongs to a company, and its contacts are told."""
    untold: str = "false"
    """Records whose arrival nobody is told of."""
    constraints: tuple[str, ...] | None = None
    """Columns whose changes the activities tell; ``None``: all."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Columns whose values are told too, by the name of their field."""

    @property
    def column(self) -> str:
        """The column that says whose the record is."""
        return "company_id" if self.of_company else "person_id"

    @property
    def owners(self) -> tuple[str, ...]:
        """The objects that the references name."""
        return (ACCOUNT.name,) if self.of_company else (LEAD.name, CONTACT.name)


def follow(page: MergedPage, belonging: Belonging) -> None:
    """Bring the records of a page to their people, and tell these of new, changed and lost ones."""
    _place(page.session, belonging, f"m.Id IN ({MOVED})")
    _tell(page, belonging, changed="t.id")


def follow_owners(page: MergedPage, belonging: Belonging) -> None:
    """Bring records that came before their person, or their account, to those who are there now."""
    newcomers = page.newcomers()
    if newcomers and page.session.value(f"SELECT count(*) FROM marketing.{belonging.table}"):
        _place(page.session, belonging, f"{_reference(belonging)} IN ({newcomers})")
        _tell(page, belonging)


def follow_parent(page: MergedPage, belonging: Belonging, reference: str, parent: str) -> None:
    """Tell of changes of a parent: the page's object, to which the field ``reference`` points.

    :param parent: the parent's id in marketing, as SQL.
    """
    _place(page.session, belonging, f"m.{quoted(reference)} IN ({MOVED})")
    _tell(page, belonging, changed=parent)


def restore_owners(session: Session, belonging: Belonging, rows: str) -> None:
    """Say again whose some records are, of which everybody was told before.

    :param rows: a query of their ids in marketing.
    """
    _place(session, belonging, f"m._record_id IN ({rows})")
    _take_over(session, belonging)


def _reference(belonging: Belonging) -> str:
    return f"coalesce({', '.join(f'm.{quoted(each)}' for each in belonging.references)})"


def _place(session: Session, belonging: Belonging, touched: str) -> None:
    """Make ``placed``: the touched records, whose they were and whose they are."""
    table = "company" if belonging.of_company else "person"
    known = [each for each in belonging.owners if columns_of(session, "salesforce", each)]
    owners = " UNION ALL ".join(
        f"SELECT Id, _record_id FROM {mirror_of(each)} WHERE Id IN (SELECT reference FROM record)"
        for each in known
    )
    if not columns_of(session, "salesforce", belonging.object):
        touched, known = "false", []
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE placed AS
        WITH record AS MATERIALIZED (
            SELECT m._record_id AS id, {_reference(belonging)} AS reference
            FROM {mirror_of(belonging.object)} m WHERE m._record_id IS NOT NULL AND {touched})
        SELECT t.id, t.{belonging.column} AS before, CASE WHEN {belonging.holds} THEN p.id END AS now
        FROM record r JOIN marketing.{belonging.table} t ON t.id = r.id {belonging.joins}
        LEFT JOIN ({owners}) w ON w.Id = r.reference
        LEFT JOIN marketing.{table} p ON p.id = w._record_id
        """
        if known
        else f"CREATE OR REPLACE TEMP TABLE placed AS SELECT id, {belonging.column} AS before,"
        f" {belonging.column} AS now FROM marketing.{belonging.table} WHERE false"
    )


def _tell(page: MergedPage, belonging: Belonging, changed: str = "NULL") -> None:
    """Log the differences in ``placed``, then take them over.

    :param changed: the id under which ``change`` holds what changed, as SQL.
    """
    session = page.session
    chosen = ""
    if belonging.constraints is not None:
        chosen = f" AND column_name IN (SELECT unnest({list(belonging.constraints)}))"
    changes = (
        "(SELECT _record_id, to_json(list({attribute: column_name, old: ours, new: theirs}"
        f" ORDER BY column_name) FILTER (true{chosen})) AS changes FROM change WHERE apply GROUP BY _record_id)"
    )
    lost = "x.before IS NOT NULL AND x.now IS DISTINCT FROM x.before"
    won = f"x.now IS NOT NULL AND x.now IS DISTINCT FROM x.before AND NOT ({belonging.untold})"
    for type_id, whose, condition in (
        (belonging.removed, "x.before", lost),
        (belonging.added, "x.now", won),
        (belonging.updated, "x.now", "x.now = x.before AND c._record_id IS NOT NULL"),
    ):
        if type_id is None:
            continue
        updated = type_id == belonging.updated
        log(
            session,
            type_id,
            f"""placed x JOIN marketing.{belonging.table} t ON t.id = x.id {belonging.joins}
                JOIN marketing.person p ON {_people(page, belonging, whose)}
                LEFT JOIN {changes} c ON c._record_id = {changed} WHERE {condition}""",
            run_id=page.run_id,
            at=page.now,
            person="p.id",
            primary=belonging.primary,
            attributes=attributes(
                {name: f"t.{quoted(column)}" for name, column in belonging.values.items()},
                **belonging.told,
                **({"Data_Value_Changes": "c.changes"} if updated else {}),
                Source="'Salesforce.com'",
            ),
        )
    _take_over(session, belonging)


def _take_over(session: Session, belonging: Belonging) -> None:
    session.execute(
        f"UPDATE marketing.{belonging.table} t SET {belonging.column} = x.now FROM placed x"
        f" WHERE x.id = t.id AND x.now IS DISTINCT FROM t.{belonging.column}"
    )


def _people(page: MergedPage, belonging: Belonging, whose: str) -> str:
    if not belonging.of_company:
        return f"p.id = {whose}"
    # As for changes of the account itself (7.5).
    large = too_large(f"SELECT {whose} FROM placed x", page.rules)
    return f"p.company_id = {whose} AND {CONTACTS} AND p.company_id NOT IN ({large})"
