"""A scripted Salesforce: a real HTTP server on loopback whose answers a test writes down.

The client under test is the real one, down to the socket; only the org is a list of functions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tandem.salesforce.calls import CallMeter
from tandem.salesforce.connection import Connection, connect
from tandem.settings import ApiBudget, SalesforceSettings


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    """Bytes to leave out at the end of the body, the length promised all the same."""
    drop: bool = False
    """Close the connection without a word."""


DATE = "Fri, 01 May 2026 07:25:37 GMT"


class ScriptedOrg:
    """Answers each request with the next of ``script``; then with the last again."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.script: list[Callable[[Request], Answer] | Answer] = []
        self.token = Answer(body={})
        org = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, dict(self.headers), body)
                answer = org.answer(request)
                if answer.drop:
                    self.close_connection = True
                    return
                text = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                headers = {
                    "Date": DATE,
                    "Sforce-Limit-Info": "api-usage=10/15000",
                    "Content-Length": str(len(text)),
                    **answer.headers,
                }
                lines = [
                    f"HTTP/1.1 {answer.status} X",
                    *(f"{name}: {value}" for name, value in headers.items()),
                ]
                # In one piece: in several, the kernel waits 40 ms between them.
                self.wfile.write("\r\n".join([*lines, "", ""]).encode() + text[: len(text) - answer.cut])
                if answer.cut:
                    self.close_connection = True

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.token.body = {"access_token": "the-token", "instance_url": self.url}
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def answer(self, request: Request) -> Answer:
        if request.path == "/services/oauth2/token":
            return self.token
        self.requests.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return step if isinstance(step, Answer) else step(request)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self, **changes: Any) -> SalesforceSettings:
        given = {
            "url": self.url,
            "client_id": "id",
            "client_secret": "the-secret",
            "backoff_seconds": 0,
            "max_attempts": 3,
            "timeout_seconds": 5,
            "bulk_poll_seconds": 0.001,
        }
        return SalesforceSettings.model_validate({**given, **changes})

    def connect(self, budget: ApiBudget | None = None, spent: int = 0, **changes: Any) -> Connection:
        return connect(self.settings(**changes), CallMeter(budget or ApiBudget(), spent))


def refusal(code: str, status: int = 400, message: str = "No.") -> Answer:
    return Answer(status, [{"message": message, "errorCode": code}])


@pytest.fixture
def org() -> Iterator[ScriptedOrg]:
    scripted = ScriptedOrg()
    yield scripted
    scripted.close()


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def refuse() -> Callable[..., Answer]:
    return refusal
