"""A database with a little of everything, made by hand, and the command run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tandem.cli import main
from tandem.clock import utc_now
from tandem.database.connection import Database, Session

LEAD_ID, OTHER_ID = "00Q000000000001AAA", "00Q000000000002AAA"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tandem = Callable[..., Ran]


@pytest.fixture
def tandem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Tandem:
    """Run ``tandem`` with arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_DATABASE", str(tmp_path / "marketing.duckdb"))
    monkeypatch.setenv("TANDEM_SALESFORCE__URL", "https://acme.my.salesforce.com")
    monkeypatch.setenv("TANDEM_LOCK_WAIT_SECONDS", "0.2")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TZ", "UTC")

    def run(*arguments: str) -> Ran:
        capfd.readouterr()
        code = 0
        try:
            main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capfd.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Two leads: the first was edited on both sides and refused once, the second never."""
    made = Database(tmp_path / "marketing.duckdb")
    with made.write() as session:
        _people(session)
        _history(session)
    return made


def _people(session: Session) -> None:
    for column in ("first_name", "last_name", "email_address", "city", "nickname"):
        session.execute(f"ALTER TABLE marketing.person ADD COLUMN {column} VARCHAR")
    session.execute(
        "INSERT INTO marketing.person (id, sfdc_id, sfdc_type, created_at, updated_at,"
        " first_name, last_name, email_address, city, nickname) VALUES"
        " (1, ?, 'lead', now(), now(), 'Ann', 'Ash', 'ann@example.com', 'Bonn', 'Annie'),"
        " (2, ?, 'lead', now(), now(), 'Bob', 'Box', 'same@example.com', 'Rome', NULL),"
        " (3, NULL, NULL, now(), now(), 'Cy', 'Cox', 'same@example.com', 'Oslo', NULL)",
        [LEAD_ID, OTHER_ID],
    )
    session.execute(
        'CREATE TABLE salesforce."Lead" (_record_id BIGINT, _pushed_after TIMESTAMP, Id VARCHAR,'
        " FirstName VARCHAR, LastName VARCHAR, Email VARCHAR, City VARCHAR)"
    )
    session.execute(
        "INSERT INTO salesforce.\"Lead\" VALUES (1, NULL, ?, 'Ann', 'Ash', 'ann@example.com', 'Paris'),"
        " (2, NULL, ?, 'Bob', 'Box', 'same@example.com', 'Rome')",
        [LEAD_ID, OTHER_ID],
    )
    names = {"FirstName": "first_name", "LastName": "last_name", "Email": "email_address", "City": "city"}
    for field, column in names.items():
        session.execute(
            "INSERT INTO sync.field_map VALUES"
            " ('Lead', ?, ?, 'string', 'VARCHAR', 0, 80, ?, false, true, true, false, true)",
            [field, column, field],
        )


def _history(session: Session) -> None:
    now = utc_now().replace(microsecond=0)
    begun = now - timedelta(minutes=10)
    session.insert("sync.run", [("r1", "sync", begun, now - timedelta(minutes=9), "Succeeded", None)])
    session.insert(
        "sync.step",
        [
            (1, "r1", begun, now, "Lead", "Pull updates", "Succeeded", 2, 1, 0, 0, 4, None),
            (2, "r1", begun, now, "Lead", "Push updates", "Failed", 0, 0, 0, 1, 0, "=1+1 of 1 refused"),
            (3, "r0", now - timedelta(days=9), now, "Account", "Pull updates", "Succeeded", *[0] * 5, None),
        ],
    )
    session.insert("sync.watermark", [("Lead", begun, "r1", now)])
    session.insert(
        "sync.error",
        [
            (
                *(7, "r1", now, "record", "Lead", "Push updates", 1, LEAD_ID),
                *("FIELD_CUSTOM_VALIDATION_EXCEPTION", "access", "Bonn is not allowed"),
                *('["City"]', '{"City": "Bonn"}', None, None),
            ),
            (
                *(8, "r1", now, "job", "Account", "Pull updates", None, None),
                *("TIMEOUT", "intermittent", "No answer", None, None, None, None),
            ),
        ],
    )
    session.insert(
        "sync.conflict",
        [("r1", now, "Lead", 1, LEAD_ID, "City", "city", "Rome", "marketing", "Bonn", "Paris")],
    )
    session.insert(
        "sync.quarantine (object, sfdc_id, expectation, column_name, value, sfdc_stamp, run_id, logged_at,"
        " released_at)",
        [("Lead", LEAD_ID, "email is an address", "Email", "nobody", None, "r1", now, None)],
    )
    session.insert(
        "marketing.activity",
        [
            (1, 1, begun, 12, None, '{"Source Type": "Salesforce.com"}', "r1"),
            (
                2,
                1,
                begun,
                13,
                "city",
                '{"Old Value": "Rome", "New Value": "Bonn", "Source": "Marketing"}',
                "r1",
            ),
        ],
    )
    session.insert("sync.api_call", [("r1", now, "query", "Lead", 200, 0.1, 3, 7, 42, 5000)])
