"""Runs in processes of their own, and ways to kill them: after a time, at a request, at a commit."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.support.world import PROJECT, World

#: Longer than any run takes; a run that takes as long is broken.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Death:
    """When a run dies. ``at`` counts seconds, requests or commits."""

    by: str
    at: float
    when: str = "before"

    def __str__(self) -> str:
        if self.by == "time":
            return f"after {self.at:.2f} s"
        return f"{self.when} {self.by} {self.at:g}"


@dataclass(frozen=True)
class Length:
    """How long a whole run is, to choose deaths within it."""

    seconds: float = 3.0
    requests: int = 8
    commits: int = 12

    def cut(self, share: float) -> Length:
        """Return the first part of it."""
        return Length(self.seconds * share, round(self.requests * share), round(self.commits * share))


@dataclass(frozen=True)
class End:
    """How a run ended."""

    exit_code: int
    output: str

    @property
    def killed(self) -> bool:
        """Whether it was killed and did not end by itself."""
        return self.exit_code == -signal.SIGKILL


def any_death(dice: random.Random, length: Length) -> Death:
    """Choose a death somewhere within a run."""
    by = dice.choice(("time", "request", "request", "commit", "commit"))
    if by == "time":
        return Death(by, dice.uniform(0.02, 0.98) * length.seconds)
    most = length.requests if by == "request" else length.commits
    return Death(by, dice.randint(1, max(most, 1)), dice.choice(("before", "after")))


class ForkServer:
    """The process that forks runs; see :mod:`tests.kill.forkserver`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.forkserver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            text=True,
        )
        assert self._ask() == {"ready": True}

    def _ask(self, request: dict[str, Any] | None = None) -> dict[str, Any]:
        given, told = _pipes(self._process)
        if request is not None:
            given.write(json.dumps(request) + "\n")
            given.flush()
        line = told.readline()
        assert line, "the fork server died"
        facts: dict[str, Any] = json.loads(line)
        return facts

    def start(self, request: dict[str, Any]) -> int:
        """Fork a run; returns its process id."""
        return int(self._ask(request)["pid"])

    def wait(self) -> int:
        """Wait for the end of the run; returns its exit code, negative for a signal."""
        return int(self._ask()["ended"])

    def close(self) -> None:
        """End the server."""
        given, told = _pipes(self._process)
        given.close()
        self._process.wait(PATIENCE_SECONDS)
        told.close()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout


class Runner:
    """Runs flows against one world, and kills them."""

    def __init__(self, server: ForkServer, world: World, folder: Path) -> None:
        self._server = server
        self._world = world
        self._folder = folder
        self.lengths: dict[str, Length] = {}

    def run(self, flow: str, death: Death | None = None, **parameters: Any) -> End:
        """Run a flow to its end or its death."""
        self._world.org.clock.advance(seconds=60)
        request = {"flow": flow, "parameters": parameters, **self._where()}
        if death and death.by == "commit":
            request |= {"die_at_commit": death.at, "die_when": death.when}
        before, started = len(self._world.org.requests), time.monotonic()
        with self._request_kill(death) as armed:
            child = os.pidfd_open(self._server.start(request))
            armed(child)
            timer = self._timer(death, child)
            exit_code = self._server.wait()
            timer.cancel()
            timer.join()
        os.close(child)
        end = End(exit_code, Path(request["output"]).read_text("utf-8"))
        if exit_code == 0:
            commits = int(Path(request["output"] + ".commits").read_text("ascii"))
            made = len(self._world.org.requests) - before
            self.lengths[flow] = Length(time.monotonic() - started, made, commits)
        assert end.killed or exit_code == 0 or death is None or "Error" in end.output, end
        return end

    def command(self, *arguments: str, **limits: Any) -> End:
        """Run ``python -m flows.run`` with these arguments."""
        request = {"command": list(arguments), **self._where(), **limits}
        self._server.start(request)
        exit_code = self._server.wait()
        return End(exit_code, Path(request["output"]).read_text("utf-8"))

    def length(self, flow: str) -> Length:
        """Return how long the last whole run of a flow was."""
        return self.lengths.get(flow, Length())

    def _where(self) -> dict[str, Any]:
        own = {name: value for name, value in os.environ.items() if name.startswith("TANDEM_")}
        return {"environment": own, "folder": str(self._folder), "output": str(self._folder / "run.log")}

    def _timer(self, death: Death | None, child: int) -> threading.Timer:
        seconds = death.at if death and death.by == "time" else PATIENCE_SECONDS
        timer = threading.Timer(seconds, _kill, [child])
        timer.daemon = True
        timer.start()
        return timer

    @contextmanager
    def _request_kill(self, death: Death | None) -> Iterator[Any]:
        known = threading.Event()
        target: list[int] = []

        def armed(child: int) -> None:
            target.append(child)
            known.set()

        def strike(_: dict[str, Any]) -> None:
            known.wait(PATIENCE_SECONDS)
            _kill(target[0])

        fault = None
        if death and death.by == "request":
            fault = self._world.org.faults.add(
                "* /services/*", "call", call=strike, when=death.when, skip=int(death.at) - 1, times=1
            )
        try:
            yield armed
        finally:
            if fault:
                fault.remove()


def _kill(child: int) -> None:
    """Kill a run by its process descriptor, which never means another process."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(child, signal.SIGKILL)
