"""Push: rows of ours that differ from the mirror go back, only the changed fields, journalled first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import (
    jobs,
    journal,
    opt_out,
    outbox,
    people,
    person_accounts,
    program_members,
    sales_insight,
)
from tandem.database.connection import Session
from tandem.database.fields import active_fields, returned_fields
from tandem.database.journal import Operation, Step
from tandem.database.outbox import Answer
from tandem.database.pending import find_pending
from tandem.database.place import places
from tandem.errors import BudgetExhausted, SalesforceError, TandemError
from tandem.objects import CAMPAIGN_MEMBER, CONTACT
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import MappedField
from tandem.run import Run
from tandem.salesforce.bulk_ingest import OnJob, finish
from tandem.salesforce.changes import moved_since
from tandem.salesforce.connection import Connection
from tandem.salesforce.errors import TRUNCATED, classify
from tandem.salesforce.lookup import matching
from tandem.salesforce.write import RowResult, send
from tasks.read_back import MOST_RECORDS, read_back

#: Answers settled in one transaction: five calls' worth, so that the database is opened now and then only.
SETTLED_AT_ONCE = 1000

#: Applies a chunk of answers inside the caller's transaction: fields, answers, run, Salesforce's clock before.
Settle = Callable[[Session, Sequence[MappedField], Sequence[Answer], str, datetime], None]


@task(name="push", task_run_name="push {object_name}", cache_policy=NO_CACHE, persist_result=False)
def push(run: Run, object_name: str, person_ids: Sequence[int] | None = None) -> Step | None:
    """Send what marketing changed on one object's records; ``None`` when there is nothing to send.

    :param person_ids: only these people; ``None``: everybody.
    :raises BudgetExhausted: calls ran out; what was answered is settled, the rest goes another time.
    :raises SalesforceError: the line broke, or some rows have no answer: as before, the rest another time.
    """
    declared = run.objects[object_name]
    step = Step(object_name, Operation.PUSH_UPDATES, utc_now())
    if person_ids is None:
        _read_what_was_hidden(run, declared)
    inside, reason = _sendable(run, declared, person_ids)
    with run.database.write() as session, session.transaction():
        fields = active_fields(session, object_name)
        outbox.recover(session, declared, fields, run.id, person_ids)
        if declared.is_person:
            if mended := people.put_back(session, declared, fields, run.settings.sync, person_ids):
                step.detail = f"{mended} edits of what only Salesforce sets put back"
            opt_out.spread(session, run.id)
            sales_insight.refresh(session, run.id)
        elif declared is CAMPAIGN_MEMBER:
            program_members.align(session, run.id)
        find_pending(session, declared, fields, person_ids)
        if any(each.updateable and each.column for each in fields):
            outbox.resolve_taken_back(session, declared)
        if inside is not None:
            left = session.execute(
                "DELETE FROM pending WHERE sfdc_id NOT IN (SELECT unnest(CAST(? AS VARCHAR[])))", [inside]
            )
            if left:
                kept_back = f"{left} changed here {reason} and are not sent"
                step.detail = "; ".join(filter(None, (step.detail, kept_back)))
        if not outbox.leave_to_others(session, run.id):
            if step.detail:
                journal.record_steps(session, run.id, [step])
            return None
        outbox.journal_pending(session, declared, run.id)
        journal.open_steps(session, run.id, [object_name], Operation.PUSH_UPDATES)

    def settle(
        session: Session, fields: Sequence[MappedField], answers: Sequence[Answer], run_id: str, at: datetime
    ) -> None:
        outbox.settle(session, declared, fields, answers, run_id, at)

    return deliver(run, declared, "update", step, settle)


def deliver(
    run: Run, declared: SyncedObject, operation: Literal["create", "update"], step: Step, settle: Settle
) -> Step:
    """Send what this run journalled for an object, settling answers as they come.

    :param step: the open step; it is recorded with its counts.
    :raises BudgetExhausted: calls ran out; what was answered is settled, the rest goes another time.
    :raises SalesforceError: the line broke, or some rows have no answer: as before, the rest another time.
    """
    object_name = declared.name
    with run.database.read() as session:
        fields = active_fields(session, object_name)
        waiting = session.rows(
            "SELECT id, sfdc_id, payload FROM sync.outbox WHERE object = ? AND operation = ?"
            " AND state = 'journalled' AND run_id = ? ORDER BY id",
            [object_name, operation, run.id],
        )
    records = [json.loads(row["payload"]) for row in waiting]
    if operation == "update":
        records = [{"Id": row["sfdc_id"], **record} for row, record in zip(waiting, records, strict=True)]
    written = [(object_name, record) for record in records]
    if declared is CONTACT:
        with run.database.read() as session:
            written = person_accounts.by_account(session, records)
    # What Salesforce says of a record from before this moment is older than what we are about to write.
    sent_after = run.server_time
    begun: list[str] = []

    def remember(job_id: str, _: list[int]) -> None:
        begun.append(job_id)
        with run.database.write() as session:
            jobs.keep_ingest_job(session, job_id, object_name, run.id)

    sending = _send(run.connection, written, operation, remember)
    lost = 0
    try:
        for results in _bundled(sending):
            lost += sum(result.lost for result in results)
            answers = [answer_of(result, waiting[result.index]) for result in results if not result.lost]
            with run.database.write() as session, session.transaction():
                settle(session, fields, answers, run.id, sent_after)
            taken = sum(not answer.code for answer in answers)
            step.updated += taken if operation == "update" else 0
            step.new += taken if operation == "create" else 0
            step.failed += sum(bool(answer.code) for answer in answers)
    except (SalesforceError, BudgetExhausted):
        with run.database.write() as session:
            journal.note_counts(session, run.id, step)
        raise
    finally:
        run.save_calls()
    with run.database.write() as session, session.transaction():
        jobs.end_ingest_jobs(session, begun)
        if lost:
            journal.note_counts(session, run.id, step)
        else:
            journal.record_steps(session, run.id, [step])
    if lost:
        raise SalesforceError(
            f"Salesforce did not say what became of {lost} rows of {object_name}. The next run looks at them"
            " and sends again what is not there.",
            TRUNCATED,
        )
    return step


def _send(
    connection: Connection,
    written: Sequence[tuple[str, dict[str, Any]]],
    operation: Literal["create", "update"],
    remember: OnJob,
) -> Iterator[list[RowResult]]:
    """Send records, object by object; the results count within all of them."""
    for name in dict.fromkeys(each for each, _ in written):
        chosen = [number for number, (each, _) in enumerate(written) if each == name]
        records = [written[number][1] for number in chosen]
        for results in send(connection, name, operation, records, on_job=remember):
            yield [replace(each, index=chosen[each.index]) for each in results]


def _read_what_was_hidden(run: Run, declared: SyncedObject) -> None:
    """Read records anew of which a field is to be sent that was out of sight for a while.

    What Salesforce changed in it meanwhile is not read again by itself (3.4), and would be overwritten unseen.

    :raises SalesforceError: they cannot be read; nothing of the object may be sent.
    """
    with run.database.read() as session:
        hidden = returned_fields(session, declared.name)
    if not hidden:
        return
    with run.database.write() as session, session.rehearsal():
        find_pending(session, declared, active_fields(session, declared.name))
        found = session.rows(
            "SELECT sfdc_id FROM pending WHERE list_has_any(json_keys(payload), ?) ORDER BY sfdc_id", [hidden]
        )
    ids = [row["sfdc_id"] for row in found]
    for start in range(0, len(ids), MOST_RECORDS):
        if read_back(run, {declared.name: ids[start : start + MOST_RECORDS]}):
            raise SalesforceError(
                f"{declared.name} was not sent: what became of {', '.join(hidden)} while out of sight could not be"
                " read. The next run tries again.",
                TRUNCATED,
            )


def conditions_to_send(
    run: Run, session: Session, object_name: str, read_just_now: bool = False
) -> dict[str, str]:
    """Return the SOQL conditions that records must meet to be sent, by why others are left out.

    The object's filter must let them through: the mirror cannot say, for a record that stopped matching is no
    longer read (VIS-04). And where not all changes are read yet, they must not have moved since (ENG-10): sending
    would overwrite what Salesforce changed.
    """
    conditions: dict[str, str] = {}
    if condition := run.settings.sync.filter(object_name):
        conditions["lie outside sync.filters"] = f"({condition})"
    place = None if read_just_now else places(session).get(object_name)
    if place is not None:
        conditions["moved in Salesforce since"] = f"(NOT {moved_since(place.stamp, place.sfdc_id)})"
    return conditions


def _sendable(
    run: Run, declared: SyncedObject, person_ids: Sequence[int] | None
) -> tuple[list[str] | None, str]:
    """Return which of the records to be sent may be sent (``None``: all), and why others may not."""
    with run.database.read() as session:
        conditions = conditions_to_send(run, session, declared.name, person_ids is not None)
    if not conditions:
        return None, ""
    with run.database.write() as session, session.rehearsal():
        find_pending(session, declared, active_fields(session, declared.name), person_ids)
        ids = [row["sfdc_id"] for row in session.rows("SELECT sfdc_id FROM pending ORDER BY sfdc_id")]
    found = matching(run.connection, declared.name, ids, " AND ".join(conditions.values()))
    return sorted(found), " or ".join(conditions)


@task(name="finish writes", cache_policy=NO_CACHE, persist_result=False)
def finish_writes(run: Run, job_ids: Sequence[str]) -> None:
    """Wait for the end of Bulk jobs in which a run that died was writing.

    Call it before anything is read: what such a job writes later would pass for a change made in Salesforce,
    and take the place of what marketing changed since.

    :raises SalesforceError: Salesforce cannot be asked; nothing may be read or sent.
    """
    for job_id in job_ids:
        try:
            finish(run.connection, job_id)
        except SalesforceError as error:
            if error.code != "NOT_FOUND":  # Salesforce keeps ended jobs for seven days
                raise
        with run.database.write() as session:
            jobs.end_ingest_jobs(session, [job_id])


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
