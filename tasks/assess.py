"""Assess: hold what the mirror holds of one object against the object's suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.database.compare import literal, mirror_of
from tandem.quality.check import examine
from tandem.run import Run

#: Rows per file, so that Great Expectations never holds a whole object.
_ROWS_PER_FILE = 100_000


@task(name="assess", task_run_name="assess {name}", cache_policy=NO_CACHE, persist_result=False)
def assess(run: Run, name: str) -> dict[str, Any]:
    """Check an object's whole mirror; returns rows, findings and what stands in quarantine."""
    folder = run.staging / "assess" / name
    folder.mkdir(parents=True, exist_ok=True)
    with run.database.read() as session:
        session.execute(
            f"COPY (SELECT * EXCLUDE (_record_id, _pushed_after) FROM {mirror_of(name)}) TO {literal(str(folder))}"
            f" (FORMAT parquet, FILE_SIZE_BYTES '64MB', ROW_GROUP_SIZE {_ROWS_PER_FILE}, OVERWRITE_OR_IGNORE)"
        )
        held = session.value(
            "SELECT count(DISTINCT sfdc_id) FROM sync.quarantine WHERE object = ? AND released_at IS NULL",
            [name],
        )
    report = examine(name, sorted(Path(folder).glob("*.parquet")), run.settings.expectations)
    return {
        "object": name,
        "rows": report.rows,
        "expectations": report.expectations,
        "failing_rows": len({each.sfdc_id for each in report.findings}),
        "warnings": len(report.warnings),
        "in_quarantine": held,
        "reason": report.reason,
    }
