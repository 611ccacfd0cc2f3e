"""What others do with the same pages: the floor (download, ``read_csv`` as text) and dlt. Run as a process each.

``python -m benchmarks.landing floor|dlt FOLDER`` prints ``{"rows": …, "seconds": …}``: seconds of work, without
the imports.
"""

from __future__ import annotations

import csv
import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.serve_org import LEAD_FIELDS
from tandem.salesforce import bulk_query
from tandem.salesforce.calls import CallMeter
from tandem.salesforce.connection import connect
from tandem.settings import load

SOQL = f"SELECT {', '.join(name for name in LEAD_FIELDS if name != 'Name')} FROM Lead"


def pages(folder: Path) -> Iterator[bulk_query.Page]:
    """Download the same Bulk pages that Tandem reads, by the same client."""
    settings = load()
    connection = connect(settings.salesforce, CallMeter(settings.budget))
    job = bulk_query.start(connection, "Lead", SOQL)
    bulk_query.wait(connection, job)
    folder.mkdir(parents=True)
    yield from bulk_query.pages(connection, job, folder)


def floor(folder: Path) -> int:
    """Download, then read all pages as text into a table of a database file."""
    import duckdb

    files = [str(page.path) for page in pages(folder / "pages")]
    with duckdb.connect(str(folder / "floor.duckdb"), config={"threads": 2}) as connection:
        connection.execute(
            "CREATE TABLE lead AS SELECT * FROM read_csv(?, header = true, all_varchar = true, delim = ',',"
            " quote = '\"', escape = '\"', nullstr = '', auto_detect = false, columns = ?)",
            [files, dict.fromkeys(SOQL[7:].split(" FROM ")[0].split(", "), "VARCHAR")],
        )
        found = connection.execute("SELECT count(*) FROM lead").fetchone()
    return int(found[0]) if found else 0


def land_with_dlt(folder: Path) -> int:
    """Land the rows with dlt as its Salesforce source hands them over: dictionary by dictionary, as Parquet.

    Its source reads JSON of the Bulk API page by page, drops ``attributes``, turns numbers in date fields into
    ISO text and yields each record by itself. Here it gets the same CSV pages as everybody.
    """
    import dlt as library

    rows = 0

    @library.resource(name="lead", write_disposition="replace")
    def lead() -> Iterator[dict[str, Any]]:
        nonlocal rows
        for page in pages(folder / "pages"):
            with page.path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    rows += 1
                    yield {name: value or None for name, value in row.items()}

    pipeline = library.pipeline(
        pipeline_name="yardstick",
        pipelines_dir=str(folder / "dlt"),
        destination=library.destinations.duckdb(str(folder / "dlt.duckdb")),
        dataset_name="salesforce",
    )
    pipeline.run(lead(), loader_file_format="parquet")
    return rows


def main(kind: str, folder: Path) -> None:
    """Land, and print the figures."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    land = {"floor": floor, "dlt": land_with_dlt}[kind]
    importlib.import_module({"floor": "duckdb", "dlt": "dlt"}[kind])  # not part of the work
    started = time.perf_counter()
    rows = land(folder)
    print(json.dumps({"rows": rows, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
