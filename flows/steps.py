"""What the flows share: which objects take part, and how one object's failure is kept to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prefect.logging import get_run_logger

from tandem.clock import utc_now
from tandem.database import journal
from tandem.database.journal import Operation, Status, Step
from tandem.errors import AuthenticationError, BudgetExhausted, RolledBack, SettingsError, TandemError
from tandem.objects import synced_objects
from tandem.run import Run, error_code, one_line
from tandem.salesforce.errors import ErrorClass
from tandem.settings import Settings

#: How a run stands that did nothing because the whole sync is paused.
PAUSED = "Paused"


def names_to_sync(settings: Settings, chosen: Sequence[str] | None) -> list[str]:
    """Return the objects of a run, in the order of a cycle.

    :raises SettingsError: one was chosen that the settings leave out.
    """
    wanted = set(chosen or settings.sync.every_object)
    outside = wanted - set(settings.sync.every_object)
    if outside & set(settings.sync.objects):
        raise SettingsError("Campaigns are not synced. Set sync.campaigns to true first.")
    if outside:
        setting = "sync.custom_objects" if all(each.endswith("__c") for each in outside) else "sync.objects"
        raise SettingsError(
            f"{', '.join(sorted(outside))} is not among the objects to sync. Add it to {setting} first."
        )
    return [name for name in synced_objects(settings.sync.custom_objects) if name in wanted]


def not_paused(settings: Settings, names: Sequence[str], chosen: Sequence[str] | None) -> list[str]:
    """Return those objects of which something may be read and sent now (ENG-06).

    :raises SettingsError: a paused one was asked for by name.
    """
    resting = [name for name in names if settings.sync.is_paused(name)]
    if chosen and resting and not settings.sync.paused:
        raise SettingsError(
            f"{', '.join(resting)} is paused. Take it out of sync.paused_objects first, or leave it out here."
        )
    return [name for name in names if name not in resting]


def resting(run: Run) -> dict[str, Any]:
    """Return the summary of a run that did nothing, because the whole sync is paused.

    The run leaves no trace in the journal: the time of the last sync stays what it was.
    """
    get_run_logger().warning("The sync is paused: nothing was read or sent.")
    return {
        "run_id": run.id,
        "kind": run.kind,
        "steps": [],
        "api_calls": 0,
        "errors": [],
        "paused": list(run.settings.sync.every_object),
        "status": PAUSED,
    }


class Attempt:
    """How a step that was tried ended."""

    failed = False


def announce(run: Run, object_names: Sequence[str], operation: Operation) -> None:
    """Show the steps to come as in process, for whoever watches `tandem status`."""
    with run.database.write() as session, session.transaction():
        journal.open_steps(session, run.id, object_names, operation)


@contextmanager
def attempt(run: Run, object_name: str, operation: Operation) -> Iterator[Attempt]:
    """Do one object's step; if it fails, write that down and let the other objects go on.

    What would stop them all goes through: a login that no longer holds, the end of the budget.
    """
    started = utc_now()
    tried = Attempt()
    try:
        yield tried
    except (AuthenticationError, BudgetExhausted) as error:
        stopped = isinstance(error, BudgetExhausted)
        _write_down(
            run,
            Step(object_name, operation, started, Status.STOPPED_AT_BUDGET if stopped else Status.FAILED),
            error,
        )
        raise
    except TandemError as error:
        tried.failed = True
        get_run_logger().error("%s of %s failed: %s", operation, object_name, one_line(error))
        status = Status.CLEANED_UP if isinstance(error, RolledBack) else Status.FAILED
        _write_down(run, Step(object_name, operation, started, status), error)
        if error_code(error)[1] == ErrorClass.AUTHENTICATION:  # not only at the login (24.6)
            raise


def _write_down(run: Run, step: Step, error: Exception) -> None:
    step.detail = one_line(error)
    code, error_class = error_code(error)
    with run.database.write() as session, session.transaction():
        journal.take_noted_counts(session, run.id, step)
        journal.record_steps(session, run.id, [step])
        journal.record_job_error(session, run.id, step.object, step.operation, code, error_class, step.detail)
