"""The quality report, from org to page: what it finds, what it keeps, and what may be wrong about its input."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.lease import lease
from tests.support.world import PROJECT, World

pytestmark = pytest.mark.long


def report(**settings: str) -> Any:
    """Run the flow; a failed one gives its error."""
    from flows.quality_report import quality_report

    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"TANDEM_{name}", value)
        state: Any = quality_report(return_state=True)
        return state.result(raise_on_failure=False)


def artifact(key: str) -> Any:
    from prefect.artifacts import Artifact

    found: Any = Artifact.get(key)
    return found.data


def test_a_report_from_org_to_page(world: World, tmp_path: Path) -> None:
    lead, other = (row["Id"] for row in world.org.query("SELECT Id FROM Lead LIMIT 2"))
    world.org.update("Lead", lead, {"Email": "twice@x.example", "LastName": "<b>Test</b>"})
    world.org.update("Lead", other, {"Email": "Twice@x.example ", "LastName": "Test", "Phone": "none"})
    alone = world.org.create("Contact", {"LastName": "Alone", "Email": "TWICE@x.example"})
    world.sync()
    # Leads are held to the suite as shipped, the others to Salesforce's description of them.
    suites = tmp_path / "expectations"
    shutil.copy(PROJECT / "expectations" / "lead.json", suites)
    world.org.update("Lead", lead, {"NumberOfEmployees": -1})
    world.sync()
    # The report takes no lease: a cycle at work does not stop it, nor it the cycle.
    with lease(world.database, "a cycle", "sync"):
        first = report()
    assert first["status"] == "Succeeded"

    found = {row["object"]: row for row in first["objects"]}
    assert list(found) == ["User", "Group", "Account", "Lead", "Contact"]
    assert first["not_copied"] == []
    assert found["Lead"]["records"] == world.org.count("Lead")
    assert (found["Lead"]["failing"], found["Lead"]["quarantined"]) == (0, 1)
    assert found["Lead"]["warned"] >= 1
    assert 0 < found["Lead"]["score"] < 100
    assert found["Lead"]["before"] is None
    counts = {row["what"]: row["records"] for row in first["counts"]}
    assert counts["people who share an e-mail address"] == 3
    private = world.org.query("SELECT Id FROM Contact WHERE AccountId = null")
    assert counts["contacts without accounts"] == len(private) >= 1

    # JSON, page and Data Docs say the same; the page needs nothing but itself.
    facts = json.loads(Path(first["json"]).read_text())
    assert [(row["object"], row["score"]) for row in facts["objects"]] == [
        (name, row["score"]) for name, row in found.items()
    ]
    shared = facts["examples"]["people who share an e-mail address"]
    assert {(row["object"], row["sfdc_id"]) for row in shared} == {
        ("Lead", lead),
        ("Lead", other),
        ("Contact", alone),
    }
    assert facts["examples"]["worst records"][0]["sfdc_id"] == other
    broken = {
        (rule["column_name"], rule["expectation"])
        for row in facts["objects"]
        if row["object"] == "Lead"
        for rule in row["expectations"]
        if rule["passed"] is False
    }
    assert ("LastName", "expect_column_values_to_not_be_in_set") in broken
    assert ("Phone", "expect_column_values_to_match_regex") in broken
    email = next(row for row in facts["objects"][3]["fields"] if row["field"] == "Email")
    assert email["filled"] == len(world.org.query("SELECT Id FROM Lead WHERE Email != null"))
    page = Path(first["page"]).read_text()
    assert lead in page
    assert "&lt;b&gt;Test&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "default-src 'none'" in page
    assert not re.findall(r"https?://|<script|<link|src=", page)
    docs = Path(first["data_docs"]).parent
    assert len(list(docs.glob("validations/lead/*/*/*.html"))) == 1
    validated = next(docs.glob("validations/lead/*/*/*.html")).read_text()
    assert "Failed" in validated
    assert other in validated
    assert "| Lead | " in artifact("quality-report")
    assert Path(first["page"]).as_uri() in artifact("quality-page")

    # What is put right there is right here; the report before is kept, of Data Docs as many as the setting says.
    world.org.update("Lead", lead, {"NumberOfEmployees": 1, "Email": "once@x.example", "LastName": "Right"})
    world.sync()
    second = report(QUALITY__KEEP_DOCS="1")
    now = {row["object"]: row for row in second["objects"]}
    assert now["Lead"]["quarantined"] == 0
    assert now["Lead"]["score"] > now["Lead"]["before"] == found["Lead"]["score"]
    assert len(list(docs.glob("validations/lead/*/*/*.html"))) == 1
    assert second["run_id"] in str(next(docs.glob("validations/lead/*/*/*.html")))
    assert second["run_id"] in (docs / "index.html").read_text()
    assert first["run_id"] not in (docs / "index.html").read_text()

    _bad_input(world, tmp_path)


def _bad_input(world: World, tmp_path: Path) -> None:
    """What a user may get wrong is one line, and the rest of the report is written all the same."""
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "lead.json").write_text("{")
    (suites / "account.json").write_text(
        json.dumps({"name": "account", "expectations": [{"type": "expect_column_to_be_nice", "kwargs": {}}]})
    )
    existing = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "Emial"}}
    (suites / "contact.json").write_text(json.dumps({"name": "contact", "expectations": [existing]}))
    world.execute('DELETE FROM salesforce."Group"')
    world.execute("DELETE FROM sync.watermark WHERE object = 'User'")
    failed = report(EXPECTATIONS=str(suites), SYNC__FILTERS='{"Group": "Name = null"}')
    lines = str(failed)
    assert "lead.json: is not JSON" in lines
    assert "expect_column_to_be_nice, is not an expectation that Tandem knows" in lines
    assert "\n" not in lines
    told = failed.summary
    notes = {row["object"]: row["note"] for row in told["objects"]}
    assert list(notes) == ["Group", "Contact"]
    assert notes["Contact"].endswith("did you mean Email?")
    assert notes["Group"] == "No record meets the filter of Group (sync.filters); was that meant?"
    assert told["not_copied"] == ["User"]  # its first sync is still under way
    assert "lead.json: is not JSON" in Path(told["page"]).read_text()

    (tmp_path / "file").write_text("")
    unwritable = str(report(QUALITY__FOLDER=str(tmp_path / "file" / "quality")))
    assert re.fullmatch(r"The quality report cannot be written to .*: not a directory\. Check .*", unwritable)

    world.execute("DELETE FROM sync.watermark")
    assert str(report()).startswith("There is nothing to report on: no object's first sync has ended.")
