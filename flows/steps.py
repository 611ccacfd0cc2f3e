"""What the flows share: which objects take part, and how one object's failure is kept to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prefect.logging import get_run_logger

from tandem.clock import utc_now
from tandem.database import journal
from tandem.database.journal import Operation, Status, Step
from tandem.errors import AuthenticationError, BudgetExhausted, SettingsError, TandemError
from tandem.objects import OBJECTS
from tandem.run import Run, error_code, one_line
from tandem.settings import Settings


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


@contextmanager
def attempt(run: Run, object_name: str, operation: Operation) -> Iterator[None]:
    """Do one object's step; if it fails, write that down and let the other objects go on.

    What would stop them all goes through: a login that no longer holds, the end of the budget.
    """
    started = utc_now()
    try:
        yield
    except (AuthenticationError, BudgetExhausted) as error:
        stopped = isinstance(error, BudgetExhausted)
        _write_down(
            run,
            Step(object_name, operation, started, Status.STOPPED_AT_BUDGET if stopped else Status.FAILED),
            error,
        )
        raise
    except TandemError as error:
        get_run_logger().error("%s of %s failed: %s", operation, object_name, one_line(error))
        _write_down(run, Step(object_name, operation, started, Status.FAILED), error)


def _write_down(run: Run, step: Step, error: Exception) -> None:
    step.detail = one_line(error)
    code, error_class = error_code(error)
    with run.database.write() as session, session.transaction():
        journal.record_step(session, run.id, step)
        journal.record_job_error(session, run.id, step.object, step.operation, code, error_class, step.detail)
