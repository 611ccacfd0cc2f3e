"""Would a sync work? Suites, login, permissions, required fields, budget. Writes nothing, anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tandem.database.connection import Database
from tandem.database.journal import calls_of_last_day
from tandem.errors import BudgetExhausted, SettingsError, TandemError
from tandem.objects import Direction, SyncedObject, synced_objects
from tandem.objects.field_map import missing_fields
from tandem.quality.suite import load
from tandem.reports.custom_objects import paths
from tandem.salesforce.calls import CallMeter
from tandem.salesforce.campaigns import is_marketing_user
from tandem.salesforce.connection import connect
from tandem.salesforce.permissions import Permissions, examine
from tandem.settings import Settings


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. ``detail`` says what was found and, if it is not right, what to do."""

    name: str
    ok: bool
    detail: str


def check_setup(settings: Settings, database: Database) -> Iterator[Check]:
    """Look at everything that a sync needs, one result at a time; what hangs on a failure is left out."""
    spent = 0
    if database.exists():
        try:
            with database.read() as session:
                spent = calls_of_last_day(session)
        except TandemError as error:
            yield Check("database", False, str(error))
        else:
            yield Check("database", True, f"{database.path} can be read.")
    else:
        yield Check("database", True, f"{database.path} does not exist yet; the first sync makes it.")
    yield _check_suites(settings)
    meter = CallMeter(settings.budget, spent)
    try:
        connection = connect(settings.salesforce, meter)
        try:
            found = examine(connection, settings.sync.every_object)
            custom = [each for name, each in found.objects.items() if name in settings.sync.custom_objects]
            astray = {name for name, path in paths(connection, custom).items() if path is None}
            marketing_user = not settings.sync.campaigns or is_marketing_user(connection)
        finally:
            connection.close()
    except BudgetExhausted as error:
        yield Check("budget", False, str(error))
        return
    except TandemError as error:
        yield Check("login", False, str(error))
        return
    yield Check("login", True, f"{found.identity.username} of org {found.identity.org_id}.")
    if not marketing_user:
        yield Check("Marketing User", False, "Tick Marketing User on the sync user: campaigns need it.")
    declared = synced_objects(settings.sync.custom_objects)
    for name in settings.sync.every_object:
        if name in astray:
            yield Check(
                name,
                False,
                "It has no lookup to Lead, Contact or Account, nor to an object that has one. Take it out of"
                " sync.custom_objects; `tandem custom-objects` lists what can be enabled.",
            )
        else:
            yield _check_object(declared[name], found)
    yield _check_budget(settings, meter, spent)


def _check_suites(settings: Settings) -> Check:
    folder = settings.expectations
    try:
        found = [name for name in settings.sync.every_object if load(folder, name)]
    except SettingsError as error:
        return Check("expectations", False, str(error))
    told = f"{len(found)} suites in {folder}." if found else f"No suite in {folder}: no record is held back."
    return Check("expectations", True, told)


def _check_object(declared: SyncedObject, found: Permissions) -> Check:
    name = declared.name
    if name in found.hidden:
        return Check(
            name, False, "The sync user does not see it. Give it read access, or take it out of sync.objects."
        )
    described = found.objects[name]
    missing = missing_fields(declared, described)
    if missing:
        return Check(name, False, f"Let the sync user read {', '.join(missing)}: the step fails without.")
    if declared.direction is Direction.IN:
        return Check(name, True, f"{len(described.fields)} fields to read.")
    writable = [each for each in described.fields.values() if each.updateable]
    if not described.updateable or not writable:
        return Check(name, False, "Goes both ways, but the sync user may not edit it. Give it edit access.")
    more = "" if described.createable else " It may not create any."
    return Check(name, True, f"{len(described.fields)} fields to read, {len(writable)} to write.{more}")


def _check_budget(settings: Settings, meter: CallMeter, spent: int) -> Check:
    used, limit = meter.org_usage
    daily = settings.budget.daily_calls
    calls = spent + meter.count
    ours = f"{calls:,} call{'' if calls == 1 else 's'} of ours in 24 hours" + (
        f" of {daily:,}" if daily else ""
    )
    org = f"; the org {used:,} of {limit:,}" if used is not None and limit is not None else ""
    try:
        meter.require()
    except BudgetExhausted as error:
        return Check("budget", False, str(error))
    return Check("budget", True, f"{ours}{org}.")
