"""Reading all records of several objects, as a first copy and a fill do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from tandem.run import Run
from tasks.batch import Batch
from tasks.read import Progress, Question, by_size, read, read_bulk

#: For flows that read all: two objects at a time. Prefect's own types do not let its runner pass for a runner.
READERS = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=2))


def read_all(
    run: Run, questions: Sequence[Question], progress: Progress | None = None
) -> dict[str, Callable[[], Batch]]:
    """Read small objects several to a call, and large ones by Bulk while the caller works on others.

    :return: by object, in order: what waits for its batch, and returns it or raises why it could not be read.
    """
    few, many = by_size(run, questions)
    large = {each.query.object: read_bulk.submit(run, each, progress) for each in many}
    batches, grown, errors = read(run, few)
    large |= {each.query.object: read_bulk.submit(run, each, progress) for each in grown}
    small = {batch.object: batch for batch in batches}

    def batch_of(name: str) -> Batch:
        if name in errors:
            raise errors[name]
        return small[name] if name in small else large[name].result()

    return {each.query.object: partial(batch_of, each.query.object) for each in questions}
