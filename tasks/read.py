"""Read: what changed since the watermark, staged as Parquet. No database lock is held while reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.clock import utc_now
from tandem.database import fields as field_maps
from tandem.database import jobs, journal, quarantine
from tandem.database.jobs import BulkJob, StagedPage
from tandem.database.place import places
from tandem.errors import AuthenticationError, SalesforceError
from tandem.quality.suite import edition
from tandem.run import Run
from tandem.salesforce import bulk_query
from tandem.salesforce.bulk_job import JobLost
from tandem.salesforce.changes import ChangeQuery, count_changes, read_changes, soql
from tandem.salesforce.description import FieldDescribe
from tandem.side_by_side import side_by_side
from tandem.staging import stage_csv, stage_rows
from tasks.batch import Batch

#: Told after each staged page: object, rows so far, rows in all.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Question:
    """What to ask of one object, and with which fields the answer is read."""

    query: ChangeQuery
    described: Mapping[str, FieldDescribe]
    """A view, not a dictionary: Prefect walks through those of every argument, and these hold thousands of values."""
    suite: str | None = None
    """The edition of the suite that the answer will meet."""
    began_at: datetime | None = None
    """Salesforce's clock when the reading began with which this one goes on; ``None``: it begins now."""

    def batch(self, pages: Sequence[Path], rows: int, asked_at: datetime, started_at: datetime) -> Batch:
        """Return the answer, staged. :param asked_at: Salesforce's clock when it was asked."""
        query = self.query
        return Batch(
            *(query.object, query.fields, tuple(pages), rows, self.began_at or asked_at, started_at),
            also=query.also,
            suite=self.suite,
            more=0 < query.most <= rows,
        )


def ask(
    run: Run,
    names: Sequence[str],
    everything: bool = False,
    since_last_read: bool = False,
    only: Mapping[str, Sequence[str]] | None = None,
) -> list[Question]:
    """Work out the questions: everything for an object that had no full sync yet, else what changed.

    A read reaches back over the overlap, so that what committed late with an old stamp is seen. One that was not
    finished goes on where it stands.

    :param since_last_read: only what changed since the last read; the overlap was in that.
    :param only: the fields to read of each object; ``None``: all that are mapped.
    """
    rules = run.settings.sync
    overlap = timedelta(seconds=0 if since_last_read else rules.overlap_seconds)
    questions = []
    with run.database.read() as session:
        marks, unfinished = journal.watermarks(session), places(session)
        described = field_maps.described(session)
        mapped = field_maps.active_fields_of(session, names)
        for name in names:
            fields = list(only[name]) if only else [each.field for each in mapped[name]]
            since = None if everything else marks.get(name)
            suite = edition(run.settings.expectations, name)
            again: tuple[str, ...] = ()
            place = None if since is None else unfinished.get(name)
            if place is not None:
                since = place.stamp
            elif since is not None:
                since -= overlap
                again = () if since_last_read else quarantine.to_ask_again(session, name, suite)
            most = rules.rows_per_pass + len(again) if rules.rows_per_pass and since is not None else 0
            query = ChangeQuery(
                *(name, tuple(fields), since, condition_to_read(run, name), again),
                after_id=place.sfdc_id if place else "",
                most=most,
            )
            known = described[name].fields
            shown = MappingProxyType({field: known[field] for field in fields})
            questions.append(Question(query, shown, suite, place.began_at if place else None))
    return questions


def condition_to_read(run: Run, name: str, chosen: str | None = None) -> str | None:
    """Return what records must meet to be read: the object's own condition, the user's filter (VIS-04), a choice."""
    every = (chosen, run.objects[name].condition, run.settings.sync.filter(name))
    conditions = [each for each in every if each]
    return (
        " AND ".join(f"({each})" for each in conditions)
        if len(conditions) > 1
        else next(iter(conditions), None)
    )


def _with_filter(run: Run, name: str, error: SalesforceError) -> SalesforceError:
    """Name the filter beside Salesforce's words where the query may have been refused for its sake."""
    condition = run.settings.sync.filter(name)
    if condition is None or error.code not in (
        "INVALID_FIELD",
        "MALFORMED_QUERY",
        "INVALID_QUERY_FILTER_OPERATOR",
    ):
        return error
    return SalesforceError(
        f"The filter of {name} in sync.filters may be wrong: {condition}. {error}", error.code
    )


@task(name="count", cache_policy=NO_CACHE, persist_result=False)
def by_size(run: Run, questions: Sequence[Question]) -> tuple[list[Question], list[Question]]:
    """Part questions into those for :func:`read` and those for :func:`read_bulk`, by how many rows they have.

    Sorting all records to hand out the first page is much to ask of Salesforce; counting them is not. Where it
    will not count them, they are read by Bulk, which says itself what is wrong.
    """
    try:
        counts = count_changes(run.connection, [each.query for each in questions])
    except AuthenticationError:
        raise
    except SalesforceError:
        return [], list(questions)
    most = run.settings.salesforce.bulk_threshold
    few = [each for each in questions if counts[each.query.object] <= most]
    return few, [each for each in questions if each not in few]


@task(name="read changes", cache_policy=NO_CACHE, persist_result=False)
def read(
    run: Run, questions: Sequence[Question]
) -> tuple[list[Batch], list[Question], dict[str, SalesforceError]]:
    """Read what changed, several objects to a call.

    :return: the staged batches; the questions with too many rows, for :func:`read_bulk`; the errors of
        objects that could not be read.
    """
    started = utc_now()
    found = read_changes(
        run.connection, [each.query for each in questions], run.settings.salesforce.bulk_threshold
    )
    batches, many, errors = [], [], {}
    for question in questions:
        name = question.query.object
        changes = found[name]
        if changes.error is not None:
            errors[name] = _with_filter(run, name, changes.error)
        elif changes.rows is None:
            many.append(question)
        else:
            page = run.staging / name / "changes.parquet"
            rows = stage_rows(changes.rows, question.described, page) if changes.rows else 0
            asked_at = changes.server_time.replace(tzinfo=None)
            batches.append(question.batch([page] if rows else [], rows, asked_at, started))
    return batches, many, errors


@task(
    name="read by Bulk",
    task_run_name="read {question.query.object} by Bulk",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def read_bulk(run: Run, question: Question, progress: Progress | None = None) -> Batch:
    """Read an object by a Bulk 2.0 query job, and stage its pages while the next ones come.

    A job that an earlier run started for the same question is picked up by its id, and pages that are
    staged already are not fetched again.
    """
    started = utc_now()
    job = _job(run, question)
    try:
        total = bulk_query.wait(run.connection, job.job_id)
    except JobLost as error:  # anything else is the line's trouble, not the job's: the next run picks it up
        with run.database.write() as session:
            jobs.abandon_jobs(session, job.object)
        if error.code != "NOT_FOUND":
            raise
        job = _job(run, question)  # Salesforce drops finished jobs after a week: ask anew
        total = bulk_query.wait(run.connection, job.job_id)
    pages = _stage(run, question, job, total, progress)
    return question.batch([page.path for page in pages], total, job.stamp, started)


def _job(run: Run, question: Question) -> BulkJob:
    text = soql(question.query, order=False)
    name = question.query.object
    with run.database.read() as session:
        job = jobs.started_job(session, name, text)
    if job is None:
        job_id = bulk_query.start(run.connection, name, text)
        job = BulkJob(name, job_id, text, run.server_time)
        with run.database.write() as session, session.transaction():
            jobs.keep_job(session, job)
    return job


def _stage(
    run: Run, question: Question, job: BulkJob, total: int, progress: Progress | None
) -> list[StagedPage]:
    folder = run.settings.staging / job.job_id
    with run.database.read() as session:
        pages = jobs.staged_pages(session, job.job_id)
    done = sum(page.rows for page in pages)

    def stage(page: bulk_query.Page) -> StagedPage:
        target = page.path.with_suffix(".parquet")
        rows = stage_csv(page.path, question.described, target, page.rows)
        page.path.unlink()
        return StagedPage(page.locator, target, rows)

    fetched = bulk_query.pages(run.connection, job.job_id, folder, [page.locator for page in pages])
    # Pages come while others are staged: neither keeps the other waiting.
    for staged in side_by_side(stage, fetched, run.settings.threads):
        with run.database.write() as session:
            jobs.keep_pages(session, job.job_id, [staged])
        pages.append(staged)
        done += staged.rows
        if progress:
            progress(job.object, done, total)
    if done != total:
        with run.database.write() as session:
            jobs.abandon_jobs(session, job.object)
        raise SalesforceError(
            f"The Bulk job of {job.object} promised {total} rows and gave {done}. Run it again.", "TRUNCATED"
        )
    return pages
