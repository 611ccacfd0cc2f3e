"""The flows that look and do not touch: plan, and the quality report."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import SHIPPED_SUITES, World


def contents(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return everything in the database."""
    tables = world.rows(
        "SELECT schema_name || '.\"' || table_name || '\"' AS name FROM duckdb_tables()"
        " WHERE database_name = current_database() ORDER BY 1"
    )
    return {row["name"]: world.rows(f"SELECT * FROM {row['name']} ORDER BY ALL") for row in tables}


def test_plan_tells_what_a_cycle_would_do_and_writes_nothing(world: World) -> None:
    from flows.plan import plan

    world.sync()
    quiet: Any = plan()
    assert quiet["changes"] is False

    first, second = (row["Id"] for row in world.org.query("SELECT Id FROM Lead LIMIT 2"))
    world.org.clock.advance(seconds=3600)
    world.org.update("Lead", first, {"City": "Kyiv"})
    world.execute("UPDATE marketing.person SET job_title = 'Planned' WHERE sfdc_id = ?", second)
    before, calls = contents(world), world.org.requests.api_calls()
    planned: Any = plan()

    assert planned["changes"] is True
    assert {step["object"]: step["updated"] for step in planned["steps"]}["Lead"] == 1
    leads = {push["object"]: push for push in planned["to_salesforce"]}["Lead"]
    assert [(row["sfdc_id"], row["payload"]) for row in leads["sample"]] == [(second, {"Title": "Planned"})]
    assert contents(world) == before
    assert world.org.get("Lead", second)["Title"] != "Planned"
    assert world.org.requests.api_calls() - calls == planned["api_calls"]

    world.sync()
    assert world.person(first)["city"] == "Kyiv"
    assert world.org.get("Lead", second)["Title"] == "Planned"


def test_the_quality_report_counts_what_waits_in_quarantine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_EXPECTATIONS", SHIPPED_SUITES)
    from flows.quality_report import quality_report

    world.sync()
    lead = world.org.query("SELECT Id FROM Lead LIMIT 1")[0]["Id"]
    world.org.update("Lead", lead, {"NumberOfEmployees": -1})
    world.sync()
    report: Any = quality_report()

    found = {each["object"]: each for each in report["objects"]}
    assert found["Lead"]["rows"] == world.org.count("Lead")
    assert found["Lead"]["failing_rows"] == 0  # the mirror keeps what was last fit to be merged
    assert found["Lead"]["in_quarantine"] == 1
    assert found["Contact"]["in_quarantine"] == 0

    world.org.update("Lead", lead, {"NumberOfEmployees": 12})
    world.sync()
    assert world.rows("SELECT count(*) AS held FROM sync.quarantine WHERE released_at IS NULL") == [
        {"held": 0}
    ]
    assert world.person(lead)["num_employees"] == 12
