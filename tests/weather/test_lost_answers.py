"""Writes whose answer never came: found out later, carried out once, and nothing edited since is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sandbox.bulk.job import Job, Jobs
from tandem.errors import TandemError
from tests.support.world import World
from tests.weather.agreement import sides_agree
from tests.weather.weather import contact, edit, lead

WRITE = "POST /services/data/*/composite/sobjects"
EDIT = "PATCH /services/data/*/composite/sobjects"
NEWCOMER = {
    "first_name": "Ada",
    "last_name": "Byron",
    "email_address": "ada@example.com",
    "company_name": "Engines",
}


def leads_named(world: World, last_name: str) -> list[str]:
    return [row["Id"] for row in world.org.query(f"SELECT Id FROM Lead WHERE LastName = '{last_name}'")]


def test_an_edit_made_after_the_lost_answer_is_not_lost(synced: World) -> None:
    one = lead(synced)
    before = synced.person(one)["job_title"]
    edit(synced, one, job_title="Sent, not answered")
    synced.org.faults.add(EDIT, "drop_after", times=None)
    with pytest.raises(TandemError):
        synced.sync()
    assert synced.org.get("Lead", one)["Title"] == "Sent, not answered"
    synced.org.faults.clear()
    edit(synced, one, job_title=before)
    synced.sync()
    assert synced.person(one)["job_title"] == before
    assert synced.org.get("Lead", one)["Title"] == before
    sides_agree(synced)


def test_an_update_with_a_lost_answer_is_logged_once(synced: World) -> None:
    one = lead(synced)
    edit(synced, one, job_title="Sent, not answered")
    synced.org.faults.add(EDIT, "drop_after", times=None)
    with pytest.raises(TandemError, match="broke before it answered"):
        synced.sync()
    synced.org.faults.clear()
    synced.sync()
    synced.sync()
    person = synced.person(one)
    assert [a["attributes"]["Status"] for a in synced.activities(person["id"], 28)] == ["succeeded"]
    assert synced.activities(person["id"], 13) == []
    sides_agree(synced)


@pytest.mark.parametrize("key", ["", "Tandem_Id__c"], ids=["no external id", "external id"])
@pytest.mark.parametrize("then", ["sync", "sync_person", "backfill"])
def test_a_create_with_a_lost_answer_makes_one_lead_and_one_person(
    synced: World, monkeypatch: pytest.MonkeyPatch, key: str, then: str
) -> None:
    monkeypatch.setenv("TANDEM_SALESFORCE__EXTERNAL_ID_FIELD", key)
    sent = {"drop_before": "Byron", "drop_after": "King"}
    numbers = {}
    for kind, name in sent.items():
        numbers[name] = synced.add_person(
            **NEWCOMER | {"last_name": name, "email_address": f"{name}@example.com"}
        )
        synced.org.faults.add("* /services/data/*/composite/sobjects*", kind, times=None)
        with pytest.raises(TandemError):
            synced.sync_person(numbers[name])
        assert len(leads_named(synced, name)) == (kind == "drop_after")
        synced.org.faults.clear()
    if then == "sync_person":
        synced.sync_person(*numbers.values())
    elif then == "backfill":
        synced.backfill(restart=True)
    synced.sync()
    for name, number in numbers.items():
        [made] = leads_named(synced, name)
        people = synced.rows("SELECT id, sfdc_id FROM marketing.person WHERE last_name = ?", name)
        assert people == [{"id": number, "sfdc_id": made}]
        assert [a["attributes"]["Status"] for a in synced.activities(number, 19)] == ["succeeded"]
        assert synced.activities(number, 12) == []
    sides_agree(synced)


def test_two_people_of_one_name_become_two_leads(synced: World) -> None:
    first, second = synced.add_person(**NEWCOMER), synced.add_person(**NEWCOMER)
    synced.sync_person(first)
    synced.org.faults.add(WRITE, "drop_before", times=None)
    with pytest.raises(TandemError):
        synced.sync_person(second)
    synced.org.faults.clear()
    synced.sync()
    made = leads_named(synced, "Byron")
    people = synced.rows("SELECT id, sfdc_id FROM marketing.person WHERE last_name = 'Byron' ORDER BY id")
    assert [row["id"] for row in people] == [first, second]
    assert sorted(row["sfdc_id"] for row in people) == sorted(made)
    assert len(made) == 2
    sides_agree(synced)


def test_a_name_that_salesforce_trims_is_found_again(synced: World) -> None:
    number = synced.add_person(**NEWCOMER | {"last_name": "  Byron ", "company_name": " Engines"})
    synced.org.faults.add(WRITE, "drop_after", times=None)
    with pytest.raises(TandemError):
        synced.sync_person(number)
    synced.org.faults.clear()
    synced.sync()
    [made] = leads_named(synced, "Byron")
    assert synced.person(made)["id"] == number


def test_a_create_without_an_answer_is_not_sent_as_an_update(synced: World) -> None:
    one, number = lead(synced), synced.add_person(**NEWCOMER)
    other = synced.person(one)["id"]
    edit(synced, one, job_title="Pushed in the same run")
    synced.org.faults.add(WRITE, "drop_after", times=1)
    with pytest.raises(TandemError):
        synced.sync_person(number, other)
    assert synced.org.get("Lead", one)["Title"] == "Pushed in the same run"
    states = synced.rows("SELECT state FROM sync.outbox WHERE operation = 'create'")
    assert states == [{"state": "journalled"}]
    synced.sync()
    sides_agree(synced)


def test_a_person_whose_lead_was_deleted_is_made_anew_and_stays_with_the_new_one(synced: World) -> None:
    one = lead(synced)
    number = synced.person(one)["id"]
    synced.org.delete("Lead", one)
    synced.sync()
    synced.sync_person(number)
    new = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", number)[0]["sfdc_id"]
    assert new != one
    for title in ("A", "B"):
        synced.org.update("Lead", new, {"Title": title})
        synced.sync()
        assert synced.person(new)["job_title"] == title
        assert not synced.person(new)["sfdc_is_deleted"]
    sides_agree(synced)


def test_what_salesforce_changed_is_not_overwritten_while_it_cannot_be_read(by_bulk: World) -> None:
    synced = by_bulk
    one = contact(synced)
    synced.org.update("Contact", contact(synced, 1), {"Title": "Two rows go by Bulk"})
    synced.org.update("Contact", one, {"Title": "Theirs, which wins"})
    edit(synced, one, job_title="Ours, which loses")
    synced.org.faults.add("GET /services/data/*/jobs/query/*/result*", "status", times=None)
    with pytest.raises(TandemError, match="Contact, Pull updates"):
        synced.sync()
    assert synced.org.get("Contact", one)["Title"] == "Theirs, which wins"
    synced.org.faults.clear()
    synced.sync()
    assert synced.org.get("Contact", one)["Title"] == "Theirs, which wins"
    assert synced.person(one)["job_title"] == "Theirs, which wins"
    sides_agree(synced)


def test_a_bulk_job_of_a_dead_run_cannot_write_over_a_later_edit(
    by_bulk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = lead(by_bulk)
    at_work = hold_ingest_jobs(monkeypatch)
    edit(by_bulk, one, job_title="First")
    # The job waits in Salesforce's queue, and the line breaks before the run hears of its end.
    down = by_bulk.org.faults.add("GET /services/data/*/jobs/ingest/*", "drop_before", times=None)
    with pytest.raises(TandemError):
        by_bulk.sync()
    down.remove()
    edit(by_bulk, one, job_title="Second")
    # Whoever asks for the job finds it done a moment later; who does not is overtaken by it.
    by_bulk.org.faults.add(
        "GET /services/data/*/jobs/ingest/*", "call", call=lambda _: at_work.set(), when="after"
    )
    monkeypatch.setenv("TANDEM_SALESFORCE__BULK_THRESHOLD", "2000")
    by_bulk.sync()
    at_work.set()
    by_bulk.sync()
    assert by_bulk.person(one)["job_title"] == "Second"
    assert by_bulk.org.get("Lead", one)["Title"] == "Second"
    sides_agree(by_bulk)


def hold_ingest_jobs(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Keep the org from working on ingest jobs until the event is set."""
    go_on = threading.Event()
    original = Jobs._run

    def held(self: Jobs, job: Job, work: Callable[[Job], None]) -> None:
        if self.kind == "ingest":
            assert go_on.wait(180), "nobody let the jobs go on"
        original(self, job, work)

    monkeypatch.setattr(Jobs, "_run", held)
    return go_on


def test_a_bulk_read_picked_up_later_does_not_hide_what_changed_since(by_bulk: World) -> None:
    one, other = contact(by_bulk, 0), contact(by_bulk, 1)
    for each in (one, other):
        by_bulk.org.update("Contact", each, {"Department": "Moved"})
    by_bulk.org.faults.add("GET /services/data/*/jobs/query/*/result*", "status", times=None)
    with pytest.raises(TandemError, match="Contact, Pull updates"):
        by_bulk.sync()
    by_bulk.org.faults.clear()
    by_bulk.org.clock.advance(minutes=5)
    by_bulk.org.update("Contact", one, {"Title": "Theirs, after the job was made"})
    edit(by_bulk, one, job_title="Ours")
    by_bulk.sync()
    assert by_bulk.org.get("Contact", one)["Title"] == "Theirs, after the job was made"
    conflicts = by_bulk.rows("SELECT sfdc_id, losing_value FROM sync.conflict")
    assert conflicts == [{"sfdc_id": one, "losing_value": "Ours"}]
    sides_agree(by_bulk)
