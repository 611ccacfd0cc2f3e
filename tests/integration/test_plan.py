"""The flow that looks and does not touch: plan."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import World


def contents(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return everything in the database."""
    tables = world.rows(
        "SELECT schema_name || '.\"' || table_name || '\"' AS name FROM duckdb_tables()"
        " WHERE database_name = current_database() ORDER BY 1"
    )
    return {row["name"]: world.rows(f"SELECT * FROM {row['name']} ORDER BY ALL") for row in tables}


def test_plan_leaves_out_what_no_cycle_would_send(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.plan import plan

    monkeypatch.setenv("TANDEM_SYNC__OBJECTS", '["Lead", "Contact"]')
    world.sync()
    outside, inside = (
        row["Id"] for row in world.org.query("SELECT Id FROM Lead WHERE IsConverted = false LIMIT 2")
    )
    world.org.update("Lead", outside, {"City": "Nowhere"})
    world.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id IN (?, ?)", outside, inside)
    world.execute("UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_type = 'contact'")
    monkeypatch.setenv("TANDEM_SYNC__FILTERS", '{"Lead": "City != \'Nowhere\'"}')
    world.org.hide_object("Contact")  # what cannot be read is not sent

    planned: Any = plan()

    assert list(planned["errors"]) == ["Contact"]
    [push] = planned["to_salesforce"]
    assert (push["object"], push["records"]) == ("Lead", 1)
    assert [each["sfdc_id"] for each in push["sample"]] == [inside]


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
