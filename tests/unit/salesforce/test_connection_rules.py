"""What is sent again, what is not, and what a user reads when it fails."""

from __future__ import annotations

import logging
import socket
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tandem.errors import AuthenticationError, BudgetExhausted, SalesforceError, SettingsError, TandemError
from tandem.salesforce.calls import CallMeter
from tandem.salesforce.connection import connect
from tandem.salesforce.transport import check_url, is_loopback, open_session
from tandem.settings import ApiBudget, SalesforceSettings


def one_line(error: pytest.ExceptionInfo[TandemError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_success_is_counted_with_salesforces_clock_and_usage(org: Any, answer: Any) -> None:
    org.script = [answer(body={"a": 1})]
    connection = org.connect()
    connection.request("GET", "limits", operation="limits", object="Lead")
    login, call = connection.meter.drain()
    assert (login.operation, login.calls) == ("login", 0)
    assert (call.operation, call.object, call.status, call.calls) == ("limits", "Lead", 200, 1)
    assert (call.used, call.limit) == (10, 15000)
    assert connection.server_time == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)
    assert org.requests[0].path == "/services/data/v62.0/limits"


def test_headers_keep_owners_where_they_are(org: Any, answer: Any) -> None:
    org.script = [answer(body=[])]
    connection = org.connect()
    connection.request("POST", "composite/sobjects", operation="create", json={"x": "é\n"})
    connection.request("GET", "limits", operation="limits")
    write, read = org.requests
    assert write.headers["Sforce-Auto-Assign"] == "FALSE"
    assert write.headers["Sforce-Mru"] == "updateMru=false"
    assert write.headers["Sforce-Call-Options"] == read.headers["Sforce-Call-Options"] == "client=Tandem"
    assert write.json == {"x": "é\n"}
    assert "Sforce-Auto-Assign" not in read.headers
    assert read.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    "first",
    [
        pytest.param({"drop": True}, id="connection lost"),
        pytest.param({"body": [1, 2, 3], "cut": 3}, id="body cut"),
        pytest.param({"status": 503, "body": b"<html>"}, id="gateway 503"),
        pytest.param(
            {"status": 503, "body": [{"errorCode": "SERVER_UNAVAILABLE", "message": "m"}]},
            id="Salesforce 503",
        ),
        pytest.param(
            {"status": 400, "body": [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "m"}]}, id="row lock"
        ),
        pytest.param(
            {
                "status": 403,
                "body": [
                    {
                        "errorCode": "REQUEST_LIMIT_EXCEEDED",
                        "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
                    }
                ],
            },
            id="too many at once",
        ),
    ],
)
def test_what_is_intermittent_is_tried_again(org: Any, answer: Any, first: dict[str, Any]) -> None:
    org.script = [answer(**first), answer(body={"ok": True})]
    connection = org.connect()
    assert connection.request("GET", "x", operation="query").json() == {"ok": True}
    assert len(org.requests) == 2
    assert connection.meter.count == 2


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ({"drop": True}, "CONNECTION_LOST"),
        ({"body": [1, 2, 3], "cut": 3}, "TRUNCATED"),
        ({"status": 503, "body": b"<html>"}, "HTTP_503"),
    ],
)
def test_what_may_have_happened_is_not_done_twice(
    org: Any, answer: Any, first: dict[str, Any], code: str
) -> None:
    org.script = [answer(**first), answer(body={"ok": True})]
    with pytest.raises(SalesforceError) as lost:
        org.connect().request("POST", "x", operation="create", json={}, idempotent=False)
    assert lost.value.code == code
    assert len(org.requests) == 1


def test_what_salesforce_refused_may_be_done_again_even_if_not_idempotent(
    org: Any, answer: Any, refuse: Any
) -> None:
    org.script = [refuse("SERVER_UNAVAILABLE", 503), answer(body={"ok": True})]
    org.connect().request("POST", "x", operation="create", json={}, idempotent=False)
    assert len(org.requests) == 2


def test_trying_ends_and_says_what_was_wrong(org: Any, answer: Any) -> None:
    org.script = [answer(drop=True)]
    with pytest.raises(SalesforceError) as gone:
        org.connect(max_attempts=3).request("GET", "x", operation="query")
    assert gone.value.code == "CONNECTION_LOST"
    assert "Try again" in one_line(gone)
    assert len(org.requests) == 3


def test_a_refusal_that_will_not_pass_is_not_tried_again(org: Any, refuse: Any) -> None:
    org.script = [refuse("INVALID_FIELD", 400, "\nSELECT x\n   ^\nNo such column 'x' on entity 'Lead'.")]
    with pytest.raises(SalesforceError) as refused:
        org.connect().request("GET", "x", operation="query", object="Lead")
    assert one_line(refused).startswith("Salesforce refused query of Lead: SELECT x ^ No such column 'x'")
    assert "TANDEM_SYNC__IGNORED_FIELDS" in str(refused.value)
    assert (refused.value.code, refused.value.status) == ("INVALID_FIELD", 400)
    assert len(org.requests) == 1


def test_a_slow_org_ends_in_one_line(org: Any, answer: Any) -> None:
    import time

    org.script = [lambda _: (time.sleep(0.2), answer(body={}))[1]]
    with pytest.raises(SalesforceError) as slow:
        org.connect(timeout_seconds=0.05, max_attempts=1).request("GET", "x", operation="query")
    assert slow.value.code == "TIMEOUT"
    assert "TANDEM_SALESFORCE__TIMEOUT_SECONDS" in one_line(slow)


def test_the_daily_limit_is_a_budget_and_not_an_error(org: Any, refuse: Any) -> None:
    org.script = [refuse("REQUEST_LIMIT_EXCEEDED", 403, "TotalRequests Limit exceeded.")]
    with pytest.raises(BudgetExhausted) as stopped:
        org.connect().request("GET", "x", operation="query")
    assert "TotalRequests Limit exceeded." in one_line(stopped)
    assert len(org.requests) == 1


def test_the_budget_is_asked_before_every_try(org: Any, answer: Any) -> None:
    org.script = [answer(drop=True)]
    connection = org.connect(budget=ApiBudget(daily_calls=4), spent=2, max_attempts=5)
    with pytest.raises(BudgetExhausted):
        connection.request("GET", "x", operation="query")
    assert len(org.requests) == 2


def test_an_ended_session_is_renewed_once(org: Any, answer: Any, refuse: Any) -> None:
    ended = refuse("INVALID_SESSION_ID", 401, "Session expired or invalid")
    org.script = [ended, answer(body={"ok": True})]
    connection = org.connect()
    org.token.body["access_token"] = "another"
    connection.request("POST", "x", operation="create", json={}, idempotent=False)
    assert [request.headers["Authorization"] for request in org.requests] == [
        "Bearer the-token",
        "Bearer another",
    ]

    org.script = [ended]
    with pytest.raises(AuthenticationError) as refused:
        connection.request("GET", "x", operation="query")
    assert "session policies" in one_line(refused)
    assert len(org.requests) == 4


@pytest.mark.parametrize(
    ("code", "what_to_do"),
    [
        ("API_DISABLED_FOR_ORG", "Give the sync user the permission API Enabled"),
        ("API_CURRENTLY_DISABLED", "run the sync again later"),
    ],
)
def test_no_use_of_the_api_is_said_plainly(org: Any, refuse: Any, code: str, what_to_do: str) -> None:
    org.script = [refuse(code, 403, "The REST API is not enabled for this Organization.")]
    with pytest.raises(AuthenticationError, match=what_to_do):
        org.connect().request("GET", "x", operation="query")


def test_a_body_to_disk_is_begun_anew_by_a_second_try(org: Any, answer: Any, tmp_path: Path) -> None:
    text = b"Id\n" + b"x" * 100_000
    org.script = [answer(body=text, cut=10), answer(body=text, headers={"Sforce-NumberOfRecords": "7"})]
    connection = org.connect()
    connection.request("GET", "x", operation="bulk page", into=tmp_path / "page")
    assert (tmp_path / "page").read_bytes() == text
    assert connection.meter.drain()[-1].rows == 7


def test_a_page_that_is_not_salesforces_is_said_to_be_so(org: Any, answer: Any) -> None:
    from tandem.salesforce.connection import read_json

    org.script = [answer(body=b"<html>\nPlease log in to the hotel's WLAN")]
    response = org.connect().request("GET", "x", operation="query")
    with pytest.raises(SalesforceError) as strange:
        read_json(response)
    assert strange.value.code == "TRUNCATED"
    assert "<html> Please log in" in one_line(strange)


def test_a_redirect_is_not_followed(org: Any, answer: Any) -> None:
    org.script = [answer(302, {}, {"Location": "http://example.com/login?secret=1"})]
    with pytest.raises(SalesforceError, match=r"sends us to http://example.com/login\. Set"):
        org.connect().request("GET", "x", operation="query")


@pytest.mark.parametrize(
    ("error", "description", "hint"),
    [
        ("invalid_client", "invalid client credentials", "CLIENT_SECRET"),
        ("invalid_client_id", "client identifier invalid", "CLIENT_ID"),
        ("invalid_grant", "no client credentials user enabled", "run-as user"),
        ("invalid_grant", "user hasn't approved this consumer", "pre-authorise"),
        ("unsupported_grant_type", "grant type not supported", "TANDEM_SALESFORCE__LOGIN"),
        ("brand_new", "never seen", "OAuth settings"),
    ],
)
def test_a_refused_login_names_what_to_check(
    org: Any, answer: Any, error: str, description: str, hint: str
) -> None:
    org.token = answer(400, {"error": error, "error_description": description})
    with pytest.raises(AuthenticationError) as refused:
        org.connect()
    assert hint in one_line(refused)
    assert description in str(refused.value)


def test_a_login_page_of_something_else_is_noticed(org: Any, answer: Any) -> None:
    org.token = answer(200, b"<html>hello</html>")
    with pytest.raises(AuthenticationError, match="not as Salesforce does"):
        org.connect()


def test_login_survives_maintenance(org: Any, answer: Any) -> None:
    good, calls = org.token, []
    org.answer = lambda request: calls.append(1) or (answer(503, b"") if len(calls) == 1 else good)
    org.connect()
    assert len(calls) == 2


def test_an_org_that_is_not_there_is_said_to_be_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        settings = SalesforceSettings(
            url=url, client_id="id", client_secret="s", max_attempts=2, backoff_seconds=0
        )
        with pytest.raises(SalesforceError) as gone:
            connect(settings, CallMeter(ApiBudget()))
    assert gone.value.code == "UNREACHABLE"
    assert url in one_line(gone)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"url": ""}, "TANDEM_SALESFORCE__URL is not set"),
        ({"url": "acme.my.salesforce.com"}, "not a web address"),
        ({"url": "ftp://acme"}, "not a web address"),
        ({"url": "http://acme.my.salesforce.com"}, "plain http"),
        ({"url": "http://127.0.0.1.example.com"}, "plain http"),
        ({"url": "http://127.0.0.1:port"}, "port"),
        ({"url": "http://127.0.0.1:1", "client_id": ""}, "CLIENT_ID is not set"),
        ({"url": "http://127.0.0.1:1", "client_secret": ""}, "CLIENT_SECRET is not set"),
        ({"url": "http://127.0.0.1:1", "login": "jwt_bearer"}, "USERNAME is not set"),
        (
            {"url": "http://127.0.0.1:1", "login": "jwt_bearer", "username": "u"},
            "PRIVATE_KEY_FILE is not set",
        ),
        (
            {
                "url": "http://127.0.0.1:1",
                "login": "jwt_bearer",
                "username": "u",
                "private_key_file": "/nowhere",
            },
            "cannot be read",
        ),
    ],
)
def test_settings_that_cannot_work_are_named(changes: dict[str, Any], named: str) -> None:
    given = {"url": "https://x", "client_id": "id", "client_secret": "s"}
    settings = SalesforceSettings.model_validate({**given, **changes})
    with pytest.raises(SettingsError) as wrong:
        connect(settings, CallMeter(ApiBudget()))
    assert named in one_line(wrong)


def test_a_key_that_is_no_key_is_named(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("not a key")
    settings = SalesforceSettings(
        url="http://127.0.0.1:1", login="jwt_bearer", client_id="id", username="u", private_key_file=key
    )
    with pytest.raises(SettingsError, match="no RSA private key"):
        connect(settings, CallMeter(ApiBudget()))


def test_an_org_may_not_send_us_to_plain_http_elsewhere(org: Any) -> None:
    org.token.body["instance_url"] = "http://example.com"
    with pytest.raises(SettingsError, match=r"plain http to example\.com"):
        org.connect()


def test_loopback_is_known_without_asking_anybody() -> None:
    assert is_loopback("localhost")
    assert is_loopback("127.1.2.3")
    assert is_loopback("::1")
    assert not is_loopback("localhost.example.com")
    assert not is_loopback("10.0.0.1")
    assert check_url("http://[::1]:80/x") == "http://[::1]:80"
    assert check_url(" https://acme.my.salesforce.com/ ") == "https://acme.my.salesforce.com"


def test_proxies_and_compression_are_for_the_world_outside() -> None:
    local, away = (open_session(url, 60) for url in ("http://127.0.0.1:1", "https://acme.my.salesforce.com"))
    assert (local.trust_env, local.headers["Accept-Encoding"]) == (False, "identity")
    assert (away.trust_env, away.headers["Accept-Encoding"]) == (True, "gzip")
    for session, url in [
        (local, "http://example.com/x"),
        (away, "http://example.com/x"),
        (away, "http://127.0.0.1:1/x"),
    ]:
        with pytest.raises(SettingsError, match="plain http"):
            session.get(url)


@pytest.mark.parametrize(
    ("origin", "audience"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme-dev-ed.develop.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://acme.my.site.com", "https://acme.my.site.com"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
    ],
)
def test_the_audience_of_a_jwt_is_the_login_host_of_the_kind_of_org(origin: str, audience: str) -> None:
    from tandem.salesforce.login import _audience

    assert _audience(origin) == audience


def test_secrets_show_nowhere(org: Any, answer: Any, refuse: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tandem")
    org.script = [answer(drop=True), refuse("INVALID_SESSION_ID", 401), refuse("SOMETHING", 400)]
    connection = org.connect()
    shown = [repr(connection), str(connection), repr(connection.settings)]
    with pytest.raises(SalesforceError) as refused:
        connection.request("GET", "x", operation="query")
    shown += traceback.format_exception(refused.value)
    org.token = answer(400, {"error": "invalid_client", "error_description": "no"})
    with pytest.raises(AuthenticationError) as refused:
        org.connect()
    shown += [*traceback.format_exception(refused.value), caplog.text, repr(connection.meter.drain())]
    for text in shown:
        assert "the-token" not in text
        assert "the-secret" not in text
