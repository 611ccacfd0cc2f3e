"""Login, sessions, limits and weather, against the sandbox over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tandem.errors import AuthenticationError, BudgetExhausted, SalesforceError
from tandem.salesforce.changes import ChangeQuery, read_changes
from tandem.salesforce.describe import describe_objects
from tandem.salesforce.permissions import examine
from tandem.settings import ApiBudget

COMPOSITE = "POST /services/data/*/composite"
QUERY = ChangeQuery("Lead", ("Id", "SystemModstamp"), None, "LastName = 'Nobody'")


@pytest.fixture
def key_file(tmp_path: Path) -> tuple[Path, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return path, public


def test_client_credentials_log_in(wire: Any) -> None:
    identity = wire.connect().identity()
    assert identity.username == wire.org.username
    assert identity.user_id == wire.org.sync_user_id


def test_a_jwt_logs_in(wire: Any, key_file: tuple[Path, bytes]) -> None:
    path, public = key_file
    wire.org.trust_jwt(public)
    given = {"login": "jwt_bearer", "username": wire.org.username, "private_key_file": path}
    assert wire.connect(**given).identity().username == wire.org.username


def test_a_jwt_by_a_strangers_key_is_refused(wire: Any, key_file: tuple[Path, bytes]) -> None:
    given = {"login": "jwt_bearer", "username": wire.org.username, "private_key_file": key_file[0]}
    with pytest.raises(AuthenticationError) as refused:
        wire.connect(**given)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"client_secret": "wrong"}, {"client_id": "wrong"}])
def test_wrong_credentials_name_what_to_check(wire: Any, wrong: dict[str, str]) -> None:
    with pytest.raises(AuthenticationError, match="TANDEM_SALESFORCE__CLIENT_ID") as refused:
        wire.connect(**wrong)
    assert "wrong" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_user_without_the_api_is_told_so(wire: Any) -> None:
    wire.org.set_permission("ApiEnabled", False)
    with pytest.raises(AuthenticationError, match="API Enabled"):
        read_changes(wire.connect(), [QUERY], 2000)


def test_an_ended_session_is_renewed_in_mid_run(wire: Any) -> None:
    connection = wire.connect()
    for _ in range(3):
        wire.org.expire_sessions()
        assert read_changes(connection, [QUERY], 2000)["Lead"].rows == []
    assert len(wire.paths("oauth2/token")) == 4


def test_the_daily_limit_stops_the_run(wire: Any) -> None:
    connection = wire.connect(budget=ApiBudget(reserve=0))
    wire.org.set_api_limit(2)
    read_changes(connection, [QUERY], 2000)
    read_changes(connection, [QUERY], 2000)
    with pytest.raises(BudgetExhausted):
        read_changes(connection, [QUERY], 2000)


def test_the_reserve_is_left_to_others(wire: Any) -> None:
    wire.org.set_api_limit(10)
    connection = wire.connect(budget=ApiBudget(reserve=0.5))
    for _ in range(5):
        read_changes(connection, [QUERY], 2000)
    with pytest.raises(BudgetExhausted, match="5 of its 10"):
        read_changes(connection, [QUERY], 2000)
    assert wire.org.api_calls_used == 5


def test_our_own_budget_stops_the_run(wire: Any) -> None:
    connection = wire.connect(budget=ApiBudget(daily_calls=12), spent=10)
    for _ in range(2):
        read_changes(connection, [QUERY], 2000)
    with pytest.raises(BudgetExhausted, match="12 of our 12"):
        read_changes(connection, [QUERY], 2000)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 503, "code": "SERVER_UNAVAILABLE", "times": 3},
        {"kind": "status", "status": 500, "code": "SERVER_UNAVAILABLE"},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "cut_body"},
    ],
)
def test_bad_weather_passes(wire: Any, fault: dict[str, Any]) -> None:
    connection = wire.connect()
    wire.org.faults.add(match=COMPOSITE, **fault)
    assert read_changes(connection, [QUERY], 2000)["Lead"].rows == []
    assert connection.meter.count == 1 + fault.get("times", 1)


def test_bad_weather_at_login_passes(wire: Any) -> None:
    wire.org.faults.add(match="POST /services/oauth2/token", kind="status", status=503, times=2)
    assert wire.connect().identity().username == wire.org.username


def test_weather_that_stays_ends_in_one_line(wire: Any) -> None:
    wire.org.faults.add(match=COMPOSITE, kind="drop_before", times=None)
    with pytest.raises(SalesforceError) as gone:
        read_changes(wire.connect(max_attempts=2), [QUERY], 2000)
    assert gone.value.code == "CONNECTION_LOST"
    assert "\n" not in str(gone.value)


def test_our_count_of_calls_is_the_orgs(wire: Any) -> None:
    wire.org.set_api_limit(15_000)
    connection = wire.connect()
    examine(connection, ["Lead", "Contact"])
    read_changes(connection, [QUERY], 2000)
    assert connection.meter.count == wire.org.api_calls_used
    assert connection.meter.org_usage == (wire.org.api_calls_used, 15_000)


def test_examining_tells_what_the_user_may_do(wire: Any) -> None:
    wire.org.hide_field("Lead", "Fax")
    wire.org.set_field_read_only("Lead", "Title")
    found = examine(wire.connect(), ["Lead", "Account", "Nonsense__c"])
    assert found.identity.username == wire.org.username
    assert found.hidden == ("Nonsense__c",)
    lead = found.objects["Lead"]
    assert lead.createable
    assert "Fax" not in lead.fields
    assert not lead.fields["Title"].updateable
    assert {name for name, field in lead.fields.items() if field.required_on_create} >= {
        "LastName",
        "Company",
    }
    assert found.api_calls_limit == 15_000


def test_descriptions_come_again_only_when_changed(wire: Any) -> None:
    connection = wire.connect()
    names = ["Lead", "Contact", "Account", "User", "Group"]
    first = describe_objects(connection, names)
    known = {name: found.last_modified for name, found in first.items() if found and found.last_modified}
    assert set(known) == set(names)
    assert describe_objects(connection, names, known) == dict.fromkeys(names)
    assert len(wire.paths("composite")) == 2
