"""simple-salesforce, unmodified, through everything it offers; an adapter turns its https into loopback's http."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from http_client import Client
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from sandbox import Org, Server


class Loopback(requests.adapters.HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url)
        request.url = urlunsplit(("http", str(parts.netloc), str(parts.path), str(parts.query), ""))
        return super().send(request, *args, **kwargs)


@pytest.fixture
def sf(org: Org, server: Server, client: Client) -> Salesforce:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Loopback())
    return Salesforce(instance_url=server.url, session_id=client.token, session=session, version="60.0")


def test_rows(sf: Salesforce) -> None:
    lead = sf.Lead.create({"LastName": "x", "Company": "c", "Email": "a@b.example"})["id"]
    assert sf.Lead.update(lead, {"Title": "t"}) == 204
    assert sf.Lead.get(lead)["Title"] == "t"
    assert sf.Lead.upsert("Tandem_Id__c/s1", {"LastName": "y", "Company": "c"}) == 201
    assert sf.Lead.get_by_custom_id("Tandem_Id__c", "s1")["LastName"] == "y"
    assert sf.Lead.delete(lead) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Lead.get(lead)
    with pytest.raises(SalesforceMalformedRequest):
        sf.Lead.create({"LastName": "x"})
    for _ in range(2):
        sf.Lead.create({"LastName": "x", "Company": "c", "Email": "two@b.example"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Lead.upsert("Email/two@b.example", {"LastName": "z"})


def test_queries_and_describes(org: Org, sf: Salesforce) -> None:
    org.create_many("Lead", [{"LastName": f"n{n}", "Company": "c"} for n in range(2100)])
    found = sf.query_all("SELECT Id, Owner.Name FROM Lead")
    assert (found["done"], len(found["records"])) == (True, org.count("Lead"))
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == org.count("Contact")
    assert any(item["name"] == "Lead" for item in sf.describe()["sobjects"])
    assert sf.Lead.describe()["keyPrefix"] == "00Q"
    assert sf.limits()["DailyApiRequests"]["Max"] == 15000
    assert sf.api_usage["api-usage"].total == 15000


def test_bulk2(org: Org, sf: Salesforce, tmp_path: Any) -> None:
    done = sf.bulk2.Lead.insert(
        records=[{"LastName": f"b{n}", "Company": "c, d"} for n in range(300)], wait=0.1
    )
    assert sum(item["numberRecordsProcessed"] for item in done) == 300
    assert sf.bulk2.Lead.get_failed_records(done[0]["job_id"]).strip().count("\n") == 0
    pages = list(
        sf.bulk2.Lead.query(
            "SELECT Id, LastName FROM Lead WHERE LastName LIKE 'b%'", max_records=1000, wait=0.1
        )
    )
    assert sum(page.count("c, d") == 0 and page.strip().count("\n") for page in pages) >= 300
    ids = [
        row["Id"] for row in org.query("SELECT Id FROM Lead WHERE LastName LIKE 'b%' AND Company = 'c, d'")
    ]
    sf.bulk2.Lead.delete(records=[{"Id": item} for item in ids[:10]], wait=0.1)
    assert org.count("Lead") == 300 + 290


def test_deleted_and_updated(org: Org, sf: Salesforce) -> None:
    lead = org.create("Lead", {"LastName": "x", "Company": "c"})
    start = org.clock.now()
    org.clock.advance(seconds=180)
    found = sf.Lead.updated(start, org.clock.now())
    assert lead in found["ids"]
