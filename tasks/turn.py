"""Waiting for one's turn: what another run is writing of these people just now comes first."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database import jobs, outbox
from tandem.errors import TandemError
from tandem.run import Run
from tasks.push import finish_writes

_PAUSE_SECONDS = 0.1


@task(name="wait for turn", cache_policy=NO_CACHE, persist_result=False)
def wait_for_turn(run: Run, person_ids: Sequence[int]) -> None:
    """Wait until nobody else is writing these people: two writes on the wire may arrive in either order.

    Bulk jobs that a dead run left at work in Salesforce are waited for as well.

    :raises TandemError: it takes longer than ``lock_wait_seconds``; nothing was sent.
    """
    with run.database.read() as session:
        at_work = jobs.open_ingest_jobs(session, run.id)
    if at_work:
        finish_writes(run, at_work)
    deadline = time.monotonic() + run.settings.lock_wait_seconds
    while True:
        with run.database.read() as session:
            busy = outbox.in_others_hands(session, run.id, person_ids)
        if not busy:
            return
        if time.monotonic() > deadline:
            names = ", ".join(str(each) for each in sorted(busy)[:5]) + (" …" if len(busy) > 5 else "")
            raise TandemError(
                f"Another run has been sending person {names} for more than {run.settings.lock_wait_seconds:g} s."
                " Nothing was sent; try again when it has ended."
            )
        time.sleep(_PAUSE_SECONDS)
