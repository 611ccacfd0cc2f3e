"""The daily report: every object's mirror against its expectation suite."""

from __future__ import annotations

import shutil
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.schemas.objects import State

from flows.outcome import ended
from tandem.database import journal
from tandem.run import Run
from tandem.settings import load
from tasks.assess import assess


@flow(name="quality-report")
def quality_report() -> dict[str, Any] | State[Any]:
    """Check what is in the database, and say how many rows fail, and how many wait in quarantine."""
    run = Run("quality-report", load())
    with ended(run) as outcome:
        with run.database.read() as session:
            copied = journal.watermarks(session)
        try:
            objects = [assess(run, name) for name in run.objects if name in copied]
        finally:
            shutil.rmtree(run.staging, ignore_errors=True)
        create_table_artifact(key="quality-objects", table=objects, description="Rows against their suites.")
        create_markdown_artifact(key="quality-summary", markdown=_markdown(objects))
        outcome.summary = {"run_id": run.id, "kind": run.kind, "objects": objects}
    return outcome.result()


def _markdown(objects: list[dict[str, Any]]) -> str:
    lines = [
        "# Data quality",
        "",
        "| object | rows | failing | in quarantine |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {o['object']} | {o['rows']} | {o['failing_rows']} | {o['in_quarantine']} |" for o in objects
    ]
    lines += [f"\n**{o['object']}**: {o['reason']}" for o in objects if o["reason"]]
    return "\n".join(lines)
