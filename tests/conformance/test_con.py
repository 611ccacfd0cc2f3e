"""Contact: both ways, Salesforce wins (section 6)."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Cast
from tests.conformance.wire import Wire
from tests.support.world import World


@pytest.mark.conformance("CON-01")
def test_a_change_on_either_side_shows_on_the_other(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.update("Contact", cast.contact, {"MailingCity": "Teignmouth", "Phone": None})
    synced.execute(
        "UPDATE marketing.person SET job_title = 'Mathematician', source = NULL, date_of_birth = DATE '1791-12-26'"
        " WHERE sfdc_id = ?",
        cast.contact,
    )

    synced.sync()

    here, there = synced.person(cast.contact), synced.org.get("Contact", cast.contact)
    assert (here["city"], here["phone_number"]) == ("Teignmouth", None)
    assert (there["Title"], there["LeadSource"]) == ("Mathematician", None)
    assert str(there["Birthdate"]) == "1791-12-26"
    assert (here["job_title"], here["source"], there["MailingCity"]) == ("Mathematician", None, "Teignmouth")
    assert wire.written(cast.contact) == {
        "Title": "Mathematician",
        "LeadSource": None,
        "Birthdate": "1791-12-26",
    }


@pytest.mark.conformance("CON-02")
def test_salesforce_wins_a_collision_on_both_sides(synced: World, cast: Cast, wire: Wire) -> None:
    synced.org.update("Contact", cast.contact, {"Title": "From Salesforce", "MailingCity": "From Salesforce"})
    synced.execute(
        "UPDATE marketing.person SET job_title = 'From marketing', phone_number = '+44 20 9' WHERE sfdc_id = ?",
        cast.contact,
    )

    synced.sync()

    here, there = synced.person(cast.contact), synced.org.get("Contact", cast.contact)
    assert (here["job_title"], there["Title"]) == ("From Salesforce", "From Salesforce")
    assert (here["city"], there["MailingCity"]) == ("From Salesforce", "From Salesforce")
    assert (here["phone_number"], there["Phone"]) == ("+44 20 9", "+44 20 9")
    assert wire.written(cast.contact) == {"Phone": "+44 20 9"}
    assert synced.rows(
        "SELECT field, winner, base_value, winning_value, losing_value FROM sync.conflict WHERE sfdc_id = ?",
        cast.contact,
    ) == [
        {
            "field": "Title",
            "winner": "salesforce",
            "base_value": "Inventor",
            "winning_value": "From Salesforce",
            "losing_value": "From marketing",
        }
    ]


@pytest.mark.conformance("CON-02", "FLW-01")
def test_sync_person_takes_over_what_salesforce_changed_before_it_sends(synced: World, cast: Cast) -> None:
    people = {each: synced.person(each)["id"] for each in (cast.contact, cast.lead)}
    for name, record in (("Contact", cast.contact), ("Lead", cast.lead)):
        synced.org.update(name, record, {"Title": "Theirs", "Fax": "5"})
        synced.execute(
            "UPDATE marketing.person SET job_title = 'Ours', phone_number = '9' WHERE sfdc_id = ?", record
        )

    summary = synced.sync_person(*people.values())

    assert {each["outcome"] for each in summary["people"]} == {"updated"}
    for name, record, title in (("Contact", cast.contact, "Theirs"), ("Lead", cast.lead, "Ours")):
        there, here = synced.org.get(name, record), synced.person(record)
        assert (there["Title"], there["Phone"]) == (title, "9")
        assert (here["job_title"], here["phone_number"], here["fax_number"]) == (title, "9", "5")
    lost = synced.rows("SELECT object, losing_value FROM sync.conflict ORDER BY object")
    assert [tuple(row.values()) for row in lost] == [("Contact", "Ours"), ("Lead", "Theirs")]
