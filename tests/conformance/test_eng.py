"""The cycle: what is read, what is written, what is counted (section 1)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from flows.outcome import StepsFailed
from tandem.errors import SettingsError
from tests.conformance.conftest import Cast, Template, refused, tandem
from tests.conformance.wire import Wire
from tests.support.world import World

TABLES = {
    "User": "sales_user",
    "Group": "lead_queue",
    "Account": "company",
    "Lead": "person",
    "Contact": "person",
}


def records_there(world: World, name: str) -> dict[str, dict[str, Any]]:
    """Return an object's living records as the administrator sees them, by id."""
    where = " WHERE Type = 'Queue'" if name == "Group" else ""
    return {
        row["Id"]: world.org.get(name, row["Id"]) for row in world.org.query(f"SELECT Id FROM {name}{where}")
    }


def assert_all_here(world: World, hidden: str) -> None:
    """Every record is here once, with the value of every field that is mapped; the hidden one is not."""
    for name, table in TABLES.items():
        there = records_there(world, name)
        there.pop(hidden, None)
        kind = f" WHERE sfdc_type = '{name.lower()}'" if table == "person" else ""
        here = world.rows(f"SELECT * FROM marketing.{table}{kind}")
        assert sorted(row["sfdc_id"] for row in here) == sorted(there), name
        fields = world.rows(
            "SELECT field, column_name FROM sync.field_map WHERE object = ? AND column_name IS NOT NULL", name
        )
        assert fields
        for row in here:
            for each in fields:
                theirs = there[row["sfdc_id"]][each["field"]]
                if isinstance(theirs, datetime):
                    theirs = theirs.replace(tzinfo=None)
                assert row[each["column_name"]] == theirs, (name, each["field"])


@pytest.mark.conformance("ENG-02")
def test_after_the_first_cycle_everything_visible_is_here(world: World) -> None:
    hidden, binned = world.org.create_many(
        "Lead", [{"LastName": each, "Company": "Nowhere"} for each in ("Hidden", "Binned")]
    )
    world.org.hide_record("Lead", hidden)
    world.org.delete("Lead", binned)

    world.sync()  # nothing was set up before: a cycle that finds nothing reads everything

    assert_all_here(world, hidden)


@pytest.mark.conformance("ENG-02")
def test_after_the_full_copy_everything_visible_is_here(
    synced: World, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_all_here(synced, hidden="")
    pulled = [step for step in template.summary["steps"] if step["operation"] == "Pull updates"]
    assert {step["object"]: step["new"] for step in pulled} == {
        name: len(records_there(synced, name)) for name in TABLES
    }

    # Once more, with what must not come: the leads, the most there is, by Bulk; still only what the sync user sees
    # and nothing binned.
    rows = [{"LastName": each, "Company": "Nowhere"} for each in ("Hidden", "Binned", "Seen")]
    hidden, binned, seen = synced.org.create_many("Lead", rows)
    synced.org.hide_record("Lead", hidden)
    synced.org.delete("Lead", binned)
    others = max(len(records_there(synced, name)) for name in TABLES if name != "Lead")
    assert others < len(records_there(synced, "Lead"))
    monkeypatch.setenv("TANDEM_SALESFORCE__BULK_THRESHOLD", str(others))
    synced.backfill(restart=True)
    assert len([path for each in synced.org.requests if (path := each.path).endswith("/jobs/query")]) == 1
    assert synced.person(seen)["last_name"] == "Seen"
    assert_all_here(synced, hidden)


@pytest.mark.conformance("ENG-03")
def test_unchanged_records_are_not_read_again(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.update("Lead", cast.lead, {"City": "Marylebone"})
    late = synced.org.query(f"SELECT Id FROM Lead WHERE IsConverted = false AND Id != '{cast.lead}'")[0]["Id"]
    synced.org.write_late("Lead", late, {"City": "Late"}, synced.org.clock.now() - timedelta(minutes=5))

    synced.sync()

    asked = wire.questions()
    assert len(asked) == len(TABLES)
    assert all("SystemModstamp >= " in soql for soql in asked)
    read = [row["Id"] for soql in asked for row in synced.org.query_all(soql)]
    assert sorted(read) == sorted([cast.lead, late])  # of all the records, only these
    assert [each.path for each in synced.org.requests if "/jobs/query" in each.path] == []
    assert (synced.person(cast.lead)["city"], synced.person(late)["city"]) == ("Marylebone", "Late")

    # What the overlap makes it read twice does not count a second time.
    logged = synced.rows("SELECT count(*) AS n FROM marketing.activity")
    synced.org.clock.advance(hours=1)
    summary = synced.sync(objects=["Lead"])
    step = synced.steps(summary)["Lead", "Pull updates"]
    assert [step[name] for name in ("new", "updated", "deleted", "skipped")] == [0, 0, 0, 0]
    assert synced.rows("SELECT count(*) AS n FROM marketing.activity") == logged

    wire.forget()
    synced.sync(objects=["Lead"])
    assert [synced.org.query_all(soql) for soql in wire.questions()] == [[]]


@pytest.mark.conformance("ENG-04")
def test_a_record_that_moved_without_visible_change_is_skipped(synced: World, cast: Cast) -> None:
    synced.org.hide_field("Lead", "Rating")
    before = {each: synced.person(each) for each in (cast.lead, cast.contact)}
    synced.org.update("Lead", cast.lead, {"Rating": "Hot"})  # a field that the sync user does not see
    synced.org.update("Contact", cast.contact, {"AssistantName": "Joseph"})  # one that is never synced

    summary = synced.sync()

    for name, record in (("Lead", cast.lead), ("Contact", cast.contact)):
        step = synced.steps(summary)[name, "Pull updates"]
        assert [step[each] for each in ("new", "updated", "skipped")] == [0, 0, 1]
        assert synced.person(record) == before[record]
        assert [each["activity_type_id"] for each in synced.activities(before[record]["id"])] == [12]


@pytest.mark.conformance("ENG-05", "API-03")
def test_one_way_objects_are_never_written_and_edits_are_put_back(
    synced: World, cast: Cast, wire: Wire
) -> None:
    objects = ("Account", "User", "Group")
    tables = ("sales_user", "lead_queue", "company")
    shown = {name: synced.rows(f"SELECT * FROM marketing.{name} ORDER BY id") for name in tables}
    before = {name: records_there(synced, name) for name in objects}
    [other] = synced.rows(
        "SELECT max(company_id) AS id FROM marketing.person WHERE company_name <> 'Analytical Engines'"
    )
    contacts = "SELECT * FROM marketing.person WHERE company_id = ? ORDER BY id"
    others = synced.rows(contacts, other["id"])
    synced.execute("DELETE FROM marketing.company WHERE id = ?", other["id"])
    edited = ("company.company_name", "company.billing_city", "sales_user.last_name", "lead_queue.name")
    for table, column in (each.split(".") for each in edited):
        synced.execute(f"UPDATE marketing.{table} SET {column} = 'Ours'")
    synced.execute(
        "INSERT INTO marketing.company (id, created_at, updated_at, company_name)"
        " SELECT max(id) + 1, now()::TIMESTAMP, now()::TIMESTAMP, 'Ours' FROM marketing.company"
    )
    synced.execute(
        "UPDATE marketing.person SET annual_revenue = 5, sales_owner_email_address = 'ours@x.example',"
        " job_title = 'Inventor and Mathematician' WHERE sfdc_id = ?",
        cast.contact,
    )

    steps = synced.steps(synced.sync())

    assert wire.writes() == [
        (
            "Contact",
            {"attributes": {"type": "Contact"}, "id": cast.contact, "Title": "Inventor and Mathematician"},
        )
    ]
    # All but what a contact says of its company (7.2) stands as before; what was written is kept.
    said = steps["User", "Pull updates"]["detail"]
    users = len(shown["sales_user"])
    assert said == f"{users} edits put back: sales_user is read-only here, only Salesforce changes it"
    for row in shown["company"]:
        if row["sfdc_id"] == cast.account:
            row |= {"annual_revenue": 5}
    for table in tables:
        now = synced.rows(f"SELECT * FROM marketing.{table} ORDER BY id")
        assert [row | {"updated_at": None, "created_at": None} for row in now] == [
            row | {"updated_at": None, "created_at": None} for row in shown[table]
        ]
    assert synced.rows(contacts, other["id"]) == others != []
    kept = synced.rows("SELECT object, sfdc_id, losing_value FROM sync.conflict WHERE winner = 'salesforce'")
    [whole] = [row for row in kept if row["sfdc_id"] == ""]
    assert json.loads(whole["losing_value"])["company_name"] == "Ours"
    assert {"object": "User", "sfdc_id": cast.owner, "losing_value": "Ours"} in kept
    assert "read-only here" in refused("person", "set", cast.contact, "billing_city=Bath")
    asked_to_change = [each.path for each in wire.said if each.method in ("POST", "PATCH", "PUT", "DELETE")]
    assert not [path for path in asked_to_change if any(f"/{name}" in path for name in objects)]
    assert {name: records_there(synced, name) for name in objects} == before


@pytest.mark.conformance("ENG-08")
def test_two_records_with_one_e_mail_address_are_two_people(synced: World) -> None:
    values = {"LastName": "Twin", "Email": "twin@example.com"}
    records = [
        synced.org.create("Lead", {**values, "Company": "One"}),
        synced.org.create("Lead", {**values, "Company": "One"}),
        synced.org.create("Contact", values),
    ]

    synced.sync()

    people = synced.rows("SELECT id, sfdc_id FROM marketing.person WHERE email_address = 'twin@example.com'")
    assert sorted(row["sfdc_id"] for row in people) == sorted(records)
    assert len({row["id"] for row in people}) == 3


@pytest.mark.conformance("ENG-09")
def test_a_person_that_is_not_in_salesforce_is_never_pushed(synced: World, wire: Wire) -> None:
    there = {name: synced.org.count(name) for name in ("Lead", "Contact")}
    person = synced.add_person(last_name="Ours", company_name="Ours Ltd", email_address="ours@example.com")
    synced.sync()
    synced.execute("UPDATE marketing.person SET job_title = 'Changed' WHERE id = ?", person)

    synced.sync()

    assert wire.writes() == []
    assert {name: synced.org.count(name) for name in there} == there
    [row] = synced.rows("SELECT sfdc_id, sfdc_type, job_title FROM marketing.person WHERE id = ?", person)
    assert row == {"sfdc_id": None, "sfdc_type": None, "job_title": "Changed"}


@pytest.mark.conformance("ENG-06")
def test_a_paused_sync_neither_reads_nor_writes_and_catches_up_after(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.org.update("Lead", cast.lead, {"City": "Theirs"})
    synced.org.update("Contact", cast.contact, {"MailingCity": "Theirs"})
    synced.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", cast.lead)
    person = synced.add_person(last_name="Hopper", company_name="Navy")
    monkeypatch.setenv("TANDEM_SYNC__PAUSED", "true")
    runs = synced.rows("SELECT count(*) AS n FROM sync.run")

    for summary in (synced.sync(), synced.backfill(restart=True)):
        assert (summary["status"], summary["steps"]) == ("Paused", [])
    assert wire.said == []
    assert synced.rows("SELECT count(*) AS n FROM sync.run") == runs  # "Last Synced" tells no lie meanwhile
    told = json.loads(tandem("status", "--json"))
    assert (told["state"], told["paused"]) == ("Last Synced", list(TABLES))
    assert "Paused by the settings: User, Group, Account, Lead, Contact." in tandem("status")

    synced.sync_person(person)  # a flow action goes on
    assert synced.person(
        synced.rows("SELECT sfdc_id FROM marketing.person WHERE id = ?", person)[0]["sfdc_id"]
    )
    assert synced.person(cast.lead)["city"] == "London"
    assert synced.org.get("Lead", cast.lead)["Title"] == "Countess"

    # One object may rest alone.
    monkeypatch.setenv("TANDEM_SYNC__PAUSED", "false")
    monkeypatch.setenv("TANDEM_SYNC__PAUSED_OBJECTS", '["Lead"]')
    wire.forget()
    summary = synced.sync()
    assert summary["paused"] == ["Lead"]
    assert {name for name, _ in synced.steps(summary)} == set(TABLES) - {"Lead"}
    assert not [soql for soql in wire.questions() if "FROM Lead" in soql]
    assert (synced.person(cast.contact)["city"], synced.person(cast.lead)["city"]) == ("Theirs", "London")
    with pytest.raises(SettingsError, match=r"^Lead is paused\. Take it out of sync\.paused_objects first"):
        synced.sync(objects=["Lead"])

    monkeypatch.delenv("TANDEM_SYNC__PAUSED_OBJECTS")
    synced.sync()
    assert synced.person(cast.lead)["city"] == "Theirs"
    assert synced.org.get("Lead", cast.lead)["Title"] == "Ours"


@pytest.mark.conformance("ENG-07")
def test_a_step_that_breaks_off_is_undone_and_says_so(synced: World, cast: Cast) -> None:
    def standing() -> list[Any]:
        tables = ("marketing.person", 'salesforce."Lead"', "marketing.activity", "sync.conflict")
        return [
            *(synced.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in tables),
            synced.rows("SELECT stamp FROM sync.watermark WHERE object = 'Lead'"),
        ]

    synced.execute("ALTER TABLE marketing.person ADD COLUMN keep VARCHAR")
    synced.execute("UPDATE marketing.person SET keep = sales_owner_title")
    synced.execute("ALTER TABLE marketing.person DROP COLUMN sales_owner_title")  # anyone may, with plain SQL
    synced.org.create("Lead", {"LastName": "New", "Company": "Half done"})
    synced.org.update("Lead", cast.lead, {"City": "Theirs"})
    before = standing()

    with pytest.raises(
        StepsFailed, match=r"^Lead, Pull updates: Lead could not be merged, and all of it stands"
    ):
        synced.sync(objects=["Group", "Lead"])

    assert standing() == before
    [step] = synced.rows(
        "SELECT s.status, new, updated, r.status AS run FROM sync.step s JOIN sync.run r ON r.id = s.run_id"
        " WHERE object = 'Lead' AND operation = 'Pull updates' ORDER BY s.id DESC LIMIT 1"
    )
    assert step == {"status": "Cleaned up", "new": 0, "updated": 0, "run": "Failed"}
    assert json.loads(tandem("status", "--status", "Cleaned up", "--json"))["steps"][0]["object"] == "Lead"

    synced.execute("ALTER TABLE marketing.person RENAME COLUMN keep TO sales_owner_title")
    summary = synced.sync(objects=["Lead"])
    step = synced.steps(summary)["Lead", "Pull updates"]
    assert (step["status"], step["new"], step["updated"]) == ("Succeeded", 1, 1)


def test_people_may_come_before_their_owners_and_accounts(world: World) -> None:
    world.sync(objects=["Contact"])
    there = world.org.query("SELECT Id, Account.Name, Owner.LastName, Account.Owner.LastName FROM Contact")
    here = (
        "SELECT sfdc_id, company_name, sales_owner_last_name, account_owner_last_name FROM marketing.person"
    )
    assert {tuple(row.values()) for row in world.rows(here)} == {
        (row["Id"], None, None, None) for row in there
    }

    world.sync(objects=["User", "Account"])
    assert {tuple(row.values()) for row in world.rows(here)} == {
        (
            row["Id"],
            row["Account"]["Name"],
            row["Owner"]["LastName"],
            row["Account"]["Owner"]["LastName"],
        )
        for row in there
    }


@pytest.mark.conformance("ENG-10")
def test_a_cycle_reads_up_to_the_cap_and_the_next_goes_on(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = synced.org
    monkeypatch.setenv("TANDEM_SYNC__ROWS_PER_PASS", "4")
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", '["Account", "Lead", "Contact"]')

    def mark(name: str) -> datetime:
        return synced.rows("SELECT stamp FROM sync.watermark WHERE object = ?", name)[0]["stamp"]  # type: ignore[no-any-return]

    def here(column: str, value: str) -> int:
        return len(synced.rows(f"SELECT id FROM marketing.person WHERE {column} = ?", value))

    # More leads than the cap share one stamp. The contact that both sides changed is the last of the contacts.
    leads = org.update_many("Lead", "IsConverted = false", {"Fax": "1"})
    contacts = org.update_many("Contact", f"Id != '{cast.contact}'", {"Department": "Sales"})
    assert (leads, contacts) == (13, 9)
    org.clock.advance(seconds=5)
    org.update("Contact", cast.contact, {"Title": "Theirs"})
    first = org.query("SELECT Id FROM Lead WHERE Fax = '1' ORDER BY Id")[0]["Id"]
    before = {name: mark(name) for name in ("Lead", "Contact", "Account")}

    steps = synced.steps(synced.sync())

    began = mark("Account")  # where nothing waits, the watermark moves
    assert began > before["Account"]
    assert [mark(name) for name in ("Lead", "Contact")] == [before["Lead"], before["Contact"]]
    for name in ("Lead", "Contact"):  # one after the other, each up to the cap
        step = steps[name, "Pull updates"]
        assert (step["updated"], step["status"]) == (4, "Succeeded")
        assert "4 rows read, as many as sync.rows_per_pass allows; the next cycle goes on" in step["detail"]
    assert here("fax_number", "1") == 4

    # What was read may be sent, what moved since may not: Salesforce wins on a contact.
    for record in (cast.contact, first):
        synced.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", record)
    last = org.query("SELECT Id FROM Lead WHERE Fax = '1' ORDER BY Id DESC LIMIT 1")[0]["Id"]
    org.write_late("Lead", last, {"City": "Late"}, org.clock.now() - timedelta(minutes=5))
    steps = synced.steps(synced.sync())
    assert (
        steps["Contact", "Push updates"]["detail"]
        == "1 changed here moved in Salesforce since and are not sent"
    )
    assert (org.get("Contact", cast.contact)["Title"], org.get("Lead", first)["Title"]) == ("Theirs", "Ours")
    assert here("fax_number", "1") == 8
    synced.sync()
    synced.sync()
    assert here("fax_number", "1") == 12
    assert mark("Lead") == mark("Contact") == began  # nothing from before is unread, and no more is claimed
    [lost] = synced.rows("SELECT sfdc_id, losing_value FROM sync.conflict")
    assert lost == {"sfdc_id": cast.contact, "losing_value": "Ours"}

    # The overlap reaches back from there: what committed late meanwhile is seen.
    wire.forget()
    org.clock.advance(minutes=20)
    monkeypatch.setenv("TANDEM_SALESFORCE__BULK_THRESHOLD", "3")
    for _ in range(4):
        synced.sync()
    assert [soql for soql in wire.questions() if soql.endswith("ORDER BY SystemModstamp, Id LIMIT 4")]
    assert (synced.person(last)["city"], here("fax_number", "1")) == ("Late", 13)
    assert wire.writes() == []
    assert synced.rows("SELECT * FROM sync.place WHERE object = 'Lead'") == []
    assert mark("Lead") > began
