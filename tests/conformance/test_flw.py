"""Flow actions: done at once, explained, safe to repeat (section 21)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tandem.errors import TandemError
from tests.conformance.conftest import Cast
from tests.conformance.wire import Wire
from tests.support.world import World


def outcomes(summary: dict[str, Any]) -> dict[int, str]:
    return {each["person_id"]: each["outcome"] for each in summary["people"]}


def message(summary: dict[str, Any], person: int) -> str:
    return next(each["message"] for each in summary["people"] if each["person_id"] == person) or ""


def sync_person(people: list[int], **parameters: Any) -> dict[str, Any]:
    from flows.sync_person import sync_person as flow

    return flow(person_ids=people, **parameters)  # type: ignore[return-value]


def change_owner(people: list[int], owner: str, **parameters: Any) -> dict[str, Any]:
    from flows.change_owner import change_owner as flow

    return flow(person_ids=people, owner=owner, **parameters)  # type: ignore[return-value]


def newcomer(world: World, name: str) -> int:
    return world.add_person(
        last_name=name, company_name=f"{name} Ltd", email_address=f"{name.lower()}@new.example"
    )


def cells(world: World, cast: Cast, leads: list[str], rest: list[str]) -> list[list[int]]:
    """An absent person, a lead and a contact for each of: rules, user, queue."""
    contacts = [cast.contact, cast.colleague, rest[0]]
    found = []
    for name, lead, contact in zip(("Rula", "Usha", "Quin"), leads, contacts, strict=True):
        people = [newcomer(world, name), world.person(lead)["id"], world.person(contact)["id"]]
        world.execute(
            "UPDATE marketing.person SET job_title = 'Forced' WHERE id IN (SELECT unnest(?))", people[1:]
        )
        found.append(people)
    return found


@pytest.mark.conformance("FLW-01")
@pytest.mark.conformance("FLW-02")
@pytest.mark.conformance("CON-03")
@pytest.mark.conformance("CON-04")
def test_sync_person_in_nine_cells(synced: World, cast: Cast, wire: Wire) -> None:
    org = synced.org
    mine = org.query("SELECT Id, Name FROM User WHERE FirstName = 'Grace'")[0]
    other = org.query(
        f"SELECT Id, Name FROM User WHERE IsActive = true AND Id <> '{mine['Id']}' ORDER BY Id"
    )[0]
    org.add_assignment_rule("Lead", other["Id"])
    leads = [
        row["Id"] for row in org.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 3")
    ]
    rest = [
        row["Id"]
        for row in org.query(f"SELECT Id FROM Contact WHERE AccountId <> '{cast.account}' ORDER BY Id")
    ]
    rules, user, queue = cells(synced, cast, leads, rest)
    owned = {lead: org.get("Lead", lead)["OwnerId"] for lead in leads}
    before = org.count("Lead")

    # Rules: the absent one is assigned, the others are updated and keep their owners.
    summary = sync_person(rules)
    assert outcomes(summary) == dict(zip(rules, ("created", "updated", "updated"), strict=True))
    made = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", rules[0])[0]["sfdc_id"]
    assert org.get("Lead", made)["OwnerId"] == other["Id"]
    lead = org.get("Lead", leads[0])
    assert (lead["Title"], lead["OwnerId"]) == ("Forced", owned[leads[0]])
    assert org.get("Contact", cast.contact)["Title"] == "Forced"

    # A user: leads get it, by name; the contact is refused in words and nothing of it is sent.
    wire.forget()
    summary = sync_person(user, owner=mine["Name"])
    assert outcomes(summary) == dict(zip(user, ("created", "updated", "refused"), strict=True))
    made = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", user[0])[0]["sfdc_id"]
    assert {org.get("Lead", each)["OwnerId"] for each in (made, leads[1])} == {mine["Id"]}
    assert "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" in message(summary, user[2])
    assert wire.written(cast.colleague) == {}
    assert org.get("Contact", cast.colleague)["OwnerId"] == cast.owner
    [told] = synced.activities(user[2], 19)
    assert told["attributes"]["Status"] == "failed"

    # A queue: leads get it; the contact gets a lead beside it, once, and stays as it is.
    contact = org.get("Contact", rest[0])
    summary = sync_person(queue, owner="Inbound Leads")
    assert outcomes(summary) == dict(zip(queue, ("created", "updated", "done"), strict=True))
    again = sync_person(queue, owner="Inbound Leads")
    assert outcomes(again) == dict(zip(queue, ("updated", "updated", "skipped"), strict=True))
    made = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", queue[0])[0]["sfdc_id"]
    [twin] = org.query(f"SELECT Id, OwnerId FROM Lead WHERE LastName = '{contact['LastName']}'")
    assert {org.get("Lead", each)["OwnerId"] for each in (made, leads[2], twin["Id"])} == {cast.queue}
    assert org.get("Contact", rest[0]) == contact
    assert org.count("Lead") == before + 4
    sales_owner = "SELECT sales_owner_email_address AS owner FROM marketing.person WHERE id = ?"
    assert synced.rows(sales_owner, queue[1])[0]["owner"] is None  # a queue has none (8.6)

    # The next cycle finds all of it done: no second owner change, no second person of the three.
    synced.sync(objects=["User", "Lead", "Contact"])
    assert [each["attributes"]["New Owner"] for each in synced.activities(queue[1], 23)] == []
    assert synced.activities(queue[0], 12) == []


@pytest.mark.conformance("FLW-03")
@pytest.mark.conformance("FLW-04")
def test_change_owner(synced: World, cast: Cast) -> None:
    org = synced.org
    lead, contact = synced.person(cast.lead)["id"], synced.person(cast.contact)["id"]
    fresh, kept = newcomer(synced, "Fresh"), newcomer(synced, "Kept")
    other = org.query(
        f"SELECT Id, Name, Email FROM User WHERE IsActive = true AND Id <> '{cast.owner}' ORDER BY Id"
    )[0]

    # What is implied comes first: the newcomer becomes a lead, then it is assigned.
    summary = change_owner([lead, contact, fresh], other["Id"])
    assert outcomes(summary) == {lead: "done", contact: "refused", fresh: "done"}
    assert org.get("Lead", cast.lead)["OwnerId"] == other["Id"]
    assert synced.person(cast.lead)["sales_owner_email_address"] == other["Email"]
    [told] = synced.activities(lead, 23)
    assert (told["attributes"]["Old Owner"], told["attributes"]["New Owner"]) == (cast.owner, other["Id"])
    kinds = [each["activity_type_id"] for each in synced.activities(fresh)]
    assert kinds == [19, 23]
    assert outcomes(change_owner([kept], other["Id"], implied=False)) == {kept: "refused"}
    assert [each["attributes"]["Status"] for each in synced.activities(kept)] == ["failed"]

    summary = change_owner([contact], "Inbound Leads")
    assert "A queue cannot own a contact" in message(summary, contact)
    assert org.get("Contact", cast.contact)["OwnerId"] == cast.owner
    synced.sync(objects=["User", "Lead", "Contact"])
    assert len(synced.activities(lead, 23)) == 1

    with pytest.raises(TandemError, match=r"There is no user or queue 'Nobody'"):
        change_owner([lead], "Nobody")
    with pytest.raises(TandemError, match=r"There is no person 999999"):
        change_owner([999999], other["Id"])
    for user in (other["Id"], cast.owner):
        org.update("User", user, {"FirstName": "Grace", "LastName": "Two"})
    with pytest.raises(TandemError, match=r"Several users or queues match"):
        change_owner([lead], "Grace Two")
    # Who asked was told, and the run is there; nothing is left for anybody to put right.
    assert synced.rows("SELECT DISTINCT status FROM sync.run WHERE detail LIKE 'There is no%'") == [
        {"status": "Failed"}
    ]
    assert synced.rows("SELECT * FROM sync.error WHERE level = 'job' AND resolved_at IS NULL") == []


@contextmanager
def held_up(world: World, match: str, when: str = "before") -> Iterator[threading.Event]:
    """Hold the next such request in the org until the block ends; the event says that it is there."""
    there, go_on = threading.Event(), threading.Event()

    def hold(_: dict[str, Any]) -> None:
        there.set()
        assert go_on.wait(180)

    fault = world.org.faults.add(match, "call", call=hold, when=when, times=1)
    try:
        yield there
    finally:
        fault.remove()
        go_on.set()


def beside(work: Any) -> tuple[threading.Thread, list[Any]]:
    """Run something in a thread; its result, or what it raised, comes in the list."""
    ended: list[Any] = []

    def run() -> None:
        try:
            ended.append(work())
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ended


@pytest.mark.conformance("FLW-02")
def test_beside_a_cycle_that_is_held_up(synced: World, cast: Cast) -> None:
    org = synced.org
    lead, fresh = synced.person(cast.lead)["id"], newcomer(synced, "Fresh")
    other = org.query(f"SELECT Id FROM User WHERE IsActive = true AND Id <> '{cast.owner}' ORDER BY Id")[0][
        "Id"
    ]
    org.update("Lead", cast.lead, {"Title": "Theirs"})

    # The cycle has read, and hears the answer only after the actions are done: it holds what was before.
    with held_up(synced, "POST *composite", when="after") as there:
        there.clear()
        thread, cycle = beside(synced.sync)
        assert there.wait(180)
        assert outcomes(change_owner([lead, fresh], other)) == {lead: "done", fresh: "done"}
    thread.join(120)
    assert cycle[0]["status"] == "Succeeded"
    assert org.get("Lead", cast.lead)["OwnerId"] == other
    synced.sync()
    assert synced.person(cast.lead)["job_title"] == "Theirs"
    assert [each["activity_type_id"] for each in synced.activities(lead)][-2:].count(23) == 1
    assert len(synced.activities(fresh, 19)) == 1
    assert synced.rows("SELECT count(*) AS n FROM sync.run WHERE status = 'Cleaned up'")[0]["n"] == 0

    # An action has made its lead and waits for the answer, while a whole cycle reads that lead.
    late = newcomer(synced, "Late")
    with held_up(synced, "POST *composite/sobjects", when="after") as there:
        thread, action = beside(lambda: sync_person([late]))
        assert there.wait(180)
        synced.sync()
        assert len(synced.rows("SELECT id FROM marketing.person WHERE last_name = 'Late'")) == 2
    thread.join(120)
    assert outcomes(action[0]) == {late: "created"}
    [person] = synced.rows("SELECT id, sfdc_id FROM marketing.person WHERE last_name = 'Late'")
    assert person["id"] == late
    assert len(org.query("SELECT Id FROM Lead WHERE LastName = 'Late'")) == 1
    assert synced.activities(late, 12) == []

    # The cycle's write of a person is on the wire: an action on the same person waits for its turn.
    synced.execute("UPDATE marketing.person SET job_title = 'First' WHERE id = ?", lead)
    with held_up(synced, "PATCH *composite/sobjects") as there:
        thread, cycle = beside(synced.sync)
        assert there.wait(180)
        synced.execute("UPDATE marketing.person SET job_title = 'Second' WHERE id = ?", lead)
        second, action = beside(lambda: sync_person([lead]))
        while not synced.rows("SELECT 1 FROM sync.lease WHERE name LIKE 'action %'"):
            assert second.is_alive()
    thread.join(120)
    second.join(120)
    assert outcomes(action[0]) == {lead: "updated"}
    assert org.get("Lead", cast.lead)["Title"] == synced.person(cast.lead)["job_title"] == "Second"


@pytest.mark.conformance("FLW-02")
def test_a_lost_answer_never_makes_a_second_lead(synced: World, cast: Cast) -> None:
    contact = synced.person(cast.contact)["id"]
    synced.org.faults.add("POST *composite/sobjects", "drop_after")
    lost = change_owner([contact], "Inbound Leads")
    assert outcomes(lost) == {contact: "no answer"}
    assert outcomes(change_owner([contact], "Inbound Leads")) == {contact: "done"}
    assert outcomes(change_owner([contact], "Inbound Leads")) == {contact: "skipped"}
    assert len(synced.org.query("SELECT Id FROM Lead WHERE LastName = 'Babbage'")) == 1


def test_match_before_insert_reports_what_it_found(
    synced: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SYNC__MATCH_BEFORE_INSERT", "true")
    twin = synced.add_person(last_name="Twin", company_name="Twin Ltd", email_address="ADA@lovelace.example")
    fresh = newcomer(synced, "Fresh")

    summary = sync_person([twin, fresh])

    assert outcomes(summary) == {twin: "skipped", fresh: "created"}
    assert cast.lead in message(summary, twin)
    assert synced.activities(twin, 19)[0]["attributes"]["Matches"] == f"lead {cast.lead}"


def create_task(people: list[int], subject: str, **parameters: Any) -> dict[str, Any]:
    from flows.create_task import create_task as flow

    return flow(person_ids=people, subject=subject, **parameters)  # type: ignore[return-value]


@pytest.mark.conformance("FLW-03")
@pytest.mark.conformance("FLW-05")
def test_create_task(synced: World, cast: Cast) -> None:
    org = synced.org
    lead, contact = synced.person(cast.lead)["id"], synced.person(cast.contact)["id"]
    fresh = newcomer(synced, "Fresh")
    subject = "Call {{lead.First Name:default=them}} at {{company.Company Name}}"
    more = "{{lead.Email Address}}, {{ campaign.Name }}, {{system.date}}"
    people = [lead, contact, fresh]

    # The answer is lost: the tasks are there, and asking again finds them, whichever way it is asked.
    org.faults.add("POST *composite/sobjects", "drop_after", skip=1)  # the first makes the lead
    asked = {"description": more, "campaign": "Spring"}
    assert outcomes(create_task(people, subject, **asked)) == dict.fromkeys(people, "no answer")
    assert outcomes(create_task(people, subject, **asked)) == dict.fromkeys(people, "done")
    assert outcomes(create_task(people, subject, **asked)) == dict.fromkeys(people, "skipped")

    today = org.clock.now().date()
    tasks = {row["WhoId"]: org.get("Task", row["Id"]) for row in org.query("SELECT Id, WhoId FROM Task")}
    assert len(org.query("SELECT Id FROM Task")) == 3
    assert {each["ActivityDate"] for each in tasks.values()} == {today + timedelta(days=5)}
    ada = tasks[cast.lead]
    assert ada["Subject"] == "Call Ada at Lovelace Ltd"
    assert ada["Description"] == f"ada@lovelace.example, Spring, {today}"
    assert ada["OwnerId"] == cast.owner
    assert tasks[cast.contact]["Subject"] == "Call Charles at Analytical Engines"
    made = synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", fresh)[0]["sfdc_id"]
    assert tasks[made]["Subject"] == "Call them at Fresh Ltd"
    told = synced.activities(lead, 100021)
    assert [each["attributes"]["Status"] for each in told] == ["succeeded", "skipped"]
    assert told[0]["primary_attribute_value"] == ada["Subject"]

    before = len(org.query("SELECT Id FROM Lead"))
    with pytest.raises(TandemError, match=r"There is no token \{\{lead\.Shoe Size\}\}"):
        create_task([newcomer(synced, "Not")], "{{lead.Shoe Size}}")
    with pytest.raises(TandemError, match="is a queue, and a task needs somebody"):
        create_task([lead], "x", assign_to="Inbound Leads")
    assert outcomes(create_task([lead], "x" * 256)) == {lead: "refused"}
    org.add_validation_rule("Task", "Never", "Subject = 'Not allowed'", "Not here.")
    assert outcomes(create_task([lead], "Not allowed")) == {lead: "refused"}
    assert synced.activities(lead, 100021)[-1]["attributes"]["Status"] == "failed"
    assert len(org.query("SELECT Id FROM Lead")) == before


@pytest.mark.conformance("DEL-02")
@pytest.mark.conformance("DEL-04")
def test_delete_here_and_there(synced: World, cast: Cast) -> None:
    from flows.delete_person import delete_person
    from flows.delete_person_from_sfdc import delete_person_from_sfdc

    org = synced.org
    lead, contact = synced.person(cast.lead)["id"], synced.person(cast.contact)["id"]
    colleague, fresh = synced.person(cast.colleague)["id"], newcomer(synced, "Fresh")
    exists = "SELECT id, sfdc_is_deleted AS gone FROM marketing.person WHERE id = ?"

    # From Salesforce only: the person stays, marked; the answer is lost the first time.
    org.faults.add("DELETE *composite/sobjects*", "drop_after", times=10)
    assert outcomes(delete_person_from_sfdc(person_ids=[lead, fresh])) == {
        lead: "no answer",
        fresh: "skipped",
    }
    org.faults.clear()
    assert outcomes(delete_person_from_sfdc(person_ids=[lead])) == {lead: "done"}
    assert org.get("Lead", cast.lead)["IsDeleted"]
    assert synced.rows(exists, lead) == [{"id": lead, "gone": True}]
    [told] = synced.activities(lead, 29)
    assert told["attributes"]["Status"] == "succeeded"
    [flag] = synced.activities(lead, 13)
    assert flag["primary_attribute_value"] == "sfdc_is_deleted"

    # Both, by the flag of the one action and by default of the other.
    assert outcomes(delete_person_from_sfdc(person_ids=[contact], delete_in_marketing=True)) == {
        contact: "done"
    }
    org.faults.add("DELETE *", "lock_row", rows=[cast.colleague], times=None)
    refused = delete_person(person_ids=[colleague, fresh])
    assert outcomes(refused) == {colleague: "refused", fresh: "done"}
    assert "unable to obtain exclusive access" in message(refused, colleague)
    org.faults.clear()
    assert synced.rows(exists, colleague) == [{"id": colleague, "gone": False}]
    assert outcomes(delete_person(person_ids=[colleague])) == {colleague: "done"}
    for record, person in ((cast.contact, contact), (cast.colleague, colleague)):
        assert org.get("Contact", record)["IsDeleted"]
        assert synced.rows(exists, person) == []
        assert [each["attributes"]["Status"] for each in synced.activities(person, 37)][-1] == "succeeded"
    assert synced.rows(exists, fresh) == []

    # The cycle after it adds nothing; with the record kept there, a person goes here only.
    kept = org.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id LIMIT 1")[0]["Id"]
    person = synced.person(kept)["id"]
    delete_person(person_ids=[person], from_salesforce=False)
    arrival = org.create("Lead", {"LastName": "Arrival", "Company": "Next Ltd"})
    synced.sync(objects=["User", "Lead", "Contact"])
    assert len(synced.activities(lead, 29)) == 1
    assert synced.person(arrival)["id"] > fresh  # whose id and log nobody else gets
    assert not org.get("Lead", kept)["IsDeleted"]
    assert synced.rows(exists, person) == synced.rows(exists, contact) == []


@pytest.mark.conformance("FLW-09")
def test_owners_are_told_when_the_switch_is_on(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    org, lead = synced.org, synced.person(cast.lead)["id"]
    other = org.query(f"SELECT Id FROM User WHERE IsActive = true AND Id <> '{cast.owner}' ORDER BY Id")[0][
        "Id"
    ]
    org.add_assignment_rule("Lead", other)
    header = b"<triggerUserEmail>true</triggerUserEmail>"

    quiet, told = newcomer(synced, "Quiet"), newcomer(synced, "Told")
    assert outcomes(sync_person([quiet])) == {quiet: "created"}
    assert not any(b"EmailHeader" in each.body for each in wire.said)

    monkeypatch.setenv("TANDEM_SYNC__NOTIFY_OWNER", "true")
    org.faults.add("POST */Soap/*", "drop_after")
    with pytest.raises(TandemError, match="No answer came"):
        sync_person([told])
    assert outcomes(sync_person([told])) == {told: "created"}
    assert outcomes(change_owner([lead], other)) == {lead: "done"}
    assert sum(header in each.body for each in wire.said) == 2
    for name in ("Quiet", "Told"):
        assert [
            row["OwnerId"] for row in org.query(f"SELECT OwnerId FROM Lead WHERE LastName = '{name}'")
        ] == [other]
    assert org.get("Lead", cast.lead)["OwnerId"] == other
