"""Bulk 2.0 jobs of either kind, query and ingest: waiting for them and giving them up."""

from __future__ import annotations

import re
import time
from typing import Any, Literal

from tandem.errors import SalesforceError
from tandem.salesforce.connection import Connection, read_json
from tandem.salesforce.errors import one_line

Kind = Literal["query", "ingest"]
JOB_FAILED = "BULK_JOB_FAILED"
"""Our code for a job that Salesforce failed or somebody aborted."""
STILL_RUNNING = "BULK_JOB_STILL_RUNNING"
"""Our code for a job that we stopped waiting for."""

_FIRST_PAUSE = 0.1  # seconds; small jobs are done by then
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


class JobLost(SalesforceError):
    """The job will never give a result: it failed, was aborted, or Salesforce no longer knows it."""


def look(connection: Connection, kind: Kind, job_id: str) -> dict[str, Any]:
    """Ask how a job stands.

    :raises JobLost: code ``NOT_FOUND``: there is no such job any more (kept seven days).
    """
    try:
        response = connection.request("GET", f"jobs/{kind}/{job_id}", operation=f"bulk {kind} state")
    except SalesforceError as error:
        if error.status == 404:
            raise JobLost(
                f"Salesforce no longer knows the Bulk job {job_id}. Start the read or write again.",
                "NOT_FOUND",
                404,
            ) from None
        raise
    job: dict[str, Any] = read_json(response)
    return job


def wait_for_end(connection: Connection, kind: Kind, job_id: str) -> dict[str, Any]:
    """Look at a job until it has ended, well or badly, with pauses that grow up to ``bulk_poll_seconds``.

    :raises SalesforceError: code ``BULK_JOB_STILL_RUNNING``: it has not ended after ``bulk_wait_hours``. It
        goes on in Salesforce, and whoever kept its id can wait for it again.
    """
    hours = connection.settings.bulk_wait_hours
    deadline = time.monotonic() + hours * 3600
    pause = min(_FIRST_PAUSE, connection.settings.bulk_poll_seconds)
    while True:
        job = look(connection, kind, job_id)
        if job["state"] in _ENDED:
            return job
        if time.monotonic() >= deadline:
            raise SalesforceError(
                f"The Bulk job {job_id} on {job.get('object')} has not ended after {hours:g} hours. It goes on in"
                " Salesforce and the next run takes it up; to wait longer in one run, raise"
                " TANDEM_SALESFORCE__BULK_WAIT_HOURS.",
                STILL_RUNNING,
            )
        time.sleep(pause)
        pause = min(pause * 2, connection.settings.bulk_poll_seconds)


def failure(job: dict[str, Any]) -> JobLost:
    """Put a failed or aborted job into one line, with Salesforce's code if its message begins with one."""
    told = one_line(str(job.get("errorMessage") or "Salesforce gives no reason"))
    code = re.match(r"([A-Z][A-Z_]{4,})\b", told)
    state = str(job["state"]).lower()
    return JobLost(
        f"The Bulk job {job['id']} on {job.get('object')} is {state}: {told.rstrip('.')}. "
        "Run the sync again; if it stays, look at the job under Bulk Data Load Jobs in Salesforce's Setup.",
        code[1] if code else JOB_FAILED,
    )
