"""The chain of cycles is looked after: started when dead, cut back when forked, zombies ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tandem.clock import utc_now
from tandem.database.connection import Database

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

PAUSE = timedelta(seconds=300)


class Chain:
    """The deployment, without a worker: runs are in the state a test gives them."""

    def __init__(self, client: SyncPrefectClient) -> None:
        from prefect import flow

        @flow(name="sync")
        def sync() -> None: ...

        self.client = client
        self.deployment_id: UUID = client.create_deployment(client.create_flow(sync), "continuous")
        self.switch(on=True)

    def switch(self, on: bool) -> None:
        """Make the trigger of the chain, switched on or off."""
        from prefect.events.actions import DoNothing
        from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

        for each in self.client.read_automations_by_name("next cycle"):
            self.client.delete_automation(each.id)
        trigger = EventTrigger(expect={"never"}, posture=Posture.Reactive, threshold=1)
        self.client.create_automation(
            AutomationCore(name="next cycle", enabled=on, trigger=trigger, actions=[DoNothing()])
        )

    def run(self, kind: str) -> None:
        """Make a run that gets into a state now."""
        from prefect.client.schemas.objects import State, StateType

        run = self.client.create_flow_run_from_deployment(self.deployment_id)
        if kind != "SCHEDULED":
            self.client.set_flow_run_state(run.id, State(type=StateType[kind]), force=True)

    def states(self) -> list[str]:
        from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

        mine = DeploymentFilter(id=DeploymentFilterId(any_=[self.deployment_id]))
        runs = self.client.read_flow_runs(deployment_filter=mine)
        return sorted(run.state.type.value for run in runs if run.state)


@pytest.fixture
def chain(prefect_server: None) -> Iterator[Chain]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        made = Chain(client)
        yield made
        client.delete_deployment(made.deployment_id)


def _tend(chain: Chain, after: timedelta = timedelta()) -> tuple[bool, int]:
    from flows.local.chain import tend

    done = tend(chain.client, datetime.now(UTC) + after, PAUSE)
    return bool(done.started), done.cancelled


def test_a_dead_chain_is_started(chain: Chain) -> None:
    assert _tend(chain) == (True, 0)
    assert _tend(chain) == (False, 0)
    assert chain.states() == ["SCHEDULED"]


def test_a_chain_that_ended_long_ago_is_started(chain: Chain) -> None:
    chain.run("COMPLETED")
    assert _tend(chain, timedelta(minutes=11)) == (True, 0)


@pytest.mark.parametrize("kind", ["COMPLETED", "FAILED", "CRASHED"])
def test_a_chain_between_two_cycles_is_left_alone(chain: Chain, kind: str) -> None:
    chain.run(kind)
    assert _tend(chain, timedelta(minutes=9)) == (False, 0)


@pytest.mark.parametrize("kind", ["PENDING", "RUNNING", "SCHEDULED"])
def test_a_living_chain_is_left_alone(chain: Chain, kind: str) -> None:
    chain.run(kind)
    assert _tend(chain) == (False, 0)


def test_a_chain_that_was_switched_off_stays_off(chain: Chain) -> None:
    chain.switch(on=False)
    assert _tend(chain) == (False, 0)


def test_a_fork_is_cut_back(chain: Chain) -> None:
    for _ in range(3):
        chain.run("SCHEDULED")
    assert _tend(chain) == (False, 2)
    chain.run("RUNNING")
    assert _tend(chain) == (False, 1)
    assert chain.states() == ["CANCELLED", "CANCELLED", "CANCELLED", "RUNNING"]


@pytest.mark.parametrize(
    ("kind", "minutes", "writer_alive", "crashed"),
    [
        ("RUNNING", 60, True, 0),
        ("RUNNING", 60, False, 1),
        ("RUNNING", 1, False, 0),
        ("PENDING", 60, True, 1),
        ("PENDING", 1, False, 0),
    ],
)
def test_zombies(chain: Chain, kind: str, minutes: int, writer_alive: bool, crashed: int) -> None:
    from flows.local.chain import crash_zombies

    chain.run(kind)
    later = datetime.now(UTC) + timedelta(minutes=minutes)
    assert crash_zombies(chain.client, later, writer_alive) == crashed
    assert chain.states() == (["CRASHED"] if crashed else [kind])


def test_the_watchdog_tells_of_a_silent_sync(
    chain: Chain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from flows.watchdog import watchdog

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANDEM_DATABASE", str(tmp_path / "marketing.duckdb"))
    database = Database(tmp_path / "marketing.duckdb")
    ended = utc_now() - timedelta(minutes=61)
    with database.write() as session:
        session.insert("sync.run", [("r1", "sync", ended, ended, "Succeeded", None)])
    assert watchdog()["started"]  # the chain is dead as well
    with database.read() as session:
        [told] = session.rows("SELECT n.kind, d.target FROM sync.notification n, sync.delivery d")
    assert told == {"kind": "sync down", "target": "artifact"}
