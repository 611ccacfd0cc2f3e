"""`sobjects/{name}/updated` and `deleted` (facts 5.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sandbox import replication
from sandbox.access import User
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router
from sandbox.metadata.sobject import SObject
from sandbox.soql.dates import parse_datetime

Asked = Callable[[Core, User, SObject, datetime, datetime], dict[str, Any]]


def add(router: Router) -> None:
    """Take the family's paths in."""
    router.add("GET", "sobjects/{name}/updated", updated)
    router.add("GET", "sobjects/{name}/deleted", deleted)


def updated(call: Call, found: Mapping[str, str]) -> Answer:
    """Ids that were made or changed."""
    return _between(call, found, replication.updated)


def deleted(call: Call, found: Mapping[str, str]) -> Answer:
    """Ids that were deleted."""
    return _between(call, found, replication.deleted)


def _between(call: Call, found: Mapping[str, str], ask: Asked) -> Answer:
    sobject = call.sobject(found["name"])
    moments = []
    for name in ("start", "end"):
        try:
            # A plus sign that was not encoded arrives as a blank.
            moments.append(parse_datetime(call.query.get(name, "").replace(" ", "+")))
        except (ValueError, OverflowError):
            raise ApiError(400, "INVALID_REPLICATION_DATE", f"{name} is not a datetime") from None
    return Answer(body=ask(call.core, call.who, sobject, moments[0], moments[1]))
