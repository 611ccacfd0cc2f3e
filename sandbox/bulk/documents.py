"""Bulk 1.0's documents: jobs, batches, results and errors, as XML or as JSON, and the records of a batch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from sandbox.access import User
from sandbox.bulk import csv_rows
from sandbox.bulk.csv_rows import invalid_batch
from sandbox.errors import ApiError, RowError
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Outcome
from sandbox.soap import xml

XMLNS = "http://www.force.com/2009/06/asyncapi/dataload"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MIME = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}
MAX_RECORDS = 10_000
"""Records of one batch."""


# jobs, batches and errors


def read_job(body: bytes, as_json: bool) -> dict[str, str]:
    """The fields of a jobInfo document, as text."""
    if as_json:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ApiError(400, "InvalidJob", "Unable to parse Job")
        return {str(name): str(value) for name, value in found.items() if value is not None}
    return {xml.local(item.tag): (item.text or "").strip() for item in _root(body, "InvalidXML")}


def _root(body: bytes, code: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(body.strip())
    except (ElementTree.ParseError, ValueError, LookupError):
        raise ApiError(400, code, "Unable to parse the XML of the request") from None


def write(name: str, values: Mapping[str, Any], as_json: bool) -> bytes:
    """A document; moments are shown as its format shows them."""
    style = "%Y-%m-%dT%H:%M:%S.000+0000" if as_json else "%Y-%m-%dT%H:%M:%S.000Z"

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.strftime(style)
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    shown = plain(values)
    return json.dumps(shown).encode() if as_json else _document(name, xml_children(shown))


def xml_children(values: Mapping[str, Any]) -> str:
    """The elements of a document."""
    return "".join(xml.write(key, value) for key, value in values.items())


def _document(name: str, inner: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{XMLNS}" xmlns:xsi="{XSI}">{inner}</{name}>'
    ).encode()


def result_list(result_ids: Sequence[str], as_json: bool) -> bytes:
    """The ids under which the results of a query wait."""
    if as_json:
        return json.dumps(list(result_ids)).encode()
    return _document("result-list", xml.write("result", list(result_ids)))


# the records of a batch


def read_records(body: bytes, kind: str, sobject: SObject, user: User) -> list[dict[str, Any]]:
    """The records of a batch in the format of its job."""
    found = {"CSV": _from_csv, "JSON": _from_json, "XML": _from_xml}[kind](body, sobject, user)
    if not found:
        raise invalid_batch("Records not processed")
    if len(found) > MAX_RECORDS:
        raise invalid_batch(
            f"Exceeded number of records : {len(found)}. "
            f"Number of records should be less than or equal to {MAX_RECORDS}"
        )
    return found


def _from_csv(body: bytes, sobject: SObject, user: User) -> list[dict[str, Any]]:
    rows = list(csv_rows.read(body, ","))
    if not rows:
        return []
    meaning = csv_rows.columns(rows[0], sobject, user)
    for row in rows[1:]:
        if len(row) != len(meaning):
            raise invalid_batch(f"{len(row)} columns where the header has {len(meaning)}")
    return csv_rows.records(rows[1:], meaning)


def _from_json(body: bytes, sobject: SObject, user: User) -> list[dict[str, Any]]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise invalid_batch("Unable to parse the JSON of the batch") from None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise invalid_batch("The batch must be a list of records")
    return found


def _from_xml(body: bytes, sobject: SObject, user: User) -> list[dict[str, Any]]:
    return [_record(node) for node in _root(body, "InvalidBatch")]


def _record(node: ElementTree.Element) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for item in node:
        name = xml.local(item.tag)
        if len(item):
            # A parent by external id: <Owner><sObject><Username>...
            out[name] = _record(item[0])
        elif item.get(f"{{{XSI}}}nil") == "true":
            out[name] = None
        elif item.text:
            out[name] = item.text
    return out


# what became of them


def write_outcomes(outcomes: Iterable[Outcome], kind: str) -> bytes:
    """The results of a batch that wrote, in the order of its records."""
    if kind == "CSV":
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["Id", "Success", "Created", "Error"])
        for outcome in outcomes:
            words = [str(flag).lower() for flag in (outcome.success, outcome.created)]
            writer.writerow(
                [_id(outcome) or "", *words, *(error.bulk_text() for error in outcome.errors[:1])]
                if outcome.errors
                else [_id(outcome) or "", *words, ""]
            )
        return text.getvalue().encode()
    rows = [
        {
            "success": outcome.success,
            "created": outcome.created,
            "id": _id(outcome),
            "errors": [_error(error, kind) for error in outcome.errors],
        }
        for outcome in outcomes
    ]
    return json.dumps(rows).encode() if kind == "JSON" else _document("results", xml.write("result", rows))


def _id(outcome: Outcome) -> str | None:
    return outcome.id if outcome.success else None


def _error(error: RowError, kind: str) -> dict[str, Any]:
    shown = {"message": error.message, "fields": list(error.fields), "statusCode": error.code}
    return {**shown, "extendedErrorDetails": None} if kind == "JSON" else shown


# what a query found


def record_writer(kind: str) -> tuple[bytes, Callable[[dict[str, Any]], bytes], bytes, bytes]:
    """Head, one record, glue and tail of a query result in JSON or XML."""
    if kind == "JSON":
        return b"[", lambda record: json.dumps(record, ensure_ascii=False).encode(), b",", b"]"
    head, _, tail = _document("queryResult", "|").partition(b"|")
    return head, lambda record: _sobject("records", record).encode(), b"", tail


def _sobject(name: str, record: Mapping[str, Any]) -> str:
    inner = "".join(
        _sobject(key, value) if isinstance(value, dict) else xml.write(key, value)
        for key, value in record.items()
        if key != "attributes"
    )
    kind = record["attributes"]["type"]
    return f'<{name} xsi:type="sObject"><type>{kind}</type>{inner}</{name}>'
