"""A process that has imported everything and forks a child per run: ``python -m tests.kill.forkserver``.

Importing Prefect and Great Expectations takes seconds, a fork milliseconds. Nothing may have started a
thread before the fork. Requests and answers are lines of JSON on standard input and output; a child's own
output goes to the file that the request names.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Import, then fork a child for each request, one after the other."""
    flows, run_command = _imported()
    assert threading.active_count() == 1, "a thread would not survive the fork"
    _answer({"ready": True})
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            _become_run(request, flows, run_command)
        _answer({"pid": child})
        _, status = os.waitpid(child, 0)
        _answer({"ended": os.waitstatus_to_exitcode(status)})


def _imported() -> tuple[dict[str, Callable[..., Any]], Callable[[list[str]], int]]:
    import fastapi.encoders  # noqa: F401  Prefect would import it in every child
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import simple_salesforce.api  # noqa: F401

    from flows.run import FLOWS, main
    from tandem.quality.gx import warm_up

    warm_up()
    places = {name: place.split(":") for name, place in FLOWS.items()}
    return {name: getattr(import_module(module), flow) for name, (module, flow) in places.items()}, main


def _answer(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _become_run(
    request: dict[str, Any], flows: dict[str, Callable[..., Any]], run_command: Callable[[list[str]], int]
) -> None:
    code = 70
    try:
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, source in ((0, nothing), (1, output), (2, output)):
            os.dup2(source, descriptor)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", closefd=False)
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        if request.get("longest_file"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["longest_file"], resource.RLIM_INFINITY))
        commits = _count_commits(request.get("die_at_commit"), request.get("die_when", "before"))
        if "command" in request:
            code = run_command(request["command"])
        else:
            from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

            from tests.support.prefect_home import events_unsent

            quiet = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})  # half a second a run
            with quiet, events_unsent():
                flows[request["flow"]](**request["parameters"])
            code = 0
        Path(request["output"] + ".commits").write_text(str(commits()), "ascii")
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        code = code or 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _count_commits(die_at: int | None, when: str) -> Callable[[], int]:
    """Count the transactions of our database; kill this process before or after one of them commits."""
    from tandem.database.connection import Session

    original = Session.transaction
    done = 0

    @contextmanager
    def transaction(self: Session) -> Iterator[None]:
        nonlocal done
        with original(self):
            yield
            done += 1
            if done == die_at and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if done == die_at and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    Session.transaction = transaction  # type: ignore[method-assign]
    return lambda: done


if __name__ == "__main__":
    main()
