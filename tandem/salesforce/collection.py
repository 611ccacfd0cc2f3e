"""Writing records by collections: 200 to an API call, each row accepted or refused on its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import requests

from tandem.errors import SalesforceError
from tandem.salesforce.connection import Connection, read_json
from tandem.salesforce.errors import RETRY_ROW, TRUNCATED, Refused, RowError, from_rows, may_have_happened
from tandem.salesforce.results import RowResult

Operation = Literal["create", "update", "upsert", "delete"]
Row = tuple[int, dict[str, Any]]
"""A record with its index in what the caller sent."""

MOST_ROWS = 200
_SAMPLE = 8  # rows tried alone before a refusal counts for all


class CollectionWriter:
    """Sends records of one object by one operation, chunk after chunk."""

    def __init__(
        self,
        connection: Connection,
        object: str,
        operation: Operation,
        external_id: str | None = None,
        auto_assign: bool = False,
    ) -> None:
        self._connection = connection
        self._object = object
        self._operation = operation
        self._external_id = external_id
        self._headers = {"Sforce-Auto-Assign": "TRUE"} if auto_assign else {}
        self._something_passed = False
        self._hopeless: str | None = None  # the code that everything sent is refused with

    def write(self, rows: Sequence[Row]) -> Iterator[list[RowResult]]:
        """Send rows, yielding what came of each chunk before the next goes out.

        Rows that only met a lock are sent again after a pause, and are yielded when that is settled.

        :raises BudgetExhausted: no calls are left; what was yielded is done, the rest was not sent.
        :raises SalesforceError: the object as a whole is refused or the org is gone; what was yielded is
            done. An update, upsert or delete of the last chunk may have been carried out in part.
        """
        for start in range(0, len(rows), MOST_ROWS):
            waiting = list(rows[start : start + MOST_ROWS])
            attempt = 1
            while waiting:
                again: set[int] = set()
                for results in self._send(waiting):
                    if attempt < self._connection.settings.max_attempts:
                        passing = {r.index for r in results if any(e.code in RETRY_ROW for e in r.errors)}
                        again |= passing
                        results = [result for result in results if result.index not in passing]
                    if results:
                        yield results
                waiting = [row for row in waiting if row[0] in again]
                if waiting:
                    self._connection.pause(attempt)
                    attempt += 1

    def _send(self, rows: Sequence[Row]) -> Iterator[list[RowResult]]:
        """Send rows in one request, and in smaller ones if one of them makes Salesforce refuse it whole."""
        try:
            answers = self._answers(rows)
        except SalesforceError as error:
            if self._operation == "create" and may_have_happened(error.code):
                yield [RowResult(index, None, False, lost=True) for index, _ in rows]
            elif isinstance(error, Refused) and error.status in (400, 413):
                yield from self._send_apart(rows, error.reason)
            else:
                raise
        else:
            self._something_passed = True
            yield [
                self._result(index, row, answer) for (index, row), answer in zip(rows, answers, strict=True)
            ]

    def _send_apart(self, rows: Sequence[Row], reason: RowError) -> Iterator[list[RowResult]]:
        """Find the rows that a request was refused for: halve it until they are alone.

        If nothing has passed yet, the refusal may be about the request and not about rows, and halving
        would only spend calls. So a few rows go alone first: if all are refused, so is everything.
        """
        if len(rows) == 1 or reason.code == self._hopeless:
            yield [RowResult(index, row.get("Id"), False, errors=(reason,)) for index, row in rows]
        elif self._something_passed:
            middle = len(rows) // 2
            yield from self._send(rows[:middle])
            yield from self._send(rows[middle:])
        else:
            rest = list(rows)
            for row in rows[:: -(-len(rows) // _SAMPLE)]:
                rest.remove(row)
                yield from self._send([row])
                if self._something_passed:
                    break
            if not rest:
                return
            if self._something_passed:
                yield from self._send(rest)
            else:
                self._hopeless = reason.code
                yield from self._send_apart(rest, reason)

    def _answers(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        response = self._request(rows)
        answers = read_json(response)
        if not isinstance(answers, list) or len(answers) != len(rows):
            raise SalesforceError(
                f"Salesforce did not answer for each of {len(rows)} rows of {self._object}. "
                "Look at the records before sending them again.",
                TRUNCATED,
                response.status_code,
            )
        return answers

    def _request(self, rows: Sequence[Row]) -> requests.Response:
        def request(method: str, path: str, **rest: Any) -> requests.Response:
            return self._connection.request(
                method,
                path,
                operation=self._operation,
                object=self._object,
                headers=self._headers,
                idempotent=self._operation != "create",
                rows=len(rows),
                **rest,
            )

        if self._operation == "delete":
            ids = ",".join(str(row["Id"]) for _, row in rows)
            return request("DELETE", "composite/sobjects", params={"ids": ids, "allOrNone": "false"})
        body = {"allOrNone": False, "records": [self._record(row) for _, row in rows]}
        if self._operation == "create":
            return request("POST", "composite/sobjects", json=body)
        if self._operation == "update":
            return request("PATCH", "composite/sobjects", json=body)
        return request("PATCH", f"composite/sobjects/{self._object}/{self._external_id}", json=body)

    def _record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        record = {"attributes": {"type": self._object}, **row}
        if "Id" in record:
            record["id"] = record.pop("Id")
        return record

    def _result(self, index: int, row: Mapping[str, Any], answer: Mapping[str, Any]) -> RowResult:
        key = answer.get("id") or row.get("Id")
        if answer.get("success"):
            created = self._operation == "create" or bool(answer.get("created"))
            return RowResult(index, key, True, created)
        errors = from_rows(answer.get("errors"))
        if self._operation == "delete" and all(error.code == "ENTITY_IS_DELETED" for error in errors):
            return RowResult(index, key, True)
        return RowResult(index, key, False, errors=errors)
