"""Looking one record up: did a create whose answer was lost happen after all?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tandem.salesforce.connection import Connection, read_json

_MOST = 200  # people of one name whose creates went without an answer


def find_created(
    connection: Connection,
    object: str,
    values: Mapping[str, str],
    created_by: str,
    since: datetime,
    dates: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the ids of the records with these values that a user made since then, the newest first.

    :param values: text fields, by API name; compared as Salesforce keeps them, trimmed. :param since: UTC.
    :param dates: date fields, by API name.
    """
    conditions = [f"{name} = {text(value.strip())}" for name, value in values.items()]
    conditions += [f"{name} = {value}" for name, value in (dates or {}).items()]
    conditions += [
        f"CreatedById = {text(created_by)}",
        f"CreatedDate >= {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    ]
    soql = f"SELECT Id FROM {object} WHERE {' AND '.join(conditions)} ORDER BY CreatedDate DESC LIMIT {_MOST}"
    answer = connection.request("GET", "query", operation="lookup", object=object, params={"q": soql})
    return [str(record["Id"]) for record in read_json(answer)["records"]]


def text(value: str) -> str:
    """Quote a text for SOQL.

    >>> print(text("O'Neil"))
    'O\\'Neil'
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
