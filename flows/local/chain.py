"""The chain of cycles: each run of ``sync/continuous`` starts the next by its end, through a trigger.

A trigger cannot fire for a machine that lost power, and a run started by hand may make two chains of one.
So somebody looks after it: :func:`tend` sees to it that exactly one run is under way or to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed

DEPLOYMENT = "sync/continuous"
TRIGGER = "next cycle"
WORK_POOL = "tandem"

_STARTED = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
#: How long a started run may take to get hold of the lease, or an end to be noticed by the trigger.
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Tended:
    """What :func:`tend` did."""

    started: FlowRun | None = None
    cancelled: int = 0


def _runs(client: SyncPrefectClient, deployment: DeploymentResponse, *types: StateType) -> list[FlowRun]:
    return client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=_in_state(*types),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
    )


def _in_state(*types: StateType) -> FlowRunFilter:
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))))


def tend(
    client: SyncPrefectClient, now: datetime, pause: timedelta, patience: timedelta = PATIENCE
) -> Tended:
    """Start the chain if it is dead, and cut it back to one if it has forked.

    A switched-off trigger means that somebody wants no cycles: then nothing is started.

    :param patience: how much longer than the pause the next run may be missing.
    """
    deployment = client.read_deployment_by_name(DEPLOYMENT)
    started = _runs(client, deployment, *_STARTED)
    scheduled = _runs(client, deployment, StateType.SCHEDULED)
    extra = scheduled if started else scheduled[1:]
    for run in extra:
        client.set_flow_run_state(run.id, Cancelled(message="Another run of the chain is there already."))
    if started or scheduled or not _wanted(client):
        return Tended(cancelled=len(extra))
    ended = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=_in_state(StateType.COMPLETED, StateType.FAILED, StateType.CRASHED),
        sort=FlowRunSort.END_TIME_DESC,
        limit=1,
    )
    last_end = ended[0].end_time if ended else None
    if last_end and now - last_end < pause + patience:
        return Tended()
    return Tended(started=client.create_flow_run_from_deployment(deployment.id))


def _wanted(client: SyncPrefectClient) -> bool:
    return any(each.enabled for each in client.read_automations_by_name(TRIGGER))


def cancel_runs_of_dead_workers(client: SyncPrefectClient) -> int:
    """Cancel whatever counts as started; returns how many runs that were.

    For a start-up, when no worker of the pool is alive. A run that died between Pending and Running would
    hold its deployment's place for ever, and every later run would give way to it. Cancelled, not Crashed:
    that would set off the trigger beside whoever starts the chain now.
    """
    stale = client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[WORK_POOL])),
        flow_run_filter=_in_state(*_STARTED),
    )
    for run in stale:
        client.set_flow_run_state(run.id, Cancelled(message="Its worker is gone."), force=True)
    return len(stale)


def crash_zombies(client: SyncPrefectClient, now: datetime, writer_alive: bool) -> int:
    """Give cycles whose process died unseen their end, which starts the next; returns how many there were.

    :param writer_alive: whether somebody holds the database's lease: then a running cycle is believed.
    """
    deployment = client.read_deployment_by_name(DEPLOYMENT)
    zombies = [
        run
        for run in _runs(client, deployment, *_STARTED)
        if run.state
        and run.state.timestamp < now - PATIENCE
        and not (writer_alive and run.state.type is StateType.RUNNING)
    ]
    for run in zombies:
        client.set_flow_run_state(run.id, Crashed(message="Its process is gone."), force=True)
    return len(zombies)
