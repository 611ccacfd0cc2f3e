"""``tandem errors``."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tandem.database.connection import Database
from tandem.reports import meanings
from tests.unit.cli.conftest import LEAD_ID, Tandem


def test_groups_say_what_it_means_and_what_to_do(tandem: Tandem, database: Database) -> None:
    facts = tandem("errors", "--json").json
    by_code = {group["code"]: group for group in facts["groups"]}
    group = by_code["FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    assert (group["level"], group["class"], group["object"], group["count"]) == (
        "record",
        "access",
        "Lead",
        1,
    )
    assert group["example"] == "Bonn is not allowed"
    assert "validation rule" in group["meaning"]
    assert group["action"]
    shown = tandem("errors").out
    assert "Bonn is not allowed" in shown
    assert "validation rule" in shown


@pytest.mark.parametrize(
    ("code", "meaning", "action"),
    [
        ("SettingsError", "Tandem could not do what was asked for.", "What it says tells what to do."),
        (
            "DEFECT",
            "Something in Tandem broke: this is a defect of ours.",
            "Please report it, with the log of the run.",
        ),
        (
            "SOMETHING_NEW",
            "An error without a known meaning.",
            "Look the code up in Salesforce's status codes.",
        ),
    ],
)
def test_whose_code_it_is(code: str, meaning: str, action: str) -> None:
    assert (meanings.meaning(code), meanings.action(code)) == (meaning, action)


def test_entries_name_both_records(tandem: Tandem, database: Database) -> None:
    entry = next(each for each in tandem("errors", "--json").json["errors"] if each["id"] == 7)
    assert (entry["person_id"], entry["sfdc_id"]) == (1, LEAD_ID)
    assert entry["url"] == f"https://acme.my.salesforce.com/{LEAD_ID}"
    assert (entry["fields"], entry["payload"]) == (["City"], {"City": "Bonn"})
    assert LEAD_ID in tandem("errors", "--list").out


def test_filters(tandem: Tandem, database: Database) -> None:
    def ids(*options: str) -> list[int]:
        return sorted(each["id"] for each in tandem("errors", "--json", *options).json["errors"])

    assert ids() == [7, 8]
    assert ids("--level", "job") == [8]
    assert ids("--object", "lead") == [7]
    assert ids("--code", "timeout") == [8]
    assert tandem("errors", "--code", "NONE").out == "No errors.\n"


def test_csv(tandem: Tandem, database: Database) -> None:
    rows = list(csv.DictReader(io.StringIO(tandem("errors", "--csv").out)))
    assert {row["id"] for row in rows} == {"7", "8"}
    assert {row["level"] for row in rows} == {"record", "job"}


def test_csv_into_a_file(tandem: Tandem, database: Database, tmp_path: Path) -> None:
    assert tandem("errors", "--output", "errors.csv").out == "2 rows written to errors.csv.\n"
    rows = list(csv.DictReader((tmp_path / "errors.csv").open(encoding="utf-8")))
    assert {row["id"] for row in rows} == {"7", "8"}
    ran = tandem("status", "--output", "nowhere/status.csv")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "nowhere/status.csv cannot be written: no such file or directory. Name another file after --output.\n"
    )


def test_muted_errors_count_nowhere_and_are_listed_apart(tandem: Tandem, database: Database) -> None:
    assert "muted now: 1." in tandem("errors", "mute", "--code", "timeout", "--until", "2d").out
    assert _standing(tandem) == [7]
    assert [each["id"] for each in tandem("errors", "--muted", "--json").json["errors"]] == [8]
    facts = tandem("status", "--json").json
    assert (facts["waiting"]["errors"], facts["last_error"]["id"]) == (1, 7)
    with database.write() as session:  # two days later
        session.execute("UPDATE sync.mute SET until = until - INTERVAL 2 DAY")
    assert _standing(tandem) == [8, 7]

    tandem("errors", "mute", "7")
    with database.write() as session:  # the same record is refused again, and another one
        for number, record in ((9, LEAD_ID), (10, "00Q000000000002AAA")):
            session.execute(
                "INSERT INTO sync.error SELECT * REPLACE (? AS id, ? AS sfdc_id) FROM sync.error WHERE id = 7",
                [number, record],
            )
    assert sorted(_standing(tandem)) == [8, 10]
    assert tandem("errors", "unmute", "9").out == "Taken back: 1.\n"
    assert sorted(_standing(tandem)) == [7, 8, 9, 10]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mute"], "Name the errors by id"),
        (["mute", "7", "--code", "TIMEOUT"], "Name the errors by id"),
        (["mute", "--code", "TIMEOUT", "--until", "2020-01-01"], "is over already"),
        (["unmute"], "say --all"),
    ],
)
def test_mute_wants_to_know_what(tandem: Tandem, database: Database, arguments: list[str], said: str) -> None:
    ran = tandem("errors", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_mute_of_what_there_is_not(tandem: Tandem, database: Database) -> None:
    ran = tandem("errors", "mute", "7", "99")
    assert (ran.code, ran.err) == (1, "There is no error 99. `tandem errors --list` shows the ids.\n")
    assert sorted(_standing(tandem)) == [7, 8]  # all or nothing


def _standing(tandem: Tandem) -> list[int]:
    return [each["id"] for each in tandem("errors", "--json").json["errors"]]


def test_retry_one(tandem: Tandem, database: Database) -> None:
    assert "1 marked" in tandem("errors", "retry", "7").out
    assert _standing(tandem) == [8]
    resolved = tandem("errors", "--json", "--resolved").json["errors"]
    assert {each["id"] for each in resolved} == {7, 8}


def test_retry_all_takes_records_only(tandem: Tandem, database: Database) -> None:
    assert tandem("errors", "retry", "--all", "--json").json == {"marked": [7], "not_standing": []}
    assert tandem("errors", "retry", "--all").out == "There is nothing to retry.\n"


def test_retry_of_what_is_no_standing_record_error(tandem: Tandem, database: Database) -> None:
    ran = tandem("errors", "retry", "8", "99")
    assert ran.code == 1
    assert ran.err.startswith("Not a standing error of a record: 8, 99.")


def test_retry_wants_to_know_what(tandem: Tandem, database: Database) -> None:
    assert tandem("errors", "retry").code == 2
    assert tandem("errors", "retry", "7", "--all").code == 2


def test_without_a_database(tandem: Tandem) -> None:
    for arguments in (["errors"], ["errors", "retry", "--all"]):
        ran = tandem(*arguments)
        assert ran.code == 1
        assert ran.err.startswith("There is no database at ")
        assert ran.err.count("\n") == 1
