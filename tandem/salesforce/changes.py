"""Reading what changed since the watermark, several objects to an API call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tandem.errors import AuthenticationError, BudgetExhausted, SalesforceError
from tandem.salesforce.composite import MOST_QUERIES, Question, ask
from tandem.salesforce.connection import Connection, read_json
from tandem.salesforce.errors import TRUNCATED, ErrorClass, Refused, classify, is_daily_limit
from tandem.salesforce.lookup import text

_AGAIN = "INVALID_QUERY_LOCATOR"  # the cursor is gone: only a query from the start can help


@dataclass(frozen=True)
class ChangeQuery:
    """What to ask of one object."""

    object: str
    fields: tuple[str, ...]
    since: datetime | None
    """Rows stamped then or later, UTC; None: all rows."""
    where: str | None = None
    """A further SOQL condition."""
    also: tuple[str, ...] = ()
    """Ids of records to read although they did not move; at most 200, for they stand in an address."""
    after_id: str = ""
    """Of the rows stamped exactly ``since``, only those with a greater id: the others were read."""
    most: int = 0
    """Give up to so many rows, the oldest changes first; 0: all."""


@dataclass
class Changes:
    """What came of one query."""

    object: str
    rows: list[dict[str, Any]] | None
    """The rows, deleted and merged ones included; None when there are too many for REST, or an error."""
    total: int
    """How many rows the query has in Salesforce."""
    server_time: datetime
    """Salesforce's clock at the answer: where the next read may begin (less the overlap)."""
    error: SalesforceError | None = None


def soql(query: ChangeQuery, order: bool = True) -> str:
    """Write the query.

    ``>=`` and a total order, because stamps are whole seconds and many rows share one; SystemModstamp,
    because LastModifiedDate can be back-dated and stands still for automated changes (salesforce-api.md 5.6).

    :param order: False for Bulk, where ORDER BY switches Salesforce's own chunking off; the oldest of many
        cannot do without.
    """
    conditions = []
    if query.since is not None:
        moved = moved_since(query.since, query.after_id)
        if query.also:
            moved = f"({moved} OR Id IN ({', '.join(map(text, query.also))}))"
        conditions.append(moved)
    if query.where:
        conditions.append(f"({query.where})")
    asked = f"SELECT {', '.join(query.fields)} FROM {query.object}"
    if conditions:
        asked += f" WHERE {' AND '.join(conditions)}"
    if order or query.most:
        asked += " ORDER BY SystemModstamp, Id"
    return asked + (f" LIMIT {query.most}" if query.most else "")


def moved_since(since: datetime, after_id: str = "") -> str:
    """Return the SOQL condition that a row is stamped then or later; of those stamped then, behind an id."""
    time = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
    stamp = f"{time:%Y-%m-%dT%H:%M:%SZ}"
    if not after_id:
        return f"SystemModstamp >= {stamp}"
    return f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > {text(after_id)}))"


def read_changes(
    connection: Connection, queries: Sequence[ChangeQuery], bulk_threshold: int
) -> dict[str, Changes]:
    """Ask for the changes of several objects, five to an API call; more calls only where rows fill pages.

    An object that cannot be read (a field that went out of sight, a query that timed out for good) has
    its error in its own entry; the others are not touched by it.

    :param bulk_threshold: with more rows than this, ``rows`` stays None: read them by Bulk.
    :return: by object.
    :raises BudgetExhausted: no calls are left.
    :raises SalesforceError: a request as a whole failed.
    """
    found: dict[str, Changes] = {}
    waiting = list(queries)
    attempt = 1
    while waiting:
        again: list[ChangeQuery] = []
        for start in range(0, len(waiting), MOST_QUERIES):
            bundle = waiting[start : start + MOST_QUERIES]
            questions = [Question(f"queryAll?q={quote(soql(query), safe='')}") for query in bundle]
            answers, now = ask(
                connection, questions, "changes", bundle[0].object if len(bundle) == 1 else None
            )
            for query, answer in zip(bundle, answers, strict=True):
                changes = Changes(query.object, None, 0, now)
                try:
                    if answer.status != 200:
                        raise answer.error(f"the query for changes of {query.object}")
                    _read(connection, changes, answer.body, bulk_threshold)
                except AuthenticationError:
                    raise
                except SalesforceError as error:
                    if isinstance(error, Refused) and is_daily_limit(error.reason):
                        raise BudgetExhausted(
                            "Stopped at Salesforce's limit: the org has no API calls left for now. "
                            "The sync goes on where it stopped once calls are free again."
                        ) from None
                    passing = classify(error.code) is ErrorClass.INTERMITTENT or error.code == _AGAIN
                    if passing and attempt < connection.settings.max_attempts:
                        again.append(query)
                        continue
                    changes.error = error
                found[query.object] = changes
        waiting = again
        if waiting:
            connection.pause(attempt)
            attempt += 1
    return found


def count_changes(connection: Connection, queries: Sequence[ChangeQuery]) -> dict[str, int]:
    """Count what :func:`read_changes` would find, five objects to an API call (25.4).

    :raises SalesforceError: an object could not be counted.
    """
    found = {}
    for start in range(0, len(queries), MOST_QUERIES):
        bundle = queries[start : start + MOST_QUERIES]
        counting = [soql(replace(query, fields=("COUNT()",), most=0), order=False) for query in bundle]
        questions = [Question(f"queryAll?q={quote(text, safe='')}") for text in counting]
        answers, _ = ask(connection, questions, "backlog", bundle[0].object if len(bundle) == 1 else None)
        for query, answer in zip(bundle, answers, strict=True):
            if answer.status != 200:
                raise answer.error(f"the count of changes of {query.object}")
            found[query.object] = int(answer.body["totalSize"])
    return found


def _read(connection: Connection, changes: Changes, page: dict[str, Any], bulk_threshold: int) -> None:
    """Take in the first page and those after it. Only ``done`` ends the loop: pages may be short."""
    changes.total = int(page["totalSize"])
    if changes.total > bulk_threshold:
        return
    rows: list[dict[str, Any]] = list(page["records"])
    while not page["done"]:
        response = connection.request(
            "GET", page["nextRecordsUrl"], operation="changes", object=changes.object
        )
        page = read_json(response)
        rows += page["records"]
    if len(rows) != changes.total:
        raise SalesforceError(
            f"Salesforce promised {changes.total} rows of {changes.object} and sent {len(rows)}. Try again.",
            TRUNCATED,
        )
    for row in rows:
        row.pop("attributes", None)
    changes.rows = rows
