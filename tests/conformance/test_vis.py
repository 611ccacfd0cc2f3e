"""What the sync user can see takes part, nothing else does (section 2)."""

from __future__ import annotations

import re

import pytest

from flows.outcome import StepsFailed
from tests.conformance.conftest import Cast, refused, tandem
from tests.conformance.wire import Wire
from tests.support.world import World


@pytest.mark.conformance("VIS-01")
def test_hidden_records_never_arrive(synced: World, cast: Cast, wire: Wire) -> None:
    hidden = synced.org.create("Lead", {"LastName": "Hidden", "Company": "Nowhere"})
    contact = synced.org.create("Contact", {"LastName": "Hidden"})
    seen = synced.org.create("Lead", {"LastName": "Seen", "Company": "Somewhere"})
    for name, record in (("Lead", hidden), ("Contact", contact), ("Lead", cast.lead)):
        synced.org.hide_record(name, record)
    synced.org.update("Lead", cast.lead, {"Title": "Changed out of sight"})
    before = synced.person(cast.lead)

    synced.sync()

    assert synced.rows("SELECT sfdc_id FROM marketing.person WHERE last_name IN ('Hidden', 'Seen')") == [
        {"sfdc_id": seen}
    ]
    # Who went out of sight is not updated any more, and is not taken for deleted.
    assert synced.person(cast.lead) == before
    assert before["sfdc_is_deleted"] is False


@pytest.mark.conformance("VIS-02")
def test_hidden_fields_are_neither_read_nor_written(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.hide_field("Lead", "Rating")
    synced.org.hide_field("Contact", "Fax")
    synced.org.update("Lead", cast.lead, {"Rating": "Cold", "City": "Read"})
    synced.org.update("Contact", cast.contact, {"Fax": "+44 20 99", "MailingCity": "Read"})
    synced.execute(
        "UPDATE marketing.person SET rating = 'Hot', fax_number = '+44 20 88', job_title = 'Written'"
        " WHERE sfdc_id IN (?, ?)",
        cast.lead,
        cast.contact,
    )

    synced.sync()

    asked = {re.search(r"FROM (\w+)", soql)[1]: soql for soql in wire.questions()}
    assert not re.search(r"\bRating\b", asked["Lead"])
    assert not re.search(r"\bFax\b", asked["Contact"])
    assert re.search(r"\bFax\b", asked["Lead"])  # hidden on the one object only
    assert wire.written(cast.lead) == {"Title": "Written", "Fax": "+44 20 88"}
    assert wire.written(cast.contact) == {"Title": "Written"}
    lead, contact = synced.org.get("Lead", cast.lead), synced.org.get("Contact", cast.contact)
    assert (lead["Rating"], contact["Fax"]) == ("Cold", "+44 20 99")
    assert (synced.person(cast.lead)["rating"], synced.person(cast.contact)["fax_number"]) == (
        "Hot",
        "+44 20 88",
    )
    assert (synced.person(cast.lead)["city"], synced.person(cast.contact)["city"]) == ("Read", "Read")


@pytest.mark.conformance("VIS-03")
def test_a_hidden_system_field_fails_the_job_and_is_named(synced: World, cast: Cast) -> None:
    mark = "SELECT stamp FROM sync.watermark WHERE object = 'Contact'"
    before, person = synced.rows(mark), synced.person(cast.contact)
    synced.org.hide_field("Contact", "Email")
    synced.org.hide_field("Contact", "AccountId")
    synced.org.update("Contact", cast.contact, {"Title": "Not read"})
    synced.org.update("Lead", cast.lead, {"Title": "Read"})

    with pytest.raises(StepsFailed, match=r"AccountId, Email of Contact|Email, AccountId of Contact"):
        synced.sync()

    [error] = synced.rows("SELECT level, object, message, person_id FROM sync.error")
    assert (error["level"], error["object"], error["person_id"]) == ("job", "Contact", None)
    assert "AccountId" in error["message"]
    assert "Email" in error["message"]
    assert "AccountId" in tandem("errors", "--level", "job")
    # Nothing of the object was applied; the other objects went on.
    assert synced.rows(mark) == before
    assert synced.person(cast.contact) == person
    assert synced.person(cast.lead)["job_title"] == "Read"


@pytest.mark.conformance("VIS-05")
def test_a_field_that_may_not_be_written_is_not_sent(synced: World, cast: Cast, wire: Wire) -> None:
    for name in ("Lead", "Contact"):
        synced.org.set_field_read_only(name, "Phone")
    synced.org.update("Contact", cast.contact, {"Phone": "+44 20 10"})
    synced.execute(
        "UPDATE marketing.person SET phone_number = '+44 20 9', job_title = 'Written' WHERE sfdc_id IN (?, ?)",
        cast.lead,
        cast.colleague,
    )

    synced.sync()

    assert wire.written(cast.lead) == wire.written(cast.colleague) == {"Title": "Written"}
    there = synced.org.get("Lead", cast.lead)
    assert (there["Phone"], there["Title"]) == ("+44 20 2", "Written")
    assert synced.rows("SELECT code FROM sync.error") == []
    assert synced.person(cast.contact)["phone_number"] == "+44 20 10"  # it is still read


@pytest.mark.conformance("VIS-04")
def test_a_record_outside_the_filter_is_not_synced(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_SYNC__FILTERS", "{\"Lead\": \"Rating != 'Cold' OR LastName = 'Whatever'\"}")
    outside = synced.org.create("Lead", {"LastName": "Outside", "Company": "No", "Rating": "Cold"})
    inside = synced.org.create("Lead", {"LastName": "Inside", "Company": "Yes", "Rating": "Hot"})
    synced.org.update("Lead", cast.lead, {"Rating": "Cold", "City": "Theirs"})  # stops matching
    before = synced.person(cast.lead)
    synced.sync(objects=["Lead"])
    here = [row["sfdc_id"] for row in synced.rows("SELECT sfdc_id FROM marketing.person")]
    assert inside in here
    assert outside not in here
    assert synced.person(cast.lead) == before  # it stays, and stays as it is

    # Neither is it written: what marketing changes on it waits.
    for record in (cast.lead, inside):
        synced.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", record)
    wire.forget()
    summary = synced.sync(objects=["Lead"])
    assert [row["id"] for _, row in wire.writes()] == [inside]
    assert (
        "1 changed here lie outside sync.filters" in synced.steps(summary)["Lead", "Push updates"]["detail"]
    )

    synced.sync_person(before["id"])  # not even when somebody asks for it
    assert synced.person(cast.lead) == before | {"job_title": "Ours"}
    assert [row["id"] for _, row in wire.writes()] == [inside]

    synced.org.update_many("Lead", "Rating = 'Cold' AND LastName != 'Lovelace'", {"Rating": "Warm"})
    synced.org.update("Lead", cast.lead, {"Rating": "Hot"})
    synced.sync(objects=["Lead"])
    assert synced.person(outside)["rating"] == "Warm"
    assert (synced.person(cast.lead)["city"], synced.org.get("Lead", cast.lead)["Title"]) == (
        "Theirs",
        "Ours",
    )

    monkeypatch.setenv("TANDEM_SYNC__FILTERS", '{"Lead": "Nonsense__c = true"}')
    with pytest.raises(StepsFailed, match=r"filter of Lead in sync\.filters.*Nonsense__c"):
        synced.sync(objects=["Lead"])
    monkeypatch.setenv("TANDEM_SYNC__FILTERS", '{"Lead": " "}')
    assert refused("status").startswith("Setting sync.filters: the filter of Lead is empty")


@pytest.mark.conformance("VIS-02", "CON-02")
def test_what_changed_while_its_field_was_hidden_is_not_overwritten(
    synced: World, cast: Cast, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = synced.org
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", '["Contact"]')
    org.hide_field("Contact", "Title")
    synced.sync()
    org.update("Contact", cast.contact, {"Title": "Theirs"})
    synced.sync()
    org.clock.advance(hours=1)  # no overlap reads it again
    org.show_field("Contact", "Title")
    synced.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", cast.contact)
    synced.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id = ?", cast.colleague)

    synced.sync()

    assert {row["id"] for _, row in wire.writes()} == {cast.colleague}
    assert (org.get("Contact", cast.contact)["Title"], synced.person(cast.contact)["job_title"]) == (
        "Theirs",
    ) * 2
    [lost] = synced.rows("SELECT sfdc_id, losing_value FROM sync.conflict")
    assert lost == {"sfdc_id": cast.contact, "losing_value": "Ours"}
