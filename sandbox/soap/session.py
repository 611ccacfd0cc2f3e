"""SOAP's calls about the session: login, who one is, what time it is."""

from __future__ import annotations

from typing import Any

from sandbox.core import ORG_ID
from sandbox.errors import ApiError
from sandbox.http.call import Call
from sandbox.sessions import LIFETIME_SECONDS
from sandbox.soap import xml
from sandbox.soap.xml import Request

SOAP_LOGIN_ENDS = 65
"""login() is absent from this version on (facts 5.11)."""


def login(call: Call, request: Request) -> str:
    """A session for a name and a password with its security token."""
    if float(call.version) >= SOAP_LOGIN_ENDS:
        raise ApiError(500, "UNKNOWN_EXCEPTION", "SOAP API login() is disabled by default in this org.")
    username, password = xml.text(request.body, "username"), xml.text(request.body, "password")
    user_id = call.core.passwords.check(username or "", password or "")
    if user_id is None:
        raise ApiError(
            500, "INVALID_LOGIN", "Invalid username, password, security token; or user locked out."
        )
    session = call.core.sessions.open(user_id)
    url = f"{call.base_url}/services/Soap/u/{call.version}/{ORG_ID[:15]}"
    call.user = call.core.user(user_id)
    return xml.write(
        "result",
        {
            "metadataServerUrl": url.replace("/u/", "/m/"),
            "passwordExpired": False,
            "sandbox": False,
            "serverUrl": url,
            "sessionId": session.token,
            "userId": user_id,
            "userInfo": _user_info(call),
        },
    )


def _user_info(call: Call) -> dict[str, Any]:
    row = call.core.store.run(
        'SELECT "Name", "Email", "ProfileId" FROM "User" WHERE "Id" = ?', [call.who.id]
    )[0]
    return {
        "organizationId": ORG_ID,
        "organizationName": "Sandbox Org",
        "profileId": row[2],
        "sessionSecondsValid": int(LIFETIME_SECONDS),
        "userEmail": row[1],
        "userFullName": row[0],
        "userId": call.who.id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": call.who.username,
        "userTimeZone": "GMT",
        "userType": "Standard",
    }


def get_user_info(call: Call, request: Request) -> str:
    """Who the session belongs to."""
    return xml.write("result", _user_info(call))


def get_server_timestamp(call: Call, request: Request) -> str:
    """The org's time."""
    return xml.write("result", {"timestamp": call.core.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")})


def logout(call: Call, request: Request) -> str:
    """End the session."""
    call.core.sessions.close(request.session)
    return ""
