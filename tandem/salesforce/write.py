"""Writing to Salesforce: by collections or by Bulk, whichever suits the number of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tandem.salesforce import bulk_ingest, soap_write
from tandem.salesforce.bulk_ingest import OnJob
from tandem.salesforce.collection import CollectionWriter, Operation, Row
from tandem.salesforce.connection import Connection
from tandem.salesforce.errors import RETRY_ROW, RowError
from tandem.salesforce.results import RowResult
from tandem.salesforce.values import Unsendable, fits_bulk, plain

__all__ = ["OnJob", "Operation", "RowError", "RowResult", "collect", "send"]


def send(
    connection: Connection,
    object: str,
    operation: Operation,
    rows: Sequence[Mapping[str, Any]],
    *,
    external_id: str | None = None,
    auto_assign: bool = False,
    by_bulk: bool = True,
    notify_owner: bool = False,
    on_job: OnJob | None = None,
) -> Iterator[list[RowResult]]:
    """Write rows, yielding results as they settle: nothing more goes out until the caller asks for more.

    From ``bulk_threshold`` rows on, Bulk 2.0 carries those it can; otherwise, and for values that Bulk would
    bend or refuse, collections of 200 do. Rows may carry different fields; a field that a row does not
    carry is left alone, and None, NaN, NaT and the empty text make it null. Every row has exactly one result.

    :param rows: by API name; ``Id`` for update and delete, the external id field for upsert.
    :param external_id: the field that identifies records of an upsert.
    :param auto_assign: let the org's assignment rules run. Bulk cannot do that without naming a rule, so
        then collections carry everything.
    :param by_bulk: let Bulk carry many rows; flow actions are to be done at once, and go by collections.
    :param notify_owner: have Salesforce tell the owners by e-mail; only SOAP can ask for that.
    :param on_job: told a Bulk job's id and its rows' indexes before they are uploaded, to be written down:
        after a crash, :func:`collect` finds out what became of them.
    :raises BudgetExhausted: no calls are left; what was yielded is done.
    :raises SalesforceError: the whole object is refused, or the org is gone; what was yielded is done.
    """
    if operation == "upsert" and not external_id:
        raise ValueError("an upsert needs the name of the external id field")
    ready: list[Row] = []
    unsendable: list[RowResult] = []
    for index, row in enumerate(rows):
        try:
            ready.append((index, plain(row)))
        except Unsendable as error:
            reason = RowError("UNSENDABLE_VALUE", str(error), (error.field,))
            unsendable.append(RowResult(index, row.get("Id"), False, errors=(reason,)))
    if unsendable:
        yield unsendable
    if operation == "delete":
        ready = [(index, {"Id": row["Id"]}) for index, row in ready]

    if notify_owner:
        yield from soap_write.write(connection, object, operation, ready, external_id, auto_assign)
        return
    one_by_one = ready
    if len(ready) >= connection.settings.bulk_threshold and by_bulk and not auto_assign:
        bulk = [row for row in ready if fits_bulk(row[1])]
        one_by_one = [row for row in ready if not fits_bulk(row[1])]
        for results in bulk_ingest.write(connection, object, operation, bulk, external_id, on_job):
            # Rows that only met a lock pass by collections: those are smaller transactions, one at a time.
            passing = {r.index for r in results if any(e.code in RETRY_ROW for e in r.errors)}
            one_by_one += [row for row in bulk if row[0] in passing]
            yield [result for result in results if result.index not in passing]
    writer = CollectionWriter(connection, object, operation, external_id, auto_assign)
    yield from writer.write(one_by_one)


def collect(
    connection: Connection,
    job_id: str,
    operation: Operation,
    rows: Sequence[Mapping[str, Any]],
    *,
    external_id: str | None = None,
) -> list[RowResult]:
    """Find out what became of a Bulk job's rows after a crash, waiting for the job's end.

    :param rows: those of the job, in the order of the indexes that ``on_job`` was told; the results' indexes
        count within them.
    :raises SalesforceError: the job is gone (code ``NOT_FOUND``); Salesforce keeps jobs seven days.
    """
    ready = [(index, plain(row)) for index, row in enumerate(rows)]
    return bulk_ingest.collect(connection, job_id, operation, ready, external_id)
