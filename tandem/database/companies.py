"""What an account's change means for the people of its company (section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tandem.clock import utc_now
from tandem.database import people
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.compare import literal, quoted
from tandem.database.connection import Session
from tandem.objects.account import COMPANY_COLUMNS_OF_PERSON

_CONTACTS = "p.sfdc_type = 'contact' AND p.sfdc_is_deleted IS NOT TRUE"


def spread(session: Session, run_id: str, now: datetime, most_contacts: int) -> None:
    """Show changed accounts on their contacts, and log each change for each contact.

    :param most_contacts: an account with more contacts is shown, not logged (7.5, ACC-06).
    """
    people.link_to_accounts(session)
    people.spread_account_owners(session)
    log(
        session,
        ActivityType.CHANGE_DATA_VALUE,
        f"""change ch JOIN marketing.person p ON p.company_id = ch._record_id
            WHERE ch.apply AND {_CONTACTS} AND ch._record_id NOT IN (
                SELECT p.company_id FROM marketing.person p
                WHERE {_CONTACTS} AND p.company_id IN (SELECT _record_id FROM change WHERE apply)
                GROUP BY p.company_id HAVING count(*) > {int(most_contacts)})""",
        run_id=run_id,
        at=now,
        person="p.id",
        primary="ch.column_name",
        attributes=attributes(
            Attribute_Name="ch.column_name",
            Old_Value="ch.ours",
            New_Value="ch.theirs",
            Source="'Salesforce.com'",
            Reason="'Account changed in Salesforce'",
        ),
    )
    _show_on_contacts(session, "SELECT _record_id FROM change WHERE apply", COMPANY_COLUMNS_OF_PERSON)


def take_over_edits(session: Session, run_id: str) -> int:
    """Spread company values that somebody edited on a contact's person to the company and its people.

    They never go to Salesforce, and the account's next change there replaces them (7.2, ACC-02).
    Returns the number of values taken over. Call it inside a transaction, before accounts are merged.
    """
    now = utc_now()
    taken = 0
    moved = " OR ".join(
        f"p.{quoted(each)} IS DISTINCT FROM c.{quoted(each)}" for each in COMPANY_COLUMNS_OF_PERSON
    )
    if not session.value(
        "SELECT count(*) FROM marketing.person p JOIN marketing.company c ON c.id = p.company_id"
        f" WHERE {_CONTACTS} AND ({moved})"
    ):
        return 0
    for column in COMPANY_COLUMNS_OF_PERSON:
        name = quoted(column)
        session.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE company_edit AS
            SELECT c.id AS company_id, any_value(c.{name}) AS old_value, arg_max(p.{name}, p.id) AS new_value,
                   max(p.id) AS editor
            FROM marketing.person p JOIN marketing.company c ON c.id = p.company_id
            WHERE {_CONTACTS} AND p.{name} IS DISTINCT FROM c.{name}
            GROUP BY c.id
            """
        )
        edits = session.value("SELECT count(*) FROM company_edit")
        if not edits:
            continue
        taken += edits
        log(
            session,
            ActivityType.CHANGE_DATA_VALUE,
            f"company_edit e JOIN marketing.person p ON p.company_id = e.company_id WHERE {_CONTACTS}",
            run_id=run_id,
            at=now,
            person="p.id",
            primary=literal(column),
            attributes=attributes(
                Attribute_Name=literal(column),
                Old_Value="e.old_value",
                New_Value="e.new_value",
                Source="'Marketing'",
                Reason="'Company changed on one of its contacts'",
            ),
        )
        session.execute(
            f"UPDATE marketing.company c SET {name} = e.new_value, updated_at = ? FROM company_edit e"
            " WHERE c.id = e.company_id",
            [now],
        )
        # Only this column: a contact may hold an edit of another one, which comes next.
        _show_on_contacts(session, "SELECT company_id FROM company_edit", [column])
    return taken


def _show_on_contacts(session: Session, companies: str, columns: Sequence[str]) -> None:
    sets = ", ".join(f"{quoted(column)} = c.{quoted(column)}" for column in columns)
    session.execute(
        f"UPDATE marketing.person p SET {sets} FROM marketing.company c"
        f" WHERE c.id = p.company_id AND {_CONTACTS} AND c.id IN ({companies})"
    )
