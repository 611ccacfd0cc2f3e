"""What several SOAP calls are asked for."""

from __future__ import annotations

from sandbox.errors import ApiError
from sandbox.http.call import Call
from sandbox.metadata.sobject import SObject


def sobject(call: Call, name: str | None) -> SObject:
    """An object that this user sees."""
    found = call.core.schema.find(name or "")
    if found is None or not call.who.profile.sees_object(found):
        raise ApiError(500, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found
