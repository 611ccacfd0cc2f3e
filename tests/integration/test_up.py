"""``tandem up``: a chain of cycles whose flow only leaves a trace, a real cycle, and what people see of them."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import Org, serve
from tandem.settings import SyncSettings
from tests.support.browser import DESKTOP, Page, chromium, find_chromium
from tests.support.prefect_home import prepare_home
from tests.support.site import Site

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
    orders = (trace / "orders").read_text().split()
    (trace / "orders").write_text(" ".join(orders[1:]))
    with (trace / "log").open("a") as log:
        log.write(f"start {which}\\n")
    if orders[:1] == ["hang"]:
        time.sleep(300)
    with (trace / "log").open("a") as log:
        log.write(f"end {time.time()} {deployment.name} {os.getpid()}\\n")
    if orders[:1] == ["fail"]:
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


class Up:
    """A ``tandem up`` and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""

    def line(self, start: str) -> str:
        """Wait for a line that starts so."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if line.startswith(start):
                return line.strip()
        raise AssertionError(f"no line {start!r} in {self.said}")

    def read(self) -> None:
        """Read what it said last."""
        assert self.process.stdout
        self.said += self.process.stdout.read()


class Project:
    """A copy of the project whose loop only leaves a trace: each cycle does what the next order says.

    ``sync/now`` and ``backfill/full`` are the real flows.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "trace"
        self.trace.mkdir()
        self.orders = self.trace / "orders"
        self.orders.touch()
        (folder / "flows").mkdir()
        (folder / "flows/sync.py").write_text(SYNC)
        (folder / "flows/sync_now.py").symlink_to(ROOT / "flows/sync.py")
        (folder / "flows/backfill.py").symlink_to(ROOT / "flows/backfill.py")
        self.deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
        for each in self.deployments:
            file, function = each["entrypoint"].split(":")
            if function == "sync" and each["name"] == "now":
                each["entrypoint"] = "flows/sync_now.py:sync"
            elif not (folder / file).exists():
                (folder / file).write_text(NOTHING.format(name=function.replace("_", "-"), function=function))
        self.deploys("continuous")
        keep = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "TANDEM"))
        }
        prepare_home(folder / "data/prefect")
        self.environment = {
            **keep,
            "PYTHONPATH": str(ROOT),
            "TANDEM_SYNC__PAUSE_SECONDS": str(PAUSE),
            "TANDEM_DATABASE": str(folder / "data/marketing.duckdb"),
            "TANDEM_STAGING": str(folder / "data/staging"),
            "TANDEM_EXPECTATIONS": str(folder),  # no suites: loading what judges takes seconds
        }

    def up(self, *options: str, wait: bool = False) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.local", "--port", "0", "--page-port", "0", *options],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if wait:
            process.wait(120)
        return process

    def deploys(self, *names: str) -> None:
        """Let ``prefect.yaml`` have these deployments; none: all. Registering one takes time."""
        plan = yaml.safe_load((ROOT / "prefect.yaml").read_text())
        plan["deployments"] = [each for each in self.deployments if not names or each["name"] in names]
        (self.folder / "prefect.yaml").write_text(yaml.safe_dump(plan))

    @contextmanager
    def running(self, *options: str) -> Iterator[Up]:
        """Start ``tandem up`` and end it whatever happens."""
        running = Up(self.up(*options))
        try:
            yield running
        finally:
            running.process.kill()
            running.process.wait()
            running.read()

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


def ended(api: str, run_id: str) -> str:
    return str(call(api, f"/flow_runs/{run_id}")["state"]["type"])


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def live_runs(api: str, deployment_id: str) -> int:
    states = {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}}
    body = {"deployments": {"id": {"any_": [deployment_id]}}, "flow_runs": {"state": states}}
    return int(call(api, "/flow_runs/count", body))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.conformance("ENG-01")
def test_up_goes_on_whatever_happens_to_it_and_to_its_runs(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One story, as each start takes its time: a killed `up`, the next one, its runs, its pages, its end."""
    assert SyncSettings().pause_seconds == 300  # what it is when nobody says otherwise
    org = Org(people=5, seed=7)
    with serve(org) as server, taken_port() as port:
        project.environment |= {
            "TANDEM_SALESFORCE__URL": server.url,
            "TANDEM_SALESFORCE__CLIENT_ID": org.client_id,
            "TANDEM_SALESFORCE__CLIENT_SECRET": org.client_secret,
            "TANDEM_SYNC__OBJECTS": '["User", "Group", "Account", "Lead", "Contact"]',
        }
        # Killed in the middle of a run, it leaves nothing behind. That it had no status page did not matter.
        project.orders.write_text("hang")
        with project.running("--page-port", str(port)) as first:
            until(lambda: project.marks("start"), 180, "the hanging run")
            first.process.kill()
            first.process.wait()
            until(lambda: not project.processes(), 180, "everything stopped")
        assert f"No status page: Port {port} cannot be used" in first.said
        (project.trace / "log").unlink()

        # The next one has all deployments, and clears up. A run that fails is followed by another, and so is
        # one whose process is killed.
        project.deploys()
        project.orders.write_text("fail hang")
        with project.running() as up:
            ui = up.line("The UI is at ").rsplit(" ")[-1]
            site = Site(up.line("The status page is at ").rsplit(" ")[-1])
            up.line("The first cycle starts now")
            api = f"{ui}/api"
            now = call(api, "/deployments/name/sync/now")["id"]
            by_hand = call(api, f"/deployments/{now}/create_flow_run", {})
            until(lambda: len(project.marks("start")) == 2, 120, "a run after the failed one")
            victim = project.marks("start")[-1]
            killed_at = time.time()
            os.kill(victim.pid, signal.SIGKILL)
            until(lambda: project.marks("start")[-1] != victim, 120, "a run after the killed one")
            assert project.marks("start")[-1].at - killed_at >= PAUSE

            # A run by hand goes through the worker to the org, and does not make a second chain.
            until(lambda: ended(api, by_hand["id"]) == "COMPLETED", 180, "the cycle by hand")
            project.orders.write_text("hang")
            cycles = len(project.marks("start"))
            until(lambda: len(project.marks("start")) > cycles, 120, "one more cycle")
            chain = call(api, "/deployments/name/sync/continuous")["id"]
            assert live_runs(api, chain) == 1
            assert live_runs(api, now) == 0

            # A second one says that there is a first.
            second = project.up(wait=True)
            assert second.returncode == 1
            assert second.stdout
            assert second.stdout.read().startswith("`tandem up` runs already, see http://127.0.0.1:")

            assert "Last Synced" in site.text("/")
            chromium_is_here = find_chromium()
            if chromium_is_here:
                with chromium(chromium_is_here, tmp_path_factory.mktemp("chromium")) as page:
                    look_at_prefects_ui(page, ui, by_hand)

            up.process.send_signal(signal.SIGINT)
            assert up.process.wait(120) == 0
            assert until(lambda: not project.processes(), 60, "everything stopped")

    marks = project.marks()
    for end, start in itertools.pairwise(marks):
        if end.what == "end":
            assert start.what == "start", "two cycles at once"
            assert start.at - end.at >= PAUSE
    assert "Cancelled 1 runs of an earlier `tandem up`" in up.said
    assert "no luck today" in up.said
    assert "Crashed" in up.said
    assert "Traceback" not in up.said
    if not chromium_is_here:
        pytest.skip("CHROMIUM IS MISSING: nobody looked at Prefect's UI; the rest passed.")


def look_at_prefects_ui(page: Page, ui: str, run: dict[str, Any]) -> None:
    """Find a run, what it made, and the form of ``backfill``."""
    page.look(DESKTOP)
    page.open(f"{ui}/runs/flow-run/{run['id']}")
    says(page, run["name"], "Completed", "Task runs", "merge Lead")
    for artifact in ("sync-steps", "sync-summary"):
        page.open(f"{ui}/artifacts/key/{artifact}")
        says(page, artifact, run["name"])
    form = call(f"{ui}/api", "/deployments/name/backfill/full")["id"]
    page.open(f"{ui}/deployments/deployment/{form}/run")
    says(
        page, "objects (Optional)", "restart (Optional)", "Nothing is deleted.", "fields (Optional)", "Submit"
    )
    assert page.outside() == []


def says(page: Page, *words: str) -> None:
    """Wait until a page that draws itself shows some words."""
    wanted = json.dumps(words)
    page.until(f"{wanted}.every(each => document.body.innerText.includes(each))", f"{words}")


def test_port_in_use_is_one_line(project: Project) -> None:
    with taken_port() as port:
        process = project.up("--port", str(port), wait=True)
    assert process.returncode == 1
    assert process.stdout
    assert process.stdout.read().splitlines() == [
        f"Port {port} cannot be used: address already in use."
        " Stop the program that has it, or choose another with --port."
    ]


def test_another_folder_is_one_line(project: Project) -> None:
    (project.folder / "prefect.yaml").unlink()
    process = project.up(wait=True)
    assert process.returncode == 1
    assert process.stdout
    assert process.stdout.read().splitlines() == [
        "There is no prefect.yaml here: run `tandem up` in the folder of Tandem."
    ]
