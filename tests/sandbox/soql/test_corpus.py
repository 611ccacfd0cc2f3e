"""601 queries: what the sandbox makes of each, and what an independent parser makes of it.

`corpus.jsonl` holds one query a line. `verdict` and `code` are a real org's as far as the reference tells;
`meaning` marks what only an org with a schema can refuse, so the parser must find it well-formed; `judge` marks
where the parser is laxer or stricter than the reference, and `note` says by which fact.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import node_tools
import pytest
from http_client import Client, rows

from sandbox import Org, serve
from sandbox.errors import ApiError

ROWS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
]


def outcome(org: Org, soql: str) -> tuple[str, str | None]:
    try:
        org.query(soql)
    except ApiError as error:
        return "reject", error.code if error.status == 400 else f"{error.status} {error.code}"
    return "accept", None


def test_the_corpus_is_broad() -> None:
    assert len({row["soql"] for row in ROWS}) == len(ROWS) >= 600
    assert sum(row["verdict"] == "accept" for row in ROWS) >= 250
    assert all(row["note"] for row in ROWS)


def test_every_query_meets_its_verdict(small: Org) -> None:
    wrong = [
        (row["soql"], found, row["verdict"], row.get("code"))
        for row in ROWS
        if (found := outcome(small, row["soql"])) != (row["verdict"], row.get("code"))
    ]
    assert wrong == []


def test_an_independent_parser_agrees(pytestconfig: pytest.Config) -> None:
    text = json.dumps([row["soql"] for row in ROWS])
    complaints = json.loads(node_tools.run(pytestconfig, "soql-judge.cjs", text))
    wrong = []
    for row, complaint in zip(ROWS, complaints, strict=True):
        expected = row.get("judge") or ("accept" if row.get("meaning") else row["verdict"])
        if ("reject" if complaint else "accept") != expected:
            wrong.append((row["soql"], expected, complaint))
    assert wrong == []


def test_exceptions_say_why() -> None:
    excepted = [row for row in ROWS if "judge" in row]
    assert all(row["judge"] != row["verdict"] for row in excepted)
    assert all(row["note"].split(":")[0] in ("laxer", "stricter") for row in excepted)
    assert len(excepted) < len(ROWS) // 20


def test_bulk_runs_what_it_takes_and_finds_the_same(small: Org) -> None:
    with serve(small) as server, Client(server.url, small.client_id, small.client_secret) as client:
        taken = 0
        for row in ROWS[::4]:
            if row["verdict"] != "accept" or "LIMIT" in row["soql"]:
                continue
            answer = client.post("jobs/query", {"operation": "query", "query": row["soql"]})
            if answer.status_code == 400:
                continue
            path = f"jobs/query/{answer.json()['id']}"
            assert client.finished(path)["state"] == "JobComplete", row["soql"]
            by_rest = client.query(row["soql"]).json()
            assert len(rows(client.get(f"{path}/results"))) == by_rest["totalSize"], row["soql"]
            taken += 1
        assert taken > 30
