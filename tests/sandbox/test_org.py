"""The org without HTTP: seeds, snapshots, files, the command."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sandbox import Org, ids


def test_the_same_seed_gives_the_same_people() -> None:
    first, again, other = Org(people=60, seed=3), Org(people=60, seed=3), Org(people=60, seed=4)
    soql = "SELECT Id, Name, Email, Company, Description FROM Lead ORDER BY Id"
    assert first.query(soql) == again.query(soql) != other.query(soql)
    assert (first.count("Lead"), first.count("Contact"), first.count("Account")) == (36, 24, 5)


def test_seeded_records_are_quiet() -> None:
    org = Org(people=300)
    for name in ("Account", "Contact", "Lead"):
        newest = org.query(f"SELECT MAX(SystemModstamp) s, MIN(CreatedDate) c FROM {name}")[0]
        limit = (org.clock.now() - timedelta(days=2)).isoformat()
        assert newest["c"][:4] < newest["s"][:19] <= limit[:19]
    rows = org.query("SELECT Id, CreatedDate, SystemModstamp FROM Lead")
    assert all(row["CreatedDate"] <= row["SystemModstamp"] for row in rows)
    assert all(ids.to18(row["Id"][:15]) == row["Id"] for row in rows)


def test_snapshots_go_back() -> None:
    org = Org(people=20)
    kept = org.snapshot()
    lead = org.create("Lead", {"LastName": "x", "Company": "c"})
    org.add_field("Lead", "New__c")
    org.hide_field("Lead", "Rating")
    org.clock.advance(days=1)
    org.restore(kept)
    assert org.query(f"SELECT Id FROM Lead WHERE Id = '{lead}'") == []
    assert org.core.schema["Lead"].find("New__c") is None
    assert org.core.profiles[org.core.user(org.sync_user_id).profile.id].hidden == set()
    org.create("Lead", {"LastName": "x", "Company": "c"})


def test_files_keep_everything(tmp_path: Path) -> None:
    path = tmp_path / "org.duckdb"
    org = Org(people=20, path=path)
    lead = org.create("Lead", {"LastName": "Kept", "Company": "c"})
    org.add_field("Lead", "Tier__c", type="picklist", values=["a", "b"], restricted=True)
    org.add_validation_rule("Lead", "no", "LastName = 'No'", "never")
    secret = org.client_secret
    org.close()
    again = Org(path=path)
    assert again.get("Lead", lead)["LastName"] == "Kept"
    assert [choice.value for choice in again.core.schema["Lead"].fields["Tier__c"].choices] == ["a", "b"]
    assert (again.client_secret, len(again.core.rulebook.validation)) == (secret, 1)
    assert again.create("Lead", {"LastName": "x", "Company": "c"}) > lead
    again.close()


@given(st.integers(min_value=0, max_value=62**9 - 1), st.sampled_from(["00Q", "003", "a0X"]))
def test_ids_survive_any_case(number: int, prefix: str) -> None:
    record_id = ids.make(prefix, number)
    assert ids.parse(record_id) == ids.parse(record_id[:15]) == (prefix, number)
    assert ids.to18(record_id.lower()) == record_id


def test_the_command_says_when_the_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port", str(port), "--people", "0"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr


def test_the_command_prints_where_and_who() -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--people", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(7)]
        running.terminate()
        assert running.wait(timeout=30) == 0
    assert "http://127.0.0.1:" in lines[1]
    assert lines[2].split()[:2] == ["client", "id"]


@given(st.integers(min_value=0, max_value=62**6), st.integers(min_value=1, max_value=200))
def test_sequences_are_single_ids(first: int, count: int) -> None:
    numbers = range(first, first + count)
    assert list(ids.sequence("00Q", numbers)) == [ids.make("00Q", number) for number in numbers]
