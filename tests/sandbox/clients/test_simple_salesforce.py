"""simple-salesforce, unmodified: its logins, collections and Bulk 1.0; `../test_clients.py` has its rows and Bulk 2.0.

The library writes https everywhere; an adapter on its public `session` argument takes that to loopback.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession
from simple_salesforce.format import format_soql

from sandbox import Org, Server


class Loopback(requests.adapters.HTTPAdapter):
    def __init__(self, to: str) -> None:
        super().__init__()
        self._to = to

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.url = urlunsplit(("http", self._to, parts.path, parts.query, ""))
        return super().send(request, *args, **kwargs)


@pytest.fixture
def session(server: Server) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Loopback(urlsplit(server.url).netloc))
    return session


@pytest.fixture
def sf(org: Org, session: requests.Session) -> Salesforce:
    return Salesforce(
        consumer_key=org.client_id,
        consumer_secret=org.client_secret,
        domain="acme.my",
        session=session,
        version="60.0",
    )


def test_logins(org: Org, session: requests.Session, sf: Salesforce) -> None:
    assert sf.query("SELECT COUNT() FROM User")["totalSize"] > 0
    by_soap = Salesforce(
        username=org.username,
        password=org.password,
        security_token=org.security_token,
        session=session,
        version="60.0",
    )
    assert by_soap.query("SELECT Id FROM User LIMIT 1")["done"] is True
    by_password = Salesforce(
        username=org.username,
        password=org.password + org.security_token,
        consumer_key=org.client_id,
        consumer_secret=org.client_secret,
        session=session,
        version="60.0",
    )
    assert by_password.describe()["maxBatchSize"] == 200
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(username=org.username, password="x", security_token="", session=session)
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
        Salesforce(consumer_key="x", consumer_secret="y", domain="acme.my", session=session)


def test_login_over_plain_http(org: Org, server: Server) -> None:
    token, instance = SalesforceLogin(
        username=org.username,
        password=org.password,
        security_token=org.security_token,
        scratch_url=server.url,
        sf_version="60.0",
    )
    assert (token.startswith("00D"), instance) == (True, urlsplit(server.url).netloc)


def test_an_expired_session_is_renewed_where_the_library_logged_in(org: Org, session: Any, sf: Any) -> None:
    org.expire_sessions()
    assert sf.limits()["DailyApiRequests"]["Max"] == 15_000
    given = Salesforce(instance_url="https://acme.my", session_id="x", session=session, version="60.0")
    with pytest.raises(SalesforceExpiredSession):
        given.limits()


def test_collections_by_restful(sf: Salesforce) -> None:
    records = [{"attributes": {"type": "Lead"}, "LastName": f"c{n}", "Company": "c"} for n in range(3)]
    made = sf.restful(
        "composite/sobjects", method="POST", json={"records": [*records, records[0] | {"LastName": ""}]}
    )
    assert [row["success"] for row in made] == [True, True, True, False]
    ids = [row["id"] for row in made[:3]]
    read = sf.restful("composite/sobjects/Lead", params={"ids": ",".join(ids), "fields": "LastName"})
    assert [row["LastName"] for row in read] == ["c0", "c1", "c2"]
    gone = sf.restful("composite/sobjects", method="DELETE", params={"ids": ",".join(ids)})
    assert all(row["success"] for row in gone)


def test_pages_by_hand_and_by_iterator(org: Org, sf: Salesforce) -> None:
    org.create_many("Lead", [{"LastName": f"n{n}", "Company": "O'Neil \\ 100%"} for n in range(2100)])
    soql = format_soql(
        "SELECT Id FROM Lead WHERE Company = {} AND Company LIKE '{:like}%'", "o'neil \\ 100%", "O'"
    )
    first = sf.query(soql)
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (first["totalSize"], len(second["records"]), second["done"]) == (2100, 100, True)
    assert len(list(sf.query_all_iter(soql))) == 2100
    org.delete("Lead", first["records"][0]["Id"])
    assert sf.query(soql, include_deleted=True)["totalSize"] == 2100


def test_updated_and_deleted(org: Org, sf: Salesforce) -> None:
    now = org.clock.now()
    lead = sf.Lead.create({"LastName": "x", "Company": "c"})["id"]
    sf.Lead.delete(lead)
    found = sf.Lead.deleted(now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert [row["id"] for row in found["deletedRecords"]] == [lead]
    assert found["latestDateCovered"]


def test_bulk1(sf: Salesforce) -> None:
    rows = [{"LastName": f"o{n}", "Company": "one"} for n in range(30)]
    made = sf.bulk.Lead.insert(rows, batch_size=10, use_serial=True)
    assert [row["success"] for row in made] == [True] * 30
    soql = "SELECT Id, LastName FROM Lead WHERE Company = 'one'"
    assert len(sf.bulk.Lead.query(soql, lazy_operation=False)) == 30
    changed = [{"Tandem_Id__c": "one", "LastName": "z", "Company": "one"}]
    assert sf.bulk.Lead.upsert(changed, "Tandem_Id__c")[0]["created"] is True
    assert sf.bulk.Lead.update([{"Id": made[0]["id"], "LastName": "y"}])[0]["success"] is True
    gone = sf.bulk.Lead.delete([{"Id": row["id"]} for row in made])
    assert all(row["success"] for row in gone)
