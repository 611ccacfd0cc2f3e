"""Opt-out by address: everybody with one e-mail address is unsubscribed, or nobody (18).

``marketing.email_status`` holds the status of addresses that ever opted out. Who changes the flag, on either
side, changes the status, and with it the flag of all who have the address. Who comes, comes again or changes the
address takes over the status of it. What differs from Salesforce then goes out with the push.

``person.email_status_address`` tells the two apart: it is the address whose status the person has.
"""

from __future__ import annotations

from tandem.clock import utc_now
from tandem.database.activity import ActivityType, attributes, log
from tandem.database.connection import Session
from tandem.database.fields import columns_of

#: Where a person's status stands, as a column of people.
MARKER = "email_status_address"


def address(expression: str) -> str:
    """Return the SQL of an e-mail address as the status is kept under it; null for none."""
    return f"nullif(lower(trim({expression})), '')"


def marker_on_arrival(email: str) -> str:
    """Return the SQL of a new person's marker: an address that has a status is still to be taken over."""
    has_status = f"{address(email)} IN (SELECT address FROM marketing.email_status)"
    return f"CASE WHEN {has_status} THEN NULL ELSE {address(email)} END"


def spread(session: Session, run_id: str) -> int:
    """Bring flags and statuses in step; returns how many people's flags changed.

    Call it inside a transaction, when Salesforce's changes are in and before ours are looked for.
    """
    if not {"email_address", "unsubscribed"} <= columns_of(session, "marketing", "person").keys():
        return 0
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE moved AS
        SELECT p.id, p.address, p.opted_out, p.marker, s.unsubscribed AS status
        FROM (SELECT id, {address("email_address")} AS address, coalesce(unsubscribed, false) AS opted_out,
                     {MARKER} AS marker
              FROM marketing.person) p
        LEFT JOIN marketing.email_status s ON s.address = p.address
        WHERE p.marker IS DISTINCT FROM p.address
           OR (p.address IS NOT NULL AND p.opted_out <> coalesce(s.unsubscribed, false))
        """
    )
    if not session.value("SELECT count(*) FROM moved"):
        return 0
    now = utc_now()
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE said AS
        -- the flag was changed: opt-out or resubscribe
        SELECT address, opted_out AS unsubscribed, 1 AS rank FROM moved WHERE marker = address
        UNION ALL
        -- came opted out, to an address that has no status yet
        SELECT address, true, 2 FROM moved WHERE marker IS NULL AND opted_out AND status IS NULL
        UNION ALL
        -- changed to an address without a status: others who have it are subscribed, else the opt-out comes along
        SELECT m.address, m.address NOT IN (
                   SELECT {MARKER} FROM marketing.person WHERE {MARKER} IN (SELECT address FROM moved)
                      AND {MARKER} = {address("email_address")}), 3
        FROM moved m WHERE m.marker <> m.address AND m.opted_out AND m.status IS NULL
        """
    )
    session.execute(
        "CREATE OR REPLACE TEMP TABLE status AS SELECT address, arg_min(unsubscribed, rank) AS unsubscribed"
        " FROM said WHERE address IS NOT NULL GROUP BY address"
    )
    session.execute("DELETE FROM marketing.email_status WHERE address IN (SELECT address FROM status)")
    session.execute(
        "INSERT INTO marketing.email_status SELECT address, unsubscribed, CAST(? AS TIMESTAMP) FROM status",
        [now],
    )
    changed = _apply(session, run_id)
    session.execute(
        f"UPDATE marketing.person p SET {MARKER} = m.address FROM moved m"
        f" WHERE p.id = m.id AND p.{MARKER} IS DISTINCT FROM m.address"
    )
    return changed


def _apply(session: Session, run_id: str) -> int:
    """Give everybody with one of the addresses its status."""
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE follower AS
        SELECT p.id, p.unsubscribed AS before, s.unsubscribed AS after
        FROM marketing.person p JOIN marketing.email_status s ON s.address = {address("p.email_address")}
        WHERE s.address IN (SELECT address FROM moved) AND coalesce(p.unsubscribed, false) <> s.unsubscribed
        """
    )
    log(
        session,
        ActivityType.CHANGE_DATA_VALUE,
        "follower",
        run_id=run_id,
        at=utc_now(),
        person="id",
        primary="'unsubscribed'",
        attributes=attributes(
            Attribute_Name="'unsubscribed'",
            Old_Value="before",
            New_Value="after",
            Source="'Marketing'",
            Reason="'Status of the e-mail address'",
        ),
    )
    return session.execute(
        "UPDATE marketing.person p SET unsubscribed = f.after, updated_at = ? FROM follower f WHERE p.id = f.id",
        [utc_now()],
    )
