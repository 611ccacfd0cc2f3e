"""Limits: long requests at once, jobs and batches in a day, sizes of queries, heads and records."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from http_client import Client, code, rows
from soap_client import Soap

from sandbox import Org, Server

LEAD = {"LastName": "x", "Company": "c"}


def test_long_requests_at_once(org: Org, server: Server, client: Client) -> None:
    org.set_limit("ConcurrentRequests", 1)
    org.core.meter.slots.long_seconds = 0.0
    begun, release = threading.Event(), threading.Event()

    def hold(info: dict[str, Any]) -> None:
        begun.set()
        release.wait(20)

    org.faults.add("GET */limits", "call", call=hold)
    try:
        with ThreadPoolExecutor(1) as threads:
            long = threads.submit(client.get, "limits")
            assert begun.wait(20)
            with Client(server.url, org.client_id, org.client_secret) as other:
                refused = other.get("sobjects")
                fault = Soap(server, other).raw("<getUserInfo/>")
            # The client has its answer a moment before its request counts as ended.
            org.core.meter.slots.long_seconds = 20.0
            release.set()
            assert long.result().status_code == 200
    finally:
        release.set()
        org.core.meter.slots.long_seconds = 20.0
    message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    assert (refused.status_code, refused.json()) == (
        403,
        [{"message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
    )
    assert f"<faultstring>REQUEST_LIMIT_EXCEEDED: {message}</faultstring>" in fault.text
    assert client.get("sobjects").status_code == 200


def test_jobs_and_batches_of_a_day(org: Org, client: Client) -> None:
    query = {"operation": "query", "query": "SELECT Id FROM Lead"}
    org.set_limit("DailyBulkV2QueryJobs", 1)
    org.set_limit("DailyBulkApiBatches", 1)
    assert client.post("jobs/query", query).status_code == 200
    assert code(client.post("jobs/query", query)) == (400, "EXCEEDEDQUOTA")
    first = client.ingest("insert", "Lead", "LastName,Company\nx,c\n")
    assert client.get(first).json()["state"] == "JobComplete"
    second = client.ingest("insert", "Lead", "LastName,Company\nx,c\n")
    failed = client.get(second).json()
    assert (failed["state"], failed["errorMessage"]) == (
        "Failed",
        "ExceededQuota : ApiBatchItems Limit exceeded.",
    )
    assert rows(client.get(f"{second}/unprocessedrecords")) == [LEAD]
    shown = client.get("limits").json()
    assert shown["DailyBulkApiBatches"] == shown["DailyBulkV2QueryJobs"] == {"Max": 1, "Remaining": 0}
    org.clock.advance(hours=25)
    with Client(client.url, org.client_id, org.client_secret) as tomorrow:
        assert tomorrow.post("jobs/query", query).status_code == 200
    with pytest.raises(LookupError, match="no such limit: Nope"):
        org.set_limit("Nope", 1)


def test_sizes_of_queries_and_heads(org: Org, server: Server, client: Client) -> None:
    soql = "SELECT Id FROM Lead WHERE Title IN (" + ", ".join(f"'{n:0100d}'" for n in range(1000)) + ")"
    assert len(soql) > 100_000
    refused = client.post("jobs/query", {"operation": "query", "query": soql})
    assert code(refused) == (400, "MALFORMED_QUERY")
    assert refused.json()[0]["message"] == "SOQL statements cannot be longer than 100000 characters."
    fault = Soap(server, client).raw(f"<query><queryString>{soql}</queryString></query>")
    assert "MALFORMED_QUERY" in fault.text
    for size in (20_000, 200_000):
        long = client.query(soql[:size])
        assert (long.status_code, "URI Too Long" in long.text) == (414, True)
    head = client.get("limits", headers={"X-Long": "x" * 17_000})
    assert head.status_code == 431


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["x" * 32_001], "Exceeded max field size: 32001"),
        (["x" * 31_000] * 13, "Exceeded max length for one record: 403000. "),
        ([""] * 5_001, "Exceeded max number of columns per record : 5000"),
    ],
)
def test_sizes_of_bulk_records(org: Org, client: Client, row: list[str], words: str) -> None:
    path = client.ingest("insert", "Lead", "LastName,Company\nx,c\n" + ",".join(row) + "\n")
    job = client.get(path).json()
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith(f"InvalidBatch : {words}")


def test_limits_over_the_control_surface() -> None:
    from sandbox import serve

    with serve(Org(people=0), control=True) as server:
        url = f"{server.url}/_org/set_limit"
        assert requests.post(url, json={"name": "DailyApiRequests", "maximum": 7}, timeout=20).ok
        wrong = requests.post(url, json={"name": "Nope", "maximum": 7}, timeout=20)
        assert (wrong.status_code, "there are ConcurrentRequests, Daily" in wrong.text) == (400, True)
