"""An hour of mixed traffic in some seconds: fifty connections, REST and Bulk, and a clock that runs fast.

Every worker writes only what it can account for, so at the end each record says which write came last.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from http_client import Client

from sandbox import Org, Server, serve

WRITERS, READERS, LOADERS = 30, 14, 6
"""Fifty connections at once."""
ROUNDS = 12
PAIRED = ("Title", "Website")
"""Always written together and alike: different values in one row are half a transaction."""


@pytest.fixture(scope="module")
def busy() -> Iterator[tuple[Org, Server]]:
    org = Org(people=200, seed=11)
    org.set_limit("DailyApiRequests", 1_000_000)
    with serve(org) as server:
        yield org, server
    org.close()


class Traffic:
    """What the clients do, and what must be true afterwards."""

    def __init__(self, org: Org, server: Server) -> None:
        self.org = org
        self.server = server
        self.expected: dict[str, str] = {}
        self.leads = org.create_many(
            "Lead",
            [{"LastName": f"l{n}", "Company": "load", "Title": "0", "Website": "0"} for n in range(40)],
        )

    def client(self) -> Client:
        return Client(self.server.url, self.org.client_id, self.org.client_secret)

    def write(self, number: int) -> None:
        """Single rows, collections and upserts of the worker's own leads; one lead that all fight for."""
        draw = random.Random(number)
        mine = self.leads[number]
        with self.client() as client:
            for turn in range(ROUNDS):
                value = f"{number}-{turn}"
                pair = dict.fromkeys(PAIRED, value)
                kind = draw.randrange(4)
                if kind == 0:
                    assert client.patch(f"sobjects/Lead/{mine}", pair).status_code == 204
                elif kind == 1:
                    records = [
                        {"attributes": {"type": "Lead"}, "id": lead, **pair}
                        for lead in (mine, self.leads[-1])
                    ]
                    answer = client.patch("composite/sobjects", {"allOrNone": True, "records": records})
                    assert all(row["success"] for row in answer.json()), answer.text
                elif kind == 2:
                    part = {"method": "PATCH", "referenceId": "r", "body": pair}
                    part["url"] = f"/services/data/v60.0/sobjects/Lead/{mine}"
                    answer = client.post("composite", {"compositeRequest": [part]})
                    assert answer.json()["compositeResponse"][0]["httpStatusCode"] == 204
                else:
                    path = f"sobjects/Lead/Tandem_Id__c/w{number}"
                    body = {"LastName": "u", "Company": "load", **pair}
                    assert client.patch(path, body).status_code in (200, 201)
                    self.expected[f"Tandem_Id__c = 'w{number}'"] = value
                    continue
                self.expected[f"Id = '{mine}'"] = value

    def read(self, number: int) -> None:
        """Queries in pages, rows, changed ids: never half a write."""
        with self.client() as client:
            for turn in range(ROUNDS):
                soql = f"SELECT Id, {', '.join(PAIRED)} FROM Lead WHERE Company = 'load'"
                answer = client.query(soql, headers={"Sforce-Query-Options": "batchSize=200"})
                rows = answer.json()["records"]
                rows.append(client.get(f"sobjects/Lead/{self.leads[turn]}").json())
                for row in rows:
                    assert row["Title"] == row["Website"], row
                assert len({row["Id"] for row in answer.json()["records"]}) == len(rows) - 1

    def load(self, number: int) -> None:
        """Bulk 2.0 in and out."""
        with self.client() as client:
            for turn in range(ROUNDS // 4):
                lines = "".join(f"b{number}-{turn}-{n},load,{turn},{turn}\n" for n in range(100))
                path = client.ingest("insert", "Lead", f"LastName,Company,Title,Website\n{lines}")
                assert client.get(path).json()["numberRecordsFailed"] == 0
                soql = f"SELECT Title, Website FROM Lead WHERE LastName LIKE 'b{number}-%'"
                rows = client.bulk_query(soql)
                assert len(rows) == 100 * (turn + 1)
                assert all(row["Title"] == row["Website"] for row in rows)
                assert client.delete(path).status_code == 204

    def run(self) -> None:
        """All of them at once, while an hour goes by."""
        with ThreadPoolExecutor(WRITERS + READERS + LOADERS) as threads:
            work: list[Future[None]] = [
                threads.submit(what, number)
                for what, count in ((self.write, WRITERS), (self.read, READERS), (self.load, LOADERS))
                for number in range(count)
            ]
            for each in work:
                each.result()
                self.org.clock.advance(seconds=3600 / len(work))


def test_an_hour_of_traffic(busy: tuple[Org, Server]) -> None:
    org, server = busy
    traffic = Traffic(org, server)
    traffic.run()
    for where, value in traffic.expected.items():
        rows = org.query(f"SELECT Title, Website FROM Lead WHERE {where}")
        assert [(row["Title"], row["Website"]) for row in rows] == [(value, value)], where
    shared = org.get("Lead", traffic.leads[-1])
    assert shared["Title"] == shared["Website"]
    loaded = org.query("SELECT COUNT(Id) n FROM Lead WHERE LastName LIKE 'b%-%-%'")[0]["n"]
    assert loaded == LOADERS * (ROUNDS // 4) * 100
    assert {entry.status for entry in org.requests} <= {200, 201, 204}


def tables(org: Org) -> int:
    """Bytes that the database holds."""
    return int(org.core.store.run("SELECT sum(memory_usage_bytes) FROM duckdb_memory()")[0][0])


def test_memory_stays_flat(busy: tuple[Org, Server]) -> None:
    org, server = busy
    with Client(server.url, org.client_id, org.client_secret) as client:

        def some() -> None:
            for turn in range(25):
                client.patch("sobjects/Lead/Tandem_Id__c/flat", {"LastName": "x", "Company": str(turn)})
                client.query("SELECT Id, Name FROM Lead LIMIT 50")
            client.delete(client.ingest("update", "Lead", "Id,Title\n"))
            org.requests.clear()

        some()
        tracemalloc.start()
        try:
            some()
            gc.collect()
            before, stored = tracemalloc.get_traced_memory()[0], tables(org)
            for _ in range(3):
                some()
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
    # What 150 requests leave behind would show: their bodies alone are a megabyte.
    assert grown < 300_000
    assert tables(org) - stored < 10_000_000
