"""Person accounts: one company and one person, and each has the custom fields of both (19.1).

The contact's custom fields reach the company by themselves, as the account's ``__pc`` fields. The account's own
are shown here on the person.
"""

from __future__ import annotations

from tandem.database.compare import mirror_of, quoted
from tandem.database.connection import Session
from tandem.database.fields import active_fields, columns_of
from tandem.database.incoming import MOVED
from tandem.database.merged_page import MergedPage
from tandem.database.people import blocked_columns
from tandem.objects import ACCOUNT, CONTACT
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


def _custom_fields(session: Session) -> list[MappedField]:
    """Return the account's own custom fields, where the org has person accounts."""
    fields = active_fields(session, ACCOUNT.name)
    if _FLAG not in {each.field for each in fields}:
        return []
    taken = {each.column for each in active_fields(session, CONTACT.name)}
    return [each for each in fields if each.field.endswith("__c") and each.column not in taken]
