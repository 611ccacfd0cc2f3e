"""Opt-out by address: everybody with one e-mail address is unsubscribed, or nobody (18).

``marketing.email_status`` holds the status of addresses that ever opted out. Who changes the flag, on either
side, changes the status, and with it the flag of all who have the address. Who comes, comes again or changes the
address takes over the status of it. What differs from Salesforce then goes out with the push.

A person remembers the address and the status that it took over last. Where both are as they were, nothing is to
be done: one scan says so, without a join.
"""

from __future__ import annotations

from datetime import datetime

from tandem.clock import utc_now
from tandem.database.activity import log_values
from tandem.database.connection import Session
from tandem.database.fields import columns_of

#: The address whose status the person has, as it was written.
MARKER = "email_status_address"
#: That status; null: false.
STATUS = "email_status"


def address(expression: str) -> str:
    """Return the SQL of an e-mail address as the status is kept under it; null for none."""
    return f"nullif(lower(trim({expression})), '')"


def marker_on_arrival(email: str) -> str:
    """Return the SQL of a new person's marker: the status of an address that has one is yet to be taken over."""
    has_status = f"{address(email)} IN (SELECT address FROM marketing.email_status)"
    return f"CASE WHEN {has_status} THEN NULL ELSE {email} END"


def spread(session: Session, run_id: str) -> int:
    """Bring flags and statuses in step; returns how many people's flags changed.

    Call it inside a transaction, when Salesforce's changes are in and before ours are looked for.
    """
    if not {"email_address", "unsubscribed"} <= columns_of(session, "marketing", "person").keys():
        return 0
    session.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE moved AS
        SELECT p.*, s.unsubscribed AS status
        FROM (SELECT id, {address("email_address")} AS address, coalesce(unsubscribed, false) AS opted_out,
                     {address(MARKER)} AS marker
              FROM marketing.person
              WHERE email_address IS DISTINCT FROM {MARKER}
                 OR coalesce(unsubscribed, false) <> coalesce({STATUS}, false)) p
        LEFT JOIN marketing.email_status s ON s.address = p.address
        """
    )
    if not session.value("SELECT count(*) FROM moved"):
        return 0
    now = utc_now()
    _find_others(session)
    session.execute(
        """
        CREATE OR REPLACE TEMP TABLE said AS
        -- the flag was changed: opt-out or resubscribe
        SELECT address, opted_out AS unsubscribed, 1 AS rank FROM moved
        WHERE marker = address AND opted_out <> coalesce(status, false)
        UNION ALL
        -- came opted out, to an address that has no status yet
        SELECT address, true, 2 FROM moved WHERE marker IS NULL AND opted_out AND status IS NULL
        UNION ALL
        -- changed to an address without a status: others who have it are subscribed, else the opt-out comes along
        SELECT m.address, m.address NOT IN (SELECT address FROM other), 3
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
    changed = _apply(session, run_id, now)
    session.execute(
        f"UPDATE marketing.person p SET {MARKER} = p.email_address, {STATUS} = coalesce(p.unsubscribed, false)"
        " WHERE p.id IN (SELECT id FROM moved UNION ALL SELECT id FROM follower)"
    )
    return changed


def _find_others(session: Session) -> None:
    """Make the temporary table ``other``: addresses that somebody took on, and that people had before."""
    session.execute("CREATE OR REPLACE TEMP TABLE other (address VARCHAR)")
    changed = "SELECT address FROM moved WHERE marker <> address AND opted_out AND status IS NULL"
    if session.value(f"SELECT count(*) FROM ({changed})"):
        session.execute(
            f"INSERT INTO other SELECT {address('email_address')} FROM marketing.person"
            f" WHERE email_address = {MARKER} AND {address('email_address')} IN ({changed})"
        )


def _apply(session: Session, run_id: str, now: datetime) -> int:
    """Give everybody with one of the addresses its status; ``follower`` holds whose flag that changes."""
    session.execute("CREATE OR REPLACE TEMP TABLE follower (id BIGINT, before BOOLEAN, after BOOLEAN)")
    touched = "SELECT * FROM marketing.email_status WHERE address IN (SELECT address FROM moved)"
    if not session.value(f"SELECT count(*) FROM ({touched})"):
        return 0
    session.execute(
        f"""
        INSERT INTO follower
        SELECT p.id, p.unsubscribed, s.unsubscribed
        FROM marketing.person p JOIN ({touched}) s ON s.address = {address("p.email_address")}
        WHERE coalesce(p.unsubscribed, false) <> s.unsubscribed
        """
    )
    log_values(
        session,
        "follower",
        run_id=run_id,
        at=now,
        person="id",
        column="'unsubscribed'",
        old="before",
        new="after",
        origin="Marketing",
        reason="Status of the e-mail address",
    )
    return session.execute(
        "UPDATE marketing.person p SET unsubscribed = f.after, updated_at = ? FROM follower f WHERE p.id = f.id",
        [now],
    )
