"""Many clients at once: nothing is lost, nobody sees half a transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from http_client import Client

from sandbox import Org, Server

CLIENTS = 12
ROUNDS = 15


def test_no_write_is_lost(org: Org, server: Server) -> None:
    before = org.count("Lead")

    def work(number: int) -> list[str]:
        made = []
        with Client(server.url, org.client_id, org.client_secret) as client:
            for turn in range(ROUNDS):
                lead = client.create("Lead", LastName=f"w{number}-{turn}", Company="c")
                assert client.patch(f"sobjects/Lead/{lead}", {"Title": f"t{turn}"}).status_code == 204
                made.append(lead)
        return made

    with ThreadPoolExecutor(CLIENTS) as threads:
        ids = [lead for made in threads.map(work, range(CLIENTS)) for lead in made]
    assert len(set(ids)) == CLIENTS * ROUNDS == org.count("Lead") - before
    titles = [row["Title"] for row in org.query("SELECT Title FROM Lead WHERE LastName LIKE 'w%-%'")]
    assert sorted(titles) == sorted(f"t{turn}" for turn in range(ROUNDS) for _ in range(CLIENTS))


def test_readers_see_whole_transactions(org: Org, server: Server) -> None:
    org.update_many("Lead", None, {"Title": "0", "Website": "0"})

    def read(number: int) -> int:
        seen = set()
        with Client(server.url, org.client_id, org.client_secret) as client:
            for _ in range(ROUNDS):
                rows = client.query("SELECT Title, Website FROM Lead LIMIT 2000").json()["records"]
                pairs = {(row["Title"], row["Website"]) for row in rows}
                assert len(pairs) == 1, pairs
                assert len(set(next(iter(pairs)))) == 1
                seen |= pairs
        return len(seen)

    with ThreadPoolExecutor(5) as threads:
        readers = [threads.submit(read, number) for number in range(4)]
        turn = 0
        while not all(reader.done() for reader in readers):
            turn += 1
            org.update_many("Lead", None, {"Title": str(turn), "Website": str(turn)})
        assert max(reader.result() for reader in readers) > 1


def test_a_bulk_job_is_one_moment(org: Org, server: Server, client: Client) -> None:
    org.update_many("Lead", None, {"Title": "0"})
    with ThreadPoolExecutor(1) as threads:
        jobs = threads.submit(lambda: [client.bulk_query("SELECT Title FROM Lead") for _ in range(8)])
        turn = 0
        while not jobs.done():
            turn += 1
            org.update_many("Lead", None, {"Title": str(turn)})
    assert [len({row["Title"] for row in rows}) for rows in jobs.result()] == [1] * 8
