"""How fast the sync is: full first sync against dlt and the floor, the idle cycle, a cycle with changes.

``python -m benchmarks.sync [PEOPLE]`` runs everything against one org on loopback and prints a table;
``benchmarks/latest.json`` keeps the figures. Seconds are seconds of work: imports and the start of a Prefect
server are left out, on all sides. Peak memory is that of the whole process, those included.

A machine is not equally fast from one minute to the next. dlt takes minutes, so that it meets the mean; the short ones,
full sync and floor, are measured three times around it, and the middle one counts.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tandem.database.connection import Database
from tandem.salesforce.calls import CallMeter
from tandem.salesforce.connection import connect
from tandem.salesforce.write import send
from tandem.settings import load

CHANGES = 1_000
LATEST = Path(__file__).with_name("latest.json")


@contextmanager
def org(leads: int) -> Iterator[None]:
    """Serve an org in a process of its own, and point the settings at it."""
    command = [sys.executable, "-m", "benchmarks.serve_org", str(leads)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        login = json.loads(process.stdout.readline())
        os.environ |= {
            "TANDEM_SALESFORCE__URL": login["url"],
            "TANDEM_SALESFORCE__CLIENT_ID": login["id"],
            "TANDEM_SALESFORCE__CLIENT_SECRET": login["secret"],
            "TANDEM_SALESFORCE__BULK_POLL_SECONDS": "0.2",
        }
        try:
            yield
        finally:
            process.stdin.close()


def measured(*command: str) -> dict[str, Any]:
    """Run a Python process and return the JSON that it printed, with its peak memory in MiB."""
    os.sync()  # so that nobody pays for what the one before left to be written
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    facts: dict[str, Any] = json.loads(output[output.index("{") :])
    return {**facts, "peak_mib": usage.ru_maxrss / 1024}


def flow(name: str, database: Path, loaded: bool = False) -> dict[str, Any]:
    """Run a flow on a database and return its summary, with the seconds from lease to end.

    :param loaded: load Great Expectations first, as the others' libraries are; a cycle pays for it.
    """
    program = (
        f"import runpy, sys; sys.argv[1:] = ['{name}', '--json'];"
        " runpy.run_module('flows.run', run_name='__main__')"
    )
    if loaded:
        program = f"from tandem.quality.gx import warm_up; warm_up(); {program}"
    os.environ["TANDEM_DATABASE"] = str(database)
    summary = measured("-c", program)
    with Database(database).read() as session:
        run = session.rows("SELECT started_at, ended_at FROM sync.run WHERE id = ?", [summary["run_id"]])[0]
    summary["seconds"] = (run["ended_at"] - run["started_at"]).total_seconds()
    return summary


def land(kind: str, folder: Path) -> dict[str, Any]:
    """Measure what others do with the same pages, and take it away again."""
    facts = measured("-m", "benchmarks.landing", kind, str(folder / kind))
    shutil.rmtree(folder / kind)
    return facts


def copied(folder: Path) -> dict[str, Any]:
    """Measure a full first sync into a database of its own, and take it away again."""
    facts = flow("backfill", folder / "marketing.duckdb", loaded=True)
    shutil.rmtree(folder)
    return facts


def change_both_sides(database: Path) -> None:
    """Change so many leads in Salesforce, and as many other people by SQL."""
    settings = load()
    connection = connect(settings.salesforce, CallMeter(settings.budget))
    with Database(database).write() as session:
        ids = session.rows(
            f"SELECT sfdc_id FROM marketing.person USING SAMPLE reservoir({2 * CHANGES} ROWS) REPEATABLE (7)"
        )
        theirs = [row["sfdc_id"] for row in ids[:CHANGES]]
        ours = [row["sfdc_id"] for row in ids[CHANGES:]]
        session.execute(
            "UPDATE marketing.person SET job_title = 'Ours' WHERE sfdc_id IN (SELECT unnest(?))", [ours]
        )
    for _ in send(connection, "Lead", "update", [{"Id": each, "City": "Theirs"} for each in theirs]):
        pass


def main(people: int) -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name, org(people):
        folder = Path(name)
        database = folder / "marketing.duckdb"
        os.environ["TANDEM_STAGING"] = str(folder / "staging")
        floors = [land("floor", folder), land("floor", folder)]
        fulls = [copied(folder / "first"), copied(folder / "second")]
        dlt = land("dlt", folder)
        floors.append(land("floor", folder))
        fulls.append(flow("backfill", database, loaded=True))
        floor, full = (sorted(each, key=itemgetter("seconds"))[1] for each in (floors, fulls))
        idle = flow("sync", database)
        change_both_sides(database)
        change = flow("sync", database)
    rows = sum(
        step["new"]
        for step in full["steps"]
        if step["operation"] == "Pull updates" and step["object"] == "Lead"
    )
    speeds = {name: rows / each["seconds"] for name, each in (("ours", full), ("dlt", dlt), ("floor", floor))}
    pushed = sum(step["updated"] for step in change["steps"] if step["operation"] == "Push updates")
    pulled = sum(step["updated"] for step in change["steps"] if step["operation"] == "Pull updates")
    figures = {
        "measured_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "people": rows,
        "full_sync": {
            "rows_per_second": round(speeds["ours"]),
            "ratio_to_dlt": round(speeds["ours"] / speeds["dlt"], 2),
            "ratio_to_floor": round(speeds["ours"] / speeds["floor"], 3),
            "peak_mib": round(full["peak_mib"]),
            "seconds": round(full["seconds"], 1),
            "seconds_each": [round(each["seconds"], 1) for each in fulls],
        },
        "dlt": {"rows_per_second": round(speeds["dlt"]), "peak_mib": round(dlt["peak_mib"])},
        "floor": {"rows_per_second": round(speeds["floor"]), "peak_mib": round(floor["peak_mib"])},
        "idle_cycle": {"api_calls": idle["api_calls"], "seconds": round(idle["seconds"], 2)},
        "change_cycle": {
            "api_calls": change["api_calls"],
            "seconds": round(change["seconds"], 2),
            "pulled": pulled,
            "pushed": pushed,
        },
    }
    LATEST.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    show(figures)


def show(figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    table = Table(
        title=f"{figures['people']:,} leads of 30 fields; {figures['machine']}", title_justify="left"
    )
    for heading in ("what", "figure"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    full = figures["full_sync"]
    table.add_row("full first sync", f"{full['rows_per_second']:,} rows/s ({full['seconds']} s)")
    table.add_row("the same rows by dlt", f"{figures['dlt']['rows_per_second']:,} rows/s")
    table.add_row("the floor: download, read_csv as text", f"{figures['floor']['rows_per_second']:,} rows/s")
    table.add_row("times as fast as dlt", f"{full['ratio_to_dlt']:.1f}")
    table.add_row("times as slow as the floor", f"{1 / full['ratio_to_floor']:.1f}")
    table.add_row("peak memory of the first sync", f"{full['peak_mib']:,} MiB")
    idle, change = figures["idle_cycle"], figures["change_cycle"]
    table.add_row("cycle with nothing changed", f"{idle['seconds']:.2f} s, {idle['api_calls']} API calls")
    table.add_row(
        f"cycle with {change['pulled']:,} changes in and {change['pushed']:,} out",
        f"{change['seconds']:.2f} s, {change['api_calls']} API calls",
    )
    Console().print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
