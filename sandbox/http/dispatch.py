"""Takes a call to its handler: versions, login, limits, errors (facts 3, 5.1, 5.11)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence

from sandbox.core import LATEST, VERSIONS
from sandbox.errors import ApiError, OAuthError, not_found
from sandbox.http.call import Answer, Call
from sandbox.http.router import Route, Router

_VERSION = re.compile(r"v(\d+)\.(\d+)", re.IGNORECASE)
_log = logging.getLogger("sandbox")


class Dispatcher:
    """Routes of the versioned REST API (`data`) and of everything else (`root`)."""

    def __init__(self) -> None:
        self.data = Router()
        self.root = Router()

    def answer(self, call: Call) -> tuple[Answer, bool]:
        """The answer, whatever happens, and whether the call counts against the daily limit."""
        counted = False
        try:
            call.core.recycle_bin.sweep()
            route, found = self._route(call)
            if route.needs_user and call.user is None:
                log_in(call)
            if route.counted and not call.nested:
                call.core.meter.count(call.slot)
                counted = True
            answer = route.handler(call, found)
            counted = counted or call.counted
        except OAuthError as error:
            answer = Answer(error.status, {"error": error.error, "error_description": error.description})
        except ApiError as error:
            answer = Answer(error.status, call.located(error).body())
        except Exception:
            # A bug of the sandbox itself: the client gets Salesforce's words, the log gets the truth.
            _log.exception("unexpected failure in %s %s", call.method, call.path)
            answer = Answer(
                500, [{"message": "An unexpected error occurred", "errorCode": "UNKNOWN_EXCEPTION"}]
            )
        if counted:
            answer.headers.setdefault("Sforce-Limit-Info", call.core.meter.header())
        return answer, counted

    def _route(self, call: Call) -> tuple[Route, dict[str, str]]:
        parts = call.segments
        in_data = [part.lower() for part in parts[:2]] == ["services", "data"]
        match = _VERSION.fullmatch(parts[2]) if in_data and len(parts) > 2 else None
        if match is None:
            return self._found(self.root, call, parts)
        major, minor = int(match[1]), int(match[2])
        if 7 <= major < VERSIONS.start and minor == 0:
            raise ApiError(
                410, "GONE", f"The requested resource is no longer available: API version {major}.0"
            )
        if major not in VERSIONS or major > LATEST or minor != 0:
            raise not_found()
        call.version = f"{major}.0"
        return self._found(self.data, call, parts[3:])

    def _found(self, router: Router, call: Call, parts: Sequence[str]) -> tuple[Route, dict[str, str]]:
        method = "GET" if call.method == "HEAD" else call.method
        override = call.query.get("_HttpMethod")
        if method == "POST" and override:
            # Clients that cannot send PATCH name it in a parameter.
            method = override.upper()
        route, found, known = router.find(method, parts)
        if route is not None:
            return route, found
        refusal = not_found()
        if known:
            allowed = _allowed(router, parts)
            said = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
            refusal = ApiError(405, "METHOD_NOT_ALLOWED", said)
        if router is self.root:
            raise refusal

        def refuse(call: Call, found: Mapping[str, str]) -> Answer:
            raise refusal

        # Strangers are not told what there is, and asking in vain costs a call.
        return Route(frozenset(), (), refuse), {}


def _allowed(router: Router, parts: Sequence[str]) -> str:
    methods = [
        item for item in ("HEAD", "GET", "POST", "PATCH", "PUT", "DELETE") if router.find(item, parts)[0]
    ]
    return ",".join(["HEAD", *methods] if "GET" in methods else methods)


def log_in(call: Call) -> None:
    """Find the user behind the token, or refuse as a real org does."""
    header = call.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() not in ("bearer", "oauth"):
        token = call.headers.get("x-sfdc-session", "") if not header else ""
    token = token.strip()
    session = call.core.sessions.find(token) if token else None
    if session is None:
        raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
    call.user = call.core.user(session.user_id)
    call.token = token
    if not call.user.profile.permissions.get("ApiEnabled", True):
        raise ApiError(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.")
