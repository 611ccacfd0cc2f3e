"""People that somebody chose to be sent now: which Salesforce object each is, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tandem.database.compare import literal, mirror_of
from tandem.database.connection import Session
from tandem.database.fields import columns_of
from tandem.errors import TandemError
from tandem.objects import CONTACT, LEAD


def objects_of(session: Session, person_ids: Sequence[int]) -> dict[int, str | None]:
    """Return the object that each person is in Salesforce; ``None``: it is not there, or was deleted there.

    The mirror says so: the marker on the person may have been edited.

    :raises TandemError: there is no such person.
    """
    session.execute("CREATE OR REPLACE TEMP TABLE chosen (id BIGINT)")
    session.insert("chosen", [(each,) for each in person_ids])
    unknown = session.rows(
        "SELECT id FROM chosen WHERE id NOT IN (SELECT id FROM marketing.person) ORDER BY id"
    )
    if unknown:
        names = ", ".join(str(row["id"]) for row in unknown)
        raise TandemError(
            f"There is no person {names}. Nothing was sent; `tandem person show` finds people by id, e-mail or"
            " SFDC id."
        )
    found: dict[int, str | None] = dict.fromkeys(person_ids)
    for each in (LEAD, CONTACT):
        if columns_of(session, "salesforce", each.name):
            there = session.rows(
                f"SELECT _record_id AS id FROM {mirror_of(each.name)}"
                " WHERE _record_id IN (SELECT id FROM chosen) AND IsDeleted IS NOT TRUE"
            )
            found |= {row["id"]: each.name for row in there}
    return found


def outcomes(
    session: Session, run_id: str, person_ids: Sequence[int], looked_at: Sequence[int]
) -> list[dict[str, Any]]:
    """Return what a run did for each person: ``created``, ``updated``, ``refused``, ``unchanged`` or ``not sent``.

    ``message`` holds Salesforce's words for who was refused. ``no answer`` is settled by the next run.

    :param looked_at: those whose object could be looked at; the others were not sent.
    """
    session.execute("CREATE OR REPLACE TEMP TABLE chosen (id BIGINT)")
    session.insert("chosen", [(each,) for each in person_ids])
    found = session.rows(
        f"""
        SELECT p.id AS person_id, p.sfdc_type, p.sfdc_id,
               CASE o.state WHEN 'done' THEN CASE o.operation WHEN 'create' THEN 'created' ELSE 'updated' END
                            WHEN 'refused' THEN 'refused' WHEN 'journalled' THEN 'no answer'
                            ELSE 'unchanged' END AS outcome,
               CASE o.state WHEN 'refused' THEN e.message END AS message
        FROM marketing.person p
        LEFT JOIN (SELECT person_id, arg_max(state, id) AS state, arg_max(operation, id) AS operation
                   FROM sync.outbox WHERE run_id = {literal(run_id)} OR settled_at >=
                       (SELECT started_at FROM sync.run WHERE id = {literal(run_id)})
                   GROUP BY person_id) o ON o.person_id = p.id
        LEFT JOIN (SELECT person_id, arg_max(message, id) AS message FROM sync.error
                   WHERE run_id = {literal(run_id)} GROUP BY person_id) e ON e.person_id = p.id
        WHERE p.id IN (SELECT id FROM chosen) ORDER BY p.id
        """
    )
    reached = set(looked_at)
    return [row if row["person_id"] in reached else {**row, "outcome": "not sent"} for row in found]
