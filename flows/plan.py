"""What a cycle would write, to the database and to Salesforce; writes neither."""

from __future__ import annotations

import json
import shutil
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.outcome import ended
from flows.steps import names_to_sync
from tandem.database import opt_out, program_members, program_newcomers, sales_insight
from tandem.database.connection import Session
from tandem.database.fields import active_fields, described
from tandem.database.journal import Step
from tandem.database.pending import find_pending
from tandem.objects import CAMPAIGN_MEMBER, SyncedObject
from tandem.run import Run
from tandem.salesforce.lookup import matching
from tandem.settings import AnyObjectName, load
from tasks.check import check
from tasks.merge import apply
from tasks.push import conditions_to_send
from tasks.read import ask, read

#: Pending rows shown in full; the count is of all.
SHOWN = 50


@flow(name="plan", persist_result=False)
def plan(
    objects: list[AnyObjectName] | None = None,
) -> dict[str, Any] | State[Any]:
    """Read what changed and work out what a cycle would do with it, in a transaction that is rolled back.

    The calls that reading takes are spent; they show in Salesforce's own count only.

    Args:
        objects: Objects to look at; none: all that the settings name.
    """
    run = Run("plan", load())
    with ended(run) as outcome:
        wanted = names_to_sync(run.settings, objects)
        with run.database.read() as session:
            known = described(session)
        names = [name for name in wanted if name in known]
        batches, many, errors = read(run, ask(run, names))
        verdicts = {batch.object: check(run, batch) for batch in batches}
        with run.database.write() as session, session.rehearsal():
            steps = [step for batch in batches for step in apply(session, run, batch, verdicts[batch.object])]
            opt_out.spread(session, run.id)
            sales_insight.refresh(session, run.id)
            if CAMPAIGN_MEMBER.name in names:
                program_members.align(session, run.id)
            sent = [name for name in names if run.objects[name].is_written and name not in errors]
            pushes = [_pending(run, session, run.objects[name]) for name in sent]
            if CAMPAIGN_MEMBER.name in names:
                pushes.append(_new_members(session))
        for push in pushes:
            _leave_out(run, push)
        shutil.rmtree(run.staging, ignore_errors=True)
        outcome.summary = {
            "run_id": run.id,
            "kind": run.kind,
            "steps": [_step(step) for step in steps],
            "to_salesforce": pushes,
            "by_bulk": {
                each.query.object: "too many rows to look at; a cycle reads them by Bulk" for each in many
            },
            "not_looked_at": [name for name in wanted if name not in known],
            "errors": {name: str(error) for name, error in errors.items()},
            "api_calls": run.meter.count,
        }
        outcome.summary["changes"] = (
            bool(many)
            or any(step.new or step.updated or step.deleted or step.failed for step in steps)
            or any(push["records"] for push in pushes)
        )
    return outcome.result()


def _step(step: Step) -> dict[str, Any]:
    return {
        "object": step.object,
        "operation": step.operation.value,
        "status": step.status.value,
        **{
            name: getattr(step, name) for name in ("new", "updated", "deleted", "failed", "skipped", "detail")
        },
    }


def _new_members(session: Session) -> dict[str, Any]:
    """Return the program members that would be added to their campaigns, as far as they are in Salesforce."""
    records = program_newcomers.find_new(session)
    return _push(
        session,
        CAMPAIGN_MEMBER,
        records,
        "person_id, NULL AS sfdc_id, payload FROM new_member ORDER BY person_id",
    )


def _pending(run: Run, session: Session, declared: SyncedObject) -> dict[str, Any]:
    fields = active_fields(session, declared.name)
    records = find_pending(session, declared, fields) if fields else 0
    push = _push(session, declared, records, "person_id, sfdc_id, payload FROM pending ORDER BY sfdc_id")
    if records and (conditions := conditions_to_send(run, session, declared.name)):
        push["only"] = " AND ".join(conditions.values())
        push["ids"] = [row["sfdc_id"] for row in session.rows("SELECT sfdc_id FROM pending ORDER BY sfdc_id")]
    return push


def _leave_out(run: Run, push: dict[str, Any]) -> None:
    """Leave out what a cycle would not send; only Salesforce knows, and the database is closed meanwhile."""
    if condition := push.pop("only", None):
        inside = matching(run.connection, push["object"], push.pop("ids"), condition)
        push["records"] = len(inside)
        push["sample"] = [each for each in push["sample"] if each["sfdc_id"] in inside]


def _push(session: Session, declared: SyncedObject, records: int, source: str) -> dict[str, Any]:
    rows = session.rows(f"SELECT {source} LIMIT ?", [SHOWN]) if records else []
    return {
        "object": declared.name,
        "records": records,
        "sample": [{**row, "payload": json.loads(row["payload"])} for row in rows],
    }
