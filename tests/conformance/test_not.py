"""Notifications (section 26)."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flows.outcome import StepsFailed
from tandem.errors import AuthenticationError, BudgetExhausted
from tests.conformance.conftest import Cast, tandem
from tests.support.world import World


class Inbox:
    """A webhook on loopback that keeps what it is told. ``/deaf`` hears and does not answer."""

    def __init__(self) -> None:
        self._told: list[dict[str, str]] = []
        self._over = threading.Event()
        inbox = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/deaf":
                    inbox._over.wait()
                else:
                    inbox._told.append(told)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def news(self) -> list[str]:
        """Return what came since the last look, and each subject before its body."""
        told, self._told = self._told, []
        return [f"{each['subject']}\n{each['body']}" for each in told]

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


def save_block(name: str, url: str) -> None:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    said = {"subject": "{{subject}}", "body": "{{body}}"}
    CustomWebhookNotificationBlock(name=name, url=url, json_data=said).save(name, overwrite=True)


def still_open() -> list[str]:
    return [row["kind"] for row in json.loads(tandem("notifications", "--open", "--json"))["notifications"]]


@pytest.mark.conformance("NOT-01")
def test_grave_problems_are_said_once_and_once_when_they_are_over(
    synced: World, cast: Cast, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_block("ops", f"{inbox.url}/ops")
    save_block("boss", f"{inbox.url}/boss")
    wanted = {"custom-webhook/ops": [], "custom-webhook/boss": ["api limit"]}
    monkeypatch.setenv("TANDEM_NOTIFY__TARGETS", json.dumps(wanted))
    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_SALESFORCE__CLIENT_SECRET", "not-the-secret")
        for _ in range(2):
            with pytest.raises(AuthenticationError):
                synced.sync(objects=["Lead", "Contact"])
    [said] = inbox.news()  # not in every cycle
    assert said.startswith("Tandem: credentials\nCredentials: Salesforce refused the login")
    assert "not-the-secret" not in said
    assert still_open() == ["credentials"]

    synced.org.hide_field("Contact", "Email")
    synced.org.hide_field("Lead", "Rating")
    with pytest.raises(StepsFailed):
        synced.sync(objects=["Lead", "Contact"])
    [said] = inbox.news()
    assert said.startswith("Tandem: 3 notifications\n")
    assert "Credentials is over: Salesforce accepts the login." in said
    assert "Permissions: The sync user cannot see Email of Contact." in said
    assert "Permissions: The sync user does not see Lead.Rating any more" in said
    assert still_open() == ["permissions"]

    synced.org.show_field("Contact", "Email")
    used = json.loads(tandem("status", "--json"))["api"]["used_24h"]
    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_BUDGET__DAILY_CALLS", str(used + 1))
        with pytest.raises(BudgetExhausted):
            synced.sync(objects=["Lead", "Contact"])
    told = inbox.news()
    assert len(told) == 2
    assert all(each.startswith("Tandem: api limit\nApi limit: Stopped at the budget") for each in told)
    assert still_open() == ["api limit", "permissions"]

    synced.sync(objects=["Lead", "Contact"])
    limit = "Api limit is over: There are API calls for a whole cycle."
    sight = "Permissions is over: The sync user has Contact in sight."
    assert {tuple(each.split("\n", 1)) for each in inbox.news()} == {
        ("Tandem: 2 notifications", f"{limit}\n\n{sight}"),
        ("Tandem: api limit is over", limit),  # the boss wanted to hear of no more
    }
    assert still_open() == []
    assert tandem("errors") == "No errors.\n"  # what the job has done better since stands no more
    rows = tandem("notifications", "--csv").splitlines()
    assert rows[0] == "id,logged_at,kind,object,field,message,open,ended_at,ending"
    assert len(rows) == 5
    assert artifact().count("\n| 2") == 4
    assert "| goes on |" not in artifact()


def artifact() -> str:
    """Return the newest artifact of that name, as the Prefect UI shows it."""
    from prefect.artifacts import Artifact

    found = Artifact.get("notifications")
    assert found
    return str(found.data)


@pytest.mark.conformance("NOT-01")
def test_a_target_that_does_not_answer_costs_a_line_and_nothing_else(
    synced: World, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    save_block("deaf", f"{inbox.url}/deaf")
    save_block("gone", "http://127.0.0.1:1/secret-path")
    names = ("custom-webhook/deaf", "custom-webhook/gone", "slack-webhook/nobody")
    monkeypatch.setenv("TANDEM_NOTIFY__TARGETS", json.dumps({name: [] for name in names}))
    monkeypatch.setenv("TANDEM_NOTIFY__TIMEOUT_SECONDS", "3")
    synced.org.hide_field("Lead", "Rating")
    with caplog.at_level(logging.WARNING, logger="prefect"):
        assert synced.sync(objects=["Lead"])["status"] == "Succeeded"
    said = [each.getMessage() for each in caplog.records if "notification target" in each.getMessage()]
    assert said == [
        "The notification target custom-webhook/deaf was not told: it did not answer within 3 s."
        " It is tried again, for a day.",
        "The notification target custom-webhook/gone was not told: it did not take the message (ConnectError)."
        " Look at the block in Prefect. It is tried again, for a day.",
        "The notification target slack-webhook/nobody was not told: Prefect has no block of that name. Make it, or"
        " correct notify.targets. It is tried again, for a day.",
    ]
    assert "secret-path" not in caplog.text

    save_block("gone", f"{inbox.url}/back")
    monkeypatch.setenv("TANDEM_NOTIFY__TARGETS", json.dumps({"custom-webhook/gone": []}))
    synced.sync(objects=["Lead"])
    [late] = inbox.news()
    assert "Lead.Rating" in late
