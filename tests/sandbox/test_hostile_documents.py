"""Malformed documents of SOAP and Bulk 1.0: each is refused in the API's own shape, none crashes anything."""

from __future__ import annotations

import itertools

import pytest
import requests
from http_client import WAIT_SECONDS, Client
from soap_client import Soap

from sandbox import Org, Server
from sandbox.soap.operations import OPERATIONS

SCRAPS = [
    "", "<ids/>", "<ids>x</ids>", "<ids>00Q5e0000000001</ids>", "<sObjects/>", "<sObjects><type>Nope</type></sObjects>",
    "<sObjects><type>Lead</type><LastName><a><b/></a></LastName></sObjects>", "<sObjectType/>",
    "<sObjects><type>Lead</type><Id>1</Id><fieldsToNull>Nope</fieldsToNull></sObjects>", "<sObjectType>x</sObjectType>",
    "<sObjectType>Lead</sObjectType><startDate>x</startDate><endDate/>", "<queryString>SELECT</queryString>",
    "<sObjectType>Lead</sObjectType><fieldList>Nope,,</fieldList><ids>1</ids>", "<queryLocator>0r8-1</queryLocator>",
    "<sObjectType>Lead</sObjectType><fieldList>Id</fieldList><ids>1</ids>", "<sObjectType>Lead</sObjectType><ids/>",
    "<leadConverts/>", "<leadConverts><leadId>x</leadId></leadConverts>", "<request/>",
    "<username>&#x1F600;</username>",
    "<request><masterRecord><type>Lead</type></masterRecord><recordToMergeIds>x</recordToMergeIds></request>",
    "<externalIDFieldName>Nope</externalIDFieldName><sObjects><type>Lead</type></sObjects>",
]  # fmt: skip
JOBS = [
    b"", b"{", b"[]", b"null", b"{}", b'{"state": 7}', b'{"operation": []}', b"<", b"<a/>", b"\xff\xfe", b"<a>&b;</a>",
    b'{"operation": "insert", "object": {}, "contentType": "JSON"}', b'<jobInfo><state>Dancing</state></jobInfo>',
    b'{"operation": "query", "object": "Lead", "contentType": "CSV", "concurrencyMode": "Sideways"}',
    b'{"operation": "upsert", "object": "Lead", "contentType": "CSV"}',
]  # fmt: skip
BATCHES = [
    b"{", b"[1]", b"null", b'[{"LastName": {"a": {"b": 1}}}]', b'[{"Nope": 1}]', b'[{"Owner": 7}]', b"\xff",
    b"<a><b/></a>", b'a,a\n1,2', b'LastName,Company\n"x', b"LastName\n1,2,3", b"Owner.Nope.More\nx",
    b"SELECT Id FROM Account",
    b"SELECT COUNT() FROM Lead", b"<sObjects><sObject><Nope>1</Nope></sObject></sObjects>",
    b'[{"LastName": "\\ud800"}]',
    b"<sObjects><sObject><Owner><sObject/></Owner></sObject></sObjects>", b"Id\n1\n", b'[{"Id": 1}, {"id": null}]',
]  # fmt: skip


@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - {"logout"}))
def test_soap_arguments(server: Server, client: Client, operation: str) -> None:
    soap = Soap(server, client)
    for scrap in SCRAPS:
        answer = soap.raw(f"<{operation}>{scrap}</{operation}>")
        assert answer.headers["Content-Type"].startswith("text/xml"), (scrap, answer.text)
        assert (answer.status_code == 500) == ("<soapenv:Fault>" in answer.text)


def test_bulk1_documents(org: Org, client: Client) -> None:
    org.set_limit("DailyApiRequests", 1_000_000)
    base = f"{client.url}/services/async/60.0/job"
    headers = {"X-SFDC-Session": client.token}
    with requests.Session() as session:
        session.trust_env = False

        def send(path: str, body: bytes, kind: str) -> requests.Response:
            answer = session.post(
                f"{base}{path}", data=body, headers={**headers, "Content-Type": kind}, timeout=WAIT_SECONDS
            )
            assert answer.status_code in (200, 201, 400), (path, body, answer.text)
            return answer

        opened = []
        for operation, kind in itertools.product(("update", "query"), ("CSV", "JSON", "XML")):
            order = f'{{"operation": "{operation}", "object": "Lead", "contentType": "{kind}"}}'
            opened.append(send("", order.encode(), "application/json").json()["id"])
        for body, kind in itertools.product(JOBS, ("application/json", "application/xml", "text/plain")):
            assert send("", body, kind).status_code == 400
            send(f"/{opened[0]}", body, kind)
        for job in opened:
            batches = [send(f"/{job}/batch", body, "application/json").json()["id"] for body in BATCHES]
            for batch, body in zip(batches, BATCHES, strict=True):
                told = client.get(f"/services/async/60.0/job/{job}/batch/{batch}", headers=headers).text
                while "Queued" in told or "InProgress" in told:
                    told = client.get(f"/services/async/60.0/job/{job}/batch/{batch}", headers=headers).text
                assert "InternalServerError" not in told, (body, told)
