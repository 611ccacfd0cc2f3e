"""Answer: what a flow action did for each person, for the Prefect UI and for whoever called the flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from tandem.database import journal
from tandem.database.actions import Outcome
from tandem.run import Run


@task(name="answer", cache_policy=NO_CACHE, persist_result=False)
def answer(run: Run, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Summarise an action, one line per person in the order asked for."""
    with run.database.write() as session, session.transaction():
        run.record_calls(session)
        now = {
            row["id"]: row
            for row in session.rows(
                "SELECT id, sfdc_type, sfdc_id FROM marketing.person WHERE id IN (SELECT unnest(CAST(? AS BIGINT[])))",
                [[each.person_id for each in outcomes]],
            )
        }
        steps = journal.steps_of(session, run.id)
        calls = journal.calls_of_run(session, run.id)
        errors = journal.errors_of(session, run.id)
    people = [
        {
            "person_id": each.person_id,
            "sfdc_type": now.get(each.person_id, {}).get("sfdc_type"),
            "sfdc_id": each.sfdc_id or now.get(each.person_id, {}).get("sfdc_id"),
            "outcome": each.outcome,
            "message": each.message,
        }
        for each in outcomes
    ]
    create_table_artifact(
        key=f"{run.kind}-people",
        table=[{name: "" if value is None else value for name, value in each.items()} for each in people],
        description=f"Run {run.id}; {calls} API calls.",
    )
    return {
        "run_id": run.id,
        "kind": run.kind,
        "steps": steps,
        "people": people,
        "api_calls": calls,
        "errors": errors,
    }
