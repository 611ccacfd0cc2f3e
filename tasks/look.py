"""Look: what the sync user can see now, and the field map that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import fields as field_maps
from tandem.database import held, journal, person_accounts, program_member_fields
from tandem.database.connection import Session
from tandem.database.journal import Operation, Status, Step
from tandem.errors import SettingsError
from tandem.objects import CAMPAIGN_MEMBER
from tandem.objects.declaration import SyncedObject
from tandem.objects.field_map import MappedField, missing_fields, plan_field_map, without_edits
from tandem.run import Run
from tandem.salesforce.describe import describe_objects
from tandem.salesforce.description import ObjectDescribe
from tandem.staging import sql_type
from tasks.custom_objects import look_for_paths, relate
from tasks.picklists import tell_new_values


@task(name="look", cache_policy=NO_CACHE, persist_result=False)
def look(run: Run, names: Sequence[str], before_start: bool = False) -> list[Step]:
    """Describe the objects in one call, and bring field map and tables in step with the answer.

    An object that is out of sight, or lacks a field that its step needs, fails by name (VIS-03); the
    others go on.

    :param before_start: only look: the mapping may still be edited, and edits made so far are lost (3.14).
    """
    started = utc_now()
    with run.database.read() as session:
        kept = field_maps.described(session)
    known = {name: each.last_modified for name, each in kept.items() if each.last_modified}
    answers = describe_objects(run.connection, list(names), known)
    others = look_for_paths(run, answers, kept)
    steps = []
    with run.database.write() as session, session.transaction():
        to_fill = field_maps.restore_columns(session, run.objects, run.id)
        unfit = relate(session, run, answers, others)
        now = kept | {name: answer for name, answer in answers.items() if answer is not None}
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
                to_fill += _follow(session, run, run.objects[name], now, before_start, step)
                if answers[name] is not None:
                    tell_new_values(session, run, step, kept.get(name), answer)
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
            steps.append(step)
        journal.record_steps(session, run.id, steps)
        if not before_start:
            seen = [step.object for step in steps if step.status is Status.SUCCEEDED]
            field_maps.freeze_mapping(session, seen)
        person_accounts.grow_people(session)
        to_hold = held.make_room(session, _added(session, run))
        for field in to_fill:  # once no table has a column to come: DuckDB takes those before new values only
            field_maps.fill_from_mirror(session, run.objects[field.object].table, field)
        for field in to_hold:
            held.hold(session, field)
        _refuse_unknown_columns(session, run)
    return steps


def _added(session: Session, run: Run) -> list[MappedField]:
    """Return the fields that this run saw for the first time."""
    found = session.rows(
        "SELECT object, field FROM sync.schema_change WHERE run_id = ? AND change = 'added'", [run.id]
    )
    names = {(row["object"], row["field"]) for row in found}
    return [
        each
        for name in sorted({name for name, _ in names})
        for each in field_maps.active_fields(session, name)
        if (name, each.field) in names
    ]


def _refuse_unknown_columns(session: Session, run: Run) -> None:
    """Hold the blocked columns of the settings against the tables, once all that feeds a table was looked at.

    :raises SettingsError: there is no such column.
    """
    chosen, looked_at = run.settings.sync, set(field_maps.described(session))
    for table in (each.lower() for each in chosen.blocked_fields):
        feeding = {name for name in chosen.every_object if run.objects[name].table == table}
        if feeding <= looked_at:
            columns = field_maps.columns_of(session, "marketing", table)
            unknown = [name for name in chosen.blocked(table) if name.lower() not in columns]
            if unknown:
                raise SettingsError(
                    f"sync.blocked_fields names {', '.join(unknown)}, and there is no such column of"
                    f" marketing.{table}. Correct the name, or take it out."
                )


def _follow(
    session: Session,
    run: Run,
    declared: SyncedObject,
    described: Mapping[str, ObjectDescribe],
    before_start: bool,
    step: Step,
) -> list[MappedField]:
    """Bring one object's map and tables in step; returns the fields whose new column the mirror has to fill."""
    answer = described[declared.name]
    missing = missing_fields(declared, answer)
    if missing:
        step.status = Status.FAILED
        step.detail = (
            f"The sync user cannot see {', '.join(missing)} of {declared.name}."
            " Give its profile read access to these fields; until then the object is not synced."
        )
        return []
    ignored = run.settings.sync.ignored(declared.name)
    unknown = [name for name in ignored if name not in answer.fields]
    if unknown:
        step.status = Status.FAILED
        step.detail = (
            f"sync.ignored_fields names {', '.join(unknown)}, and the sync user sees no such field of"
            f" {declared.name}. Correct the name, or take it out; until then the object is not synced."
        )
        return []
    before = field_maps.field_map(session, declared.name)
    taken = field_maps.columns_of(session, "marketing", declared.table)
    known = without_edits(declared, before, taken) if before_start else before
    partners = _types_of_partners(session, run, declared, described)
    change = plan_field_map(declared, answer, known, taken, ignored, partners)
    if set(change.fields) != set(before):
        field_maps.save_field_map(session, declared, change, run.id)
    step.new, step.deleted = len(change.added) + len(change.returned), len(change.gone)
    step.updated = len(change.retyped)
    stale = program_member_fields.drop_stale(session, answer) if declared is CAMPAIGN_MEMBER else []
    details = [
        f"No longer visible: {', '.join(change.gone)}. Stored values stay as they are" if change.gone else "",
        f"No longer mapped, for the field in Salesforce changed: {', '.join(stale)}" if stale else "",
        f"Another type: {', '.join(each.new.field for each in change.retyped)}" if change.retyped else "",
    ]
    step.detail = ". ".join(filter(None, details)) + "." if any(details) else None
    return [each.new for each in change.retyped if each.moved]


def _types_of_partners(
    session: Session, run: Run, declared: SyncedObject, described: Mapping[str, ObjectDescribe]
) -> dict[str, str]:
    """Return the columns that other objects of the same table feed, with the types their fields have now."""
    types = {}
    for other in run.objects.values():
        if other.table == declared.table and other is not declared and other.name in described:
            seen = described[other.name].fields
            for each in field_maps.active_fields(session, other.name):
                if each.column and each.field in seen:
                    types[each.column] = sql_type(seen[each.field])
    return types
