"""What the flows share: which objects take part, and how one object's failure is kept to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prefect.logging import get_run_logger

from tandem.clock import utc_now
from tandem.database import jobs, journal, newcomers
from tandem.database.journal import Operation, Status, Step
from tandem.errors import AuthenticationError, BudgetExhausted, SettingsError, TandemError
from tandem.objects import LEAD, OBJECTS
from tandem.run import Run, error_code, one_line
from tandem.salesforce.errors import ErrorClass
from tandem.settings import Settings
from tasks.push import finish_writes
from tasks.push_new import push_new


def names_to_sync(settings: Settings, chosen: Sequence[str] | None) -> list[str]:
    """Return the objects of a run, in the order of a cycle.

    :raises SettingsError: one was chosen that the settings leave out.
    """
    wanted = set(chosen or settings.sync.objects)
    outside = wanted - set(settings.sync.objects)
    if outside:
        raise SettingsError(
            f"{', '.join(sorted(outside))} is not among the objects to sync. Add it to sync.objects first."
        )
    return [name for name in OBJECTS if name in wanted]


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
        _write_down(run, Step(object_name, operation, started, Status.FAILED), error)
        if error_code(error)[1] == ErrorClass.AUTHENTICATION:  # not only at the login (24.6)
            raise


def settle_earlier_writes(run: Run, visible: Sequence[str]) -> list[str]:
    """Find out what became of writes that an earlier run could not settle; returns what may be read now.

    First, Bulk jobs that still write are waited for. Then creates without an answer are looked for: until
    they are settled, a lead may be there that is nobody's, and reading it would make a second person.
    """
    with run.database.read() as session:
        at_work = jobs.open_ingest_jobs(session, run.id)
        unsure = newcomers.creates_waiting(session, run.id)
    if at_work:
        finish_writes(run, at_work)
    if not unsure or LEAD.name not in visible:
        return list(visible)
    with attempt(run, LEAD.name, Operation.PUSH_NEW) as tried:
        push_new(run, [])
    return [name for name in visible if name != LEAD.name or not tried.failed]


def _write_down(run: Run, step: Step, error: Exception) -> None:
    step.detail = one_line(error)
    code, error_class = error_code(error)
    with run.database.write() as session, session.transaction():
        journal.take_noted_counts(session, run.id, step)
        journal.record_step(session, run.id, step)
        journal.record_job_error(session, run.id, step.object, step.operation, code, error_class, step.detail)
