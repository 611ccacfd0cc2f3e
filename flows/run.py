"""Run a flow of ours in this process: ``python -m flows.run sync --parameters '{"objects": ["Lead"]}'``.

Runs are recorded by the server that ``PREFECT_API_URL`` names, else by the one of a running ``tandem up``,
else by a temporary one that starts while the flow is imported and ends with this process.
"""

from __future__ import annotations

import argparse
import atexit
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.local.environment import home_of, prepare_environment
from flows.local.server import LocalServer, running_api
from tandem.errors import BudgetExhausted, LeaseTaken, SettingsError, TandemError
from tandem.settings import load

FLOWS = {
    "sync": "flows.sync:sync",
    "backfill": "flows.backfill:backfill",
    "sync-person": "flows.sync_person:sync_person",
    "quality-report": "flows.quality_report:quality_report",
}

#: Exit codes, as in sysexits.h: a program can tell "try later" from "failed".
FAILED, STOPPED_AT_BUDGET, BUSY, INTERRUPTED = 1, 69, 75, 130
_EXIT_OF_STATUS = {"Succeeded": 0, "Stopped at budget": STOPPED_AT_BUDGET}


def run(name: str, parameters: Mapping[str, Any], verbose: bool = False) -> dict[str, Any]:
    """Run a flow by its name and return its summary.

    :raises TandemError: whatever stopped it that a user can put right.
    """
    settings = load()
    prepare_environment(settings, verbose)
    wait_for_server = _prefect_api(home_of(settings))
    flow = _flow(name)
    # Imported here, not above: Prefect reads its environment when it is imported.
    from prefect.exceptions import ParameterBindError, ParameterTypeError

    wait_for_server()
    try:
        return flow(**parameters)
    except (ParameterBindError, ParameterTypeError) as error:
        problem = " ".join(str(error).split())
        raise SettingsError(f"These parameters do not fit {name}: {problem}") from None


def _flow(name: str) -> Callable[..., dict[str, Any]]:
    module, _, function = FLOWS[name].partition(":")
    flow: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), function)
    return flow


def _prefect_api(home: Path) -> Callable[[], None]:
    """See to it that there is a server; returns what waits until it answers."""
    found = os.environ.get("PREFECT_API_URL") or running_api(home)
    if found:
        os.environ["PREFECT_API_URL"] = found
        return lambda: None
    server = LocalServer(home)
    os.environ["PREFECT_API_URL"] = server.api_url
    # Registered before Prefect is imported, so that it runs after Prefect has sent its last log lines.
    atexit.register(server.stop)
    return server.wait


def show(summary: Mapping[str, Any], as_json: bool) -> None:
    """Print what a run did."""
    if as_json:
        print(json.dumps(summary, default=str))
        return
    from tandem.cli.rendering import console, say, steps_table

    steps = summary.get("steps") or ()
    if steps:
        console().print(steps_table(steps))
    for step in steps:
        if step.get("detail"):
            say(f"{step['object']}, {step['operation'].lower()}: {step['detail']}")
    calls = summary.get("api_calls")
    spent = "" if calls is None else f", {calls:,} API call{'' if calls == 1 else 's'}"
    say(f"{summary['status']}{spent}. Run {summary['run_id']}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, run, print; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.run", description="Run one of Tandem's flows here."
    )
    parser.add_argument("name", choices=FLOWS)
    parser.add_argument("--parameters", type=json.loads, default={}, help="the flow's parameters as JSON")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument("--verbose", action="store_true", help="show Prefect's log")
    options = parser.parse_args(arguments)
    try:
        summary = run(options.name, options.parameters, options.verbose)
    except KeyboardInterrupt:
        print("Interrupted. Nothing is lost: the next run takes up what was left.", file=sys.stderr)
        return INTERRUPTED
    except TandemError as error:
        print(error, file=sys.stderr)
        if isinstance(error, LeaseTaken):
            return BUSY
        return STOPPED_AT_BUDGET if isinstance(error, BudgetExhausted) else FAILED
    show(summary, options.json)
    return _EXIT_OF_STATUS.get(summary["status"], FAILED)


if __name__ == "__main__":
    sys.exit(main())
