"""Look: what the sync user can see now, and the field map that follows from it."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import fields as field_maps
from tandem.database import journal, person_accounts, program_member_fields
from tandem.database.connection import Session
from tandem.database.journal import Operation, Status, Step
from tandem.errors import SettingsError
from tandem.objects import CAMPAIGN_MEMBER
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import missing_fields, plan_field_map
from tandem.run import Run
from tandem.salesforce.describe import ObjectDescribe, describe_objects
from tasks.custom_objects import look_for_paths, relate


@task(name="look", cache_policy=NO_CACHE, persist_result=False)
def look(run: Run, names: Sequence[str]) -> list[Step]:
    """Describe the objects in one call, and bring field map and tables in step with the answer.

    An object that is out of sight, or lacks a field that its step needs, fails by name (VIS-03); the
    others go on.
    """
    started = utc_now()
    with run.database.read() as session:
        kept = field_maps.described(session)
    known = {name: each.last_modified for name, each in kept.items() if each.last_modified}
    answers = describe_objects(run.connection, list(names), known)
    others = look_for_paths(run, answers, kept)
    steps = []
    with run.database.write() as session, session.transaction():
        unfit = relate(session, run, answers, others)
        for name in names:
            step = Step(name, Operation.SYNC_SCHEMA, started)
            if name not in answers:
                step.status, step.detail = (
                    Status.FAILED,
                    f"The sync user cannot see {name}. Give it read access.",
                )
            elif name in unfit:
                step.status, step.detail = Status.FAILED, unfit[name]
            elif (answer := answers[name] or kept[name]) is not None:
                _follow(session, run, run.objects[name], answer, step)
                if answers[name] is not None:
                    field_maps.save_describe(session, answer)
            if step.status is Status.FAILED:
                journal.record_job_error(
                    session,
                    run.id,
                    name,
                    Operation.SYNC_SCHEMA,
                    "MISSING_FIELDS",
                    "access",
                    step.detail or "",
                )
            journal.record_step(session, run.id, step)
            steps.append(step)
        person_accounts.grow_people(session)
        _refuse_unknown_columns(session, run)
    return steps


def _refuse_unknown_columns(session: Session, run: Run) -> None:
    """Hold the blocked columns of the settings against the tables, once all that feeds a table was looked at.

    :raises SettingsError: there is no such column.
    """
    chosen, looked_at = run.settings.sync, set(field_maps.described(session))
    for table in chosen.blocked_fields:
        feeding = {name for name in chosen.objects if run.objects[name].table == table}
        if feeding <= looked_at:
            columns = field_maps.columns_of(session, "marketing", table)
            unknown = [name for name in chosen.blocked(table) if name.lower() not in columns]
            if unknown:
                raise SettingsError(
                    f"sync.blocked_fields names {', '.join(unknown)}, and there is no such column of"
                    f" marketing.{table}. Correct the name, or take it out."
                )


def _follow(session: Session, run: Run, declared: SyncedObject, answer: ObjectDescribe, step: Step) -> None:
    missing = missing_fields(declared, answer)
    if missing:
        step.status = Status.FAILED
        step.detail = (
            f"The sync user cannot see {', '.join(missing)} of {declared.name}."
            " Give its profile read access to these fields; until then the object is not synced."
        )
        return
    ignored = run.settings.sync.ignored(declared.name)
    unknown = [name for name in ignored if name not in answer.fields]
    if unknown:
        step.status = Status.FAILED
        step.detail = (
            f"sync.ignored_fields names {', '.join(unknown)}, and the sync user sees no such field of"
            f" {declared.name}. Correct the name, or take it out; until then the object is not synced."
        )
        return
    before = field_maps.field_map(session, declared.name)
    taken = field_maps.columns_of(session, "marketing", declared.table)
    change = plan_field_map(declared, answer, before, taken, ignored)
    if set(change.fields) != set(before):
        field_maps.save_field_map(session, declared, change, run.id)
    step.new, step.deleted = len(change.added) + len(change.returned), len(change.gone)
    if declared is CAMPAIGN_MEMBER and (stale := program_member_fields.drop_stale(session, answer)):
        step.detail = f"No longer mapped, for the field in Salesforce changed: {', '.join(stale)}."
    if change.gone:
        step.detail = f"No longer visible: {', '.join(change.gone)}. Stored values stay as they are."
