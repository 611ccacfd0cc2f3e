"""Run a module that ends when its parent does: ``python -m flows.local.leashed uvicorn --port 4200``.

The parent holds the other end of our standard input. However it ends, ``kill -9`` included, the pipe
closes; then we end, and whatever we started with us. So no server or worker is ever left behind.
"""

from __future__ import annotations

import atexit
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 10.0


def start(
    arguments: Sequence[str], log: Path, extra: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a module with its arguments on a leash; what it prints goes to ``log``.

    A session of its own keeps Ctrl-C from reaching it directly: who holds the leash decides when it ends.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.local.leashed", *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(extra or {})},
            pass_fds=pass_fds,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Let go of the leash and wait for the end."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _end_with_parent() -> None:
    os.read(0, 1)  # returns when the pipe closes
    started = _descendants()
    atexit.register(_kill, started)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    _kill(started)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _kill(processes: Sequence[int]) -> None:
    """End what was started and outlived us: a worker's runs have sessions of their own."""
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _descendants() -> list[int]:
    """Return the processes that this one started, and those that they did; none where there is no ``ps`` to ask."""
    try:
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    parents = {int(pid): int(parent) for pid, parent in map(str.split, listing.stdout.splitlines())}
    found = [os.getpid()]
    for each in found:
        found += [pid for pid, parent in parents.items() if parent == each]
    return found[1:]


def main() -> None:
    """Hold on to the parent, then become the module named first on the command line."""
    threading.Thread(target=_end_with_parent, daemon=True, name="leash").start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
