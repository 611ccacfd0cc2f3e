"""The HTTP session: time-outs on everything, and plain http to nowhere but this machine."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

from tandem.errors import SalesforceError, SettingsError
from tandem.salesforce.errors import CONNECTION_LOST, TIMEOUT, TRUNCATED, UNREACHABLE


def is_loopback(host: str | None) -> bool:
    """Whether a host name means this very machine, without asking any name server."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(url: str, setting: str = "TANDEM_SALESFORCE__URL") -> str:
    """Return the origin (``https://host[:port]``) of an org's address.

    :raises SettingsError: there is none, it is no web address, or it is plain http to another machine.
    """
    parts = urlsplit(url.strip())
    if not url.strip():
        raise SettingsError(f"{setting} is not set. Set it to your org's My Domain address.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{setting} is not a web address. Set it to e.g. https://acme.my.salesforce.com.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SettingsError(
            f"{setting} is plain http to {parts.hostname}. Use https: only loopback may do without."
        )
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise SettingsError(f"{setting} has a port that is no number. Put it right.") from None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


class _Adapter(HTTPAdapter):
    """Gives every request a time-out, and takes TLS away on loopback only.

    simple-salesforce writes ``https://`` in front of every host; a sandbox on this machine speaks http.
    """

    def __init__(self, timeout: float, plain: bool) -> None:
        self._timeout = (min(timeout, 10.0), timeout)
        self._plain = plain
        super().__init__(pool_maxsize=16)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        if self._plain and is_loopback(str(url.hostname)):
            request.url = url._replace(scheme="http").geturl()
        elif url.scheme != "https":
            raise SettingsError(
                f"Refused to send plain http to {url.hostname}: only loopback may do without TLS."
            )
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        return super().send(request, *args, **kwargs)


def open_session(origin: str, timeout: float) -> requests.Session:
    """Make the session for one org.

    Away from loopback, proxies and certificates of the environment apply and answers come compressed.
    On loopback neither would help.
    """
    session = requests.Session()
    local = is_loopback(urlsplit(origin).hostname)
    adapter = _Adapter(timeout, plain=origin.startswith("http://"))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.trust_env = not local
    session.headers["Accept-Encoding"] = "identity" if local else "gzip"
    session.headers["User-Agent"] = "Tandem"
    return session


def lost(error: requests.RequestException, origin: str) -> SalesforceError:
    """Put a failed exchange into words, with a code that says whether Salesforce may have acted on it."""
    reason: Any = error.args[0] if error.args else None
    if isinstance(error, requests.exceptions.SSLError):
        return SalesforceError(
            f"No secure connection to {origin}: its certificate is not one this machine trusts. Check "
            "TANDEM_SALESFORCE__URL, or name your company's certificates in REQUESTS_CA_BUNDLE.",
            "TLS",
        )
    cause = reason.reason if isinstance(reason, MaxRetryError) else reason
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError) or isinstance(
        cause, NewConnectionError
    ):
        return SalesforceError(
            f"{origin} cannot be reached. Check TANDEM_SALESFORCE__URL and the network.", UNREACHABLE
        )
    if isinstance(error, requests.exceptions.Timeout) or isinstance(cause, ReadTimeoutError):
        return SalesforceError(
            f"{origin} did not answer in time. Try again, or raise TANDEM_SALESFORCE__TIMEOUT_SECONDS.",
            TIMEOUT,
        )
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return SalesforceError(f"The answer from {origin} broke off. Try again.", TRUNCATED)
    if isinstance(error, requests.exceptions.ConnectionError) or isinstance(cause, ProtocolError):
        return SalesforceError(
            f"The connection to {origin} broke before it answered. Try again.", CONNECTION_LOST
        )
    return SalesforceError(f"The request to {origin} failed: {type(error).__name__}.", CONNECTION_LOST)
