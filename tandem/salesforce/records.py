"""Single records, deleted ones included."""

from __future__ import annotations

from typing import Any

from tandem.salesforce.connection import Connection, read_json


def query_all(connection: Connection, object: str, soql: str) -> list[dict[str, Any]]:
    """Return what a query finds, deleted and merged records included; for few records, one page of them."""
    answer = connection.request("GET", "queryAll", operation="lookup", object=object, params={"q": soql})
    records: list[dict[str, Any]] = read_json(answer)["records"]
    return records
