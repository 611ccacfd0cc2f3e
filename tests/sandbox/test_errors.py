"""Error bodies against those that real orgs sent, and malformed requests of every kind."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from http_client import Client

from sandbox import Org, Server

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "error-payloads.json"
recorded_only = pytest.mark.skipif(
    not RECORDED.is_file(), reason=f"the recorded errors are missing: {RECORDED}"
)
LEAD = {"LastName": "x", "Company": "c"}


def deleted_twice(org: Org, client: Client) -> requests.Response:
    path = f"sobjects/Lead/{client.create('Lead', **LEAD)}"
    client.delete(path)
    return client.delete(path)


def hidden_record(org: Org, client: Client) -> requests.Response:
    record_id = client.create("Lead", **LEAD)
    org.hide_record("Lead", record_id)
    return client.patch(f"sobjects/Lead/{record_id}", {"Title": "t"})


def hidden_field(org: Org, client: Client) -> requests.Response:
    org.hide_field("Lead", "Rating")
    return client.post("sobjects/Lead", {**LEAD, "Rating": "Hot"})


def out_of_calls(org: Org, client: Client) -> requests.Response:
    org.set_api_limit(0)
    return client.get("limits")


def expired(org: Org, client: Client) -> requests.Response:
    org.expire_sessions()
    return client.get("limits")


def locked(org: Org, client: Client) -> requests.Response:
    record_id = client.create("Lead", **LEAD)
    org.faults.add("PATCH *", "lock_row")
    return client.patch(f"sobjects/Lead/{record_id}", {"Title": "t"})


def doubled(org: Org, client: Client) -> requests.Response:
    org.add_duplicate_rule("Contact", "Standard_Contact_Duplicate_Rule", ["Email"])
    client.create("Contact", LastName="x", Email="same@x.example")
    return client.post("sobjects/Contact", {"LastName": "y", "Email": "SAME@x.example"})


def long_name(org: Org, client: Client) -> requests.Response:
    return client.post("sobjects/Account", {"Name": "x" * 256})


def wrong_choice(org: Org, client: Client) -> requests.Response:
    return client.post("sobjects/Lead", {**LEAD, "Favorite_Color__c": "Mauve"})


def nothing(org: Org, client: Client) -> requests.Response:
    return client.post("sobjects/Account", {})


def unknown_object(org: Org, client: Client) -> requests.Response:
    return client.query("select count() from XYZZY")


PROVOKED: dict[str, Callable[[Org, Client], requests.Response]] = {
    "ENTITY_IS_DELETED": deleted_twice,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": hidden_record,
    "INVALID_FIELD_FOR_INSERT_UPDATE": hidden_field,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": wrong_choice,
    "REQUIRED_FIELD_MISSING": nothing,
    "STRING_TOO_LONG": long_name,
    "REQUEST_LIMIT_EXCEEDED": out_of_calls,
    "INVALID_SESSION_ID": expired,
    "UNABLE_TO_LOCK_ROW": locked,
    "INVALID_TYPE": unknown_object,
    "DUPLICATES_DETECTED": doubled,
}
NAMES = re.compile(
    r"\b(?:Provider__c|Job Category|NURSE PRACTITIONER|Rating|Favorite Color|Mauve|eajY\.\.\.|x{9,})\b|eajY\.\.\."
)
IDS = re.compile(r"\b\w{15}(?:\w{3})?\b")


def skeleton(message: str) -> str:
    """The message without what it talks about."""
    return IDS.sub("ID", NAMES.sub("NAME", message))


def shape(value: Any) -> Any:
    """Keys all the way down."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else type(value).__name__


@recorded_only
@pytest.mark.parametrize("name", PROVOKED)
def test_bodies_are_those_of_real_orgs(org: Org, client: Client, name: str) -> None:
    all_recorded = json.loads(RECORDED.read_text())["rest_single"]
    theirs = [item for item in all_recorded if item["body"][0]["errorCode"] == name]
    assert theirs, name
    answer = PROVOKED[name](org, client)
    ours = answer.json()[0]
    assert answer.status_code in {item["http"] for item in theirs}
    assert skeleton(ours["message"]) in {skeleton(item["body"][0]["message"]) for item in theirs}
    keys = [shape({**item["body"][0], "fields": 0}) for item in theirs]
    assert shape({**ours, "fields": 0}) in keys
    assert ("fields" in ours) == ("fields" in theirs[0]["body"][0])


def test_duplicates_may_be_allowed(org: Org, client: Client) -> None:
    assert doubled(org, client).status_code == 400
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    again = {"LastName": "y", "Email": "same@x.example"}
    assert client.post("sobjects/Contact", again, headers=header).status_code == 201


PATHS = [
    "", "limits", "query", "queryAll", "query/0r8x-1", "query/zzz", "sobjects", "sobjects/Lead", "sobjects/Nope",
    "sobjects/Lead/describe", "sobjects/Lead/00Q", "sobjects/Lead/00Q5e0000000001", "sobjects/Lead/Email/x",
    "sobjects/Lead/Tandem_Id__c/%00", "sobjects/Lead/updated", "sobjects/Lead/deleted", "composite",
    "composite/sobjects", "composite/sobjects/Lead", "composite/sobjects/Lead/Id", "composite/batch",
    "composite/graph", "composite/tree/Account", "jobs/query", "jobs/query/750", "jobs/ingest", "jobs/ingest/1",
    "jobs/ingest/1/batches", "jobs/query/1/results", "../../../etc/passwd", "%F0%9F%98%80",
]  # fmt: skip
BODIES: list[bytes] = [
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"\xff\xfe", b"[" * 5000, b'{"records": 1}', b'{"records": [1]}',
    b'{"records": [{"attributes": 1}]}', b'{"records": [{"attributes": {"type": 5}}]}', b'{"compositeRequest": [{}]}',
    b'{"records": [{"attributes": {"type": "Lead"}, "LastName": {"a": 1}}]}', b'{"graphs": [1]}', b'{"graphs": [{}]}',
    b'{"batchRequests": [{"url": null}]}', b'{"operation": "query", "query": 7}', b'{"LastName": ["x"]}',
    b'{"LastName": NaN, "Company": Infinity}', b'{"Account": {"Name": {}}}', b'{"operation": "insert", "object": []}',
    b'{"compositeRequest": [{"method": "GET", "url": "/services/data/v60.0/@{x.y}", "referenceId": "a"}]}',
    b'{"NumberOfEmployees": 1e999, "LastName": "\\ud800"}', b'{"LastName": "x", "Company": "c", "Owner": 7}',
    b'{"ids": ["x"], "fields": [1]}', b'{"ids": 1, "fields": "x"}', b'{"AnnualRevenue": 1e400}',
    b'{"LastModifiedDate": "x", "Last_Survey__c": "2026-99-99"}', b'{"LastName": "\\ud800", "Company": "c"}',
]  # fmt: skip
QUERIES = [
    "?q=", "?q=SELECT", "?q=%00", "?q=SELECT+Id+FROM+Lead+WHERE+Name='", "?q=SELECT+Id+FROM+Lead+LIMIT+99999999999999",
    "?ids=,,&fields=", "?ids=x&fields=Id", "?start=x&end=y", "?start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59Z",
    "?maxRecords=-1", "?locator=%FF", "?fields=Nope", "?_HttpMethod=DANCE", "?q=SELECT+Id+FROM+Lead+OFFSET+5000",
]  # fmt: skip


HEADERS = [
    {"If-Modified-Since": "never"},
    {"Content-Encoding": "gzip"},
    {"Sforce-Query-Options": "batchSize=x"},
    {"Content-Type": "multipart/form-data; boundary=x"},
    {"If-Match": '"'},
    {"Sforce-Auto-Assign": "\x7f"},
    {},
]


def test_malformed_requests_are_refused_not_crashed(org: Org, client: Client) -> None:
    chance = random.Random(11)
    org.set_api_limit(1_000_000)
    requests_ = [(method, path, body) for method in ("POST", "PATCH") for path in PATHS for body in BODIES]
    requests_ += [
        (method, path + query, b"") for method in ("GET", "DELETE") for path in PATHS for query in QUERIES
    ]
    requests_ += [(method, path, b"{}") for method in ("PUT", "HEAD", "OPTIONS") for path in PATHS]
    bad: list[str] = []
    for method, path, body in requests_:
        answer = client.call(method, path, data=body, headers=chance.choice(HEADERS))
        if answer.status_code >= 500 or "Traceback" in answer.text:
            bad.append(f"{method} {path} {body[:60]!r}: {answer.status_code} {answer.text[:80]}")
    assert not bad, "\n".join(bad)
    assert client.get("limits").status_code == 200


def test_broken_soap_is_a_fault(server: Server) -> None:
    for body in (b"", b"<", b"<a/>", b"\xff", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'):
        answer = requests.post(f"{server.url}/services/Soap/u/60.0", data=body, timeout=20)
        assert answer.status_code == 500
        assert "<soapenv:Fault>" in answer.text
