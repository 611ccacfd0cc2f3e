"""What the org refuses, in Salesforce's own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ApiError(Exception):
    """A refused request: an HTTP status and one error body (facts 2).

    `fields` is None where a real org leaves the key out (login, resources, queries).
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Sequence[str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = list(fields) if fields is not None else None
        self.extra = extra or {}

    def body(self) -> list[dict[str, Any]]:
        """The JSON that a REST client reads."""
        entry: dict[str, Any] = {**self.extra, "message": self.message, "errorCode": self.code}
        if self.fields is not None:
            entry["fields"] = self.fields
        return [entry]


class OAuthError(Exception):
    """A refused login, in the shape of the token endpoint."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.error = error
        self.description = description


@dataclass(slots=True, frozen=True)
class RowError:
    """Why one record was refused. REST calls the code `errorCode`, collections `statusCode` (facts 2)."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    extra: tuple[tuple[str, Any], ...] = ()

    def collection_body(self) -> dict[str, Any]:
        """The error as a row of a collection carries it."""
        return {
            **dict(self.extra),
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields),
        }

    def rest_body(self) -> dict[str, Any]:
        """The error as a single-record answer carries it."""
        if self.extra:
            # A duplicate's details take the place of the fields.
            return {**dict(self.extra), "errorCode": self.code, "message": self.message}
        return {"message": self.message, "errorCode": self.code, "fields": list(self.fields)}

    def bulk_text(self) -> str:
        """The error as `sf__Error` carries it: `CODE:message:fields --`, or `:--` without fields (facts 5.5)."""
        named = f"{','.join(self.fields)} " if self.fields else ""
        return f"{self.code}:{self.message}:{named}--"


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404 for a path, an object or a record that is not there."""
    return ApiError(404, "NOT_FOUND", message)


def malformed_query(message: str) -> ApiError:
    """400 for text that is not SOQL."""
    return ApiError(400, "MALFORMED_QUERY", message)
