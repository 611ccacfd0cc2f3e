"""SOAP's calls about the schema: the REST describe answers as elements, without what is null."""

from __future__ import annotations

from typing import Any

from sandbox.errors import ApiError
from sandbox.http.call import Call
from sandbox.metadata.describe import describe_object, summarize
from sandbox.metadata.sobject import SObject
from sandbox.soap import xml
from sandbox.soap.arguments import sobject
from sandbox.soap.xml import Request

MAX_OBJECTS = 100


def describe_global(call: Call, request: Request) -> str:
    """All objects, without their fields."""
    profile = call.who.profile
    seen = sorted(
        (item for item in call.core.schema if profile.sees_object(item)), key=lambda item: item.name
    )
    objects = [_kept(summarize(item, profile, call.version)) for item in seen]
    return xml.write("result", {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})


def describe_one(call: Call, request: Request) -> str:
    """One object."""
    return xml.write("result", _described(call, sobject(call, xml.text(request.body, "sObjectType"))))


def describe_several(call: Call, request: Request) -> str:
    """Up to a hundred objects, in the order asked for."""
    names = xml.texts(request.body, "sObjectType")
    if len(names) > MAX_OBJECTS:
        raise ApiError(500, "EXCEEDED_ID_LIMIT", f"at most {MAX_OBJECTS} objects can be described at once")
    return xml.write("result", [_described(call, sobject(call, name)) for name in names])


def _described(call: Call, found: SObject) -> Any:
    core = call.core
    return _kept(describe_object(found, core.schema, call.who.profile, call.version, call.base_url))


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _kept(item) for name, item in value.items() if item is not None and name != "urls"}
    return [_kept(item) for item in value] if isinstance(value, list) else value
