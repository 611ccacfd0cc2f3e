"""``tandem notifications``, and what becomes one as time passes. What a run brings up: the checks NOT."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tandem.clock import utc_now
from tandem.database import journal
from tandem.database.connection import Database, Session
from tandem.database.mutes import mute_code
from tandem.reports import trouble
from tandem.settings import NotifySettings, SyncSettings
from tests.unit.cli.conftest import Tandem

RULES = NotifySettings(quality_score=80)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """The database, without what made it: a cycle succeeded 9 minutes ago, one record was refused."""
    with database.write() as opened:
        yield opened


def now_open(session: Session) -> dict[str, str]:
    """Review once more; return what goes on, by kind."""
    trouble.review(session, None, RULES, SyncSettings())
    return {
        row["kind"]: row["message"]
        for row in session.rows(
            "SELECT kind, message FROM sync.notification WHERE lasting AND ended_at IS NULL"
        )
    }


@pytest.mark.conformance("NOT-01")
def test_a_silent_sync_is_down_until_a_cycle_succeeds(session: Session) -> None:
    assert now_open(session) == {}
    session.execute("UPDATE sync.run SET ended_at = ended_at - INTERVAL 1 HOUR")
    assert "None was even tried" in now_open(session)["sync down"]
    assert list(now_open(session)) == ["sync down"]
    told = "SELECT count(*) FROM sync.notification"
    assert session.value(told) == 1  # once
    now = utc_now()
    session.insert("sync.run", [("r2", "create-task", now, now, "Succeeded", None)])  # that is no cycle
    assert list(now_open(session)) == ["sync down"]
    session.insert("sync.run", [("r3", "sync", now, now, "Succeeded", None)])
    assert now_open(session) == {}
    assert session.value(told) == 1


@pytest.mark.parametrize(("kind", "down"), [("backfill", []), ("sync", ["sync down"])])
def test_a_full_copy_may_take_long(session: Session, kind: str, down: list[str]) -> None:
    session.execute("UPDATE sync.run SET ended_at = ended_at - INTERVAL 1 HOUR")
    now = utc_now()
    session.insert("sync.lease", [("write", "r2", kind, "elsewhere", 1, now, now)])
    assert list(now_open(session)) == down


def test_the_error_rate_leaves_out_what_is_muted_and_too_few_to_tell(session: Session) -> None:
    def send(many: int) -> None:
        session.execute(
            "INSERT INTO sync.outbox SELECT range, 'r1', 'Lead', 'update', 1, NULL, '{}', 'done',"
            " CAST(? AS TIMESTAMP), CAST(? AS TIMESTAMP) FROM range(?)",
            [utc_now(), utc_now(), many],
        )

    again = "INSERT INTO sync.error SELECT * REPLACE (id + 10 AS id) FROM sync.error WHERE level = 'record'"
    session.execute(again)
    session.execute(again)
    assert now_open(session) == {}  # four of four: too few
    send(15)
    assert now_open(session) == {}
    send(1)
    told = now_open(session)["error rate"]
    assert told.startswith(
        "Salesforce refused 4 of 20 records in 24 hours, most of them with FIELD_CUSTOM_VAL"
    )
    assert "Bonn is not allowed" in told
    mute_code(session, "FIELD_CUSTOM_VALIDATION_EXCEPTION", None, None)
    assert now_open(session) == {}


def test_a_quality_score_below_the_setting(session: Session) -> None:
    def measure(minutes: int, score: float) -> None:
        at = utc_now() + timedelta(minutes=minutes)
        session.execute(
            "INSERT INTO sync.quality (measured_at, run_id, object, records, failing, warned, quarantined, score)"
            " VALUES (?, 'q', 'Lead', 10, 1, 1, 1, ?)",
            [at, score],
        )

    measure(0, 79.9)
    assert now_open(session)["quality score"].startswith("The quality score of Lead is 79.9. It should be 80")
    measure(1, 80)
    assert now_open(session) == {}
    measure(2, 10)
    assert list(now_open(session)) == ["quality score"]
    trouble.review(session, None, RULES, SyncSettings(objects=("Contact",)))
    [last] = session.rows("SELECT ending FROM sync.notification ORDER BY id DESC LIMIT 1")
    assert last["ending"] == "Lead is not synced any more."  # and it does not begin again


@pytest.mark.conformance("NOT-02")
def test_what_goes_on_comes_first_and_the_rest_is_kept_thirty_days(
    tandem: Tandem, database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        session.execute("UPDATE sync.run SET ended_at = ended_at - INTERVAL 1 HOUR")
        assert list(now_open(session)) == ["sync down"]
        old = utc_now() - timedelta(days=29)
        for number, kind in ((2, "picklist value"), (3, "type change")):
            session.execute(
                "INSERT INTO sync.notification (id, logged_at, kind, message) VALUES (?, ?, ?, 'Told.')",
                [number, old, kind],
            )
    kinds = ["sync down", "type change", "picklist value"]
    assert [each["kind"] for each in tandem("notifications", "--json").json["notifications"]] == kinds
    assert "and still so" in tandem("notifications", "--open").out
    assert tandem("notifications", "--kind", "picklist value", "--since", "5d").out == "No notifications.\n"
    tandem("notifications", "--output", "told.csv")
    with (tmp_path / "told.csv").open(encoding="utf-8") as file:
        assert [row["kind"] for row in csv.DictReader(file)] == kinds

    with database.write() as session:
        session.execute("UPDATE sync.notification SET logged_at = logged_at - INTERVAL 2 DAY")
        journal.prune(session, SyncSettings().keep_days)
    assert [each["kind"] for each in tandem("notifications", "--json").json["notifications"]] == kinds[:1]


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ('{"https://hooks.slack.com/x": []}', "Setting notify.targets"),
        (
            '{"slack-webhook/ops": ["weather"]}',
            "Setting notify.targets.slack-webhook/ops.0: must be 'credentials'",
        ),
    ],
)
def test_a_target_that_means_nothing(
    tandem: Tandem, monkeypatch: pytest.MonkeyPatch, targets: str, said: str
) -> None:
    monkeypatch.setenv("TANDEM_NOTIFY__TARGETS", targets)
    ran = tandem("notifications")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(said)
