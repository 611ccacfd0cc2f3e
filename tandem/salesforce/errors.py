"""Salesforce's errors: reading them in all their shapes, and sorting them by what to do.

A single record's error, a collection row's error, an OAuth error and a Bulk result each say the same
thing in a different form. Everything else in Tandem sees one form, :class:`RowError`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tandem.errors import SalesforceError


class ErrorClass(StrEnum):
    """What an error code asks for (section 24.6 of the behaviour)."""

    AUTHENTICATION = "authentication"
    """Stop the job and tell somebody: nothing will work until the login is put right."""
    ACCESS = "access"
    """This record or field is refused until the data, the rights or the rules change."""
    INTERMITTENT = "intermittent"
    """Try again, after a pause."""
    OTHER = "other"
    """Somebody has to look."""


CONNECTION_LOST = "CONNECTION_LOST"
"""Our code: the connection broke after the request had left; Salesforce may have acted on it."""
UNREACHABLE = "UNREACHABLE"
"""Our code: no connection came about, so the request never left."""
TIMEOUT = "TIMEOUT"
"""Our code: no answer in time; Salesforce may have acted on the request."""
TRUNCATED = "TRUNCATED"
"""Our code: the answer is shorter than promised, or no answer of Salesforce's at all."""

# A gateway's error says nothing about what Salesforce did before; Salesforce's own words do: it refused.
_UNCERTAIN = frozenset({CONNECTION_LOST, TIMEOUT, TRUNCATED, "HTTP_500", "HTTP_502", "HTTP_503", "HTTP_504"})

_CODES = {
    ErrorClass.AUTHENTICATION: """
        AUTHENTICATION_FAILURE EXPIRED_ACCESS INACTIVE_USER INACTIVE_ORGANIZATION INVALID_GRANT
        INVALID_SESSION_ID INVALID_LOGIN INVALID_CLIENT INVALID_CLIENT_ID INVALID_APP_ACCESS
        UNSUPPORTED_GRANT_TYPE UNAUTHORIZED_CLIENT ACCESS_DENIED INACTIVE_ORG INVALID_AUTH_HEADER
        API_DISABLED_FOR_ORG PASSWORD_LOCKOUT ORG_LOCKED USER_PASSWORD_EXPIRED LOGIN_MUST_USE_SECURITY_TOKEN
    """,
    ErrorClass.ACCESS: """
        API_CURRENTLY_DISABLED CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY ENTITY_IS_LOCKED
        FIELD_CUSTOM_VALIDATION_EXCEPTION FIELD_FILTER_VALIDATION_EXCEPTION FIELD_INTEGRITY_EXCEPTION
        INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY INSUFFICIENT_ACCESS_OR_READONLY
        INVALID_FIELD_FOR_INSERT_UPDATE INVALID_TYPE REQUIRED_FIELD_MISSING TXN_SECURITY_NO_ACCESS
        DUPLICATES_DETECTED DUPLICATE_VALUE DUPLICATE_EXTERNAL_ID STRING_TOO_LONG INVALID_EMAIL_ADDRESS
        INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST INVALID_CROSS_REFERENCE_KEY INVALID_FIELD INVALID_FIELD_WITH
        NUMBER_OUTSIDE_VALID_RANGE JSON_PARSER_ERROR MALFORMED_ID ENTITY_IS_DELETED
        DELETE_FAILED CANNOT_CASCADE_PRODUCT_ACTIVE INVALID_STATUS INVALID_NUMBER
        INACTIVE_OWNER_OR_USER TRANSFER_REQUIRES_READ INVALID_TYPE_FOR_OPERATION
    """,
    ErrorClass.INTERMITTENT: """
        UNABLE_TO_LOCK_ROW REQUEST_LIMIT_EXCEEDED SERVER_UNAVAILABLE QUERY_TIMEOUT FAILED_WRITE
        INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE REQUEST_RUNNING_TOO_LONG
        CONNECTION_LOST UNREACHABLE TIMEOUT TRUNCATED HTTP_429 HTTP_502 HTTP_503 HTTP_504
    """,
}
_CLASS_OF = {code: kind for kind, codes in _CODES.items() for code in codes.split()}

# A row with one of these was not written and may pass on its own a moment later (salesforce-api.md 5.3).
RETRY_ROW = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG"})


def classify(code: str) -> ErrorClass:
    """Sort an error code, Salesforce's or one of ours; unknown codes are ``OTHER``."""
    return _CLASS_OF.get(code.upper(), ErrorClass.OTHER)


def may_have_happened(code: str) -> bool:
    """Whether a request that ended with this code may still have been carried out."""
    return code in _UNCERTAIN


def advice(code: str) -> str:
    """What to do about an error code: one sentence."""
    return _ADVICE.get(code) or _ADVICE_BY_CLASS[classify(code)]


_ADVICE = {
    "INVALID_FIELD": "Let the sync user see the field, or leave it out with TANDEM_SYNC__IGNORED_FIELDS.",
    "INVALID_TYPE": "Let the sync user see the object, or take it out of TANDEM_SYNC__OBJECTS.",
    "NOT_FOUND": "Check that it exists, that the sync user may see it, and TANDEM_SALESFORCE__API_VERSION.",
    "HTTP_404": "Check TANDEM_SALESFORCE__URL and TANDEM_SALESFORCE__API_VERSION.",
    "HTTP_410": "Salesforce has retired this version: raise TANDEM_SALESFORCE__API_VERSION.",
    "GONE": "Salesforce has retired this version: raise TANDEM_SALESFORCE__API_VERSION.",
    "API_DISABLED_FOR_ORG": "Give the sync user the permission API Enabled.",
    "API_CURRENTLY_DISABLED": "Salesforce has switched the API off for now: run the sync again later.",
    "INVALID_SESSION_ID": "Check the session policies of the app and the sync user's login restrictions.",
    "REQUEST_LIMIT_EXCEEDED": "Too many requests run in the org at once: run the sync at a quieter time.",
    "QUERY_TIMEOUT": "The query took too long: try again at a quieter time, or narrow the object's filter.",
}
_ADVICE_BY_CLASS = {
    ErrorClass.AUTHENTICATION: "Check the app's OAuth settings and the sync user.",
    ErrorClass.ACCESS: "Put the record or the sync user's rights right in Salesforce.",
    ErrorClass.INTERMITTENT: "Try again later: as a rule it passes by itself.",
    ErrorClass.OTHER: "Look the code up in Salesforce's status codes.",
}


@dataclass(frozen=True)
class RowError:
    """One reason why Salesforce refused one record or request."""

    code: str
    """Salesforce's code, or one of ours where it said nothing."""
    message: str
    """Salesforce's own words, on one line."""
    fields: tuple[str, ...] = ()
    """API names of the fields it blames; often none."""


def is_daily_limit(error: RowError) -> bool:
    """Whether the org's calls for the day are used up; the limit on concurrent requests has the same code."""
    return error.code == "REQUEST_LIMIT_EXCEEDED" and "concurrent" not in error.message.lower()


class Refused(SalesforceError):
    """Salesforce, or something in front of it, answered a request with an error."""

    def __init__(self, about: str, reason: RowError, status: int) -> None:
        """:param about: what was refused, e.g. ``update of Lead``."""
        told = f"{reason.message.rstrip('.')} ({reason.code})"
        super().__init__(f"Salesforce refused {about}: {told}. {advice(reason.code)}", reason.code, status)
        self.reason = reason


def from_rest(body: bytes | str, status: int) -> list[RowError]:
    """Read the error body of a REST or OAuth answer.

    A body in no form of Salesforce's (a gateway's HTML, nothing at all) becomes one error with the code
    ``HTTP_<status>``: whoever wrote it, it was not Salesforce.
    """
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    found = [
        _one(item)
        for item in (answer if isinstance(answer, list) else [answer])
        if isinstance(item, dict) and ("errorCode" in item or "statusCode" in item or "error" in item)
    ]
    return found or [RowError(f"HTTP_{status}", f"HTTP status {status} without an explanation")]


def from_rows(errors: Any) -> tuple[RowError, ...]:
    """Read the ``errors`` list of one row of a collection's answer."""
    found = tuple(_one(item) for item in errors or () if isinstance(item, dict))
    return found or (RowError("UNKNOWN_EXCEPTION", "Salesforce refused the record without a reason"),)


def from_bulk(text: str) -> tuple[RowError, ...]:
    """Read ``sf__Error`` of a Bulk result: ``CODE:message:fields --``.

    The message may hold colons itself, so what stands after the last one counts as fields only if it
    looks like API names.
    """
    text = one_line(text).removesuffix("--").strip()
    code, colon, rest = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Z][A-Z0-9_]*", code):
        return (RowError("UNKNOWN_EXCEPTION", text or "Salesforce refused the record without a reason"),)
    message, colon, last = rest.rpartition(":")
    names = [name.strip() for name in last.split(",") if name.strip()]
    if not colon or not all(re.fullmatch(r"[A-Za-z]\w*(\.\w+)*", name) for name in names):
        message, names = rest, []
    return (RowError(code, message.strip(), tuple(names)),)


def one_line(text: str) -> str:
    """Salesforce's messages as one line: it likes to draw carets under queries."""
    return " ".join(text.split())


def _one(item: dict[str, Any]) -> RowError:
    if "error" in item:
        code, message = item["error"], item.get("error_description")
        return RowError(str(code).upper(), one_line(str(message or code)))
    code = item.get("errorCode") or item.get("statusCode") or "UNKNOWN_EXCEPTION"
    fields = item.get("fields") or ()
    return RowError(str(code), one_line(str(item.get("message") or code)), tuple(str(f) for f in fields))
