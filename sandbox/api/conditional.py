"""Conditional requests on rows: dates for every object, strong validators for Account alone (facts 5.4)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.api.describe import http_date
from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.metadata.sobject import SObject


def etag(record_id: str, stamp: datetime) -> str:
    """A tag that changes whenever the row is written."""
    digest = hashlib.sha1(f"{record_id}{stamp.isoformat()}".encode(), usedforsecurity=False).digest()
    return f'"{base64.b64encode(digest).decode()}"'


def headers(sobject: SObject, record_id: str, stamp: datetime) -> dict[str, str]:
    """Validators of a row's answer."""
    out = {"Last-Modified": format_datetime(stamp.replace(tzinfo=UTC), usegmt=True)}
    if sobject.name == "Account":
        out["ETag"] = etag(record_id, stamp)
    return out


def check(call: Call, sobject: SObject, record_id: str, stamp: datetime) -> Answer | None:
    """The answer that a failed condition calls for: 304 to a reader, 412 to a writer; None when all hold."""
    reading = call.method in ("GET", "HEAD")
    if sobject.name == "Account":
        tag = etag(record_id, stamp)
        wanted = _tags(call.headers.get("if-match"))
        if wanted and tag not in wanted and "*" not in wanted:
            return _failed()
        unwanted = _tags(call.headers.get("if-none-match"))
        if unwanted and (tag in unwanted or "*" in unwanted):
            return Answer(304, headers=headers(sobject, record_id, stamp)) if reading else _failed()
    moment = stamp.replace(tzinfo=UTC)
    since = _date(call, "if-modified-since")
    if since is not None and moment <= since:
        return Answer(304, headers=headers(sobject, record_id, stamp)) if reading else _failed()
    until = _date(call, "if-unmodified-since")
    if until is not None and moment > until:
        return _failed()
    return None


def _failed() -> Answer:
    return Answer(
        412,
        [
            {
                "message": "The condition specified in the request's headers was not met",
                "errorCode": "PRECONDITION_FAILED",
            }
        ],
    )


def _tags(header: str | None) -> Sequence[str]:
    return (
        [item.strip().removeprefix("W/").replace("--gzip", "") for item in header.split(",")]
        if header
        else []
    )


def _date(call: Call, name: str) -> datetime | None:
    text = call.headers.get(name)
    if not text:
        return None
    moment = http_date(text)
    if moment is None and call.method in ("PATCH", "POST"):
        raise ApiError(400, "INVALID_HEADER", f"The {name} header is not a valid date: {text}")
    return moment


def stamp_of(record: dict[str, Any]) -> datetime:
    """When a row was last written."""
    stamp = record["SystemModstamp"]
    assert isinstance(stamp, datetime)
    return stamp
