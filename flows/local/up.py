"""Everything that syncs on and on, on one machine: started, watched and stopped together."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.local import leashed
from flows.local.environment import home_of
from flows.local.server import LocalServer, announce, running_api
from tandem.errors import TandemError
from tandem.loopback import bound
from tandem.settings import Settings

_PAUSE_BETWEEN_LOOKS = 0.5
_PAGE = "The status page"


def up(settings: Settings, port: int, page_port: int, with_sandbox: bool) -> None:
    """Start server, status page, worker and deployments, say what happens, and stop them all at the end.

    :raises TandemError: no project here, the port is in use, it runs already, or a part of it ended.
    """
    home = home_of(settings)
    if not Path("prefect.yaml").exists():
        raise TandemError("There is no prefect.yaml here: run `tandem up` in the folder of Tandem.")
    if other := running_api(home):
        raise TandemError(f"`tandem up` runs already, see {other.removesuffix('/api')}. Stop it first.")
    with ExitStack() as stack:
        children = {"Prefect's server": stack.enter_context(_server(home, port))}
        if with_sandbox:
            children["the sandbox"] = stack.enter_context(_sandbox(settings, home))
        if page := stack.enter_context(_status_page(home, page_port)):
            children[_PAGE] = page
        # Imported here: Prefect reads the server's address, set a line above, when it is imported.
        from prefect.client.orchestration import get_client

        from flows.local.chain import WORK_POOL, cancel_runs_of_dead_workers, tend
        from flows.local.deploying import register
        from flows.local.events import print_events

        _say("Registering the deployments …")
        register(home / "deploy.log")
        pause = timedelta(seconds=settings.sync.pause_seconds)
        with get_client(sync_client=True) as client:
            if stale := cancel_runs_of_dead_workers(client):
                _say(f"Cancelled {stale} runs of an earlier `tandem up` that had not ended.")
            begun = tend(client, datetime.now(UTC), pause, patience=-pause).started
        children["the worker"] = stack.enter_context(_worker(home, WORK_POOL))
        _say("The first cycle starts now" if begun else "The cycle that was to come stays as it is", end="; ")
        _say(f"each next one {pause.total_seconds():g} s after the end of the last. Ctrl-C stops everything.")
        asyncio.run(_watch(children, home, print_events))


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)


@contextmanager
def _server(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    server = LocalServer(home, port, with_ui=True)
    try:
        _say("Starting Prefect's server …")
        server.wait()
        os.environ["PREFECT_API_URL"] = server.api_url
        with announce(home, server.api_url):
            _say(f"The UI is at {server.url}")
            yield server.process
    finally:
        server.stop()


@contextmanager
def _sandbox(settings: Settings, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start an org and let everything that is started later log in to it. It begins afresh each time."""
    settings.database.unlink(missing_ok=True)
    log = home / "sandbox.log"
    log.unlink(missing_ok=True)
    process = leashed.start(["sandbox", "--port", "0"], log)
    try:
        org = _login_of(process, log)
        for name, value in org.items():
            os.environ[f"TANDEM_SALESFORCE__{name.upper().replace(' ', '_')}"] = value
        _say(f"The sandbox org is at {org['url']}, its database is {settings.database}")
        yield process
    finally:
        leashed.stop(process)


def _login_of(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """Wait for what the sandbox says of itself, and return its address, client id and client secret."""
    while process.poll() is None:
        said = dict(re.findall(r"^ +(url|client id|client secret) +(\S+)$", log.read_text("utf-8"), re.M))
        if len(said) == 3:
            return said
        time.sleep(_PAUSE_BETWEEN_LOOKS)
    raise TandemError(f"The sandbox ended as it started. Its last words are in {log}.")


@contextmanager
def _status_page(home: Path, port: int) -> Iterator[subprocess.Popen[bytes] | None]:
    """Serve the status page. Without a port there is none: the sync is not held up by what reports on it."""
    with ExitStack() as starting:
        try:
            listener = starting.enter_context(bound(port, "--page-port"))
        except TandemError as error:
            _say(f"No status page: {error}")
            process = None
        else:
            descriptor = listener.fileno()
            process = leashed.start(
                ["tandem.web", "--fd", str(descriptor)], home / "page.log", pass_fds=(descriptor,)
            )
            _say(f"The status page is at http://127.0.0.1:{listener.getsockname()[1]}")
    try:
        yield process
    finally:
        if process:
            leashed.stop(process)


@contextmanager
def _worker(home: Path, pool: str) -> Iterator[subprocess.Popen[bytes]]:
    process = leashed.start(
        ["prefect", "worker", "start", "--pool", pool, "--type", "process", "--name", "tandem"],
        home / "worker.log",
        # A poll is a cheap look into a local SQLite file; the default of 10 s makes `sync/now` feel slow.
        {"PREFECT_WORKER_QUERY_SECONDS": "2"},
    )
    try:
        yield process
    finally:
        leashed.stop(process)


async def _watch(
    children: dict[str, subprocess.Popen[bytes]], home: Path, print_events: Callable[[], Awaitable[None]]
) -> None:
    """Print events until one of the children ends that the sync cannot do without.

    :raises TandemError: one did. Better to stop, and be started again by whoever watches, than to limp.
    """
    events = asyncio.ensure_future(print_events())
    try:
        while True:
            for name, process in list(children.items()):
                if process.poll() is not None and name == _PAGE:
                    del children[name]
                    _say(f"{name} ended by itself; the sync goes on. Its log is {home / 'page.log'}.")
                elif process.poll() is not None:
                    raise TandemError(f"{name} ended by itself, so everything stops. The logs are in {home}.")
            if events.done():
                events.result()
            await asyncio.sleep(_PAUSE_BETWEEN_LOOKS)
    finally:
        events.cancel()
