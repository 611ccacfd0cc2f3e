"""Login, sessions, field-level security, record visibility, limits."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from http_client import Client, code

from sandbox import Org, Server


def token(server: Server, **form: Any) -> requests.Response:
    return requests.post(f"{server.url}/services/oauth2/token", data=form, timeout=20)


def test_client_credentials(org: Org, server: Server) -> None:
    good = token(
        server, grant_type="client_credentials", client_id=org.client_id, client_secret=org.client_secret
    ).json()
    assert good["instance_url"] == server.url
    assert good["id"].endswith(f"/{org.sync_user_id}")
    bearer = {"Authorization": f"Bearer {good['access_token']}"}
    assert requests.get(good["id"], headers=bearer, timeout=20).json()["user_id"] == org.sync_user_id
    other = requests.get(good["id"].replace(org.sync_user_id, org.admin_id), headers=bearer, timeout=20)
    assert (other.status_code, other.text) == (404, "Bad_Id")
    bad = token(server, grant_type="client_credentials", client_id=org.client_id, client_secret="no")
    assert (bad.status_code, bad.json()) == (
        400,
        {"error": "invalid_client", "error_description": "invalid client credentials"},
    )
    assert token(server, grant_type="magic").json()["error"] == "unsupported_grant_type"
    whole = token(
        server,
        grant_type="password",
        client_id=org.client_id,
        client_secret=org.client_secret,
        username=org.username,
        password=org.password,
    ).json()
    again = token(
        server, grant_type="refresh_token", client_id=org.client_id, refresh_token=whole["refresh_token"]
    )
    assert again.status_code == 200


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def assertion(org: Org, server: Server, key: rsa.RSAPrivateKey, **claims: Any) -> requests.Response:
    whole = {
        "iss": org.client_id,
        "sub": org.username,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 120,
        **claims,
    }
    return token(
        server,
        grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion=jwt.encode(whole, key, algorithm="RS256"),
    )


def test_jwt_bearer_is_checked(org: Org, server: Server, key: rsa.RSAPrivateKey) -> None:
    assert assertion(org, server, key).json()["error"] == "invalid_grant"
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    org.trust_jwt(pem)
    good = assertion(org, server, key)
    assert good.status_code == 200, good.text
    session = {"Authorization": f"Bearer {good.json()['access_token']}"}
    info = requests.get(f"{server.url}/services/oauth2/userinfo", headers=session, timeout=20).json()
    assert info["user_id"] == org.sync_user_id
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert assertion(org, server, stranger).status_code == 400
    assert assertion(org, server, key, exp=int(time.time()) - 10).json()["error"] == "invalid_grant"
    assert assertion(org, server, key, sub="nobody").json()["error"] == "invalid_grant"
    assert assertion(org, server, key, aud="https://evil.example").json()["error"] == "invalid_grant"


def test_sessions_end(org: Org, client: Client) -> None:
    org.expire_sessions()
    answer = client.get("limits")
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_sessions_slide(org: Org, client: Client) -> None:
    for _ in range(3):
        org.clock.advance(hours=1.5)
        assert client.get("limits").status_code == 200
    org.clock.advance(hours=2.5)
    assert client.get("limits").status_code == 401


def test_without_api_permission(org: Org, client: Client) -> None:
    org.set_permission("ApiEnabled", False)
    assert code(client.get("limits")) == (403, "API_DISABLED_FOR_ORG")


def test_hidden_fields_do_not_exist(org: Org, client: Client) -> None:
    seen = client.get("sobjects/Lead/describe")
    org.hide_field("Lead", "Rating")
    since = {"If-Modified-Since": seen.headers["Last-Modified"]}
    again = client.get("sobjects/Lead/describe", headers=since)
    assert again.status_code == 200
    assert "Rating" not in {field["name"] for field in again.json()["fields"]}
    assert code(client.query("SELECT Id FROM Lead WHERE Rating = 'Hot'")) == (400, "INVALID_FIELD")
    answer = client.post("sobjects/Lead", {"LastName": "x", "Company": "c", "Rating": "Hot"})
    assert code(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    record_id = client.create("Lead", LastName="x", Company="c")
    assert "Rating" not in client.get(f"sobjects/Lead/{record_id}").json()
    org.show_field("Lead", "Rating")
    assert client.patch(f"sobjects/Lead/{record_id}", {"Rating": "Hot"}).status_code == 204


def test_read_only_fields_can_be_read(org: Org, client: Client) -> None:
    org.set_field_read_only("Lead", "Rating")
    described = client.get("sobjects/Lead/describe").json()["fields"]
    rating = next(field for field in described if field["name"] == "Rating")
    assert (rating["createable"], rating["updateable"]) == (False, False)
    answer = client.post("sobjects/Lead", {"LastName": "x", "Company": "c", "Rating": "Hot"})
    assert answer.json()[0]["message"].startswith("Unable to create/update fields: Rating. Please check the")
    assert client.query("SELECT Rating FROM Lead LIMIT 1").status_code == 200


def test_hidden_records_are_nowhere(org: Org, client: Client) -> None:
    record_id = client.create("Lead", LastName="Hide", Company="c", Tandem_Id__c="h-1")
    org.hide_record("Lead", record_id)
    assert client.query("SELECT COUNT() FROM Lead WHERE LastName = 'Hide'").json()["totalSize"] == 0
    assert client.query("SELECT Id FROM Lead WHERE LastName = 'Hide'", "queryAll").json()["records"] == []
    assert client.bulk_query("SELECT Id FROM Lead WHERE LastName = 'Hide'") == []
    assert code(client.get(f"sobjects/Lead/{record_id}")) == (404, "NOT_FOUND")
    refused = client.patch(f"sobjects/Lead/{record_id}", {"Title": "x"})
    assert code(refused) == (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")
    assert org.query("SELECT Id FROM Lead WHERE LastName = 'Hide'")
    org.show_record("Lead", record_id)
    assert client.get(f"sobjects/Lead/{record_id}").status_code == 200


def test_daily_limit(org: Org, client: Client) -> None:
    org.set_api_limit(2)
    assert client.get("limits").headers["Sforce-Limit-Info"] == "api-usage=1/2"
    assert client.get("/services/data").status_code == 200
    assert client.get("limits").status_code == 200
    answer = client.get("limits")
    assert answer.status_code == 403
    assert answer.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    org.clock.advance(days=1, seconds=1)
    assert client.get("limits").status_code == 401


def test_versions(client: Client) -> None:
    versions = client.get("/services/data").json()
    assert {"label": "Spring '24", "url": "/services/data/v60.0", "version": "60.0"} in versions
    assert code(client.get("/services/data/v20.0/limits")) == (410, "GONE")
    assert code(client.get("/services/data/v99.0/limits")) == (404, "NOT_FOUND")
    assert client.get("").json()["sobjects"] == "/services/data/v60.0/sobjects"


def test_schema_changes_show(org: Org, client: Client) -> None:
    org.add_field("Lead", "Tier__c", type="string", length=80, label="Tier")
    record_id = client.create("Lead", LastName="x", Company="c", Tier__c="gold")
    org.rename_field("Lead", "Tier__c", "Level__c")
    assert client.get(f"sobjects/Lead/{record_id}").json()["Level__c"] == "gold"
    org.retype_field("Lead", "Level__c", type="double", precision=5, scale=1)
    assert client.get(f"sobjects/Lead/{record_id}").json()["Level__c"] is None
    org.relabel_field("Lead", "Level__c", "How high")
    fields = {field["name"]: field for field in client.get("sobjects/Lead/describe").json()["fields"]}
    assert (fields["Level__c"]["type"], fields["Level__c"]["label"]) == ("double", "How high")
    org.delete_field("Lead", "Level__c")
    assert code(client.query("SELECT Level__c FROM Lead")) == (400, "INVALID_FIELD")
