"""What an account's change means for the people of its company (section 7)."""

from __future__ import annotations

from collections.abc import Sequence

from tandem.clock import utc_now
from tandem.database import people
from tandem.database.activity import log_values
from tandem.database.compare import literal, quoted
from tandem.database.connection import Session
from tandem.database.merged_page import MergedPage
from tandem.objects.account import COMPANY_COLUMNS_OF_PERSON
from tandem.settings import SyncSettings

#: The contacts of a company, as a condition on people ``p``.
CONTACTS = "p.sfdc_type = 'contact' AND p.sfdc_is_deleted IS NOT TRUE"


def too_large(companies: str, rules: SyncSettings) -> str:
    """Return a query of those of these companies whose contacts are too many to be told of its changes (7.5).

    :param companies: a query of companies' ids.
    """
    return (
        f"SELECT p.company_id FROM marketing.person p WHERE {CONTACTS} AND p.company_id IN ({companies})"
        f" GROUP BY p.company_id HAVING count(*) > {rules.account_activity_contacts}"
    )


def spread(page: MergedPage) -> None:
    """Show changed accounts on their contacts, and log each change for each contact.

    An account with more contacts than the settings say is shown, not logged (7.5, ACC-06). A column that is
    blocked on people stays as it is there, and nothing is logged of it (3.17).
    """
    session, rules = page.session, page.rules
    people.link_to_accounts(session, rules)
    people.spread_account_owners(session, rules)
    shown = _columns(rules)
    kept = ", ".join(literal(column) for column in COMPANY_COLUMNS_OF_PERSON if column not in shown)
    changed = "SELECT _record_id FROM change WHERE apply"
    log_values(
        session,
        f"""change ch JOIN marketing.person p ON p.company_id = ch._record_id
            WHERE ch.apply AND {CONTACTS}{f" AND ch.column_name NOT IN ({kept})" if kept else ""}
              AND ch._record_id NOT IN ({too_large(changed, rules)})""",
        run_id=page.run_id,
        at=page.now,
        person="p.id",
        column="ch.column_name",
        old="ch.ours",
        new="ch.theirs",
        origin="Salesforce.com",
        reason="Account changed in Salesforce",
    )
    if shown:
        _show_on_contacts(session, changed, shown)


def take_over_edits(session: Session, run_id: str, rules: SyncSettings) -> int:
    """Spread company values that somebody edited on a contact's person to the company and its people.

    They never go to Salesforce, and the account's next change there replaces them (7.2, ACC-02). A column that
    is blocked on people rightly differs from the company's, so an edit of it stays with its person (3.17).
    Returns the number of values taken over. Call it inside a transaction, before accounts are merged.
    """
    now = utc_now()
    taken = 0
    shared = _columns(rules)
    # Else the values of a contact's own company would pass for edits of another's.
    people.put_back_accounts(session)
    moved = " OR ".join(f"p.{quoted(each)} IS DISTINCT FROM c.{quoted(each)}" for each in shared)
    if not shared or not session.value(
        "SELECT count(*) FROM marketing.person p JOIN marketing.company c ON c.id = p.company_id"
        f" WHERE {CONTACTS} AND ({moved})"
    ):
        return 0
    for column in shared:
        name = quoted(column)
        session.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE company_edit AS
            SELECT c.id AS company_id, any_value(c.{name}) AS old_value, arg_max(p.{name}, p.id) AS new_value,
                   max(p.id) AS editor
            FROM marketing.person p JOIN marketing.company c ON c.id = p.company_id
            WHERE {CONTACTS} AND p.{name} IS DISTINCT FROM c.{name}
            GROUP BY c.id
            """
        )
        edits = session.value("SELECT count(*) FROM company_edit")
        if not edits:
            continue
        taken += edits
        log_values(
            session,
            f"company_edit e JOIN marketing.person p ON p.company_id = e.company_id WHERE {CONTACTS}",
            run_id=run_id,
            at=now,
            person="p.id",
            column=literal(column),
            old="e.old_value",
            new="e.new_value",
            origin="Marketing",
            reason="Company changed on one of its contacts",
        )
        session.execute(
            f"UPDATE marketing.company c SET {name} = e.new_value, updated_at = ? FROM company_edit e"
            " WHERE c.id = e.company_id",
            [now],
        )
        # Only this column: a contact may hold an edit of another one, which comes next.
        _show_on_contacts(session, "SELECT company_id FROM company_edit", [column])
    return taken


def _columns(rules: SyncSettings) -> list[str]:
    """Return the columns that a person shares with its company: those that are not blocked on people."""
    blocked = people.blocked_columns(rules)
    return [column for column in COMPANY_COLUMNS_OF_PERSON if column not in blocked]


def _show_on_contacts(session: Session, companies: str, columns: Sequence[str]) -> None:
    sets = ", ".join(f"{quoted(column)} = c.{quoted(column)}" for column in columns)
    session.execute(
        f"UPDATE marketing.person p SET {sets} FROM marketing.company c"
        f" WHERE c.id = p.company_id AND {CONTACTS} AND c.id IN ({companies})"
    )
