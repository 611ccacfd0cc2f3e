"""The hourly look at what waits: it tells a slow sync from a dead one, also while the sync is down."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State

from flows.outcome import ended
from flows.steps import names_to_sync
from tandem.database.fields import described
from tandem.errors import TandemError
from tandem.run import Run
from tandem.settings import load
from tasks.measure import measure_backlog


@flow(name="backlog", persist_result=False)
def backlog() -> dict[str, Any] | State[Any]:
    """Count the records that wait on either side, and keep the figure for the trend of five days.

    Reads and sends nothing; takes one API call for five objects, and no lease.
    """
    settings = load()
    run = Run("backlog", settings)
    with ended(run) as outcome:
        names = names_to_sync(settings, None)
        with run.database.read() as session:
            seen = described(session)
        known = [name for name in names if name in seen]
        if not known:
            raise TandemError(
                "Nothing was synced yet, so there is nothing to measure. Run `tandem backfill`."
            )
        rows = measure_backlog(run, known)
        run.save_calls()
        create_table_artifact(key="backlog", table=rows, description="Records that wait, by object.")
        outcome.summary = {"run_id": run.id, "kind": run.kind, "steps": [], "backlog": rows}
    return outcome.result()
