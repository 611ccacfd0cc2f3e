"""Login over OAuth: token, userinfo, revoke, identity (facts 5.11)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import jwt

from sandbox import ids
from sandbox.core import ORG_ID
from sandbox.errors import ApiError, OAuthError
from sandbox.http.call import Answer, Call
from sandbox.http.dispatch import Dispatcher, log_in
from sandbox.sessions import ConnectedApp, Session

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


def add(dispatcher: Dispatcher) -> None:
    """Take the family's paths in."""
    router = dispatcher.root
    router.add("POST GET", "services/oauth2/token", token, needs_user=False, counted=False)
    router.add("POST GET", "services/oauth2/revoke", revoke, needs_user=False, counted=False)
    router.add("GET POST", "services/oauth2/userinfo", userinfo, needs_user=False, counted=False)
    router.add("GET", "id/{org}/{user}", identity, needs_user=False, counted=False)


def token(call: Call, found: Mapping[str, str]) -> Answer:
    """Trade credentials for an access token."""
    form = _form(call)
    grant = form.get("grant_type", "")
    if grant == "client_credentials":
        app = _app(call, form, secret=True)
        return _granted(call, call.core.sessions.open(app.run_as))
    if grant == _JWT_GRANT:
        return _granted(call, call.core.sessions.open(_asserted(call, form)))
    if grant == "refresh_token":
        _app(call, form, secret="client_secret" in form)
        user_id = call.core.sessions.refresh(form.get("refresh_token", ""))
        if user_id is None:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        return _granted(call, call.core.sessions.open(user_id))
    if grant == "password":
        app = _app(call, form, secret=True)
        return _granted(call, call.core.sessions.open(_by_password(call, form), refreshable=True))
    if not grant:
        raise OAuthError("invalid_request", "must provide grant_type")
    raise OAuthError("unsupported_grant_type", "grant type not supported")


def _form(call: Call) -> dict[str, str]:
    text = call.body.decode("utf-8", "replace")
    return {**call.query, **dict(parse_qsl(text, keep_blank_values=True))}


def _app(call: Call, form: Mapping[str, str], secret: bool) -> ConnectedApp:
    client_id, client_secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, coded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, client_secret = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise OAuthError("invalid_client", "invalid client credentials") from None
    app = call.core.apps.get(client_id)
    if app is None:
        raise (
            OAuthError("invalid_client_id", "client identifier invalid")
            if not secret
            else OAuthError("invalid_client", "invalid client credentials")
        )
    if secret and not hmac.compare_digest(app.client_secret.encode(), client_secret.encode()):
        raise OAuthError("invalid_client", "invalid client credentials")
    return app


def _asserted(call: Call, form: Mapping[str, str]) -> str:
    assertion = form.get("assertion", "")
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise OAuthError("invalid_grant", "invalid assertion") from None
    app = call.core.apps.get(str(claims.get("iss", "")))
    if app is None:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    _verify(call, app, assertion)
    now = call.core.clock.now().timestamp()
    if not isinstance(claims.get("exp"), int | float) or claims["exp"] < now:
        raise OAuthError("invalid_grant", "expired authorization code")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else list(audience or [])
    if not any(item in (*_AUDIENCES, call.base_url) for item in audiences):
        raise OAuthError("invalid_grant", "audience is invalid")
    rows = call.core.store.run(
        'SELECT "Id", "IsActive" FROM "User" WHERE lower("Username") = lower(?)', [str(claims.get("sub", ""))]
    )
    if not rows:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    if not rows[0][1]:
        raise OAuthError("invalid_grant", "inactive user")
    return str(rows[0][0])


def _verify(call: Call, app: ConnectedApp, assertion: str) -> None:
    for certificate in app.certificates:
        try:
            # Times are judged by the org's clock, not by the library's.
            jwt.decode(
                assertion,
                certificate,
                algorithms=["RS256", "RS384", "RS512", "ES256"],
                options={"verify_exp": False, "verify_aud": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, ValueError):
            continue
        return
    raise OAuthError("invalid_grant", "invalid assertion")


def _by_password(call: Call, form: Mapping[str, str]) -> str:
    user_id = call.core.passwords.check(form.get("username", ""), form.get("password", ""))
    if user_id is None:
        raise OAuthError("invalid_grant", "authentication failure")
    return user_id


def _granted(call: Call, session: Session) -> Answer:
    issued = str(int(call.core.clock.now().timestamp() * 1000))
    identity_url = f"{call.base_url}/id/{ORG_ID}/{session.user_id}"
    body: dict[str, Any] = {
        "access_token": session.token,
        "signature": base64.b64encode(f"{identity_url}{issued}".encode()).decode()[:44],
        "scope": "api id",
        "instance_url": call.base_url,
        "id": identity_url,
        "token_type": "Bearer",
        "issued_at": issued,
        "api_instance_url": call.base_url,
    }
    if session.refresh_token:
        body["refresh_token"] = session.refresh_token
    return Answer(body=body)


def revoke(call: Call, found: Mapping[str, str]) -> Answer:
    """End a session by its token."""
    if not call.core.sessions.close(_form(call).get("token", "")):
        raise OAuthError("invalid_token", "invalid token")
    return Answer(200)


def userinfo(call: Call, found: Mapping[str, str]) -> Answer:
    """Who the token stands for, in OpenID's words."""
    try:
        log_in(call)
    except ApiError:
        return Answer(403, raw=b"Bad_OAuth_Token", content_type="text/html;charset=UTF-8")
    user = call.core.store.run(
        'SELECT "Name", "Email", "FirstName", "LastName", "LanguageLocaleKey", "TimeZoneSidKey" '
        'FROM "User" WHERE "Id" = ?',
        [call.who.id],
    )[0]
    return Answer(
        body={
            "sub": f"{call.base_url}/id/{ORG_ID}/{call.who.id}",
            "user_id": call.who.id,
            "organization_id": ORG_ID,
            "preferred_username": call.who.username,
            "nickname": call.who.username.partition("@")[0],
            "name": user[0],
            "email": user[1],
            "email_verified": True,
            "given_name": user[2],
            "family_name": user[3],
            "zoneinfo": user[5],
            "language": user[4],
            "locale": user[4],
            "user_type": "STANDARD",
            "active": True,
            "urls": {
                "rest": f"{call.base_url}/services/data/v{{version}}/",
                "partner": f"{call.base_url}/services/Soap/u/{{version}}/{ORG_ID[:15]}",
                "sobjects": f"{call.base_url}/services/data/v{{version}}/sobjects/",
                "query": f"{call.base_url}/services/data/v{{version}}/query/",
            },
        }
    )


def identity(call: Call, found: Mapping[str, str]) -> Answer:
    """The identity URL that a token answer names."""
    answer = userinfo(call, found)
    if answer.status == 200 and (ids.to18(found["org"]), ids.to18(found["user"])) != (ORG_ID, call.who.id):
        return Answer(404, raw=b"Bad_Id", content_type="text/html;charset=UTF-8")
    if answer.status == 200:
        answer.body = {
            "id": answer.body["sub"],
            "asserted_user": True,
            "user_id": call.who.id,
            "organization_id": ORG_ID,
            "username": call.who.username,
            "nick_name": answer.body["nickname"],
            "display_name": answer.body["name"],
            "email": answer.body["email"],
            "active": True,
            "urls": answer.body["urls"],
        }
    return answer
