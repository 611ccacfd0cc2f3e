"""Custom objects in the database: which are enabled, how each finds its people, what it tells them (section 12)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.database.belonging import Belonging, follow, follow_owners, restore_owners
from tandem.database.compare import quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of
from tandem.database.merged_page import MergedPage
from tandem.objects.custom_object import Path, custom_object

#: Enabled objects, each with the fields that its activities carry; ``None``: all.
Chosen = Mapping[str, Sequence[str] | None]

# Activity types below are Tandem's own and fixed; those of custom objects are handed out.
_FIRST_TYPE = 100_101


@dataclass(frozen=True)
class _Enabled:
    name: str
    path: Path
    added_type: int
    updated_type: int
    constraints: tuple[str, ...] | None


def chosen(session: Session) -> dict[str, list[str] | None]:
    """Return what is enabled now."""
    found = session.rows("SELECT name, constraints FROM sync.custom_object WHERE enabled ORDER BY name")
    return {row["name"]: json.loads(row["constraints"]) if row["constraints"] else None for row in found}


def take_over(session: Session, wanted: Chosen) -> None:
    """Enable these objects and no others. Rows of the others stay. Call it inside a transaction."""
    session.execute("UPDATE sync.custom_object SET enabled = false")
    for name, constraints in wanted.items():
        kept = json.dumps(list(constraints)) if constraints is not None else None
        session.execute(
            "INSERT INTO sync.custom_object (name, enabled) SELECT ?, true"
            " WHERE NOT EXISTS (SELECT 1 FROM sync.custom_object WHERE name = ?)",
            [name, name],
        )
        session.execute(
            "UPDATE sync.custom_object SET enabled = true, constraints = ? WHERE name = ?", [kept, name]
        )


def known_path(session: Session, name: str) -> bool:
    """Whether the way from an object to its people was found before."""
    return bool(
        session.value(
            "SELECT count(*) FROM sync.custom_object WHERE name = ? AND lookups IS NOT NULL", [name]
        )
    )


def references(session: Session, name: str) -> list[str]:
    """Return the fields by which an object finds its people; none before the way was found."""
    found = session.value("SELECT max(lookups) FROM sync.custom_object WHERE name = ?", [name])
    return list(json.loads(found)) if found else []


def name_taken(session: Session, name: str, label: str) -> str | None:
    """Say by what an object's name is taken; ``None``: it is free, or its own (12.4)."""
    other = session.value(
        "SELECT name FROM sync.custom_object WHERE enabled AND name <> ? AND lookups IS NOT NULL"
        " AND lower(label) = lower(?)",
        [name, label],
    )
    if other:
        return f"{other} has the label {label!r} too"
    if not known_path(session, name) and columns_of(session, "marketing", name.lower()):
        return f"there is a table marketing.{name.lower()} already"
    return None


def register(session: Session, name: str, label: str, path: Path) -> None:
    """Keep an object's way to its people; the first time, give it a table and its two activity types.

    Call it inside a transaction.
    """
    if not known_path(session, name):
        session.execute(
            f"CREATE TABLE marketing.{quoted(name.lower())} (id BIGINT NOT NULL, sfdc_id VARCHAR,"
            " created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, person_id BIGINT, company_id BIGINT)"
        )
        first = int(
            session.value("SELECT greatest(max(id) + 1, ?) FROM marketing.activity_type", [_FIRST_TYPE])
        )
        titles = (f"Added to {label}", f"{label} is Updated")
        session.insert(
            "marketing.activity_type", [(first + n, title, "Name") for n, title in enumerate(titles)]
        )
        session.execute(
            "UPDATE sync.custom_object SET label = ?, added_type = ?, updated_type = ? WHERE name = ?",
            [label, first, first + 1, name],
        )
    session.execute(
        "UPDATE sync.custom_object SET lookups = ?, of_company = ? WHERE name = ?",
        [json.dumps(path.references), path.of_company, name],
    )


def follow_records(page: MergedPage) -> None:
    """Log new and changed records for their people."""
    for each in _enabled(page.session):
        if each.name == page.declared.name:
            follow(page, _belonging(page.session, each))


def restore_records(session: Session, name: str, rows: str) -> None:
    """Say again whose the records of an object are; ``rows`` is a query of their ids in marketing."""
    for each in _enabled(session):
        if each.name == name:
            restore_owners(session, _belonging(session, each), rows)


def follow_people(page: MergedPage) -> None:
    """Bring records that came before their person or account to them."""
    for each in _enabled(page.session):
        if columns_of(page.session, "salesforce", each.name):
            follow_owners(page, _belonging(page.session, each))


def _enabled(session: Session) -> list[_Enabled]:
    found: list[dict[str, Any]] = session.rows(
        "SELECT * FROM sync.custom_object WHERE enabled AND lookups IS NOT NULL ORDER BY name"
    )
    return [
        _Enabled(
            row["name"],
            Path(tuple(json.loads(row["lookups"])), row["of_company"]),
            row["added_type"],
            row["updated_type"],
            tuple(json.loads(row["constraints"])) if row["constraints"] else None,
        )
        for row in found
    ]


def _belonging(session: Session, each: _Enabled) -> Belonging:
    table = custom_object(each.name).table
    told = {
        field.field: field.column
        for field in active_fields(session, each.name)
        if field.column and not field.system
    }
    shown = {
        name: column for name, column in told.items() if each.constraints is None or name in each.constraints
    }
    has_name = "name" in columns_of(session, "marketing", table)
    return Belonging(
        object=each.name,
        table=quoted(table),
        references=each.path.references,
        of_company=each.path.of_company,
        added=each.added_type,
        updated=each.updated_type,
        primary="t.name" if has_name else "t.sfdc_id",
        told={"SFDC_Id": "t.sfdc_id"},
        constraints=None if each.constraints is None else tuple(shown.values()),
        values=shown,
    )
