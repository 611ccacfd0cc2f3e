"""Fields of program members' own, and the campaign-member fields that they are mapped to (section 11)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tandem.clock import utc_now
from tandem.database.compare import quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of
from tandem.errors import TandemError
from tandem.objects import CAMPAIGN_MEMBER
from tandem.objects.field_map import MappedField, snake_case
from tandem.salesforce.description import FieldDescribe, ObjectDescribe

#: As many fields all programs share (11.1).
MOST_FIELDS = 20

#: A field's types, with the SQL type that holds them.
SQL_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "url": "VARCHAR",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
_PLAIN = {"boolean": "boolean", "url": "url", "date": "date", "datetime": "datetime", "int": "integer"}
_NUMBERS = frozenset({"double", "currency", "percent"})


@dataclass(frozen=True)
class MemberField:
    """A column that program member and campaign member share; ``field`` is Salesforce's, as the mirror has it."""

    column: str
    field: MappedField

    @property
    def member_column(self) -> str:
        """The column of ``marketing.campaign_member``."""
        return self.field.column or ""


def type_of(field_type: str, scale: int) -> str:
    """Return the type that a field of members must have to be mapped to a Salesforce field (11.4).

    >>> type_of("picklist", 0), type_of("double", 0), type_of("currency", 2), type_of("url", 0)
    ('string', 'integer', 'float', 'url')
    """
    if field_type in _NUMBERS:
        return "float" if scale else "integer"
    return _PLAIN.get(field_type, "string")


def shared_fields(session: Session) -> list[MemberField]:
    """Return what program members share with members of a linked campaign: the status, and mapped fields."""
    known = {each.field: each for each in active_fields(session, CAMPAIGN_MEMBER.name) if each.column}
    shared = [MemberField("status", known["Status"])] if "Status" in known else []
    for row in listed(session):
        if field := known.get(row["campaign_member_field"] or ""):
            shared.append(MemberField(row["column_name"], replace(field, sql_type=SQL_TYPES[row["type"]])))
    return shared


def listed(session: Session) -> list[dict[str, Any]]:
    """Return the fields and their mappings."""
    return session.rows("SELECT * FROM marketing.program_member_field ORDER BY column_name")


def add(session: Session, name: str, field_type: str) -> str:
    """Add a field to all programs' members; returns its column. Call it inside a transaction.

    :raises TandemError: there are twenty already (PMF-01), the name is taken or no name, the type is unknown.
    """
    column = snake_case(name.strip().replace(" ", "_")).lower()
    if not column.isidentifier():
        raise TandemError(f"{name!r} cannot be a column's name. Use letters, digits and underscores.")
    if field_type not in SQL_TYPES:
        raise TandemError(f"There is no type {field_type}. Choose one of {', '.join(SQL_TYPES)}.")
    if column in columns_of(session, "marketing", "program_member"):
        raise TandemError(f"Program members have a column {column} already. Choose another name.")
    if len(listed(session)) >= MOST_FIELDS:
        raise TandemError(f"There are {MOST_FIELDS} program-member fields already, and that is the most.")
    session.execute(
        f"ALTER TABLE marketing.program_member ADD COLUMN {quoted(column)} {SQL_TYPES[field_type]}"
    )
    session.execute(
        "INSERT INTO marketing.program_member_field VALUES (?, ?, NULL, NULL, NULL)", [column, field_type]
    )
    return column


def map_to(session: Session, column: str, field_name: str) -> None:
    """Map a field to a campaign-member field; what differs now is not sent or overwritten (11.2, PMF-03).

    Call it inside a transaction.

    :raises TandemError: no such field on either side, one of them is mapped, the types do not go together.
    """
    row = _row(session, column)
    known = {each.field.lower(): each for each in active_fields(session, CAMPAIGN_MEMBER.name) if each.column}
    field = known.get(field_name.lower())
    if field is None or field.field in CAMPAIGN_MEMBER.fields:
        raise TandemError(
            f"The sync user sees no field {field_name} of its own on CampaignMember. Check the name and its"
            " rights, and sync once."
        )
    if row["campaign_member_field"]:
        raise TandemError(f"{column} is mapped to {row['campaign_member_field']} already. Unmap it first.")
    if taken := [each for each in listed(session) if each["campaign_member_field"] == field.field]:
        raise TandemError(f"{field.field} is mapped to {taken[0]['column_name']} already. Unmap that first.")
    needed = type_of(field.type, field.scale)
    if needed != row["type"]:
        raise TandemError(
            f"{column} is a {row['type']}, and {field.field} ({field.type}) needs a {needed}. Choose a field"
            " of that type."
        )
    session.execute(
        "UPDATE marketing.program_member_field SET campaign_member_field = ?, campaign_member_type = ?,"
        " mapped_at = ? WHERE column_name = ?",
        [field.field, _shape(field.type, field.scale), utc_now(), column],
    )
    session.execute(
        "INSERT INTO sync.held_program_value SELECT program_id, person_id, ?,"
        f" CAST({quoted(column)} AS VARCHAR) FROM marketing.program_member",
        [column],
    )


def unmap(session: Session, column: str) -> None:
    """Take a mapping away; the values stay on both sides. Call it inside a transaction.

    :raises TandemError: there is no such field.
    """
    _row(session, column)
    _drop(session, column)


def drop_stale(session: Session, answer: ObjectDescribe) -> list[str]:
    """Take away mappings to fields that were renamed, retyped or hidden (11.3); returns their columns.

    Call it inside the transaction that takes over the describe answer.
    """
    stale = [
        row["column_name"]
        for row in listed(session)
        if row["campaign_member_field"]
        and _shape_of(answer.fields.get(row["campaign_member_field"])) != row["campaign_member_type"]
    ]
    for column in stale:
        _drop(session, column)
    return stale


def _row(session: Session, column: str) -> dict[str, Any]:
    found = [each for each in listed(session) if each["column_name"] == column]
    if not found:
        raise TandemError(f"There is no program-member field {column}. `tandem program fields` lists them.")
    return found[0]


def _drop(session: Session, column: str) -> None:
    session.execute(
        "UPDATE marketing.program_member_field SET campaign_member_field = NULL, campaign_member_type = NULL,"
        " mapped_at = NULL WHERE column_name = ?",
        [column],
    )
    session.execute("DELETE FROM sync.held_program_value WHERE column_name = ?", [column])


def _shape(field_type: str, scale: int) -> str:
    return f"{field_type}({scale})" if field_type in _NUMBERS else field_type


def _shape_of(field: FieldDescribe | None) -> str | None:
    return None if field is None else _shape(field.type, field.scale)
