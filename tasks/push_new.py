"""Push new: people that are not in Salesforce become leads there (21.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import journal, newcomers, outbox
from tandem.database.fields import active_fields
from tandem.database.journal import Operation, Step
from tandem.database.outbox import Answer
from tandem.objects import LEAD
from tandem.run import Run
from tandem.salesforce.lookup import find_created
from tandem.salesforce.write import Operation as WriteOperation
from tandem.salesforce.write import send
from tasks.push import answer_of

#: How far back a lead that may have been created is looked for: clocks differ.
_CLOCK_TOLERANCE = timedelta(minutes=10)


@task(name="push new", cache_policy=NO_CACHE, persist_result=False)
def push_new(run: Run, person_ids: Sequence[int]) -> Step:
    """Create the leads that these people become; safe to repeat.

    Creates that an earlier run sent without hearing the answer are settled first.
    """
    step = Step(LEAD.name, Operation.PUSH_NEW, utc_now())
    key = run.settings.salesforce.external_id_field
    with run.database.write() as session, session.transaction():
        fields = active_fields(session, LEAD.name)
        newcomers.journal_leads(session, person_ids, fields, run.settings.sync, run.id)
        waiting = newcomers.journalled_leads(session)
    unsure = [] if key else [row for row in waiting if row["run_id"] != run.id]
    found = [(row, _look_for(run, row)) for row in unsure]
    arrived = [Answer(row["id"], sfdc_id) for row, sfdc_id in found if sfdc_id]
    _settle(run, arrived, step)
    done = {each.outbox_id for each in arrived}
    rows = [row for row in waiting if row["id"] not in done]
    records = [
        json.loads(row["payload"]) | ({key: f"tandem-{row['person_id']}"} if key else {}) for row in rows
    ]
    operation: WriteOperation = "upsert" if key else "create"
    sending = send(run.connection, LEAD.name, operation, records, external_id=key or None, auto_assign=True)
    for results in sending:
        _settle(run, [answer_of(each, rows[each.index]) for each in results if not each.lost], step)
    with run.database.write() as session, session.transaction():
        journal.record_step(session, run.id, step)
    return step


def _settle(run: Run, answers: Sequence[Answer], step: Step) -> None:
    if not answers:
        return
    with run.database.write() as session, session.transaction():
        fields = active_fields(session, LEAD.name)
        newcomers.settle_leads(session, fields, answers, run.settings.sync, run.id)
        refused = [each for each in answers if each.code]
        outbox.settle(session, LEAD, fields, refused, run.id, _now(run))
    step.new += len(answers) - len(refused)
    step.failed += len(refused)


def _now(run: Run) -> datetime:
    return run.connection.server_time.replace(tzinfo=None)


def _look_for(run: Run, row: dict[str, Any]) -> str | None:
    """Find the lead that a create without an answer may have made: same person, made by us, since then."""
    payload = json.loads(row["payload"])
    wanted = {
        name: payload[name] for name in ("LastName", "FirstName", "Email", "Company") if name in payload
    }
    since = (row["created_at"] - _CLOCK_TOLERANCE).replace(tzinfo=UTC)
    return find_created(
        run.connection, LEAD.name, wanted, created_by=run.connection.identity().user_id, since=since
    )
