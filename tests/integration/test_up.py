"""``tandem up``: the chain of cycles, end to start, with flows that do nothing but leave a trace."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.prefect_home import prepare_home

ROOT = Path(__file__).parents[2]
PAUSE = 2

SYNC = """
import os, time
from pathlib import Path
from prefect import flow
from prefect.runtime import deployment

@flow(name="sync")
def sync(objects: list[str] | None = None) -> None:
    trace = Path("trace")
    which = f"{time.time()} {deployment.name} {os.getpid()}"
    order = trace / "order"
    wish = order.read_text() if order.exists() and deployment.name == "continuous" else ""
    with (trace / "log").open("a") as log:
        log.write(f"start {which}\\n")
    if wish:
        order.unlink()
    if wish == "hang":
        time.sleep(120)
    with (trace / "log").open("a") as log:
        log.write(f"end {time.time()} {deployment.name} {os.getpid()}\\n")
    if wish == "fail":
        raise ValueError("no luck today")
"""
NOTHING = """
from prefect import flow

@flow(name="{name}")
def {function}(only_when_due: bool = False) -> None:
    pass
"""


@dataclass(frozen=True)
class Mark:
    what: str
    at: float
    deployment: str
    pid: int


class Project:
    """A copy of the project whose flows only leave a trace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "trace"
        self.trace.mkdir()
        (folder / "flows").mkdir()
        (folder / "prefect.yaml").write_text((ROOT / "prefect.yaml").read_text())
        (folder / "flows/sync.py").write_text(SYNC)
        deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
        for file, function in {tuple(each["entrypoint"].split(":")) for each in deployments}:
            if function != "sync":
                text = NOTHING.format(name=function.replace("_", "-"), function=function)
                with (folder / file).open("a") as flows:
                    flows.write(text)
        keep = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "TANDEM"))
        }
        prepare_home(folder / "data/prefect")
        self.environment = {
            **keep,
            "PYTHONPATH": str(ROOT),
            "TANDEM_SYNC__PAUSE_SECONDS": str(PAUSE),
            "TANDEM_DATABASE": str(folder / "data/marketing.duckdb"),
        }

    def up(self, *options: str, wait: bool = False) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.local", *options],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if wait:
            process.wait(120)
        return process

    def marks(self, what: str = "", deployment: str = "continuous") -> list[Mark]:
        log = self.trace / "log"
        lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        found = [Mark(line[0], float(line[1]), line[2], int(line[3])) for line in lines]
        return [each for each in found if each.what.startswith(what) and each.deployment == deployment]

    def processes(self) -> list[int]:
        """Whatever still runs with this project's environment."""
        needle, found = f"TANDEM_DATABASE={self.folder}".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (
                    needle in (entry / "environ").read_bytes()
                    and b"\nState:\tZ" not in (entry / "status").read_bytes()
                ):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def first_line(process: subprocess.Popen[str], start: str) -> str:
    assert process.stdout
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith(start):
            return line.strip()
    raise AssertionError(f"no line {start!r} in {''.join(seen)}")


def call(api: str, path: str, body: object = None) -> Any:
    """Ask Prefect's API: GET without a body, else POST. It says 503 while its SQLite file is busy."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{api}{path}", data, {"Content-Type": "application/json"})

    def answer() -> Any:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return [json.load(answer)]
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
        return None

    return until(answer, 30, path)[0]


def live_runs(api: str, deployment_id: str) -> int:
    states = {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}}
    body = {"deployments": {"id": {"any_": [deployment_id]}}, "flow_runs": {"state": states}}
    return int(call(api, "/flow_runs/count", body))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.timeout(600)
def test_the_chain_goes_on_whatever_happens_to_a_run(project: Project) -> None:
    process = project.up("--port", "0")
    try:
        api = first_line(process, "The UI is at").removeprefix("The UI is at ") + "/api"

        # The next run starts no sooner than the pause after the end of the last.
        until(lambda: len(project.marks("start")) >= 2, 180, "two cycles")

        # A run that fails is followed by another.
        (project.trace / "order").write_text("fail")
        until(lambda: not (project.trace / "order").exists(), 60, "the failing run")
        failed = len(project.marks("start"))
        until(lambda: len(project.marks("start")) > failed, 60, "a run after the failed one")

        # So is one whose process is killed.
        (project.trace / "order").write_text("hang")
        until(lambda: not (project.trace / "order").exists(), 60, "the hanging run")
        victim = project.marks("start")[-1]
        killed_at = time.time()
        os.kill(victim.pid, signal.SIGKILL)
        until(lambda: project.marks("start")[-1] != victim, 60, "a run after the killed one")
        assert project.marks("start")[-1].at - killed_at >= PAUSE

        # A run by hand through sync/now does not make a second chain.
        now = call(api, "/deployments/name/sync/now")["id"]
        call(api, f"/deployments/{now}/create_flow_run", {})
        until(lambda: project.marks("end", "now"), 60, "the run by hand")
        ended = len(project.marks("end"))
        until(lambda: len(project.marks("end")) > ended, 90, "one more cycle")
        chain = call(api, "/deployments/name/sync/continuous")["id"]
        assert live_runs(api, chain) <= 1
        assert live_runs(api, now) == 0

        # A second one says that there is a first.
        second = project.up("--port", "0", wait=True)
        assert second.returncode == 1
        assert second.stdout
        assert second.stdout.read().startswith("`tandem up` runs already, see http://127.0.0.1:")

        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        assert until(lambda: not project.processes(), 5, "everything stopped")
    finally:
        process.kill()
        process.wait()

    marks = project.marks()
    for end, start in itertools.pairwise(marks):
        if end.what == "end":
            assert start.what == "start", "two cycles at once"
            assert start.at - end.at >= PAUSE
    log = process.stdout.read() if process.stdout else ""
    assert "Traceback" not in log
    assert "no luck today" in log
    assert "Crashed" in log


@pytest.mark.timeout(600)
def test_a_killed_up_leaves_nothing_behind_and_the_next_one_clears_up(project: Project) -> None:
    (project.trace / "order").write_text("hang")
    first = project.up("--port", "0")
    try:
        until(lambda: project.marks("start"), 180, "the hanging run")
        first.kill()
        first.wait()
        until(lambda: not project.processes(), 60, "everything stopped")
        second = project.up("--port", "0")
        try:
            until(lambda: project.marks("end"), 180, "a cycle that ends")
            second.send_signal(signal.SIGTERM)
            assert second.wait(40) == 0
        finally:
            second.kill()
            second.wait()
    finally:
        first.kill()
        first.wait()
    assert not project.processes()
    assert second.stdout
    assert "Cancelled 1 runs of an earlier `tandem up`" in second.stdout.read()


def test_port_in_use_is_one_line(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = project.up("--port", str(port), wait=True)
    assert process.returncode == 1
    assert process.stdout
    assert process.stdout.read().splitlines() == [
        f"Port {port} cannot be used: address already in use."
        " Stop the program that has it, or choose another with --port."
    ]


def test_another_folder_is_one_line(project: Project) -> None:
    (project.folder / "prefect.yaml").unlink()
    process = project.up("--port", "0", wait=True)
    assert process.returncode == 1
    assert process.stdout
    assert process.stdout.read().splitlines() == [
        "There is no prefect.yaml here: run `tandem up` in the folder of Tandem."
    ]
