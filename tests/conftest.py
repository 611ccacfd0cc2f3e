"""What all tests share: a Prefect server for the session, both sides of a sync, the conformance report."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.world import World

# Before anything imports Prefect or Great Expectations: no telemetry, no chatter.
os.environ |= {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
}

CHECKS = Path(__file__).resolve().parents[2] / "shared" / "spec" / "conformance.csv"


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One Prefect server for the flows of the session, those of child processes included."""
    from prefect.settings import (
        PREFECT_API_TLS_INSECURE_SKIP_VERIFY,
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_HOME,
        temporary_settings,
    )

    from flows.local.server import LocalServer
    from tests.support.prefect_home import events_unsent, one_certificate, prepare_home

    home = tmp_path_factory.mktemp("prefect")
    prepare_home(home)
    os.environ["SSL_CERT_FILE"] = str(one_certificate(home))
    # What becomes of single tasks is kept by services that take a quarter of a small cycle; see events_unsent too.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED", "false")
        environment.setenv("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED", "false")
        server = LocalServer(home)
    try:
        server.wait()
        os.environ["PREFECT_API_URL"] = server.api_url
        settings = {
            PREFECT_API_URL: server.api_url,
            PREFECT_HOME: home,
            # The thread that beats sleeps up to a second after each flow has ended.
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            # A client that verifies takes its certificates from elsewhere than SSL_CERT_FILE.
            PREFECT_API_TLS_INSECURE_SKIP_VERIFY: True,
        }
        with temporary_settings(settings), events_unsent():
            yield
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.stop()


@pytest.fixture
def world(prefect_server: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A small org, an empty database, and the flows between them."""
    from tests.support.world import tandem_world

    with tandem_world(monkeypatch, tmp_path) as made:
        yield made


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--conformance", action="store_true", help="print a line per conformance check")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left alone with it at the end."""
    long = ("kill", "browser", "long")
    items.sort(key=lambda item: not any(item.get_closest_marker(each) for each in long))


_outcomes: dict[str, bool] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = (yield).get_result()  # type: ignore[misc]
    marks = [each for mark in item.iter_markers("conformance") for each in mark.args]
    if marks:
        report.user_properties += [("conformance", each) for each in marks]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or not report.passed:
        for name, value in report.user_properties:
            if name == "conformance":
                passed = report.passed and report.when == "call"
                _outcomes[str(value)] = _outcomes.get(str(value), True) and passed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--conformance"):
        return
    if CHECKS.exists():
        with CHECKS.open(encoding="utf-8") as file:
            checks = [row["id"] for row in csv.DictReader(file)]
    else:
        terminalreporter.write_line(
            f"The list of checks is missing ({CHECKS.name}): only what was tested is shown."
        )
        checks = sorted(_outcomes)
    for check in checks:
        outcome = {True: "pass", False: "FAIL", None: "missing"}[_outcomes.get(check)]
        terminalreporter.write_line(f"{check} {outcome}")
    terminalreporter.write_line(f"{sum(_outcomes.get(check, False) for check in checks)} of {len(checks)}")
