"""Real commands in bad weather: one clear line on standard error, a non-zero exit, never a stack trace."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.database.connection import Database
from tests.support.world import PROJECT, World
from tests.weather.weather import Changes

Ran = subprocess.CompletedProcess[str]


def tandem(*arguments: str, longest_file: int | None = None, **settings: str) -> Ran:
    """Run the command as a user does."""
    chosen = {f"TANDEM_{name}": value for name, value in settings.items()}

    def limit() -> None:
        if longest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (longest_file, resource.RLIM_INFINITY))

    return subprocess.run(
        [sys.executable, "-m", "tandem.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200", **chosen},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limit,
    )


def one_line(ran: Ran, line: str, code: int = 1) -> None:
    """Hold what a command said against what it should."""
    everything = ran.stdout + ran.stderr
    assert "Traceback" not in everything, everything
    assert ran.returncode == code, everything
    lines = [each for each in ran.stderr.splitlines() if each.strip()]
    assert len(lines) == 1, everything
    assert line in lines[0]


def test_a_settings_file_that_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tandem.toml").write_text("[sync\n", "utf-8")
    one_line(tandem("status"), "tandem.toml cannot be read")
    Path("tandem.toml").write_text("[sync]\npause = 3\n", "utf-8")
    for command in ("status", "sync", "up"):
        one_line(tandem(command), "There is no setting sync.pause. Did you mean sync.paused?")


def test_a_database_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "marketing.duckdb"
    path.write_text("hello" * 1000, "utf-8")
    for command in (["status"], ["errors"], ["person", "show", "1"]):
        one_line(tandem(*command, DATABASE=str(path)), "is not a database this Tandem can read")
    path.unlink()
    with Database(path).write() as session:
        session.execute("INSERT INTO sync.schema_version VALUES (99, now()::TIMESTAMP)")
    one_line(tandem("status", DATABASE=str(path)), "Install the newer Tandem")


def test_a_database_that_somebody_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "marketing.duckdb"
    with Database(path).write():
        held = tandem("status", DATABASE=str(path), LOCK_WAIT_SECONDS="0.2")
    one_line(held, "in use by another process for more than 0.2 s. Wait for it to end, or close")


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield str(listener.getsockname()[1])


def test_a_port_in_use(tmp_path: Path, taken_port: str) -> None:
    sandbox = tandem("sandbox", "--port", taken_port, "--people", "0")
    one_line(sandbox, taken_port, sandbox.returncode or 1)
    assert sandbox.returncode != 0
    environment = {"DATABASE": str(tmp_path / "marketing.duckdb")}
    one_line(tandem("up", "--port", taken_port, **environment), f"Port {taken_port} cannot be used")


def test_a_login_that_is_refused(synced: World) -> None:
    changes = Changes.make(synced)
    wrong = {"SALESFORCE__CLIENT_SECRET": "not-the-secret"}
    synced_with = tandem("sync", "--json", **wrong)
    one_line(synced_with, "Salesforce refused the login")
    checked = tandem("check", **wrong)
    assert checked.returncode == 1
    assert "Salesforce refused the login" in checked.stdout
    for ran in (synced_with, checked):
        assert "not-the-secret" not in ran.stdout + ran.stderr
        assert "Traceback" not in ran.stdout + ran.stderr
    changes.not_read()
    changes.clear()


def test_a_step_that_fails(synced: World) -> None:
    changes = Changes.make(synced)
    synced.org.hide_field("Lead", "Email")
    ran = tandem("sync")
    assert ran.returncode == 1
    assert "The sync user cannot see Email of Lead. Give its profile read access" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    synced.org.show_field("Lead", "Email")
    changes.clear()


def test_a_disk_that_is_full(synced: World) -> None:
    changes = Changes.make(synced)
    one_line(tandem("sync", longest_file=50_000), "No space left on the disk of")
    assert tandem("sync").returncode == 0
    changes.done()


def test_the_calls_of_the_day_are_used_up(synced: World) -> None:
    changes = Changes.make(synced)
    one_line(tandem("sync", BUDGET__DAILY_CALLS="1"), "Stopped at the budget", 69)
    changes.clear()
