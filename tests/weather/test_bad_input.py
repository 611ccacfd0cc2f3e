"""What a user gets wrong before anything is read: one line that says what to do, a code, nothing touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.run import main
from tests.support.world import World

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(world: World, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run a flow as its command does; returns the exit code and what it said on standard error."""

    def run(name: str = "sync") -> tuple[int, str]:
        capfd.readouterr()
        code = main([name])
        return code, capfd.readouterr().err

    return run


def only_line(told: tuple[int, str], *words: str) -> None:
    """Check that a command failed with one line that holds these words."""
    code, text = told
    lines = text.strip().splitlines()
    assert code == 1
    assert len(lines) == 1, text
    for word in words:
        assert word in lines[0]


def nothing_read(world: World) -> None:
    """Check that no record was asked for, and none is here."""
    assert not [entry for entry in world.org.requests if "query" in entry.path]
    if world.database.exists():
        assert world.rows("SELECT count(*) AS n FROM marketing.person") == [{"n": 0}]


@pytest.mark.parametrize("name", ["sync", "backfill"])
def test_wrong_credentials(
    world: World, command: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TANDEM_SALESFORCE__CLIENT_SECRET", "wrong-and-secret")
    code, text = command(name)
    only_line((code, text), "TANDEM_SALESFORCE__CLIENT_SECRET")
    assert "wrong-and-secret" not in text
    nothing_read(world)


def test_no_credentials(world: World, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANDEM_SALESFORCE__CLIENT_ID")
    only_line(command(), "TANDEM_SALESFORCE__CLIENT_ID")
    nothing_read(world)


def test_plain_http_beyond_loopback(world: World, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SALESFORCE__URL", "http://acme.my.salesforce.com")
    only_line(command(), "https")


def test_a_user_without_the_api_permission(world: World, command: Command) -> None:
    world.org.set_permission("ApiEnabled", False)
    only_line(command(), "API")
    nothing_read(world)


def test_an_unknown_object_in_the_settings(
    world: World, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", '["Lead", "Leed"]')
    only_line(command(), "sync.objects", "'Lead'")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[salesforce]\nclient_idd = 'x'\n", "salesforce.client_idd"),
        ("pauze = 3\n", "pauze"),
        ("[sync]\npause_seconds = 'soon'\n", "sync.pause_seconds"),
        ("[sync\n", "tandem.toml"),
    ],
)
def test_settings_that_cannot_be_read(world: World, command: Command, text: str, words: str) -> None:
    Path("tandem.toml").write_text(text, encoding="utf-8")
    only_line(command(), words)
    nothing_read(world)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("IGNORED_FIELDS", '{"Lead": ["Ratingg"]}'), ("BLOCKED_FIELDS", '{"person": ["ratingg"]}')],
)
def test_an_unknown_field_in_the_settings(
    world: World, command: Command, monkeypatch: pytest.MonkeyPatch, setting: str, value: str
) -> None:
    monkeypatch.setenv(f"TANDEM_SYNC__{setting}", value)
    code, text = command()
    assert code == 1
    assert "atingg" in text
    assert "Traceback" not in text


def test_a_database_of_a_newer_version(world: World, command: Command) -> None:
    world.sync()
    world.execute("UPDATE sync.schema_version SET version = 999")
    only_line(command(), "version 999", "newer Tandem")


def test_a_file_that_is_no_database(world: World, command: Command) -> None:
    world.database.path.write_bytes(b"Id,LastName\n" * 1000)
    only_line(command(), str(world.database.path), "not a database")
    assert world.database.path.read_bytes() == b"Id,LastName\n" * 1000


def test_a_database_with_somebody_elses_tables(world: World, command: Command) -> None:
    with duckdb.connect(str(world.database.path)) as theirs:
        theirs.execute("CREATE TABLE orders (id INTEGER)")
    only_line(command(), "tables that Tandem did not make")


def test_a_hidden_required_field_stops_its_object_only(world: World, command: Command) -> None:
    world.org.hide_field("Contact", "AccountId")
    code, text = command()
    assert code == 1
    assert "cannot see AccountId of Contact" in text.strip().splitlines()[-1]
    assert "Traceback" not in text
    found = world.rows("SELECT sfdc_type, count(*) AS n FROM marketing.person GROUP BY ALL")
    assert found == [{"sfdc_type": "lead", "n": world.org.count("Lead")}]

    world.org.show_field("Contact", "AccountId")
    assert command()[0] == 0
    people = world.rows("SELECT count(*) AS n FROM marketing.person")[0]["n"]
    assert people == world.org.count("Lead") + world.org.count("Contact")
