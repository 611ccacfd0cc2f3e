"""Writing records by SOAP: the one way to have Salesforce tell owners by e-mail (FLW-09).

REST has no header for it; ``EmailHeader`` of SOAP has. Everything else is as with collections: 200 to a call,
each row accepted or refused on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from tandem.errors import SalesforceError
from tandem.salesforce import envelope
from tandem.salesforce.collection import MOST_ROWS, Operation, Row
from tandem.salesforce.connection import Connection
from tandem.salesforce.envelope import element
from tandem.salesforce.errors import TRUNCATED, may_have_happened
from tandem.salesforce.results import RowResult
from tandem.salesforce.soap import error_of


def write(
    connection: Connection,
    object: str,
    operation: Operation,
    rows: Sequence[Row],
    external_id: str | None,
    auto_assign: bool,
) -> Iterator[list[RowResult]]:
    """Create, update or upsert records, and have their owners told; yields what came of each 200.

    :raises SalesforceError: a call as a whole failed; what was yielded is done.
    """
    headers = "<EmailHeader><triggerUserEmail>true</triggerUserEmail></EmailHeader>"
    if auto_assign:
        headers += "<AssignmentRuleHeader><useDefaultRule>true</useDefaultRule></AssignmentRuleHeader>"
    for start in range(0, len(rows), MOST_ROWS):
        chunk = rows[start : start + MOST_ROWS]
        asked = element("externalIDFieldName", external_id or "") if operation == "upsert" else ""
        asked += "".join(_record(object, values) for _, values in chunk)
        try:
            answer = connection.soap(
                f"/services/Soap/u/{connection.settings.api_version}",
                lambda token, asked=asked: envelope.write(operation, asked, token, headers),  # type: ignore[misc]
                operation=operation,
                object=object,
                rows=len(chunk),
            )
        except SalesforceError as error:
            if operation == "create" and may_have_happened(error.code):
                yield [RowResult(index, None, False, lost=True) for index, _ in chunk]
                continue
            raise
        results = [each for each in envelope.read(answer).iter() if envelope.local(each.tag) == "result"]
        if len(results) != len(chunk):
            raise SalesforceError(
                f"Salesforce did not answer for each of {len(chunk)} rows of {object}. Look at the records before"
                " sending them again.",
                TRUNCATED,
            )
        yield [
            _result(index, values, result, operation)
            for (index, values), result in zip(chunk, results, strict=True)
        ]


def _record(object: str, values: dict[str, Any]) -> str:
    fields = "".join(
        element("fieldsToNull", name) if value is None else element(name, envelope.plain(value))
        for name, value in sorted(values.items(), key=lambda item: (item[0] != "Id", item[1] is not None))
    )
    return f"<sObjects>{element('type', object)}{fields}</sObjects>"


def _result(
    index: int, values: dict[str, Any], result: ElementTree.Element, operation: Operation
) -> RowResult:
    error = error_of(result)
    if error is not None:
        return RowResult(index, values.get("Id"), False, errors=(error,))
    created = operation == "create" or envelope.text(result, "created") == "true"
    return RowResult(index, envelope.text(result, "id") or values.get("Id"), True, created)
