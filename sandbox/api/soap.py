"""`services/Soap/u/{version}`: the SOAP endpoint (facts 3, 5.11)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core import VERSIONS
from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call
from sandbox.http.dispatch import log_in
from sandbox.http.router import Router
from sandbox.soap import xml
from sandbox.soap.operations import OPERATIONS


def add(router: Router) -> None:
    """Take the family's paths in. The SOAPAction header may be empty or quoted: it is not looked at."""
    for kind in ("u", "c"):
        for tail in ("", "/{org}"):
            router.add(
                "POST", f"services/Soap/{kind}/{{version}}{tail}", soap, needs_user=False, counted=False
            )


def soap(call: Call, found: Mapping[str, str]) -> Answer:
    """One operation; whatever goes wrong is a fault."""
    try:
        call.version = _version(found["version"])
        request = xml.read(call.body)
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise ApiError(500, "soapenv:Client", f"No operation available for request {request.operation}")
        if request.operation != "login":
            _session(call, request.session)
        call.core.meter.count(call.slot)
        call.counted = True
        return _xml(200, xml.answer(request.operation, [operation(call, request)]))
    except ApiError as error:
        return _xml(500, xml.fault(error.code, error.message.strip()))


def _version(text: str) -> str:
    major = text.partition(".")[0]
    if not major.isdigit() or int(major) not in VERSIONS:
        raise ApiError(500, "UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {text}")
    return f"{int(major)}.0"


def _session(call: Call, token: str) -> None:
    call.headers = {**call.headers, "authorization": f"Bearer {token}"}
    try:
        log_in(call)
    except ApiError as error:
        if error.code != "INVALID_SESSION_ID":
            raise
        message = "Invalid Session ID found in SessionHeader: Illegal Session"
        raise ApiError(500, "INVALID_SESSION_ID", message) from None


def _xml(status: int, body: bytes) -> Answer:
    return Answer(status, raw=body, content_type="text/xml;charset=UTF-8")
