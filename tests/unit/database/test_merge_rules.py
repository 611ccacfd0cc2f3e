"""What the merge does beside the three-way rule: stale pages, blocked fields, the lease, edits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tandem.database.edits import EditRefused, change_data_value
from tandem.errors import LeaseTaken
from tandem.objects import CONTACT, LEAD
from tandem.settings import SyncSettings
from tests.support.lease import lease
from tests.support.offline import EPOCH, Offline, stamp

ADA = "00Q000000000001AAA"


@pytest.fixture
def engine(tmp_path: Path) -> Offline:
    made = Offline(tmp_path, LEAD, {"FirstName": "string", "Rating": "picklist"})
    made.pull(
        [{"Id": ADA, "SystemModstamp": stamp(1), "IsDeleted": False, "FirstName": "Ada", "Rating": "Warm"}]
    )
    return made


def person(engine: Offline) -> dict[str, object]:
    with engine.database.read() as session:
        return session.rows("SELECT * FROM marketing.person")[0]


def test_what_was_read_before_our_push_says_nothing_any_more(engine: Offline) -> None:
    with engine.database.write() as session:
        session.execute("UPDATE marketing.person SET first_name = 'Augusta'")
    assert engine.push(set(), EPOCH + timedelta(seconds=60)) == {ADA: {"FirstName": "Augusta"}}
    counts = engine.pull([{"Id": ADA, "SystemModstamp": stamp(1), "FirstName": "Ada", "Rating": "Warm"}])
    assert (counts.updated, counts.skipped) == (0, 0)
    assert person(engine)["first_name"] == "Augusta"


def test_an_older_version_of_a_record_is_not_applied(engine: Offline) -> None:
    engine.pull([{"Id": ADA, "SystemModstamp": stamp(9), "FirstName": "Augusta", "Rating": "Warm"}])
    engine.pull([{"Id": ADA, "SystemModstamp": stamp(5), "FirstName": "Ada", "Rating": "Warm"}])
    assert person(engine)["first_name"] == "Augusta"


@pytest.mark.parametrize(
    ("column", "ours"), [("first_name", "'\u00a0Ada\u2003\v'"), ("annual_revenue", "'nan'::DOUBLE")]
)
def test_what_salesforce_would_store_as_it_is_there_is_no_change(
    tmp_path: Path, column: str, ours: str
) -> None:
    engine = Offline(tmp_path, LEAD, {"FirstName": "string", "AnnualRevenue": "currency"})
    known = {"Id": ADA, "IsDeleted": False, "FirstName": "Ada", "AnnualRevenue": None}
    engine.pull([known | {"SystemModstamp": stamp(1)}])
    with engine.database.write() as session:
        session.execute(f"UPDATE marketing.person SET {column} = {ours}")
    assert engine.push(set(), EPOCH) == {}
    counts = engine.pull([known | {"SystemModstamp": stamp(2)}])
    assert (counts.updated, counts.skipped) == (0, 1)


def test_a_contact_in_quarantine_is_not_sent_until_it_is_released(tmp_path: Path) -> None:
    ada = "003000000000001AAA"
    engine = Offline(tmp_path, CONTACT, {"FirstName": "string"})
    engine.pull([{"Id": ada, "IsDeleted": False, "SystemModstamp": stamp(1), "FirstName": "Ada"}])
    with engine.database.write() as session:
        session.execute("UPDATE marketing.person SET first_name = 'Augusta'")
        session.execute(
            "INSERT INTO sync.quarantine (object, sfdc_id, expectation, run_id, logged_at)"
            " VALUES ('Contact', ?, 'any', 'run', now()::TIMESTAMP)",
            [ada],
        )
    assert (
        engine.push(set(), EPOCH) == {}
    )  # what Salesforce changed is held back: it would be overwritten unseen
    with engine.database.write() as session:
        session.execute("UPDATE sync.quarantine SET released_at = now()::TIMESTAMP")
    assert engine.push(set(), EPOCH) == {ada: {"FirstName": "Augusta"}}


def test_not_a_number_is_sent_as_nothing(tmp_path: Path) -> None:
    engine = Offline(tmp_path, LEAD, {"AnnualRevenue": "currency"})
    known = {"Id": ADA, "IsDeleted": False}
    engine.pull([known | {"SystemModstamp": stamp(1), "AnnualRevenue": 5.0}])
    with engine.database.write() as session:
        session.execute("UPDATE marketing.person SET annual_revenue = 'nan'")
    assert engine.push(set(), EPOCH) == {ADA: {"AnnualRevenue": None}}
    assert engine.pull([known | {"SystemModstamp": stamp(2), "AnnualRevenue": None}]).updated == 0


def test_a_record_that_stands_twice_in_a_batch_counts_once_with_its_later_version(engine: Offline) -> None:
    new = {"Id": "00Q000000000002AAA", "IsDeleted": False}
    counts = engine.pull(
        [
            {**new, "SystemModstamp": stamp(7), "FirstName": "later"},
            {**new, "SystemModstamp": stamp(6), "FirstName": "earlier"},
        ]
    )
    assert counts.new == 1
    with engine.database.read() as session:
        found = session.rows("SELECT first_name FROM marketing.person WHERE sfdc_id = ?", [new["Id"]])
    assert found == [{"first_name": "later"}]


def test_a_blocked_field_keeps_its_value(engine: Offline) -> None:
    rules = SyncSettings(blocked_fields={"person": ("rating",)})
    engine.pull([{"Id": ADA, "SystemModstamp": stamp(2), "FirstName": "Augusta", "Rating": "Hot"}], rules)
    assert (person(engine)["first_name"], person(engine)["rating"]) == ("Augusta", "Warm")


def test_a_person_deleted_by_sql_comes_again_with_the_next_change(engine: Offline) -> None:
    with engine.database.write() as session:
        session.execute("DELETE FROM marketing.person")
    counts = engine.pull([{"Id": ADA, "SystemModstamp": stamp(2), "FirstName": "Ada", "Rating": "Hot"}])
    assert counts.new == 1
    assert person(engine)["rating"] == "Hot"


def test_the_lease_has_one_holder(engine: Offline) -> None:
    with (
        lease(engine.database, "first", "backfill"),
        pytest.raises(LeaseTaken, match="A backfill is running"),
        lease(engine.database, "second", "sync"),
    ):
        pass
    with lease(engine.database, "third", "sync"):
        pass


def test_a_dead_process_does_not_keep_the_lease(engine: Offline) -> None:
    with lease(engine.database, "first", "sync"):
        with engine.database.write() as session:  # as if its process had been another one, now gone
            session.execute("UPDATE sync.lease SET pid = 2147483646")
        with lease(engine.database, "second", "sync"):
            pass


def test_change_data_value(engine: Offline) -> None:
    with engine.database.write() as session, session.transaction():
        change_data_value(session, 1, "rating", "Hot")
        change_data_value(session, 1, "first_name", "NULL")
    assert (person(engine)["rating"], person(engine)["first_name"]) == ("Hot", None)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("sfdc_id", "x", "kept by the sync"),
        ("sales_owner_title", "x", "kept by the sync"),
        ("no_such_field", "x", "no field no_such_field"),
        ("rating", " ", "Write NULL"),
        ("num_employees", "many", "takes a whole number"),
    ],
)
def test_values_that_may_not_be_set(engine: Offline, column: str, value: str, words: str) -> None:
    before = person(engine)
    with pytest.raises(EditRefused, match=words), engine.database.write() as session, session.transaction():
        change_data_value(session, 1, column, value)
    assert person(engine) == before
