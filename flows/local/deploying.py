"""Registering the deployments of ``prefect.yaml`` with a server, and what that file asks for meanwhile."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.workers.process import ProcessWorker

from flows.local.chain import WORK_POOL
from tandem.errors import TandemError
from tandem.settings import load


def settings_for_deployments() -> dict[str, Any]:
    """Return what the deployments take from Tandem's settings: a build step of ``prefect.yaml``."""
    return {"pause_seconds": load().sync.pause_seconds, "directory": str(Path.cwd())}


def register(log: Path) -> None:
    """Make the work pool and register every deployment of ``prefect.yaml``.

    :raises TandemError: Prefect refused; what it said is in ``log``.
    """
    template = ProcessWorker.get_default_base_job_template()
    with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process", base_job_template=template))
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        capture_output=True,
        text=True,
        check=False,
    )
    log.write_text(done.stdout + done.stderr, "utf-8")
    if done.returncode:
        raise TandemError(f"The deployments could not be registered. Why is in {log}.")
