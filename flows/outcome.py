"""How a flow run ends: completed with its summary, or failed with one line and no stack trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Failed

from tandem.database.journal import CYCLES, Status
from tandem.errors import TandemError
from tandem.logs import RUN_ID
from tandem.run import Run
from tasks.notify import notify


class StepsFailed(TandemError):
    """Steps of a run failed; the others were done. ``summary`` tells of all of them."""

    def __init__(self, message: str, summary: dict[str, Any]) -> None:
        super().__init__(message)
        self.summary = summary


@dataclass
class Outcome:
    """What a flow returns."""

    summary: dict[str, Any] = field(default_factory=dict)
    error: TandemError | None = None

    def result(self) -> dict[str, Any] | State[Any]:
        """Return the summary, or a failed state whose error carries one line.

        The state's name stays Prefect's own, so that the trigger for the next cycle knows it.
        """
        failed = [step for step in self.summary.get("steps", []) if step["status"] != Status.SUCCEEDED]
        error = self.error
        if error is None and failed:
            error = StepsFailed(
                "; ".join(f"{step['object']}, {step['operation']}: {step['detail']}" for step in failed),
                {**self.summary, "status": Status.FAILED.value},
            )
        if error is None:
            return {**self.summary, "status": Status.SUCCEEDED.value}
        return Failed(data=error, message=str(error))


@contextmanager
def ended(run: Run) -> Iterator[Outcome]:
    """Catch what a user can cause, so that the run ends with its line; defects keep their trace.

    After a cycle, when nothing is held any more, whoever wants to know is notified.
    """
    outcome = Outcome()
    RUN_ID.set(run.id)
    try:
        yield outcome
    except TandemError as error:
        get_run_logger().error("%s", error)
        outcome.error = error
    finally:
        if "connection" in run.__dict__:
            run.connection.close()
    if run.kind in CYCLES and run.database.exists():
        notify(run.database, run.settings.notify)
