"""The connection to one org: every request goes through here, and every rule about requests lives here.

Time-outs, retries of what is intermittent, a new login when the session has ended, the budget, the headers
that keep a sync from moving owners: a caller says what it wants and gets an answer or one clear error.
"""

from __future__ import annotations

import json as json_codec
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from tandem.errors import AuthenticationError, BudgetExhausted, SalesforceError
from tandem.salesforce.calls import ApiCall, CallMeter, parse_limit_info
from tandem.salesforce.envelope import fault
from tandem.salesforce.errors import (
    TRUNCATED,
    ErrorClass,
    Refused,
    RowError,
    classify,
    from_rest,
    is_daily_limit,
    may_have_happened,
    one_line,
)
from tandem.salesforce.login import log_in
from tandem.salesforce.transport import check_url, lost, open_session
from tandem.settings import SalesforceSettings

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce

log = logging.getLogger(__name__)
T = TypeVar("T")

_PIECE = 1 << 20  # bytes read at once when an answer goes to disk
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@dataclass(frozen=True)
class Identity:
    """Who we are in the org."""

    user_id: str
    username: str
    org_id: str


class Connection:
    """A logged-in session with one org. Threads may share it.

    ``salesforce`` is the simple-salesforce object of the current session, for its addresses and headers.
    Requests made on it directly bypass the meter and the retries, so make them here.
    """

    def __init__(self, settings: SalesforceSettings, meter: CallMeter) -> None:
        self.settings = settings
        self.meter = meter
        self._origin = check_url(settings.url)
        self._session = open_session(self._origin, settings.timeout_seconds)
        self._login_lock = threading.Lock()
        self._server_time: datetime | None = None
        self._user_id = ""
        self.salesforce = self._log_in()

    def __repr__(self) -> str:
        return f"Connection({self._origin})"

    @property
    def server_time(self) -> datetime:
        """Salesforce's clock, UTC, at the last answer: the only clock that watermarks may come from."""
        if self._server_time is None:
            raise SalesforceError(
                f"{self._origin} answers without a Date header. Check what stands between here and there.",
                "NO_SERVER_TIME",
            )
        return self._server_time

    @property
    def user_id(self) -> str:
        """The sync user's id: as the login named it, else asked for, once."""
        if not self._user_id:
            self._user_id = self.identity().user_id
        return self._user_id

    def identity(self) -> Identity:
        """Ask who we are logged in as."""
        answer = read_json(self.request("GET", "/services/oauth2/userinfo", operation="identity"))
        return Identity(
            str(answer.get("user_id")),
            str(answer.get("preferred_username")),
            str(answer.get("organization_id")),
        )

    def close(self) -> None:
        """Give the sockets back."""
        self._session.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        object: str | None = None,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        stream: bool = False,
        idempotent: bool = True,
        into: Path | None = None,
        rows: int | None = None,
    ) -> requests.Response:
        """Send one request and return its answer: success, or 304 if the headers asked conditionally.

        :param path: ``/services/…`` as is, anything else below ``/services/data/vXX.0/``.
        :param operation: what it is for, in the records of API calls and in errors.
        :param stream: leave the body unread; the caller reads and closes it, and no retry covers that.
        :param idempotent: whether doing it twice is the same as doing it once. If not, it is not repeated
            once Salesforce may have acted on it.
        :param into: write the body to this file while it comes; a repeated try begins the file anew.
        :param rows: records sent, for the record of API calls.
        :raises BudgetExhausted: our budget or the org's calls of the day are used up.
        :raises AuthenticationError: the session cannot be renewed, or the user may not use the API.
        :raises SalesforceError: anything else that is not success, after the retries it deserves.
        """
        body = data
        extra = dict(headers or {})
        if json is not None:
            body = json_codec.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            extra.setdefault("Content-Type", "application/json; charset=utf-8")
        if method in _WRITES:
            extra.setdefault("Sforce-Auto-Assign", "FALSE")
            extra.setdefault("Sforce-Mru", "updateMru=false")

        def exchange(session: Salesforce) -> requests.Response:
            self.meter.reserve(_cost(path))
            return self._exchange(
                session,
                method,
                path,
                operation,
                object,
                extra,
                params=params,
                data=body,
                stream=stream,
                into=into,
                rows=rows,
            )

        def once() -> requests.Response:
            session = self.salesforce
            response = exchange(session)
            if _session_ended(response):
                self._renew(session)
                response = exchange(self.salesforce)
            if response.status_code < 300 or response.status_code == 304:
                return response
            raise self._refusal(response, operation, object)

        return self._persist(once, operation, idempotent)

    def soap(
        self,
        path: str,
        envelope: Callable[[str], bytes],
        *,
        operation: str,
        object: str | None = None,
        rows: int | None = None,
    ) -> bytes:
        """Send one SOAP request that must not be repeated once Salesforce may have acted on it.

        :param envelope: makes the body from the session's token.
        :raises AuthenticationError: the session cannot be renewed, or the user may not use the API.
        :raises SalesforceError: a fault, or no answer.
        """
        headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}

        def exchange(session: Salesforce) -> tuple[requests.Response, RowError | None]:
            self.meter.reserve(_cost(path))
            token = session.headers["Authorization"].removeprefix("Bearer ")
            response = self._exchange(
                session, "POST", path, operation, object, headers, data=envelope(token), rows=rows
            )
            if response.status_code < 300:
                return response, None
            try:
                return response, fault(response.content)
            except SalesforceError:  # a gateway's page
                return response, None

        def once() -> bytes:
            session = self.salesforce
            response, error = exchange(session)
            if error and error.code == "INVALID_SESSION_ID":
                self._renew(session)
                response, error = exchange(self.salesforce)
            if response.status_code < 300:
                return response.content
            if error is None:
                raise self._refusal(response, operation, object)
            if is_daily_limit(error):
                raise BudgetExhausted(
                    f"Stopped at Salesforce's limit: the org has no API calls left for now ({error.message})"
                )
            raise Refused(f"{operation} of {object}" if object else operation, error, response.status_code)

        return self._persist(once, operation, idempotent=False)

    def pause(self, attempt: int) -> None:
        """Wait before try ``attempt + 1``: twice as long each time, with jitter, as the settings say."""
        longest = self.settings.backoff_seconds * 2 ** (attempt - 1)
        if longest:
            time.sleep(random.uniform(longest / 2, longest))

    def _persist(self, once: Callable[[], T], operation: str, idempotent: bool) -> T:
        attempt = 1
        while True:
            try:
                return once()
            except SalesforceError as error:
                again = classify(error.code) is ErrorClass.INTERMITTENT and (
                    idempotent or not may_have_happened(error.code)
                )
                if not again or attempt >= self.settings.max_attempts:
                    raise
                log.warning(
                    "%s: %s, try %d of %d", operation, error.code, attempt + 1, self.settings.max_attempts
                )
            self.pause(attempt)
            attempt += 1

    def _exchange(
        self,
        session: Salesforce | None,
        method: str,
        path: str,
        operation: str,
        object: str | None,
        headers: Mapping[str, str],
        *,
        stream: bool = False,
        into: Path | None = None,
        rows: int | None = None,
        **rest: Any,
    ) -> requests.Response:
        """Send once, take the answer in, and record the call whatever came of it.

        :param session: whose token to send; None for a login.
        """
        sent = {"Sforce-Call-Options": "client=Tandem", **headers}
        url = self._origin + path
        if session is not None:
            sent["Authorization"] = session.headers["Authorization"]
            base = session.base_url
            url = base[: base.index("/services/")] + path if path.startswith("/") else base + path
        at, start = datetime.now(UTC), time.perf_counter()
        response: requests.Response | None = None
        try:
            response = self._session.request(
                method, url, headers=sent, stream=stream or into is not None, allow_redirects=False, **rest
            )
            if into is not None and response.status_code == 200:
                with into.open("wb") as file:
                    for piece in response.iter_content(_PIECE):
                        file.write(piece)
            if response.status_code >= 300:
                _ = response.content  # the reasons, also where the body was to be streamed
        except requests.RequestException as error:
            raise lost(error, self._origin) from None
        finally:
            answer = response.headers if response is not None else {}
            used, limit = parse_limit_info(answer.get("Sforce-Limit-Info"))
            arrived = answer.get("Sforce-NumberOfRecords", "")
            self.meter.record(
                ApiCall(
                    at=at,
                    operation=operation,
                    object=object,
                    status=response.status_code if response is not None else None,
                    seconds=time.perf_counter() - start,
                    calls=_cost(path),
                    rows=int(arrived) if arrived.isdecimal() else rows,
                    used=used,
                    limit=limit,
                )
            )
        self._server_time = answer_time(response) or self._server_time
        return response

    def _log_in(self) -> Salesforce:
        # Here and not above: with all that it brings it takes longer to load than `tandem status` to run.
        from simple_salesforce.api import Salesforce

        def post(path: str, form: dict[str, str]) -> requests.Response:
            response = self._exchange(None, "POST", path, "login", None, {}, data=form)
            if response.status_code >= 500 or response.status_code == 429:
                raise self._refusal(response, "login", None)
            return response

        token = self._persist(lambda: log_in(self.settings, post), "login", True)
        self._user_id = token.user_id
        return Salesforce(
            instance_url=token.origin,
            session_id=token.secret,
            session=self._session,
            version=self.settings.api_version,
        )

    def _renew(self, ended: Salesforce) -> None:
        """Log in again, unless another thread has done so since ``ended`` was in use."""
        with self._login_lock:
            if self.salesforce is ended:
                log.info("The session has ended; logging in again.")
                self.salesforce = self._log_in()

    def _refusal(self, response: requests.Response, operation: str, object: str | None) -> SalesforceError:
        """Put a refusal into one line.

        :raises BudgetExhausted: the org's calls of the day are used up; waiting a moment will not help.
        """
        status = response.status_code
        error = from_rest(response.content, status)[0]
        about = f"{operation} of {object}" if object else operation
        if is_daily_limit(error):
            raise BudgetExhausted(
                f"Stopped at Salesforce's limit: the org has no API calls left for now ({error.message}) "
                "The sync goes on where it stopped once calls are free again."
            )
        if 300 < status < 400:
            where = response.headers.get("Location", "elsewhere").split("?")[0]
            return SalesforceError(
                f"{self._origin} sends us to {where}. Set TANDEM_SALESFORCE__URL to the org's own address.",
                f"HTTP_{status}",
                status,
            )
        refused = Refused(about, error, status)
        if status == 401 or error.code in ("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"):
            return AuthenticationError(str(refused), error.code, status)
        return refused


def connect(settings: SalesforceSettings, meter: CallMeter) -> Connection:
    """Log in to the org of the settings.

    :raises SettingsError: address or credentials are missing or unreadable.
    :raises AuthenticationError: Salesforce refused the login; one line names what to check.
    :raises SalesforceError: the org cannot be reached.
    """
    return Connection(settings, meter)


def answer_time(response: requests.Response) -> datetime | None:
    """Salesforce's clock when it answered (the ``Date`` header), UTC; None if it did not say."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None


def read_json(response: requests.Response) -> Any:
    """Read a JSON answer.

    :raises SalesforceError: it is not JSON, so it did not come from Salesforce, or not all of it.
    """
    try:
        return response.json()
    except ValueError:
        start = one_line(response.text[:60])
        raise SalesforceError(
            f"An answer that should be JSON begins with {start!r}. Check what stands before Salesforce.",
            TRUNCATED,
            response.status_code,
        ) from None


def _cost(path: str) -> int:
    """How many API calls Salesforce counts for a request: none for OAuth."""
    return 0 if "/oauth2/" in path else 1


def _session_ended(response: requests.Response) -> bool:
    return response.status_code == 401 and any(
        error.code == "INVALID_SESSION_ID" for error in from_rest(response.content, 401)
    )
