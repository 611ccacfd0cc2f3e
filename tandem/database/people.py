"""What the merge of leads and contacts does beside their fields: log, owners, accounts (sections 6 to 8, 17)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, mirror_of, quoted
from tandem.database.connection import Session
from tandem.objects import CONTACT, LEAD
from tandem.objects.account import COMPANY_COLUMNS_OF_PERSON
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import MappedField
from tandem.objects.user import ACCOUNT_OWNER_FIELDS, SALES_OWNER_FIELDS

# A queue owns no sales-owner fields: it is not a user, so the join finds nobody (8.6).
_OWNER = 'salesforce."User" {u} LEFT JOIN marketing.sales_user {s} ON {s}.id = {u}._record_id'
_SALES_OWNER = _OWNER.format(u="u", s="s")
_ACCOUNT_OWNER = _OWNER.format(u="au", s="aus")


def arrival_columns(session: Session, declared: SyncedObject) -> tuple[dict[str, str], str]:
    """Return further columns of new people as SQL over ``arrival a``, and the joins that they need.

    Owners and accounts that are not synced, or not yet, leave their columns empty.
    """
    columns = {"sfdc_type": literal(declared.person_type or ""), "original_source_type": "'Salesforce.com'"}
    joins = ""
    users = _has(session, "User")
    if users:
        columns |= {column: f"s.{source}" for column, source in SALES_OWNER_FIELDS.items()}
        joins += f" LEFT JOIN ({_SALES_OWNER}) ON u.Id = a.OwnerId"
    if declared is CONTACT and _has(session, "Account"):
        columns["company_id"] = "c.id"
        columns |= {column: f"c.{column}" for column in COMPANY_COLUMNS_OF_PERSON}
        joins += (
            f" LEFT JOIN {mirror_of('Account')} acc ON acc.Id = a.AccountId"
            " LEFT JOIN marketing.company c ON c.id = acc._record_id"
        )
        if users:
            columns |= {column: f"aus.{source}" for column, source in ACCOUNT_OWNER_FIELDS.items()}
            joins += f" LEFT JOIN ({_ACCOUNT_OWNER}) ON au.Id = acc.OwnerId"
    return columns, joins


def log_arrivals(
    session: Session, declared: SyncedObject, fields: Sequence[MappedField], run_id: str, now: datetime
) -> None:
    """Log New Lead (12) for each person that came from Salesforce."""
    told = {
        "Source_Type": "'Salesforce.com'",
        "SFDC_Type": literal(declared.person_type or ""),
        "SFDC_Id": "Id",
        "Created_Date": "CreatedDate",
    }
    if any(each.field == "LeadSource" for each in fields):
        told["Lead_Source"] = "LeadSource"
    log(
        session,
        ActivityType.NEW_LEAD,
        "arrival",
        run_id=run_id,
        at=now,
        person="_record_id",
        attributes=attributes(**told),
    )


def log_changes(session: Session, declared: SyncedObject, run_id: str, now: datetime) -> None:
    """Log what a pull changed: values (13), owner (23), deletion (29). Call it before the mirror moves."""
    log(
        session,
        ActivityType.CHANGE_DATA_VALUE,
        "change WHERE apply",
        run_id=run_id,
        at=now,
        person="_record_id",
        primary="column_name",
        attributes=attributes(
            Attribute_Name="column_name",
            Old_Value="ours",
            New_Value="theirs",
            Source="'Salesforce.com'",
            Reason=literal(f"{declared.name} changed in Salesforce"),
        ),
    )
    log(
        session,
        ActivityType.CHANGE_OWNER,
        "incoming WHERE _state = 'known' AND _owner_changed",
        run_id=run_id,
        at=now,
        person="_record_id",
        attributes=attributes(Old_Owner="_owner_before", New_Owner="OwnerId", Source="'Salesforce.com'"),
    )
    log(
        session,
        ActivityType.DELETE_LEAD_FROM_SFDC,
        "incoming WHERE _state = 'known' AND _deleted_now",
        run_id=run_id,
        at=now,
        person="_record_id",
        attributes=attributes(
            SFDC_Id="Id", SFDC_Type=literal(declared.person_type or ""), Source="'Salesforce.com'"
        ),
    )


def follow_references(session: Session, declared: SyncedObject) -> None:
    """Give people whose owner or account changed the owner fields and the company that follow (8.2, 7.3)."""
    touched = "m.Id IN (SELECT Id FROM incoming WHERE _state = 'known')"
    if declared is CONTACT:
        _link_companies(session, touched)
        _set_account_owners(session, touched)
    _set_sales_owners(session, declared, touched)


def spread_users(session: Session) -> None:
    """Show changed users on everybody they own (8.1, OWN-03)."""
    users = "(SELECT Id FROM arrival UNION ALL SELECT sfdc_id FROM change WHERE apply)"
    for declared in (LEAD, CONTACT):
        _set_sales_owners(session, declared, f"m.OwnerId IN {users}")
    _set_account_owners(session, f"acc.OwnerId IN {users}")


def link_to_accounts(session: Session) -> None:
    """Give contacts the accounts in ``arrival``, which came after them."""
    touched = "m.AccountId IN (SELECT Id FROM arrival)"
    _link_companies(session, touched)
    _set_account_owners(session, touched)


def spread_account_owners(session: Session) -> None:
    """Show changed account owners on the contacts of the account (8.3)."""
    _set_account_owners(
        session, "m.AccountId IN (SELECT Id FROM incoming WHERE _state = 'known' AND _owner_changed)"
    )


def _has(session: Session, *objects: str) -> bool:
    names = ", ".join(literal(name) for name in objects)
    return bool(
        session.value(
            "SELECT count(*) = ? FROM duckdb_tables() WHERE database_name = current_database()"
            f" AND schema_name = 'salesforce' AND table_name IN ({names})",
            [len(objects)],
        )
    )


def _set_sales_owners(session: Session, declared: SyncedObject, where: str) -> None:
    if not _has(session, declared.name, "User"):
        return
    _update_people(
        session,
        {column: f"s.{source}" for column, source in SALES_OWNER_FIELDS.items()},
        f"{mirror_of(declared.name)} m LEFT JOIN ({_SALES_OWNER}) ON u.Id = m.OwnerId",
        where,
    )


def _set_account_owners(session: Session, where: str) -> None:
    if not _has(session, "Contact", "Account", "User"):
        return
    _update_people(
        session,
        {column: f"aus.{source}" for column, source in ACCOUNT_OWNER_FIELDS.items()},
        f"{mirror_of('Contact')} m LEFT JOIN {mirror_of('Account')} acc ON acc.Id = m.AccountId"
        f" LEFT JOIN ({_ACCOUNT_OWNER}) ON au.Id = acc.OwnerId",
        where,
    )


def _link_companies(session: Session, where: str) -> None:
    if not _has(session, "Contact", "Account"):
        return
    _update_people(
        session,
        {"company_id": "c.id", **{column: f"c.{column}" for column in COMPANY_COLUMNS_OF_PERSON}},
        f"{mirror_of('Contact')} m LEFT JOIN {mirror_of('Account')} acc ON acc.Id = m.AccountId"
        " LEFT JOIN marketing.company c ON c.id = acc._record_id",
        where,
    )


def _update_people(session: Session, values: dict[str, str], source: str, where: str) -> None:
    chosen = ", ".join(f"{value} AS {quoted(column)}" for column, value in values.items())
    moved = " OR ".join(f"p.{quoted(column)} IS DISTINCT FROM n.{quoted(column)}" for column in values)
    session.execute(
        f"""
        UPDATE marketing.person p SET {", ".join(f"{quoted(column)} = n.{quoted(column)}" for column in values)}
        FROM (SELECT m._record_id, {chosen} FROM {source} WHERE {where}) n
        WHERE p.id = n._record_id AND ({moved})
        """
    )
