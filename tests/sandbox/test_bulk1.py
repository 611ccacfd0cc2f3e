"""Bulk 1.0 as a bare client sees it: documents in XML and JSON, batches, results, PK chunking, refusals."""

from __future__ import annotations

import csv
import io
import json
import threading
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from http_client import WAIT_SECONDS, Client

from sandbox import Org

XMLNS = "http://www.force.com/2009/06/asyncapi/dataload"


class Bulk:
    """One job; `kind` is the content type of its batches, `json` the format of its documents."""

    def __init__(self, client: Client, kind: str = "CSV", as_json: bool = False) -> None:
        self.client = client
        self.kind = kind
        self.as_json = as_json
        self.base = f"{client.url}/services/async/60.0/job"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["X-SFDC-Session"] = client.token
        self.id = ""

    def send(self, method: str, path: str = "", data: Any = None, **headers: str) -> requests.Response:
        return self.session.request(
            method, f"{self.base}{path}", data=data, headers=headers, timeout=WAIT_SECONDS
        )

    def document(self, path: str, **values: str) -> requests.Response:
        if self.as_json:
            return self.send("POST", path, json.dumps(values), **{"Content-Type": "application/json"})
        inner = "".join(f"<{key}>{value}</{key}>" for key, value in values.items())
        body = f'<?xml version="1.0"?><jobInfo xmlns="{XMLNS}">{inner}</jobInfo>'
        return self.send("POST", path, body, **{"Content-Type": "application/xml; charset=UTF-8"})

    def open(self, operation: str, **more: str) -> Bulk:
        answer = self.document("", operation=operation, object="Lead", contentType=self.kind, **more)
        assert answer.status_code == 201, answer.text
        self.id = read(answer)["id"]
        return self

    def add(self, data: str) -> str:
        answer = self.send("POST", f"/{self.id}/batch", data.encode())
        assert answer.status_code == 201, answer.text
        info = read(answer)
        assert (info["jobId"], info["state"]) == (self.id, "Queued")
        return str(info["id"])

    def wait(self, batch: str) -> dict[str, Any]:
        pause = threading.Event()
        for _ in range(1000):
            info = read(self.send("GET", f"/{self.id}/batch/{batch}"))
            if info["state"] not in ("Queued", "InProgress"):
                return info
            pause.wait(0.01)
        raise AssertionError(f"batch did not end: {info}")

    def run(self, data: str) -> requests.Response:
        batch = self.add(data)
        info = self.wait(batch)
        assert info["state"] == "Completed", info
        return self.send("GET", f"/{self.id}/batch/{batch}/result")

    def rows(self, soql: str) -> requests.Response:
        batch = self.add(soql)
        assert self.wait(batch)["state"] == "Completed"
        listed = self.send("GET", f"/{self.id}/batch/{batch}/result")
        only = listed.json()[0] if listed.text.startswith("[") else read(listed)["result"]
        return self.send("GET", f"/{self.id}/batch/{batch}/result/{only}")


def read(answer: requests.Response) -> dict[str, Any]:
    """A flat document, whatever it is written in; its values as text."""
    if answer.text.startswith("{"):
        return {key: str(value) for key, value in answer.json().items()}
    root = ElementTree.fromstring(answer.content)
    assert root.tag.startswith(f"{{{XMLNS}}}")
    return {item.tag.rpartition("}")[2]: item.text for item in root}


def table(answer: requests.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


@pytest.mark.parametrize("as_json", [False, True])
def test_csv_in_and_out(org: Org, client: Client, as_json: bool) -> None:
    job = Bulk(client, as_json=as_json).open("insert", concurrencyMode="Serial")
    made = table(job.run('LastName,Company,Title\n"a ""1""",c,t\nb,,t\nc,c,t\n'))
    assert [row["Success"] for row in made] == ["true", "false", "true"]
    assert made[1]["Error"] == ("REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --")
    first, third = made[0]["Id"], made[2]["Id"]
    info = read(job.send("GET", f"/{job.id}"))
    counts = [
        info[key] for key in ("numberBatchesCompleted", "numberRecordsProcessed", "numberRecordsFailed")
    ]
    assert (counts, info["concurrencyMode"], info["state"]) == (["1", "3", "1"], "Serial", "Open")
    closed = read(job.document(f"/{job.id}", state="Closed"))
    assert (closed["state"], closed["apiVersion"]) == ("Closed", "60.0")

    Bulk(client).open("update").run(f"Id,Title,Phone\n{first},#N/A,1\n{third},,2\n")
    assert [org.get("Lead", key)["Title"] for key in (first, third)] == [None, "t"]
    keyed = Bulk(client).open("upsert", externalIdFieldName="Tandem_Id__c")
    body = "Tandem_Id__c,LastName,Company\nk1,new,c\n"
    assert [table(keyed.run(body))[0]["Created"] for _ in range(2)] == ["true", "false"]

    soql = f"SELECT Id, LastName, Owner.Name, SystemModstamp FROM Lead WHERE Id IN ('{first}', '{third}')"
    found = table(Bulk(client, as_json=as_json).open("query").rows(soql))
    assert [row["LastName"] for row in found] == ['a "1"', "c"]
    assert (found[0]["Owner.Name"] != "", found[0]["SystemModstamp"][-5:]) == (True, ".000Z")
    assert Bulk(client).open("query").rows("SELECT Id FROM Lead WHERE LastName = 'none'").text == (
        "Records not found for this query"
    )
    Bulk(client).open("delete").run(f"Id\n{first}\n")
    assert org.get("Lead", first)["IsDeleted"] is True
    again = Bulk(client).open("queryAll").rows(f"SELECT IsDeleted FROM Lead WHERE Id = '{first}'")
    assert table(again) == [{"IsDeleted": "true"}]


def test_json_records(org: Org, client: Client) -> None:
    job = Bulk(client, "JSON", as_json=True).open("insert")
    rows = [{"LastName": "j", "Company": "c", "AnnualRevenue": 12}, {"LastName": "bad"}]
    made = job.run(json.dumps(rows)).json()
    assert (made[0]["success"], made[0]["created"], made[0]["errors"]) == (True, True, [])
    assert made[1]["errors"][0] == {
        "message": "Required fields are missing: [Company]",
        "fields": ["Company"],
        "statusCode": "REQUIRED_FIELD_MISSING",
        "extendedErrorDetails": None,
    }
    lead = made[0]["id"]
    soql = f"SELECT Id, AnnualRevenue, CreatedDate, Owner.Id FROM Lead WHERE Id = '{lead}'"
    record = Bulk(client, "JSON", as_json=True).open("query").rows(soql).json()[0]
    stamp = org.get("Lead", lead)["CreatedDate"]
    assert record["attributes"]["url"] == f"/services/data/v60.0/sobjects/Lead/{lead}"
    assert (record["AnnualRevenue"], record["CreatedDate"]) == (12.0, int(stamp.timestamp() * 1000))
    assert record["Owner"]["Id"] == org.sync_user_id


def test_xml_records(org: Org, client: Client) -> None:
    job = Bulk(client, "XML").open("insert")
    made = job.run(
        f'<sObjects xmlns="{XMLNS}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><sObject>'
        '<LastName>&lt;x&gt;</LastName><Company>c</Company><Title xsi:nil="true"/><Owner><sObject>'
        f"<Username>{org.username}</Username></sObject></Owner></sObject><sObject/></sObjects>"
    )
    results = list(ElementTree.fromstring(made.content))
    assert [node.findtext(f"{{{XMLNS}}}success") for node in results] == ["true", "false"]
    assert results[1].findtext(f"{{{XMLNS}}}errors/{{{XMLNS}}}statusCode") == "REQUIRED_FIELD_MISSING"
    lead = results[0].findtext(f"{{{XMLNS}}}id") or ""
    assert org.get("Lead", lead)["LastName"] == "<x>"
    found = Bulk(client, "XML").open("query").rows(f"SELECT Id, LastName FROM Lead WHERE Id = '{lead}'")
    record = ElementTree.fromstring(found.content)[0]
    assert [(node.tag.rpartition("}")[2], node.text) for node in record] == [
        ("type", "Lead"),
        ("Id", lead),
        ("LastName", "<x>"),
    ]


def test_pk_chunking_cuts_by_ids(org: Org, client: Client) -> None:
    leads = org.query("SELECT Id FROM Lead ORDER BY Id")
    org.delete("Lead", leads[3]["Id"])
    job = Bulk(client)
    body = (
        f'<jobInfo xmlns="{XMLNS}"><operation>query</operation><object>Lead</object>'
        "<contentType>CSV</contentType></jobInfo>"
    )
    header = {"Sforce-Enable-PKChunking": "chunkSize=100", "Content-Type": "application/xml"}
    job.id = read(job.send("POST", "", body, **header))["id"]
    whole = job.add("SELECT Id FROM Lead")
    assert job.wait(whole)["state"] == "NotProcessed"
    listed = ElementTree.fromstring(job.send("GET", f"/{job.id}/batch").content)
    chunks = [node.findtext(f"{{{XMLNS}}}id") or "" for node in listed][1:]
    sizes = [int(job.wait(chunk)["numberRecordsProcessed"]) for chunk in chunks]
    assert sizes == [99, 100, 100]
    found = set()
    for chunk in chunks:
        only = read(job.send("GET", f"/{job.id}/batch/{chunk}/result"))["result"]
        found |= {row["Id"] for row in table(job.send("GET", f"/{job.id}/batch/{chunk}/result/{only}"))}
    assert found == {row["Id"] for row in leads} - {leads[3]["Id"]}
    small = {"Sforce-Enable-PKChunking": "chunkSize=250001", "Content-Type": "application/xml"}
    assert read(job.send("POST", "", body, **small))["exceptionCode"] == "InvalidJob"


def test_batches_fail_dawdle_and_are_aborted(org: Org, client: Client) -> None:
    job = Bulk(client).open("query", concurrencyMode="Serial")
    wrong = job.wait(job.add("SELECT Nope FROM Lead"))
    assert wrong["state"] == "Failed"
    assert wrong["stateMessage"].startswith("InvalidBatch : Failed to process query: INVALID_FIELD: ")
    org.faults.add("POST */batch", "bulk_fail", message="InternalServerError : x")
    assert job.wait(job.add("SELECT Id FROM Lead"))["stateMessage"] == "InternalServerError : x"
    org.faults.add("POST */batch", "bulk_slow", seconds=60)
    slow = job.add("SELECT Id FROM Lead")
    early = read(job.send("GET", f"/{job.id}/batch/{slow}/result"))
    assert (early["exceptionCode"], early["exceptionMessage"]) == ("InvalidBatch", "Batch not completed")
    with org.core.store.lock:
        # The worker cannot get on while somebody else writes: what waits behind it is still queued.
        busy, waiting = job.add("SELECT Id FROM Lead"), job.add("SELECT Id FROM Lead")
        assert read(job.document(f"/{job.id}", state="Aborted"))["state"] == "Aborted"
        assert job.wait(waiting)["state"] == "NotProcessed"
    assert job.wait(busy)["state"] in ("Completed", "NotProcessed")
    refused = read(job.document(f"/{job.id}", state="Closed"))
    assert (refused["exceptionCode"], refused["exceptionMessage"]) == (
        "InvalidJobState",
        "Closing already Aborted Job not allowed",
    )


def test_refusals(org: Org, client: Client) -> None:
    job = Bulk(client, as_json=True)

    def refused(answer: requests.Response) -> str:
        assert answer.status_code == 400, answer.text
        assert set(read(answer)) == {"exceptionCode", "exceptionMessage"}
        return str(read(answer)["exceptionCode"])

    good = {"operation": "insert", "object": "Lead", "contentType": "CSV"}
    for changes, code in (
        ({"operation": "dance"}, "InvalidJob"),
        ({"object": "Nope"}, "InvalidJob"),
        ({"contentType": "ZIP_CSV"}, "InvalidJob"),
        ({"externalIdFieldName": "Tandem_Id__c"}, "InvalidJob"),
        ({"operation": "upsert", "externalIdFieldName": "Title"}, "InvalidJob"),
        ({"operation": "hardDelete"}, "FeatureNotEnabled"),
    ):
        assert refused(job.document("", **{**good, **changes})) == code, changes
    assert refused(job.send("POST", "", b"{", **{"Content-Type": "application/json"})) == "InvalidJob"
    assert refused(job.send("POST", "", b"<a", **{"Content-Type": "application/xml"})) == "InvalidXML"
    assert refused(job.send("GET", "/750000000000000")) == "InvalidJob"
    job.open("insert")
    assert refused(job.send("GET", f"/{job.id}/batch/751000000000000")) == "InvalidBatch"
    assert refused(job.send("POST", f"/{job.id}/batch", b" ")) == "ClientInputError"
    assert refused(job.send("POST", f"/{job.id}/batch", b"x" * 10_000_001)) == "ClientInputError"
    for data, words in (
        ("Nope\n1\n", "InvalidBatch : Field name not found : Nope"),
        ("LastName\n", "InvalidBatch : Records not processed"),
        ("LastName\n" + "x" * 32_001, "InvalidBatch : Exceeded max field size: 32001"),
        ("LastName\n" + "x\n" * 10_001, "InvalidBatch : Exceeded number of records : 10001. "),
    ):
        assert job.wait(job.add(data))["stateMessage"].startswith(words)
    job.document(f"/{job.id}", state="Closed")
    late = job.send("POST", f"/{job.id}/batch", b"LastName\nx\n")
    assert read(late)["exceptionMessage"] == (
        "Failed to create batch, since the Job is not Open. Current job state is 'Closed'"
    )
    old = Bulk(client).open("insert")
    org.clock.advance(days=1.1)
    client.session.headers["Authorization"] = "Bearer none"
    assert refused(old.send("GET", f"/{old.id}")) == "InvalidSessionId"
    fresh = Client(client.url, org.client_id, org.client_secret)
    old.session.headers["X-SFDC-Session"] = fresh.token
    assert refused(old.send("POST", f"/{old.id}/batch", b"LastName\nx\n")) == "InvalidJobState"
    org.set_limit("DailyBulkApiBatches", 0)
    assert refused(old.send("POST", f"/{old.id}/batch", b"LastName\nx\n")) == "ExceededQuota"
    assert refused(requests.get(f"{client.url}/services/async/20.0/job/1", timeout=20)) == "InvalidVersion"


def test_hard_delete_needs_the_permission(org: Org, client: Client) -> None:
    org.set_permission("BulkApiHardDelete", True)
    lead = client.create("Lead", LastName="x", Company="c")
    assert table(Bulk(client).open("hardDelete").run(f"Id\n{lead}\n"))[0]["Success"] == "true"
    assert client.query(f"SELECT Id FROM Lead WHERE Id = '{lead}'", "queryAll").json()["totalSize"] == 0
