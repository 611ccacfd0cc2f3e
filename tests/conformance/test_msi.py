"""The fields of the Sales Insight package (section 28)."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.conformance.conftest import Cast
from tests.conformance.wire import Wire
from tests.support.world import World

MOMENT = {"Date": "datetime", "Desc": "textarea", "Source": "string", "Type": "string"}
VALUES = ("Engagement", "Relative_Score_Value", "Urgency_Value")


@pytest.fixture(autouse=True)
def _package(synced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", '["Lead", "Contact"]')
    for name in ("Lead", "Contact"):
        for part, kind in MOMENT.items():
            synced.org.add_field(name, f"mkto_si__Last_Interesting_Moment_{part}__c", kind)
        for part in VALUES:
            synced.org.add_field(name, f"mkto_si__{part}__c", "number", precision=4)


def score(world: World, points: int, *records: str) -> None:
    """Give people a score by plain SQL."""
    for record in records:
        assert world.execute("UPDATE marketing.person SET score = ? WHERE sfdc_id = ?", points, record) == 1


def moment(world: World, record: str, kind: str, at: str, description: str) -> None:
    """Write an interesting moment into a person's log."""
    world.execute(
        "INSERT INTO marketing.activity SELECT (SELECT max(id) + 1 FROM marketing.activity), id, ?, 46, ?,"
        " json_object('Description', ?, 'Source', 'Campaign 7'), 'ours' FROM marketing.person WHERE sfdc_id = ?",
        *(at, kind, description, record),
    )


@pytest.mark.conformance("MSI-01")
def test_the_seven_fields_are_worked_out_and_sent(synced: World, cast: Cast, wire: Wire) -> None:
    org = synced.org
    leads = [row["Id"] for row in org.query("SELECT Id FROM Lead WHERE IsConverted = false ORDER BY Id")]
    for points, record in enumerate(leads):
        score(synced, 10 * points, record)
    synced.sync()
    wire.forget()
    synced.sync()
    assert wire.writes() == []  # scores that were there already only begin the count

    # A little more stays among the many; of two with scores at the top, the contact rose most.
    low = leads[2]
    for record, points in ((low, 21), (cast.lead, 900), (cast.contact, 800)):
        score(synced, points, record)
    moment(synced, cast.contact, "Web", "2026-05-01 10:00:00.25", "Looked at prices")
    moment(synced, cast.contact, "Email", "2026-05-01 09:00:00", "Opened")
    synced.execute("UPDATE marketing.person SET engagement = 2 WHERE sfdc_id = ?", cast.contact)
    synced.sync()

    sent = {record: wire.written(record) for record in (low, cast.lead, cast.contact)}
    for record, (relative, urgency) in {low: (0, 0), cast.lead: (3, 0), cast.contact: (3, 3)}.items():
        assert sent[record]["mkto_si__Relative_Score_Value__c"] == relative, record
        assert sent[record]["mkto_si__Urgency_Value__c"] == urgency, record
        assert synced.person(record)["relative_score"] == relative
    assert sent[cast.contact]["mkto_si__Engagement__c"] == 2
    contact = org.get("Contact", cast.contact)
    shown = {part: contact[f"mkto_si__Last_Interesting_Moment_{part}__c"] for part in MOMENT}
    at = shown.pop("Date")
    assert isinstance(at, datetime)
    assert at.replace(tzinfo=None) == datetime(2026, 5, 1, 10)
    assert shown == {"Desc": "Looked at prices", "Source": "Campaign 7", "Type": "Web"}
    assert {name for record, row in wire.writes() for name in row if name.startswith("mkto_si")} == {
        *(f"mkto_si__Last_Interesting_Moment_{part}__c" for part in MOMENT),
        *(f"mkto_si__{part}__c" for part in VALUES),
    }
    told = [each["attributes"] for each in synced.activities(synced.person(cast.lead)["id"], 13)]
    assert {(each["Attribute Name"], each["New Value"], each["Reason"]) for each in told} == {
        ("relative_score", "3.0", "Score changed"),
        ("urgency", "0.0", "Score changed"),
    }

    # Nobody's score moves: nothing does. The newest moment holds, also against what sales writes into it.
    wire.forget()
    org.update("Contact", cast.contact, {"mkto_si__Last_Interesting_Moment_Desc__c": "Theirs"})
    synced.sync()
    synced.sync()
    assert wire.writes() == []
    assert synced.person(cast.contact)["last_interesting_moment_description"] == "Theirs"

    # A rise is one for a week: after it the same score is as high as it was, and rose from there.
    synced.execute("UPDATE sync.score SET noted_at = noted_at - INTERVAL 8 DAY")
    synced.execute("UPDATE sync.score_tier SET found_at = found_at - INTERVAL 8 DAY")
    score(synced, 950, cast.lead)
    score(synced, 801, cast.contact)
    synced.sync()
    for record, urgency in ((cast.lead, 3), (cast.contact, 0)):
        assert wire.written(record)["mkto_si__Urgency_Value__c"] == urgency
