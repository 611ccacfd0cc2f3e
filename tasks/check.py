"""Check: the staged batch meets its expectation suite."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.quality.check import check as check_batch
from tandem.quality.suite import load
from tandem.run import Run
from tasks.batch import Batch, Verdict


@task(name="check", task_run_name="check {batch.object}", cache_policy=NO_CACHE, persist_result=False)
def check(run: Run, batch: Batch, some_fields: bool = False) -> Verdict:
    """Check a batch.

    :param some_fields: whether it rightly holds a few of its object's fields only.
    :return: the rows to keep out, with the reasons.
    :raises SuiteFailed: the batch is unfit as a whole; nothing of it may be applied.
    """
    folder = run.settings.expectations
    if not batch.pages or load(folder, batch.object) is None:
        return Verdict()
    # Warnings are for the report on the whole object: nobody is told of them batch by batch.
    report = check_batch(batch.object, batch.pages, folder, some_fields, only_critical=True)
    return Verdict(tuple(report.findings))
