"""Push new tasks: activities that the settings tick go to Salesforce, at most one a day (section 14)."""

from __future__ import annotations

import json

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import journal, pushed_activities
from tandem.database.journal import Operation, Step
from tandem.database.outbox import Answer
from tandem.errors import SalesforceError
from tandem.objects import TASK
from tandem.objects.pushed_activity import PUSHABLE
from tandem.run import Run
from tandem.salesforce.collection import MOST_ROWS, CollectionWriter
from tandem.salesforce.errors import CONNECTION_LOST, ErrorClass
from tandem.salesforce.lookup import find_tasks
from tasks.push import answer_of


@task(name="push activities", cache_policy=NO_CACHE, persist_result=False)
def push_activities(run: Run) -> Step:
    """Send the activities that may go, 200 to a call, each lot journalled before it is sent.

    :raises BudgetExhausted: calls ran out; what was answered is settled, the rest goes another time.
    :raises SalesforceError: no answer came for some; the next run looks for them before it sends them again.
    """
    step = Step(TASK.name, Operation.PUSH_NEW, utc_now())
    writer = CollectionWriter(run.connection, TASK.name, "create")
    ticked = run.settings.sync.pushed_activities
    lost, held_up = 0, False
    with run.database.write() as session, session.transaction():
        pushed_activities.tick(session, [PUSHABLE[each] for each in ticked])
    while ticked and not (lost or held_up):
        with run.database.write() as session, session.transaction():
            rows = pushed_activities.journal_next(session, run.id, run.server_time, MOST_ROWS)
        if not rows:
            break
        for results in writer.write([(n, json.loads(row["payload"])) for n, row in enumerate(rows)]):
            answers = [answer_of(each, rows[each.index]) for each in results if not each.lost]
            with run.database.write() as session, session.transaction():
                pushed_activities.settle(session, answers, run.id)
            lost += sum(each.lost for each in results)
            held_up |= any(each.error_class == ErrorClass.INTERMITTENT for each in answers)
            step.new += sum(not each.code for each in answers)
            step.failed += sum(bool(each.code) for each in answers)
    if lost:
        raise SalesforceError(
            f"No answer came for {lost} activities. The next run looks whether they are there before it sends them"
            " again.",
            CONNECTION_LOST,
        )
    if step.new or step.failed:
        with run.database.write() as session, session.transaction():
            journal.record_steps(session, run.id, [step])
    return step


def settle_activities(run: Run) -> None:
    """Find out what became of activities that an earlier run sent without hearing the answer.

    Call it before tasks are read, else our own would pass for somebody's.
    """
    with run.database.read() as session:
        unsure = pushed_activities.unsettled(session)
    if not unsure:
        return
    payloads = {row["id"]: json.loads(row["payload"]) for row in unsure}
    found = find_tasks(
        run.connection,
        sorted({each["WhoId"] for each in payloads.values()}),
        min(row["created_at"] for row in unsure),
    )
    there = {(each["WhoId"], each["Subject"], each["ActivityDate"]): str(each["Id"]) for each in found}
    arrived = {
        number: there.get((each["WhoId"], each["Subject"], each["ActivityDate"]))
        for number, each in payloads.items()
    }
    with run.database.write() as session, session.transaction():
        done = [Answer(number, record) for number, record in arrived.items() if record]
        pushed_activities.settle(session, done, run.id)
        pushed_activities.give_back(session, [number for number, record in arrived.items() if not record])
