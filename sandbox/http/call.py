"""A request as the API families see it, and their answer. No sockets: composites make their own calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.access import User
from sandbox.core import Core
from sandbox.errors import ApiError, not_found
from sandbox.faults import Fault, locks, refusals
from sandbox.metadata.sobject import SObject
from sandbox.rules.draft import Intent
from sandbox.rules.prepare import UnreadableJson

_EXPECTED = {
    "Expecting property name": "was expecting double-quote to start field name",
    "Expecting ':'": "was expecting a colon to separate field name and value",
    "Expecting ','": "was expecting comma to separate entries",
    "Expecting value": "expected a valid value (number, String, array, object, 'true', 'false' or 'null')",
}
"""What was missing, by the beginning of Python's word for it."""
TRUE = frozenset(["true", "1", "yes"])


@dataclass(slots=True)
class Call:
    """One request, real or inside a composite. `path` is as it was sent; header names are in lower case."""

    core: Core
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    data: Any = None
    user: User | None = None
    version: str = "67.0"
    base_url: str = ""
    faults: Sequence[Fault] = ()
    nested: bool = False
    client: str = ""
    token: str = ""
    slot: int = 0
    """The number under which the request is known to be at work."""
    counted: bool = False
    """Set by handlers that count for themselves."""

    @property
    def segments(self) -> tuple[str, ...]:
        """What stands between the slashes of the path; a slash that belongs to a value is encoded."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def who(self) -> User:
        """The user; families that need one are only reached with one."""
        assert self.user is not None
        return self.user

    def json(self) -> Any:
        """The body as JSON."""
        if self.data is not None:
            return self.data
        if not self.body.strip():
            raise ApiError(
                400,
                "JSON_PARSER_ERROR",
                "The HTTP entity body is required, but this request has no entity body.",
            )
        try:
            self.data = json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "JSON_PARSER_ERROR", _json_message(error)) from None
        return self.data

    def object_body(self) -> dict[str, Any]:
        """The body as a JSON object."""
        data = self.json()
        if not isinstance(data, dict):
            raise ApiError(
                400,
                "JSON_PARSER_ERROR",
                "Unexpected parameter encountered during deserialization: expected an object "
                "at [line:1, column:1]",
            )
        return data

    def located(self, error: ApiError) -> ApiError:
        """The same error, pointing into this request's text where that is possible."""
        if isinstance(error, UnreadableJson):
            error.locate(self.body.decode("utf-8", "replace"))
        return error

    def sobject(self, name: str) -> SObject:
        """An object that this user sees, or 404."""
        found = self.core.schema.find(name)
        if found is None or not self.who.profile.sees_object(found):
            raise not_found()
        return found

    def intent(self) -> Intent:
        """How writes of this request are meant, by its headers (facts 5.3)."""
        assign: bool | str = True
        header = self.headers.get("sforce-auto-assign", "TRUE").strip()
        if header.upper() in ("TRUE", "FALSE"):
            assign = header.upper() == "TRUE"
        elif header:
            assign = header
        rules = self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        return Intent(
            self.who,
            auto_assign=assign,
            allow_duplicates="allowsave=true" in rules,
            duplicate_details="includerecorddetails=true" in rules,
            locked=locks(self.faults),
            refusal=refusals(self.faults),
        )

    def flag(self, name: str, default: bool = False) -> bool:
        """A true-or-false query parameter."""
        value = self.query.get(name)
        return default if value is None else value.lower() in TRUE


@dataclass(slots=True)
class Answer:
    """What a client gets. `body` is JSON data; `stream` replaces it by pieces of known total length."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"
    stream: Callable[[], Iterator[bytes]] | None = None
    length: int | None = None
    raw: bytes | None = None
    rows: int = 0

    def payload(self) -> bytes:
        """The bytes of a body that is not streamed."""
        if self.raw is not None:
            return self.raw
        if self.body is None:
            return b""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )


def parse_query(text: str) -> dict[str, str]:
    """Query parameters; of repeated ones the last wins."""
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=1000))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"Unexpected token {name}")


def _json_message(error: Exception) -> str:
    """What is wrong with JSON, in the words of the parser that a real org uses."""
    if not isinstance(error, json.JSONDecodeError):
        return "Malformed JSON at [line:1, column:1]"
    said = "Unexpected end-of-input"
    if error.doc[error.pos :].strip():
        char = error.doc[error.pos]
        said = f"Unexpected character ('{char}' (code {ord(char)}))"
        said += next((f": {more}" for begin, more in _EXPECTED.items() if error.msg.startswith(begin)), "")
    return f"{said} at [line:{error.lineno}, column:{error.colno}]"
