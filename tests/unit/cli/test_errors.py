"""``tandem errors``."""

from __future__ import annotations

import csv
import io

from tandem.database.connection import Database
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
