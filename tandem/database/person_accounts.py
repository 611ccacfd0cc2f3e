"""Person accounts: one company and one person, and each has the custom fields of both (19.1).

The contact's custom fields reach the company by themselves, as the account's ``__pc`` fields. The account's own
are shown here on the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tandem.database.compare import mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of, described
from tandem.database.incoming import MOVED
from tandem.database.merged_page import MergedPage
from tandem.database.people import blocked_columns
from tandem.objects import ACCOUNT, CONTACT
from tandem.objects.account import person_account_field
from tandem.objects.field_map import MappedField

_FLAG = "IsPersonAccount"


def grow_people(session: Session) -> None:
    """Give people the columns that they show of their account. Call it once the objects were looked at."""
    have = columns_of(session, "marketing", "person")
    for each in _custom_fields(session):
        if each.column and each.column not in have:
            session.execute(f"ALTER TABLE marketing.person ADD COLUMN {quoted(each.column)} {each.sql_type}")


def show_accounts(page: MergedPage) -> None:
    """Show the account's custom fields on the people of the page: of contacts, or of the accounts' contacts.

    A field that the contact has as well is the contact's own.
    """
    session = page.session
    if not columns_of(session, "salesforce", CONTACT.name):
        return
    shown = [each for each in _custom_fields(session) if each.column not in blocked_columns(page.rules)]
    if not shown:
        return
    touched = "acc" if page.declared is ACCOUNT else "m"
    values = ", ".join(f"acc.{quoted(each.field)} AS {quoted(each.column or '')}" for each in shown)
    columns = [quoted(each.column or "") for each in shown]
    session.execute(
        f"""
        UPDATE marketing.person p SET {", ".join(f"{column} = n.{column}" for column in columns)}
        FROM (SELECT m._record_id, {values} FROM {mirror_of(CONTACT.name)} m
              JOIN {mirror_of(ACCOUNT.name)} acc ON acc.Id = m.AccountId
              WHERE acc.{_FLAG} AND {touched}.Id IN ({MOVED})) n
        WHERE p.id = n._record_id AND ({" OR ".join(f"p.{each} IS DISTINCT FROM n.{each}" for each in columns)})
        """
    )


def by_account(session: Session, contacts: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return the object and the record as which each of these contacts is written (19.5).

    Salesforce takes changes of a person account's contact through the account alone. A field that the sync user
    may not write there stays with the contact, and Salesforce says what it thinks of that.
    """
    if _FLAG not in columns_of(session, "salesforce", CONTACT.name):
        return [(CONTACT.name, dict(each)) for each in contacts]
    found = session.rows(
        f"SELECT Id, AccountId FROM {mirror_of(CONTACT.name)}"
        f" WHERE {_FLAG} AND Id IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [[each["Id"] for each in contacts]],
    )
    accounts = {row["Id"]: row["AccountId"] for row in found}
    known = described(session).get(ACCOUNT.name)
    writable = {each.name for each in known.fields.values() if each.updateable} if known else set()
    written = []
    for each in contacts:
        names = {name: person_account_field(name, writable) for name in each if name != "Id"}
        if each["Id"] in accounts and all(names.values()):
            record = {str(there): each[name] for name, there in names.items()}
            written.append((ACCOUNT.name, {"Id": accounts[each["Id"]], **record}))
        else:
            written.append((CONTACT.name, dict(each)))
    return written


def _custom_fields(session: Session) -> list[MappedField]:
    """Return the account's own custom fields, where the org has person accounts."""
    fields = active_fields(session, ACCOUNT.name)
    if _FLAG not in {each.field for each in fields}:
        return []
    taken = {each.column for each in active_fields(session, CONTACT.name)}
    return [each for each in fields if each.field.endswith("__c") and each.column not in taken]
