"""`sobjects` and `sobjects/{name}/describe`: the schema as the caller sees it (facts 5.8)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router
from sandbox.metadata.describe import describe_object, summarize


def add(router: Router) -> None:
    """Take the family's paths in."""
    router.add("GET", "sobjects", everything)
    router.add("GET", "sobjects/{name}/describe", one)


def everything(call: Call, found: Mapping[str, str]) -> Answer:
    """All objects, without their fields."""
    profile = call.who.profile
    seen = [item for item in call.core.schema if profile.sees_object(item)]
    objects = sorted(seen, key=lambda item: item.name)
    body = {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [summarize(item, profile, call.version) for item in objects],
    }
    return revalidated(call, body, max(item.changed_at for item in objects))


def one(call: Call, found: Mapping[str, str]) -> Answer:
    """One object with its fields and child relationships."""
    sobject = call.sobject(found["name"])
    body = describe_object(sobject, call.core.schema, call.who.profile, call.version, call.base_url)
    return revalidated(call, body, sobject.changed_at)


def revalidated(call: Call, body: dict[str, Any], changed_at: float) -> Answer:
    """The body, or 304 when the caller's copy is still good (facts 2, 5.8)."""
    changed = datetime.fromtimestamp(changed_at, UTC)
    digest = hashlib.md5(json.dumps(body).encode(), usedforsecurity=False).hexdigest()[:8]
    tag = f'"{digest}"'
    headers = {"ETag": tag, "Last-Modified": format_datetime(changed, usegmt=True)}
    known = [
        item.strip().removeprefix("W/").replace("--gzip", "")
        for item in call.headers.get("if-none-match", "").split(",")
    ]
    if tag in known or "*" in known:
        return Answer(304, headers=headers)
    since = call.headers.get("if-modified-since")
    if since and not call.headers.get("if-none-match"):
        moment = http_date(since)
        if moment is None:
            raise ApiError(400, "INVALID_HEADER", "The If-Modified-Since header is not a valid date")
        if changed <= moment:
            return Answer(304, headers=headers)
    return Answer(body=body, headers=headers)


def http_date(text: str) -> datetime | None:
    """A date of an HTTP header, or None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
