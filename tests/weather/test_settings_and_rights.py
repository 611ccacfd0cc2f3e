"""What a user or an administrator got wrong: one line that names it, others go on, right afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tandem.errors import SettingsError, TandemError
from tandem.settings import load
from tests.support.world import World
from tests.weather.weather import Changes, last_run, watermark


def test_wrong_credentials(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes.make(synced)
    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_SALESFORCE__CLIENT_SECRET", "not-the-secret")
        told = changes.meet("Salesforce refused the login .*Check TANDEM_SALESFORCE__CLIENT_ID and")
    assert "not-the-secret" not in told
    assert "not-the-secret" not in str(last_run(synced))
    changes.not_read()
    changes.clear()


def test_no_api_permission(synced: World) -> None:
    changes = Changes.make(synced)
    synced.org.set_permission("ApiEnabled", False)
    changes.meet("Give the sync user the permission API Enabled")
    changes.not_read()
    synced.org.set_permission("ApiEnabled", True)
    changes.clear()


def test_a_required_field_is_hidden(synced: World) -> None:
    changes = Changes.make(synced)
    before = watermark(synced, "Contact")
    synced.org.hide_field("Lead", "Email")
    changes.meet("Lead, Sync schema: The sync user cannot see Email of Lead. Give its profile read access")
    changes.not_read()
    assert watermark(synced, "Contact") != before  # the others went on
    synced.org.show_field("Lead", "Email")
    changes.clear()


def test_an_unknown_field_to_ignore(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes.make(synced)
    before = watermark(synced, "Contact")
    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_SYNC__IGNORED_FIELDS", '{"Lead": ["Raiting", "Fax"]}')
        told = changes.meet("Lead, Sync schema: sync.ignored_fields names Raiting, .*Correct the name")
    assert "Fax" not in told
    changes.not_read()
    assert watermark(synced, "Contact") != before
    changes.clear()


def test_an_unknown_column_to_block(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes.make(synced)
    with monkeypatch.context() as patch:
        patch.setenv("TANDEM_SYNC__BLOCKED_FIELDS", '{"person": ["sourse", "source"]}')
        changes.meet("sync.blocked_fields names sourse, and there is no such column of marketing.person")
    changes.not_read()
    changes.clear()


def test_columns_to_block_are_not_missed_before_the_first_sync(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SYNC__BLOCKED_FIELDS", '{"person": ["fax_number"]}')
    world.backfill(objects=["User"])
    monkeypatch.setenv("TANDEM_SYNC__BLOCKED_FIELDS", '{"person": ["fax_nummer"]}')
    with pytest.raises(TandemError, match=r"sync\.blocked_fields names fax_nummer"):
        world.backfill(objects=["Lead", "Contact"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("lock_wait = 3", "There is no setting lock_wait"),
        ("[sync]\npause = 3", "There is no setting sync.pause"),
        ("[sync\npause_seconds = 3", "tandem.toml cannot be read: .*line 1.*Put it right or move it away"),
        ('[sync]\nobjects = ["Leed"]', "sync.objects.0: .*'Lead'"),
        ('[sync.ignored_fields]\nLeed = ["Fax"]', "sync.ignored_fields.Leed: .*'Lead'"),
        ('[sync.blocked_fields]\npeople = ["source"]', "sync.blocked_fields.people: .*'person'"),
        ("lock_wait_seconds = 'long'", "lock_wait_seconds: .*number"),
        ("memory_limit = 'plenty'", r"Setting memory_limit: must have the form of 1GB\. Put it right in"),
        ("database = 5", "Setting database: must be a text in quotes"),
        ("sync = 5", "Setting sync: must be a table"),
        ("[sync]\nobjects = 'Lead'", "Setting sync.objects: must be a list"),
        ("[sync]\npause_seconds = 'soon'", "Setting sync.pause_seconds: must be a whole number"),
        (
            "[sync]\npause_second = 5",
            r"There is no setting sync.pause_second\. Did you mean sync.pause_seconds\?",
        ),
        ("[sync]\ncustom_objects = ['Invoice']", "sync.custom_objects.0: must have the form of Invoice__c"),
        ("[notify.targets]\n'Slack/ops' = []", "must have the form of slack-webhook/ops"),
        ("database = '\udcff'", "tandem.toml cannot be read: it is not UTF-8"),
    ],
)
def test_a_setting_in_the_file_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tandem.toml").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(SettingsError, match=line) as caught:
        load()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "TANDEM_SALESFORCE_URL",
            "https://x",
            r"TANDEM_SALESFORCE_URL\. Did you mean TANDEM_SALESFORCE__URL",
        ),
        (
            "TANDEM_WEATHER",
            "fine",
            "There is no setting TANDEM_WEATHER. Correct it in the environment, .env or",
        ),
        ("TANDEM_SALESFORCE", "fine", "A list or table of salesforce in the environment or .env is not JSON"),
        ("TANDEM_SYNC__PAUSE", "3", "There is no setting sync.pause"),
        (
            "TANDEM_SYNC__OBJECTS",
            "Lead, Contact",
            "A list or table of sync in the environment or .env is not JSON",
        ),
    ],
)
def test_a_variable_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=line):
        load()


def test_a_file_of_variables_may_hold_those_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("STAGING_HOST=elsewhere\nTANDEM_LOCK_WAIT_SECONDS=4\n", "utf-8")
    assert load().lock_wait_seconds == 4
    Path(".env").write_text("TANDEM_LOCKWAIT=4\n", "utf-8")
    with pytest.raises(SettingsError, match="There is no setting tandem_lockwait"):
        load()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A=1\nTANDEM_SALESFORCE__URL='https://x\n", "line 2 is not NAME=VALUE, or a quote is missing"),
        ("TANDEM_SALESFORCE__URL=\udcff\n", "it is not UTF-8"),
    ],
)
def test_a_file_of_variables_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(
        SettingsError, match=rf"^\.env cannot be read: {reason}\. Put it right or move it away\.$"
    ):
        load()
