"""jsforce, unmodified, over plain http; its script is `../node/jsforce-script.cjs`, one process for many steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import node_tools
import pytest

from sandbox import Org, Server

Run = Callable[..., None]


@pytest.fixture
def run(org: Org, server: Server, pytestconfig: pytest.Config) -> Run:
    def go(*steps: str) -> None:
        now = org.clock.now()
        printed = node_tools.run(
            pytestconfig,
            "jsforce-script.cjs",
            STEPS=",".join(steps),
            ORG_URL=server.url,
            CLIENT_ID=org.client_id,
            CLIENT_SECRET=org.client_secret,
            ORG_USER=org.username,
            ORG_PASSWORD=org.password,
            ORG_TOKEN=org.security_token,
            USER_ID=org.sync_user_id,
            FROM=(now - timedelta(minutes=5)).isoformat(),
            UNTIL=(now + timedelta(minutes=5)).isoformat(),
        )
        outcome = json.loads(printed)
        failed = {step: complaint for step, complaint in outcome.items() if complaint != "ok"}
        assert failed == {}, "\n\n".join(failed.values())
        assert set(outcome) == {"logins", *steps}

    return go


def test_rest_bulk2_and_soap(org: Org, run: Run) -> None:
    org.create_many("Lead", [{"LastName": f"n{n}", "Company": "paged"} for n in range(4100)])
    run("rows", "collections", "queries", "describes", "bulk2", "soap", "replication")


def test_bulk1(run: Run) -> None:
    run("bulk1")
