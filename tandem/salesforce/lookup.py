"""Looking one record up: did a create whose answer was lost happen after all?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tandem.salesforce.connection import Connection, read_json


def find_created(
    connection: Connection, object: str, values: Mapping[str, str], created_by: str, since: datetime
) -> str | None:
    """Return the id of the newest record with these values that a user made since then.

    :param values: text fields, by API name. :param since: UTC.
    """
    conditions = [f"{name} = {text(value)}" for name, value in values.items()]
    conditions += [
        f"CreatedById = {text(created_by)}",
        f"CreatedDate >= {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    ]
    soql = f"SELECT Id FROM {object} WHERE {' AND '.join(conditions)} ORDER BY CreatedDate DESC LIMIT 1"
    answer = connection.request("GET", "query", operation="lookup", object=object, params={"q": soql})
    records = read_json(answer)["records"]
    return str(records[0]["Id"]) if records else None


def text(value: str) -> str:
    """Quote a text for SOQL.

    >>> print(text("O'Neil"))
    'O\\'Neil'
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
