"""Looking records up: did a create whose answer was lost happen after all?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tandem.salesforce.connection import Connection
from tandem.salesforce.records import query

_MOST = 200  # ids to a query; people of one name whose creates went without an answer
# How much earlier than it was journalled a record may seem to be made; both times are Salesforce's own.
_TOLERANCE = timedelta(minutes=10)


def find_created(
    connection: Connection,
    object: str,
    values: Mapping[str, str],
    journalled_at: datetime,
    dates: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the ids of the records with these values that we have made since then, the newest first.

    :param values: text fields, by API name; compared as Salesforce keeps them, trimmed.
    :param journalled_at: Salesforce's clock before the create was sent, UTC.
    :param dates: date fields, by API name.
    """
    conditions = [f"{name} = {text(value.strip())}" for name, value in values.items()]
    conditions += [f"{name} = {value}" for name, value in (dates or {}).items()]
    conditions.append(_made_by_us(connection, journalled_at))
    soql = f"SELECT Id FROM {object} WHERE {' AND '.join(conditions)} ORDER BY CreatedDate DESC LIMIT {_MOST}"
    return [str(record["Id"]) for record in query(connection, object, soql)]


def find_tasks(
    connection: Connection, who_ids: Sequence[str], journalled_at: datetime
) -> list[dict[str, Any]]:
    """Return the tasks about these leads and contacts that we have made since then.

    :param who_ids: up to 200. :param journalled_at: as for :func:`find_created`.
    :return: ``Id``, ``WhoId``, ``Subject`` and ``ActivityDate`` of each.
    """
    soql = (
        f"SELECT Id, WhoId, Subject, ActivityDate FROM Task WHERE WhoId IN ({', '.join(map(text, who_ids))})"
        f" AND {_made_by_us(connection, journalled_at)}"
    )
    return query(connection, "Task", soql)


def _made_by_us(connection: Connection, journalled_at: datetime) -> str:
    since = journalled_at - _TOLERANCE
    return f"CreatedById = {text(connection.user_id)} AND CreatedDate >= {since:%Y-%m-%dT%H:%M:%SZ}"


def matching(connection: Connection, object: str, ids: Sequence[str], condition: str) -> set[str]:
    """Return those of an object's records that meet a SOQL condition now, 200 to a call."""
    found: set[str] = set()
    for start in range(0, len(ids), _MOST):
        some = ", ".join(text(each) for each in ids[start : start + _MOST])
        soql = f"SELECT Id FROM {object} WHERE Id IN ({some}) AND ({condition})"
        found |= {str(record["Id"]) for record in query(connection, object, soql)}
    return found


def text(value: str) -> str:
    """Quote a text for SOQL.

    >>> print(text("O'Neil"))
    'O\\'Neil'
    """
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
