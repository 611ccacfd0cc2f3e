"""A few records by a query: one page of them, up to 2,000."""

from __future__ import annotations

from typing import Any

from tandem.salesforce.connection import Connection, read_json


def query(connection: Connection, object: str, soql: str) -> list[dict[str, Any]]:
    """Return what a query finds."""
    return _records(connection, "query", object, soql)


def query_all(connection: Connection, object: str, soql: str) -> list[dict[str, Any]]:
    """Return what a query finds, deleted and merged records included."""
    return _records(connection, "queryAll", object, soql)


def _records(connection: Connection, resource: str, object: str, soql: str) -> list[dict[str, Any]]:
    answer = connection.request("GET", resource, operation="lookup", object=object, params={"q": soql})
    records: list[dict[str, Any]] = read_json(answer)["records"]
    return records
