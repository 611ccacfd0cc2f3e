"""How long the data quality report takes: ``python -m benchmarks.quality [PEOPLE]``.

Fills a database by a first sync from an org on loopback, then runs the report twice in processes of their own.
Seconds are those of the whole command but for the start of a Prefect server: imports, snapshot, judging, Data
Docs. ``benchmarks/latest-quality.json`` keeps the figures.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from benchmarks.sync import flow, measured, org

LATEST = Path(__file__).with_name("latest-quality.json")

#: Runs the flow against Prefect's temporary server, and says how long the flow alone took.
_REPORT = """
import json, time
from flows.run import run
started = time.perf_counter()
summary = run("quality-report", {})
print(json.dumps({"seconds": time.perf_counter() - started, **summary}, default=str))
"""


def main(people: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name, org(people):
        folder = Path(name)
        database = folder / "marketing.duckdb"
        os.environ |= {
            "TANDEM_DATABASE": str(database),
            "TANDEM_STAGING": str(folder / "staging"),
            "TANDEM_QUALITY__FOLDER": str(folder / "quality"),
            "PREFECT_LOGGING_LEVEL": "ERROR",
        }
        flow("backfill", database, loaded=True)
        first, again = (measured("-c", _REPORT) for _ in range(2))
    records = sum(row["records"] for row in first["objects"])
    figures = {
        "measured_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "records": records,
        "seconds": round(first["seconds"], 1),
        "seconds_again": round(again["seconds"], 1),
        "peak_mib": round(max(first["peak_mib"], again["peak_mib"])),
    }
    LATEST.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(
        f"{records:,} records: report in {figures['seconds']} s, again in {figures['seconds_again']} s,"
        f" peak memory {figures['peak_mib']:,} MiB ({figures['machine']})"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
