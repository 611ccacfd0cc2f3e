"""Text that breaks naive CSV and naive null handling arrives as it is, both ways, by REST and by Bulk."""

from __future__ import annotations

import pytest

from sandbox import Org
from tests.support.world import World
from tests.weather.conftest import SEED
from tests.weather.weather import edit, lead

LONGEST = 131_072

#: What Salesforce keeps of a text: it trims it and knows no empty one, and nothing else may change.
TEXTS = {
    "NA": "NA",
    "N/A": "N/A",
    "#N/A": "#N/A",
    "null": "null",
    "None": "None",
    "nan": "nan",
    "00000": "00000",
    "1e5": "1e5",
    "TRUE": "TRUE",
    "2024-01-01": "2024-01-01",
    " x": "x",
    "": None,
    'say "hello", and go': 'say "hello", and go',
    '"': '"',
    "a,b;c|d\te": "a,b;c|d\te",
    "first\nsecond\n\nlast": "first\nsecond\n\nlast",
    "=1+1": "=1+1",
    "back\\slash \\n": "back\\slash \\n",
    "Zoë, 東京, 🎉👩‍👩‍👧": "Zoë, 東京, 🎉👩‍👩‍👧",
    "\ufeffmark": "\ufeffmark",
    "y" * 300: "y" * 300,
    "🎉" + "z" * (LONGEST - 10) + "end": "🎉" + "z" * (LONGEST - 10) + "end",
}


@pytest.fixture(params=["2000", "1"], ids=["by REST", "by Bulk"])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, synced: World) -> World:
    monkeypatch.setenv("TANDEM_SALESFORCE__BULK_THRESHOLD", request.param)
    synced.org.add_field("Lead", "Story__c", "textarea", length=LONGEST)
    synced.sync()
    return synced


def test_texts_arrive_as_they_are(told: World) -> None:
    made = told.org.create_many(
        "Lead", [{"LastName": f"T{n}", "Company": "Texts"} for n in range(len(TEXTS))]
    )
    for sfdc_id, text in zip(made, TEXTS, strict=True):
        told.org.update("Lead", sfdc_id, {"Story__c": text})
    told.sync()
    for sfdc_id, kept in zip(made, TEXTS.values(), strict=True):
        assert told.person(sfdc_id)["story__c"] == kept

    # And the other way: each text moves on to the next lead.
    texts = list(TEXTS)
    moved = dict(zip(made, [*texts[1:], texts[0]], strict=True))
    for sfdc_id, text in moved.items():
        edit(told, sfdc_id, story__c=text)
    summary = told.sync()
    assert told.steps(summary)["Lead", "Push updates"]["failed"] == 0
    for sfdc_id, text in moved.items():
        assert told.org.get("Lead", sfdc_id)["Story__c"] == TEXTS[text]

    # What we wrote is no change when it comes back, and nothing is sent twice.
    summary = told.sync()
    assert ("Lead", "Push updates") not in told.steps(summary)
    for sfdc_id, text in moved.items():
        assert told.person(sfdc_id)["story__c"] == text
        assert len(told.activities(told.person(sfdc_id)["id"], 28)) == 1


def test_a_text_that_is_too_long_is_refused_and_not_cut(synced: World) -> None:
    one = lead(synced)
    limit = 128  # of Lead.Title
    edit(synced, one, job_title="x" * (limit + 1))
    synced.sync()
    [error] = synced.rows("SELECT code, message FROM sync.error WHERE level = 'record'")
    assert error["code"] == "STRING_TOO_LONG"
    assert synced.person(one)["job_title"] == "x" * (limit + 1)


def test_the_same_seed_makes_the_same_org() -> None:
    """What the copied worlds of these tests rest on."""
    one, other = (Org(people=5, seed=SEED).query("SELECT Id, LastName FROM Lead ORDER BY Id") for _ in "ab")
    assert one == other
