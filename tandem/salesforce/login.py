"""OAuth logins: client credentials and JWT bearer. SOAP login is being retired and is not here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import jwt
import requests

from tandem.errors import AuthenticationError, SettingsError
from tandem.salesforce.errors import from_rest
from tandem.salesforce.transport import check_url, is_loopback
from tandem.settings import SalesforceSettings

TOKEN_PATH = "/services/oauth2/token"

# What to look at, by the OAuth error or a part of its description, the most telling first.
_HINTS = {
    "CLIENT CREDENTIALS FLOW": "Enable the client credentials flow in the app and set its run-as user",
    "NO CLIENT CREDENTIALS USER": "Set the run-as user of the client credentials flow in the app's policies",
    "HASN'T APPROVED": "Let an administrator pre-authorise the sync user for the app",
    "INACTIVE USER": "Activate the sync user in Salesforce",
    "INVALID ASSERTION": "Check TANDEM_SALESFORCE__PRIVATE_KEY_FILE against the certificate in the app",
    "AUDIENCE": "Check TANDEM_SALESFORCE__URL: it must be this org's own address",
    "INVALID_CLIENT_ID": "Check TANDEM_SALESFORCE__CLIENT_ID",
    "INVALID_CLIENT": "Check TANDEM_SALESFORCE__CLIENT_ID and TANDEM_SALESFORCE__CLIENT_SECRET",
    "INVALID_APP_ACCESS": "Give the sync user access to the app (its permission sets or profiles)",
    "INACTIVE_USER": "Activate the sync user in Salesforce",
    "INACTIVE_ORG": "The org is locked or expired: check its status in Salesforce",
    "UNSUPPORTED_GRANT_TYPE": "Enable this OAuth flow in the app, or change TANDEM_SALESFORCE__LOGIN",
}


@dataclass(frozen=True)
class Token:
    """What a login yields."""

    secret: str = field(repr=False)
    """The access token."""
    origin: str
    """Where the org wants to be called, ``https://host[:port]``."""
    user_id: str
    """The sync user, as Salesforce names it in the answer; empty where it does not."""


Post = Callable[[str, dict[str, str]], requests.Response]


def log_in(settings: SalesforceSettings, post: Post) -> Token:
    """Log in once.

    :param post: sends a form to a path of the org and hands back what it says, refusals too.
    :raises SettingsError: a credential is missing or unreadable.
    :raises AuthenticationError: Salesforce said no; one line names what to check.
    """
    origin = check_url(settings.url)
    form = (
        _client_credentials(settings)
        if settings.login == "client_credentials"
        else _jwt_bearer(settings, origin)
    )
    response = post(TOKEN_PATH, form)
    if response.status_code != 200:
        error = from_rest(response.content, response.status_code)[0]
        told = f"{error.code} {error.message}".upper()
        hint = next((text for mark, text in _HINTS.items() if mark in told), None)
        hint = hint or "Check TANDEM_SALESFORCE__URL, the app's OAuth settings and the sync user"
        raise AuthenticationError(
            f"Salesforce refused the login ({error.code}: {error.message}). {hint}.",
            error.code,
            response.status_code,
        )
    try:
        answer = response.json()
        return Token(
            str(answer["access_token"]),
            check_url(str(answer["instance_url"]), "The org's own address"),
            str(answer.get("id") or "").rpartition("/")[2],
        )
    except (ValueError, KeyError, TypeError):
        raise AuthenticationError(
            f"{origin} answered the login, but not as Salesforce does. Check TANDEM_SALESFORCE__URL.",
            "NOT_SALESFORCE",
            response.status_code,
        ) from None


def _client_credentials(settings: SalesforceSettings) -> dict[str, str]:
    secret = settings.client_secret.get_secret_value()
    _need(settings.client_id, "CLIENT_ID")
    _need(secret, "CLIENT_SECRET")
    return {"grant_type": "client_credentials", "client_id": settings.client_id, "client_secret": secret}


def _jwt_bearer(settings: SalesforceSettings, origin: str) -> dict[str, str]:
    _need(settings.client_id, "CLIENT_ID")
    _need(settings.username, "USERNAME")
    path = settings.private_key_file
    if path is None:
        raise SettingsError("TANDEM_SALESFORCE__PRIVATE_KEY_FILE is not set. JWT bearer login needs it.")
    claims = {
        "iss": settings.client_id,
        "sub": settings.username,
        "aud": _audience(origin),
        "exp": int(time.time()) + 180,
    }
    try:
        assertion = jwt.encode(claims, path.read_bytes(), algorithm="RS256")
    except OSError as error:
        raise SettingsError(
            f"The private key {path} cannot be read ({error.strerror}). Check "
            "TANDEM_SALESFORCE__PRIVATE_KEY_FILE."
        ) from None
    except (ValueError, TypeError, jwt.PyJWTError):
        raise SettingsError(
            f"{path} holds no RSA private key in PEM form without a password. Check "
            "TANDEM_SALESFORCE__PRIVATE_KEY_FILE."
        ) from None
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}


def _audience(origin: str) -> str:
    """The ``aud`` of the assertion.

    Salesforce wants the login host of the kind of org (production or sandbox), not its My Domain; any
    other address (a community, loopback) is its own audience.
    """
    host = str(urlsplit(origin).hostname)
    if is_loopback(host) or not host.endswith(".my.salesforce.com"):
        return origin
    kind = "test" if host.endswith((".sandbox.my.salesforce.com", ".scratch.my.salesforce.com")) else "login"
    return f"https://{kind}.salesforce.com"


def _need(value: str, name: str) -> None:
    if not value:
        raise SettingsError(f"TANDEM_SALESFORCE__{name} is not set. Put it in the environment or .env.")
