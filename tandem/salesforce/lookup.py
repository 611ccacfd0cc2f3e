"""Looking one record up: did a create whose answer was lost happen after all?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tandem.salesforce.connection import Connection, read_json

_MOST = 200  # ids to a query; people of one name whose creates went without an answer


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


def matching(connection: Connection, object: str, ids: Sequence[str], condition: str) -> set[str]:
    """Return those of an object's records that meet a SOQL condition now, 200 to a call."""
    found: set[str] = set()
    for start in range(0, len(ids), _MOST):
        some = ", ".join(text(each) for each in ids[start : start + _MOST])
        soql = f"SELECT Id FROM {object} WHERE Id IN ({some}) AND ({condition})"
        answer = connection.request("GET", "query", operation="lookup", object=object, params={"q": soql})
        found |= {str(record["Id"]) for record in read_json(answer)["records"]}
    return found


def text(value: str) -> str:
    """Quote a text for SOQL.

    >>> print(text("O'Neil"))
    'O\\'Neil'
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


def find_tasks(
    connection: Connection, who_ids: Sequence[str], created_by: str, since: datetime
) -> list[dict[str, Any]]:
    """Return the tasks about these leads and contacts that a user made since then.

    :param who_ids: up to 200. :param since: UTC.
    :return: ``Id``, ``WhoId``, ``Subject`` and ``ActivityDate`` of each.
    """
    soql = (
        f"SELECT Id, WhoId, Subject, ActivityDate FROM Task WHERE WhoId IN ({', '.join(map(text, who_ids))})"
        f" AND CreatedById = {text(created_by)} AND CreatedDate >= {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    )
    answer = connection.request("GET", "query", operation="lookup", object="Task", params={"q": soql})
    return list(read_json(answer)["records"])
