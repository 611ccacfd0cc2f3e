"""Push new: people that are not in Salesforce become leads there (21.1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import journal, newcomers, outbox
from tandem.database.fields import active_fields
from tandem.database.journal import Operation, Step
from tandem.database.outbox import Answer
from tandem.errors import SalesforceError
from tandem.objects import LEAD
from tandem.run import Run
from tandem.salesforce.errors import CONNECTION_LOST
from tandem.salesforce.lookup import find_created
from tandem.salesforce.write import Operation as WriteOperation
from tandem.salesforce.write import send
from tasks.push import answer_of


@task(name="push new", cache_policy=NO_CACHE, persist_result=False)
def push_new(
    run: Run, person_ids: Sequence[int], owner_id: str | None = None, retry_refused: bool = True
) -> Step:
    """Create the leads that these people become; safe to repeat.

    Creates that a dead run sent without hearing the answer are settled first, whoever is asked for.

    :param owner_id: a user or queue who is to own them; ``None``: the org's assignment rules choose.
    :param retry_refused: send also what Salesforce refused before and nobody has changed since.
    :raises SalesforceError: no answer came for some; they are looked for before they are sent again.
    """
    step = Step(LEAD.name, Operation.PUSH_NEW, utc_now())
    key = run.settings.salesforce.external_id_field
    now = run.server_time
    with run.database.write() as session, session.transaction():
        fields = active_fields(session, LEAD.name)
        newcomers.journal_leads(
            session, person_ids, fields, run.settings.sync, run.id, now, owner_id, retry_refused
        )
        waiting = newcomers.journalled_leads(session, run.id)
    arrived = [] if key else _arrived(run, [row for row in waiting if row["run_id"] != run.id])
    _settle(run, arrived, step)
    done = {each.outbox_id for each in arrived}
    rows = [row for row in waiting if row["id"] not in done]
    records = [
        json.loads(row["payload"]) | ({key: f"tandem-{row['person_id']}"} if key else {}) for row in rows
    ]
    operation: WriteOperation = "upsert" if key else "create"
    lost = 0
    # Whoever was given an owner keeps it: assignment rules would choose another.
    for ruled in (True, False):
        chosen = [number for number, record in enumerate(records) if ("OwnerId" not in record) is ruled]
        sending = send(
            run.connection,
            LEAD.name,
            operation,
            [records[number] for number in chosen],
            external_id=key or None,
            auto_assign=ruled,
            by_bulk=False,
            notify_owner=run.settings.sync.notify_owner,
        )
        for results in sending:
            answers = [answer_of(each, rows[chosen[each.index]]) for each in results if not each.lost]
            _settle(run, answers, step)
            lost += sum(each.lost for each in results)
    if lost:
        raise SalesforceError(
            f"No answer came for {lost} new leads. The next run looks whether they are there before it sends"
            " them again.",
            CONNECTION_LOST,
        )
    with run.database.write() as session, session.transaction():
        journal.record_steps(session, run.id, [step])
    return step


def _settle(run: Run, answers: Sequence[Answer], step: Step) -> None:
    if not answers:
        return
    with run.database.write() as session, session.transaction():
        fields = active_fields(session, LEAD.name)
        newcomers.settle_leads(session, fields, answers, run.settings.sync, run.id)
        refused = [each for each in answers if each.code]
        outbox.settle(session, LEAD, fields, refused, run.id, run.server_time)
    step.new += len(answers) - len(refused)
    step.failed += len(refused)


def _arrived(run: Run, unsure: Sequence[dict[str, Any]]) -> list[Answer]:
    """Find the leads that creates without an answer made: same person, made by us, since then, and no one's.

    Two people may have the same name: a lead that somebody has already is not taken for another's.
    """
    answers: list[Answer] = []
    for row in unsure:
        payload = json.loads(row["payload"])
        names = [name for name in ("LastName", "FirstName", "Email", "Company") if name in payload]
        found = find_created(
            run.connection,
            LEAD.name,
            {name: payload[name] for name in names},
            row["created_at"],
        )
        with run.database.read() as session:
            taken = newcomers.known_leads(session, found) | {answer.sfdc_id for answer in answers}
        free = [each for each in found if each not in taken]
        if free:
            answers.append(Answer(row["id"], free[0]))
    return answers
