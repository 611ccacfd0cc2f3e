"""People that somebody chose to be sent now: what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tandem.database.compare import literal
from tandem.database.connection import Session


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
                   FROM sync.outbox WHERE operation <> 'activity' AND (run_id = {literal(run_id)} OR settled_at >=
                       (SELECT started_at FROM sync.run WHERE id = {literal(run_id)}))
                   GROUP BY person_id) o ON o.person_id = p.id
        LEFT JOIN (SELECT person_id, arg_max(message, id) AS message FROM sync.error
                   WHERE run_id = {literal(run_id)} GROUP BY person_id) e ON e.person_id = p.id
        WHERE p.id IN (SELECT id FROM chosen) ORDER BY p.id
        """
    )
    reached = set(looked_at)
    return [row if row["person_id"] in reached else {**row, "outcome": "not sent"} for row in found]
