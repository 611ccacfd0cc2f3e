"""How fast the sandbox org is: rows out of Bulk 2.0 query, rows into Bulk 2.0 ingest, single requests.

    python benchmarks/org.py [--leads 1000000]

Prints the figures and writes them to benchmarks/latest-org.json.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

PROJECT = Path(__file__).resolve().parents[1]

FIELDS = (
    "Id,IsDeleted,FirstName,LastName,Name,Salutation,Title,Company,Street,City,State,PostalCode,Country,Phone,"
    "MobilePhone,Email,Website,Description,LeadSource,Status,Industry,Rating,AnnualRevenue,NumberOfEmployees,"
    "OwnerId,CreatedDate,LastModifiedDate,SystemModstamp,mkto71_Lead_Score__c,Newsletter__c"
)
INGEST_ROWS = 100_000
SINGLES = 200
PAUSE = threading.Event()


class Bench:
    """One server, one client, one figure after the other."""

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        self.base = f"{url}/services/data/v60.0"
        self.session = requests.Session()
        self.session.trust_env = False
        token = self.session.post(
            f"{url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret,
            },
        ).json()["access_token"]
        # Packing is the client's choice; here the server is timed, not zlib.
        self.session.headers.update({"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"})

    def ids(self, many: int) -> list[str]:
        """Return ids of leads, spread over the first 2,000."""
        query = {"q": "SELECT Id FROM Lead LIMIT 2000"}
        rows = self.session.get(f"{self.base}/query", params=query).json()["records"]
        return [row["Id"] for row in rows][:: 2000 // many]

    def job(self, path: str) -> dict[str, Any]:
        """Wait for a job to end."""
        while True:
            found: dict[str, Any] = self.session.get(f"{self.base}/{path}").json()
            if found["state"] == "JobComplete":
                return found
            if found["state"] in ("Failed", "Aborted"):
                raise SystemExit(f"job {found['state']}: {found.get('errorMessage')}")
            PAUSE.wait(0.02)

    def bulk_query(self) -> float:
        """Rows per second from the creation of the job to the last byte of the last page."""
        started = time.perf_counter()
        made = self.session.post(
            f"{self.base}/jobs/query",
            json={"operation": "query", "query": f"SELECT {FIELDS} FROM Lead"},
        ).json()
        path = f"jobs/query/{made['id']}"
        self.job(path)
        rows, place = 0, ""
        while place != "null":
            answer = self.session.get(
                f"{self.base}/{path}/results",
                params={"maxRecords": 100_000, **({"locator": place} if place else {})},
                stream=True,
            )
            for _ in answer.iter_content(1 << 20):
                pass
            rows += int(answer.headers["Sforce-NumberOfRecords"])
            place = answer.headers["Sforce-Locator"]
        seconds = time.perf_counter() - started
        self.session.delete(f"{self.base}/{path}")
        return rows / seconds

    def bulk_ingest(self) -> float:
        """Rows per second from the creation of the job to its end."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["LastName", "Company", "Email", "Phone", "City", "Title", "LeadSource", "Rating"])
        for number in range(INGEST_ROWS):
            writer.writerow(
                [f"N{number}", f"Co, {number}", f"a{number}@b.example", "1", "Berlin", "T", "Web", "Hot"]
            )
        started = time.perf_counter()
        order = {"operation": "insert", "object": "Lead"}
        made = self.session.post(f"{self.base}/jobs/ingest", json=order).json()
        path = f"jobs/ingest/{made['id']}"
        self.session.put(
            f"{self.base}/{path}/batches", data=text.getvalue().encode(), headers={"Content-Type": "text/csv"}
        )
        self.session.patch(f"{self.base}/{path}", json={"state": "UploadComplete"})
        ended = self.job(path)
        if ended["numberRecordsFailed"]:
            raise SystemExit(f"{ended['numberRecordsFailed']} rows failed")
        return INGEST_ROWS / (time.perf_counter() - started)

    def singles(self, record_ids: list[str]) -> dict[str, float]:
        """Median milliseconds of requests for one record."""
        rows = f"{self.base}/sobjects/Lead"
        session = self.session
        kinds: dict[str, Callable[[int], requests.Response]] = {
            "read": lambda at: session.get(f"{rows}/{record_ids[at]}"),
            "read_3_fields": lambda at: session.get(f"{rows}/{record_ids[at]}?fields=Name,Email,Status"),
            "update": lambda at: session.patch(f"{rows}/{record_ids[at]}", json={"Title": f"t{at}"}),
            "create": lambda at: session.post(rows, json={"LastName": "x", "Company": "c"}),
            "upsert": lambda at: session.patch(
                f"{rows}/Tandem_Id__c/k{at % 100}", json={"LastName": "x", "Company": "c"}
            ),
        }
        out = {}
        for name, request in kinds.items():
            times = []
            for at in range(SINGLES):
                started = time.perf_counter()
                answer = request(at)
                times.append((time.perf_counter() - started) * 1000)
                if answer.status_code >= 300:
                    raise SystemExit(answer.text)
            out[name] = statistics.median(times)
        return out


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    leads = parser.parse_args().leads
    started = time.perf_counter()
    # A process of its own: else client and server would take turns at one interpreter.
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--people", str(-(-leads * 10 // 6))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout
        process.stdout.readline()  # the lines after the first say how to log in
        said = dict(re.split(r"  +", process.stdout.readline().strip(), maxsplit=1) for _ in range(3))
        made = time.perf_counter() - started
        try:
            bench = Bench(said["url"], said["client id"], said["client secret"])
            singles = bench.singles(bench.ids(SINGLES))
            out = max(bench.bulk_query() for _ in range(3))
            into = max(bench.bulk_ingest() for _ in range(2))
        finally:
            process.terminate()
    figures = {
        "leads": leads,
        "generate_seconds": round(made, 1),
        "bulk_query_rows_per_second": round(out),
        "bulk_ingest_rows_per_second": round(into),
        "single_request_ms": round(statistics.median(singles.values()), 2),
        **{f"single_{name}_ms": round(value, 2) for name, value in singles.items()},
    }
    for name, value in figures.items():
        print(f"{name:32} {value:>12,}")
    (Path(__file__).parent / "latest-org.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
