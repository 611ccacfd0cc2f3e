"""Check: the staged batch meets its expectation suite."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.quality.check import check as check_batch
from tandem.run import Run
from tasks.batch import Batch, Verdict


@task(name="check", task_run_name="check {batch.object}", cache_policy=NO_CACHE, persist_result=False)
def check(run: Run, batch: Batch) -> Verdict:
    """Check a batch.

    :return: the rows to keep out, with the reasons.
    :raises SuiteFailed: the batch is unfit as a whole; nothing of it may be applied.
    """
    if not batch.pages:
        return Verdict()
    report = check_batch(batch.object, batch.pages, run.settings.expectations)
    return Verdict(tuple(report.findings))
