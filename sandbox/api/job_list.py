"""`jobs/query` and `jobs/ingest`: a user's jobs, filtered and in pages (facts 5.5)."""

from __future__ import annotations

from sandbox.bulk.job import Job, Jobs
from sandbox.bulk.locator import locator, place
from sandbox.http.call import Answer, Call

PAGE_JOBS = 1_000


def listed(call: Call, jobs: Jobs) -> Answer:
    """The jobs that the query parameters let through, newest first."""
    found = [job.info() for job in jobs.listed(call.who) if _wanted(call, job)]
    start = place(call.query.get("queryLocator"), max(len(found), 1))
    end = start + PAGE_JOBS
    more = None
    if end < len(found):
        more = f"/services/data/v{call.version}/jobs/{jobs.kind}?queryLocator={locator(end)}"
    return Answer(body={"done": more is None, "records": found[start:end], "nextRecordsUrl": more})


def _wanted(call: Call, job: Job) -> bool:
    shown = job.info()
    for name in ("jobType", "concurrencyMode"):
        if call.query.get(name, shown[name]).lower() != shown[name].lower():
            return False
    # Query jobs are cut into chunks by their keys, ingest jobs are not.
    chunked = job.kind == "query"
    return call.flag("isPkChunkingEnabled", chunked) == chunked
