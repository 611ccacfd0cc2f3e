"""Push: rows of ours that differ from the mirror go back, only the changed fields, journalled first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import journal, outbox
from tandem.database.fields import active_fields
from tandem.database.journal import Operation, Step
from tandem.database.outbox import Answer
from tandem.database.pending import find_pending, restore_system_fields
from tandem.errors import TandemError
from tandem.objects import OBJECTS
from tandem.run import Run
from tandem.salesforce.errors import classify
from tandem.salesforce.write import RowResult, send

#: Answers settled in one transaction: five calls' worth, so that the database is opened now and then only.
SETTLED_AT_ONCE = 1000


@task(name="push", task_run_name="push {object_name}", cache_policy=NO_CACHE, persist_result=False)
def push(run: Run, object_name: str, person_ids: Sequence[int] | None = None) -> Step | None:
    """Send what marketing changed on one object's records; ``None`` when there is nothing to send.

    :param person_ids: only these people; ``None``: everybody.
    :raises BudgetExhausted: calls ran out; what was answered is settled, the rest goes another time.
    """
    declared = OBJECTS[object_name]
    step = Step(object_name, Operation.PUSH_UPDATES, utc_now())
    with run.database.write() as session, session.transaction():
        fields = active_fields(session, object_name)
        outbox.recover(session, declared, fields, run.id)
        restore_system_fields(session, declared, fields)
        if not find_pending(session, declared, fields, person_ids):
            return None
        outbox.journal_pending(session, declared, run.id)
        journal.open_steps(session, run.id, [object_name], Operation.PUSH_UPDATES)
        waiting = session.rows(
            "SELECT id, sfdc_id, payload FROM sync.outbox WHERE object = ? AND operation = 'update'"
            " AND state = 'journalled' ORDER BY id",  # creates without an answer are push_new's to settle
            [object_name],
        )
    records = [{"Id": row["sfdc_id"], **json.loads(row["payload"])} for row in waiting]
    # What Salesforce says of a record from before this moment is older than what we are about to write.
    sent_after = run.connection.server_time.replace(tzinfo=None)
    sending = send(run.connection, object_name, "update", records)
    try:
        for results in _bundled(sending):
            answers = [answer_of(result, waiting[result.index]) for result in results if not result.lost]
            with run.database.write() as session, session.transaction():
                outbox.settle(session, declared, fields, answers, run.id, sent_after)
            step.updated += sum(not answer.code for answer in answers)
            step.failed += sum(bool(answer.code) for answer in answers)
    finally:
        run.save_calls()
    with run.database.write() as session, session.transaction():
        journal.record_step(session, run.id, step)
    return step


def _bundled(sending: Iterator[list[RowResult]]) -> Iterator[list[RowResult]]:
    """Bundle the chunks' answers. When sending breaks off, what was answered before is still handed on."""
    bundle: list[RowResult] = []
    try:
        for results in sending:
            bundle += results
            if len(bundle) >= SETTLED_AT_ONCE:
                yield bundle
                bundle = []
    except TandemError:
        if bundle:
            yield bundle
        raise
    if bundle:
        yield bundle


def answer_of(result: RowResult, row: dict[str, Any]) -> Answer:
    """Say what a row's result means for its outbox row."""
    if result.success:
        return Answer(row["id"], result.id)
    error = result.errors[0]
    return Answer(row["id"], result.id, error.code, classify(error.code).value, error.message, error.fields)
