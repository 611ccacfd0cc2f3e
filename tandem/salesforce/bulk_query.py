"""Reading many rows by Bulk 2.0: a query job, and its result pages to disk, several at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tandem.errors import SalesforceError
from tandem.salesforce import bulk_job
from tandem.salesforce.connection import Connection, read_json
from tandem.side_by_side import side_by_side
from tandem.staging import whole_file

_PARALLEL_SINCE = 58.0  # the API version that brought resultPages


@dataclass(frozen=True)
class Page:
    """One result page on disk."""

    locator: str
    """Salesforce's name for the page within its job; empty for a first page fetched without one."""
    path: Path
    """The CSV, header line included."""
    rows: int | None
    """Rows as Salesforce announced them; whoever parses the page checks. None if it did not say."""


def start(connection: Connection, object: str, soql: str) -> str:
    """Start a query job over all rows, deleted and archived ones included.

    :return: the job's id; the job outlives this process, so keep it.
    """
    response = connection.request(
        "POST",
        "jobs/query",
        operation="bulk query",
        object=object,
        json={"operation": "queryAll", "query": soql},
    )
    return str(read_json(response)["id"])


def wait(connection: Connection, job_id: str) -> int:
    """Wait until a query job has its results.

    :return: how many records it found.
    :raises JobLost: the job failed or was aborted (Salesforce's reason), or is gone (``NOT_FOUND``).
    :raises SalesforceError: Salesforce cannot be asked, or the job takes too long; it can be waited for again.
    """
    job = bulk_job.wait_for_end(connection, "query", job_id)
    if job["state"] != "JobComplete":
        raise bulk_job.failure(job)
    return int(job.get("numberRecordsProcessed") or 0)


def pages(connection: Connection, job_id: str, folder: Path, have: Collection[str] = ()) -> Iterator[Page]:
    """Fetch the result pages of a finished job into a folder, and yield each once it is whole.

    With ``parallel_pages`` above one (and API version 58 or later) that many are fetched at once, while the
    caller works on those already there; otherwise, and where the org does not offer it, one after the other.

    :param folder: one of the job's own; pages are named by their locators. Delete them once parsed.
    :param have: locators of pages already staged; they are not fetched again. Pages have the same locators
        only as long as the settings about pages stay the same, so keep neither beyond a job's life.
    :raises SalesforceError: a page could not be fetched, after retries.
    :raises TandemError: the disk is full.
    """
    settings = connection.settings
    if settings.parallel_pages > 1 and float(settings.api_version) >= _PARALLEL_SINCE:
        try:
            addresses = _addresses(connection, job_id)
            first = next(addresses, None)
        except SalesforceError as error:
            if error.status not in (400, 404):
                raise
        else:
            if first is not None:
                yield from _in_parallel(connection, first, addresses, folder, have)
            return
    yield from _one_by_one(connection, job_id, folder, have)


def _in_parallel(
    connection: Connection, first: str, addresses: Iterator[str], folder: Path, have: Collection[str]
) -> Iterator[Page]:
    def wanted() -> Iterator[tuple[str, str]]:
        for address in chain([first], addresses):
            locator = parse_qs(urlsplit(address).query).get("locator", [""])[0]
            if locator not in have:
                yield address, locator

    def fetch(found: tuple[str, str]) -> Page:
        return _fetch(connection, *found, folder)[0]

    yield from side_by_side(fetch, wanted(), connection.settings.parallel_pages)


def _addresses(connection: Connection, job_id: str) -> Iterator[str]:
    """List the addresses of a job's pages; Salesforce hands them out five at a time."""
    address = f"jobs/query/{job_id}/resultPages"
    while True:
        answer = read_json(connection.request("GET", address, operation="bulk pages"))
        for page in answer.get("resultPages") or ():
            yield _rooted(page["resultUrl"])
        following = answer.get("nextRecordUrl") or answer.get("nextRecordsUrl")
        if answer.get("done", True) or not following:
            return
        address = _rooted(following)


def _one_by_one(connection: Connection, job_id: str, folder: Path, have: Collection[str]) -> Iterator[Page]:
    locator = ""
    while True:
        query = {"maxRecords": str(connection.settings.bulk_page_rows)}
        if locator:
            query["locator"] = locator
        address = f"jobs/query/{job_id}/results?{urlencode(query)}"
        if locator in have:
            # Only the next locator is wanted, and it stands in the headers: the body stays unread.
            with connection.request("GET", address, operation="bulk page skipped", stream=True) as response:
                following = response.headers.get("Sforce-Locator")
        else:
            page, following = _fetch(connection, address, locator, folder)
            yield page
        if not following or following == "null":
            return
        locator = following


def _fetch(connection: Connection, address: str, locator: str, folder: Path) -> tuple[Page, str | None]:
    path = folder / f"page-{quote(locator, safe='') or 'first'}.csv"
    with whole_file(path, durable=False) as part:
        response = connection.request("GET", address, operation="bulk page", into=part)
    rows = response.headers.get("Sforce-NumberOfRecords", "")
    return Page(locator, path, int(rows) if rows.isdecimal() else None), response.headers.get(
        "Sforce-Locator"
    )


def _rooted(address: str) -> str:
    """Salesforce gives some addresses without the leading slash."""
    return "/" + address.lstrip("/") if address.lstrip("/").startswith("services/") else address
