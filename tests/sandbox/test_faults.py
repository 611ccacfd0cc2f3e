"""Trouble on purpose does what it says, to the requests it names, as often as it should."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from http_client import Client, code, rows

from sandbox import Org

ROWS = "POST /services/data/*/sobjects/Lead*"
LEAD = {"LastName": "Fault", "Company": "c"}


def test_drop_before_and_after_the_commit(org: Org, client: Client) -> None:
    before = org.count("Lead")
    fault = org.faults.add(ROWS, "drop_before")
    with pytest.raises(requests.ConnectionError):
        client.post("sobjects/Lead", LEAD)
    assert (org.count("Lead"), fault.hits) == (before, 1)
    org.faults.add(ROWS, "drop_after")
    with pytest.raises(requests.ConnectionError):
        client.post("sobjects/Lead", LEAD)
    assert org.count("Lead") == before + 1
    assert client.post("sobjects/Lead", LEAD).status_code == 201


def test_bodies_cut_short(org: Org, client: Client) -> None:
    org.faults.add("GET *query*", "cut_body")
    with pytest.raises(requests.RequestException):
        client.query("SELECT Id, Name FROM Lead")
    job = client.post("jobs/query", {"operation": "query", "query": "SELECT Id, Name FROM Lead"}).json()
    client.finished(f"jobs/query/{job['id']}")
    org.faults.add("GET *results*", "cut_body")
    with pytest.raises(requests.RequestException):
        client.get(f"jobs/query/{job['id']}/results", headers={"Accept-Encoding": "identity"})
    assert len(rows(client.get(f"jobs/query/{job['id']}/results"))) == org.count("Lead")


def test_status_skip_times_and_remove(org: Org, client: Client) -> None:
    org.faults.add("GET *limits", "status", status=503, code="SERVER_UNAVAILABLE", skip=1, times=2)
    assert [client.get("limits").status_code for _ in range(4)] == [200, 503, 503, 200]
    fault = org.faults.add("GET *limits", "status", times=None)
    assert code(client.get("limits")) == (503, "SERVER_UNAVAILABLE")
    fault.remove()
    assert client.get("limits").status_code == 200
    with pytest.raises(ValueError, match="no such fault"):
        org.faults.add("GET *", "meteor")


def test_locked_rows(org: Org, client: Client) -> None:
    first, second = (client.create("Lead", **LEAD) for _ in range(2))
    org.faults.add("PATCH *composite/sobjects*", "lock_row", rows=[first])
    records = [{"attributes": {"type": "Lead"}, "id": item, "Title": "t"} for item in (first, second)]
    answer = client.patch("composite/sobjects", {"records": records}).json()
    assert answer[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert answer[1]["success"] is True
    assert client.patch("composite/sobjects", {"records": records}).json()[0]["success"] is True


def test_rows_refused_with_a_code(org: Org, client: Client) -> None:
    first, second = (client.create("Lead", **LEAD) for _ in range(2))
    org.faults.add("PATCH *", "refuse_row", rows=[first], code="ENTITY_IS_LOCKED", message="It is locked.")
    records = [{"attributes": {"type": "Lead"}, "id": item, "Title": "t"} for item in (first, second)]
    answer = client.patch("composite/sobjects", {"records": records}).json()
    assert answer[0]["errors"] == [
        {"statusCode": "ENTITY_IS_LOCKED", "message": "It is locked.", "fields": []}
    ]
    assert answer[1]["success"] is True
    assert org.get("Lead", first)["Title"] is None


def test_deletes_refused_with_a_code(org: Org, client: Client) -> None:
    first, second = (client.create("Lead", **LEAD) for _ in range(2))
    org.faults.add("DELETE *", "refuse_row", times=2, rows=[first], code="DELETE_FAILED", message="It stays.")
    several = client.delete(f"composite/sobjects?ids={first},{second}").json()
    assert [each["success"] for each in several] == [False, True]
    single = client.delete(f"sobjects/Lead/{first}")
    assert (single.status_code, single.json()[0]["errorCode"]) == (400, "DELETE_FAILED")
    assert org.get("Lead", first)["IsDeleted"] is False


def test_rows_of_bulk_jobs_are_refused(org: Org, client: Client) -> None:
    leads = [client.create("Lead", **LEAD) for _ in range(2)]
    org.faults.add(
        "POST *jobs/ingest", "refuse_row", rows=leads[:1], code="SERVER_UNAVAILABLE", message="later"
    )
    path = client.ingest("update", "Lead", "Id,Title\n" + "".join(f"{lead},t\n" for lead in leads))
    failed = rows(client.get(f"{path}/failedResults"))
    assert [(row["Id"], row["sf__Error"]) for row in failed] == [(leads[0], "SERVER_UNAVAILABLE:later:--")]
    assert org.get("Lead", leads[1])["Title"] == "t"


def test_bulk_jobs_fail_and_dawdle(org: Org, client: Client) -> None:
    org.faults.add("POST *jobs/query*", "bulk_fail", message="retried more than 15 times")
    order = {"operation": "query", "query": "SELECT Id FROM Lead"}
    failed = client.finished(f"jobs/query/{client.post('jobs/query', order).json()['id']}")
    assert (failed["state"], failed["errorMessage"]) == ("Failed", "retried more than 15 times")
    org.faults.add("POST *jobs/query*", "bulk_slow", seconds=0.3)
    started = time.monotonic()
    slow = client.finished(f"jobs/query/{client.post('jobs/query', order).json()['id']}")
    assert slow["state"] == "JobComplete"
    assert time.monotonic() - started >= 0.3


def test_calls_at_an_exact_point(org: Org, client: Client) -> None:
    seen: list[tuple[str, int]] = []

    def note(info: dict[str, Any]) -> None:
        seen.append((info["method"], org.count("Lead")))

    before = org.count("Lead")
    org.faults.add(ROWS, "call", call=note, when="before")
    org.faults.add(ROWS, "call", call=note, when="after")
    client.post("sobjects/Lead", LEAD)
    assert seen == [("POST", before), ("POST", before + 1)]


def test_latency(org: Org, client: Client) -> None:
    org.faults.add("GET *limits", "latency", seconds=0.2)
    started = time.monotonic()
    client.get("limits")
    assert time.monotonic() - started >= 0.2


def test_the_log_keeps_no_secrets(org: Org, client: Client) -> None:
    org.requests.clear()
    client.query("SELECT Id FROM Lead LIMIT 3")
    entry = org.requests[0]
    assert (entry.method, entry.path, entry.status) == ("GET", "/services/data/v60.0/query", 200)
    assert (entry.response_rows, entry.counted, entry.user_id) == (3, True, org.sync_user_id)
    assert client.token not in repr(entry)
    assert org.requests.api_calls() == 1
