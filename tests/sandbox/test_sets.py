"""Many records at a time: collections, composite, Bulk 2.0."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from http_client import Client, code, rows

from sandbox import Org
from sandbox.api import job_list


def lead(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, "LastName": "x", "Company": "c", **values}


def test_collections_answer_row_by_row(org: Org, client: Client) -> None:
    made = client.post("composite/sobjects", {"records": [lead(), lead(Email="bad"), lead(Title="t")]})
    assert made.status_code == 200
    assert [row["success"] for row in made.json()] == [True, False, True]
    assert made.json()[1]["errors"] == [
        {
            "statusCode": "INVALID_EMAIL_ADDRESS",
            "message": "Email: invalid email address: bad",
            "fields": ["Email"],
        }
    ]
    first, third = made.json()[0]["id"], made.json()[2]["id"]
    changed = client.patch(
        "composite/sobjects",
        {
            "allOrNone": True,
            "records": [
                {"attributes": {"type": "Lead"}, "id": first, "Title": "new"},
                {"attributes": {"type": "Lead"}, "id": "00Qx", "Title": "new"},
            ],
        },
    ).json()
    assert changed[0]["id"] == first
    assert changed[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert changed[1]["errors"][0]["statusCode"] == "MALFORMED_ID"
    assert org.get("Lead", first)["Title"] is None
    read = client.get("composite/sobjects/Lead", params={"ids": f"{third},{first}", "fields": "Title"}).json()
    assert [row["Id"] for row in read] == [third, first]
    gone = client.delete("composite/sobjects", params={"ids": f"{first},{third},{first}"}).json()
    assert [row["success"] for row in gone] == [True, True, False]


def test_collections_have_limits(client: Client) -> None:
    assert code(client.post("composite/sobjects", {"records": [lead()] * 201})) == (400, "EXCEEDED_ID_LIMIT")
    mixed = [lead(), {"attributes": {"type": "Account"}, "Name": "A"}] * 6
    assert client.post("composite/sobjects", {"records": mixed}).status_code == 400
    assert client.post("composite/sobjects", {"records": mixed[:10]}).status_code == 200
    assert client.post("composite/sobjects", {"records": [{"LastName": "x"}]}).status_code == 400


def test_all_or_none_reaches_over_types(org: Org, client: Client) -> None:
    before = org.count("Lead")
    records = [lead(), {"attributes": {"type": "Account"}}]
    answer = client.post("composite/sobjects", {"allOrNone": True, "records": records}).json()
    assert [row["success"] for row in answer] == [False, False]
    assert "id" not in answer[0]
    assert org.count("Lead") == before


def test_upsert_collections(client: Client) -> None:
    path = "composite/sobjects/Lead/Tandem_Id__c"
    client.patch(path, {"records": [lead(Tandem_Id__c="u1")]})
    answer = client.patch(path, {"records": [lead(Tandem_Id__c="u1"), lead(Tandem_Id__c="u2")]}).json()
    assert [(row["success"], row["created"]) for row in answer] == [(True, False), (True, True)]
    twice = client.patch(path, {"records": [lead(Tandem_Id__c="u3"), lead(Tandem_Id__c="U3")]}).json()
    assert {row["errors"][0]["statusCode"] for row in twice} == {"DUPLICATE_VALUE"}


def test_composite_uses_earlier_answers(org: Org, client: Client) -> None:
    base = "/services/data/v60.0"
    calls = org.api_calls_used
    answer = client.post(
        "composite",
        {
            "compositeRequest": [
                {
                    "method": "POST",
                    "url": f"{base}/sobjects/Account",
                    "referenceId": "a",
                    "body": {"Name": "A"},
                },
                {
                    "method": "POST",
                    "url": f"{base}/sobjects/Contact",
                    "referenceId": "c",
                    "body": {"LastName": "x", "AccountId": "@{a.id}"},
                },
                {
                    "method": "GET",
                    "url": f"{base}/query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{{c.id}}'",
                    "referenceId": "q",
                },
            ]
        },
    ).json()["compositeResponse"]
    assert [part["httpStatusCode"] for part in answer] == [201, 201, 200]
    assert answer[2]["body"]["records"][0]["Account"]["Name"] == "A"
    assert org.api_calls_used == calls + 1


def test_composite_rolls_back(org: Org, client: Client) -> None:
    base = "/services/data/v50.0"
    before = org.count("Account")
    answer = client.post(
        f"{base}/composite",
        {
            "allOrNone": True,
            "compositeRequest": [
                {
                    "method": "POST",
                    "url": f"{base}/sobjects/Account",
                    "referenceId": "r1",
                    "body": {"Name": "A"},
                },
                {
                    "method": "POST",
                    "url": f"{base}/sobjects/Account",
                    "referenceId": "r2",
                    "body": {"XName": "A"},
                },
            ],
        },
    ).json()["compositeResponse"]
    assert answer[0] == {
        "body": [
            {
                "errorCode": "PROCESSING_HALTED",
                "message": "The transaction was rolled back since another operation in the same "
                "transaction failed.",
            }
        ],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": "r1",
    }
    assert answer[1]["body"][0]["errorCode"] == "INVALID_FIELD"
    assert org.count("Account") == before


def test_composite_has_limits(client: Client) -> None:
    query = {"method": "GET", "url": "/services/data/v60.0/query?q=SELECT+Id+FROM+Lead+LIMIT+1"}
    parts = [{**query, "referenceId": f"q{n}"} for n in range(6)]
    assert client.post("composite", {"compositeRequest": parts[:5]}).status_code == 200
    assert client.post("composite", {"compositeRequest": parts}).status_code == 400
    limits = [
        {"method": "GET", "url": "/services/data/v60.0/limits", "referenceId": f"l{n}"} for n in range(26)
    ]
    assert client.post("composite", {"compositeRequest": limits}).status_code == 400


def test_trees_name_each_record_once(org: Org, client: Client) -> None:
    def planted(*records: tuple[str, str, dict[str, Any]]) -> requests.Response:
        made = [
            {"attributes": {"type": kind, "referenceId": name}, "Name": name, **more}
            for kind, name, more in records
        ]
        return client.post("composite/tree/Account", {"records": made})

    before = org.count("Account")
    below = {
        "Contacts": {"records": [{"attributes": {"type": "Contact", "referenceId": "b"}, "LastName": "x"}]}
    }
    good = planted(("Account", "a", below), ("Account", "c", {}))
    assert (good.status_code, [row["referenceId"] for row in good.json()["results"]]) == (
        201,
        ["a", "b", "c"],
    )
    assert code(planted(("Account", "a", {}), ("Account", "a", {}))) == (400, "INVALID_INPUT")
    assert code(planted(("Account", "b", below))) == (400, "INVALID_INPUT")
    assert code(planted(("Lead", "a", {}))) == (400, "INVALID_INPUT")
    assert org.count("Account") == before + 2


def test_batches_say_what_they_want(client: Client) -> None:
    for part in ({}, {"url": "v60.0/limits"}, {"method": "GET"}, 7):
        assert code(client.post("composite/batch", {"batchRequests": [part]})) == (400, "JSON_PARSER_ERROR")


def test_composite_revalidates_describe(client: Client) -> None:
    seen = client.get("sobjects/Lead/describe").headers["Last-Modified"]
    part = {
        "method": "GET",
        "url": "/services/data/v60.0/sobjects/Lead/describe",
        "referenceId": "d",
        "httpHeaders": {"If-Modified-Since": seen},
    }
    answer = client.post("composite", {"compositeRequest": [part]}).json()["compositeResponse"][0]
    assert (answer["httpStatusCode"], answer["body"]) == (304, None)


NASTY = 'a "quoted" line\nand, a second\r\none 😀 NA'


def test_bulk_query_pages(org: Org, client: Client) -> None:
    nasty = org.create("Lead", {"LastName": "Nasty", "Company": "c", "Description": NASTY, "Title": "00000"})
    job = client.post(
        "jobs/query", {"operation": "query", "query": "SELECT Id, Title, Description FROM Lead"}
    )
    path = f"jobs/query/{job.json()['id']}"
    assert job.json()["state"] == "UploadComplete"
    org.update("Lead", nasty, {"Title": "later"})
    info = client.finished(path)
    assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", org.count("Lead"))
    found: list[dict[str, str]] = []
    place = ""
    while place != "null":
        answer = client.get(
            f"{path}/results", params={"maxRecords": 97, **({"locator": place} if place else {})}
        )
        page = rows(answer)
        assert int(answer.headers["Sforce-NumberOfRecords"]) == len(page) <= 97
        found += page
        place = answer.headers["Sforce-Locator"]
    assert [row["Id"] for row in found] == [row["Id"] for row in org.query("SELECT Id FROM Lead ORDER BY Id")]
    assert next(row for row in found if row["Id"] == nasty)["Description"] == NASTY
    pages = client.get(f"{path}/resultPages", params={"maxRecords": 40}).json()
    assert len(pages["resultPages"]) == 5
    assert pages["done"] is False
    other = client.get(f"/services/data/v61.0/{path}/results")
    assert other.status_code == 409
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_bulk_query_formats_and_order(org: Org, client: Client) -> None:
    fields = "Id, Name, Owner.Name, CreatedDate, Newsletter__c, AnnualRevenue"
    soql = f"SELECT {fields} FROM Lead ORDER BY Name LIMIT 7"
    job = client.post(
        "jobs/query", {"operation": "query", "query": soql, "columnDelimiter": "PIPE", "lineEnding": "CRLF"}
    ).json()
    client.finished(f"jobs/query/{job['id']}")
    text = client.get(f"jobs/query/{job['id']}/results").content.decode()
    lines = text.split("\r\n")
    assert lines[0] == '"Id"|"Name"|"Owner.Name"|"CreatedDate"|"Newsletter__c"|"AnnualRevenue"'
    assert len(lines) == 9
    assert lines[1].split("|")[3].endswith('.000Z"')


def test_bulk_query_refuses_what_bulk_cannot(client: Client) -> None:
    for soql in (
        "SELECT COUNT(Id) FROM Lead",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT Address FROM Lead",
        "SELECT Id FROM Lead OFFSET 5",
        "SELECT Nope FROM Lead",
    ):
        assert client.post("jobs/query", {"operation": "query", "query": soql}).status_code == 400


def test_bulk_ingest_sorts_results(org: Org, client: Client) -> None:
    text = 'LastName,Company,Email,Tandem_Id__c\nA,"C, ""q""",a@b.example,i1\nB,,x,i2\nC,c,nope,i3\nD,c,,i4\n'
    path = client.ingest("insert", "Lead", text)
    info = client.get(path).json()
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (
        "JobComplete",
        4,
        2,
    )
    good = {row["Tandem_Id__c"]: row for row in rows(client.get(f"{path}/successfulResults/"))}
    bad = {row["Tandem_Id__c"]: row for row in rows(client.get(f"{path}/failedResults"))}
    assert set(good) == {"i1", "i4"}
    assert good["i1"]["sf__Created"] == "true"
    assert org.get("Lead", good["i1"]["sf__Id"])["Company"] == 'C, "q"'
    assert bad["i3"]["sf__Error"] == "INVALID_EMAIL_ADDRESS:Email: invalid email address: nope:Email --"
    assert rows(client.get(f"{path}/unprocessedrecords")) == []


def test_bulk_update_ignores_empty_and_clears_na(org: Org, client: Client) -> None:
    keep = org.create("Lead", {"LastName": "x", "Company": "c", "Title": "t", "Phone": "1", "Rating": "Hot"})
    client.ingest("update", "Lead", f"Id,Title,Phone,Rating\n{keep},,#N/A,Cold\n")
    record = org.get("Lead", keep)
    assert (record["Title"], record["Phone"], record["Rating"]) == ("t", None, "Cold")
    path = client.ingest(
        "upsert", "Lead", "Tandem_Id__c,LastName,Company\nk1,a,b\n", externalIdFieldName="Tandem_Id__c"
    )
    assert rows(client.get(f"{path}/successfulResults"))[0]["sf__Created"] == "true"
    path = client.ingest("delete", "Lead", f"Id\n{keep}\n")
    assert org.get("Lead", keep)["IsDeleted"] is True


def test_bulk_results_come_out_of_order(client: Client) -> None:
    text = "LastName,Company\n" + "".join(f"n{place:04d},c\n" for place in range(300))
    path = client.ingest("insert", "Lead", text)
    names = [row["LastName"] for row in rows(client.get(f"{path}/successfulResults"))]
    assert sorted(names) == [f"n{place:04d}" for place in range(300)]
    assert names != sorted(names)


def test_bulk_jobs_fail_as_a_whole(org: Org, client: Client) -> None:
    path = client.ingest("insert", "Lead", "LastName,Nope\na,b\n")
    info = client.get(path).json()
    assert (info["state"], info["errorMessage"]) == ("Failed", "InvalidBatch : Field name not found : Nope")
    path = client.ingest("insert", "Lead", "LastName,Company\r\na,b\r\n")
    assert "LineEnding is invalid" in client.get(path).json()["errorMessage"]
    path = client.ingest("insert", "Lead", "LastName,Company\r\na,b\r\n", lineEnding="CRLF")
    assert client.get(path).json()["state"] == "JobComplete"


def test_relationship_columns(org: Org, client: Client) -> None:
    account = org.create("Account", {"Name": "A", "Customer_Number__c": "n-7"})
    path = client.ingest("insert", "Contact", "LastName,Account.Customer_Number__c\nx,n-7\ny,n-8\n")
    good = rows(client.get(f"{path}/successfulResults"))
    assert org.get("Contact", good[0]["sf__Id"])["AccountId"] == account
    assert [row["sf__Error"] for row in rows(client.get(f"{path}/failedResults"))] == [
        "INVALID_FIELD:Foreign key external ID: n-8 not found for field Customer_Number__c in entity Account:--"
    ]


def test_jobs_are_listed_in_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_list, "PAGE_JOBS", 2)
    made = [
        client.post("jobs/ingest", {"operation": "insert", "object": "Lead"}).json()["id"] for _ in range(3)
    ]
    first = client.get("jobs/ingest").json()
    assert (first["done"], [job["id"] for job in first["records"]]) == (False, [made[2], made[1]])
    assert client.get(first["nextRecordsUrl"]).json()["records"][0]["id"] == made[0]
    assert client.get("jobs/ingest?jobType=v2ingest&concurrencyMode=parallel").json()["records"]
    for other in ("jobType=Classic", "isPkChunkingEnabled=true", "concurrencyMode=serial"):
        assert client.get(f"jobs/ingest?{other}").json()["records"] == []
    assert code(client.get("jobs/ingest?queryLocator=x")) == (400, "INVALID_QUERY_LOCATOR")


def test_multipart_create(org: Org, client: Client) -> None:
    answer = client.call(
        "POST",
        "jobs/ingest",
        files={
            "job": (None, '{"object":"Lead","operation":"insert"}', "application/json"),
            "content": ("c", "LastName,Company\nMulti,c\n", "text/csv"),
        },
    )
    assert answer.status_code == 200, answer.text
    client.finished(f"jobs/ingest/{answer.json()['id']}")
    assert org.query("SELECT Id FROM Lead WHERE LastName = 'Multi'")
