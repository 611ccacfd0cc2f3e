"""Bulk jobs: query jobs and what of them is staged, so that a killed read goes on; ingest jobs under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.database.lease import nobody_elses


@dataclass(frozen=True)
class BulkJob:
    """A query job that Salesforce runs for us. ``stamp`` is its clock when the job was made."""

    object: str
    job_id: str
    soql: str
    stamp: datetime


@dataclass(frozen=True)
class StagedPage:
    """One page of a job, staged as Parquet."""

    locator: str
    path: Path
    rows: int


def started_job(session: Session, object_name: str, soql: str) -> BulkJob | None:
    """Return the object's unfinished job for the same question, if there is one."""
    found = session.rows(
        "SELECT object, job_id, soql, stamp FROM sync.bulk_job WHERE object = ? AND soql = ? AND state = 'started'",
        [object_name, soql],
    )
    return BulkJob(**found[0]) if found else None


def keep_job(session: Session, job: BulkJob) -> None:
    """Remember a job as soon as Salesforce has named it."""
    abandon_jobs(session, job.object)
    session.execute(
        "INSERT INTO sync.bulk_job VALUES (?, ?, ?, ?, ?, 'started')",
        [job.object, job.job_id, job.soql, job.stamp, utc_now()],
    )


def staged_pages(session: Session, job_id: str) -> list[StagedPage]:
    """Return the pages of a job that are staged and still on the disk."""
    found = session.rows("SELECT locator, path, rows FROM sync.bulk_page WHERE job_id = ?", [job_id])
    pages = [StagedPage(row["locator"], Path(row["path"]), row["rows"]) for row in found]
    return [page for page in pages if page.path.exists()]


def keep_pages(session: Session, job_id: str, pages: Sequence[StagedPage]) -> None:
    """Remember staged pages; one that was lost from the disk and fetched again takes its old place."""
    for page in pages:
        session.execute("DELETE FROM sync.bulk_page WHERE job_id = ? AND locator = ?", [job_id, page.locator])
    session.insert("sync.bulk_page", [(job_id, page.locator, str(page.path), page.rows) for page in pages])


def finish_jobs(session: Session, object_names: Sequence[str]) -> None:
    """Close objects' jobs, in the transaction that applies what they read."""
    session.execute(
        "UPDATE sync.bulk_job SET state = 'done' WHERE state = 'started'"
        " AND object IN (SELECT unnest(CAST(? AS VARCHAR[])))",
        [list(object_names)],
    )


def abandon_jobs(session: Session, object_name: str) -> None:
    """Give up an object's unfinished jobs: the question has changed, or Salesforce has dropped the job."""
    session.execute(
        "UPDATE sync.bulk_job SET state = 'abandoned' WHERE object = ? AND state = 'started'", [object_name]
    )


def keep_ingest_job(session: Session, job_id: str, object_name: str, run_id: str) -> None:
    """Remember a job that writes, before anything is in it."""
    session.execute(
        "INSERT INTO sync.ingest_job VALUES (?, ?, ?, ?, NULL)", [job_id, object_name, run_id, utc_now()]
    )


def open_ingest_jobs(session: Session, run_id: str) -> list[str]:
    """Return the jobs that write and are not known to have ended, but for those of other runs at work."""
    found = session.rows(
        "SELECT job_id FROM sync.ingest_job WHERE ended_at IS NULL"
        f" AND {nobody_elses(session, run_id)} ORDER BY created_at"
    )
    return [row["job_id"] for row in found]


def end_ingest_jobs(session: Session, job_ids: Sequence[str]) -> None:
    """Close jobs that have ended in Salesforce."""
    for job_id in job_ids:
        session.execute(
            "UPDATE sync.ingest_job SET ended_at = ? WHERE job_id = ? AND ended_at IS NULL",
            [utc_now(), job_id],
        )
