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
from tandem.cli.rendering import print_json
from tandem.cli.summaries import print_summary
from tandem.errors import BudgetExhausted, LeaseTaken, SettingsError, TandemError
from tandem.settings import load

FLOWS = {
    "sync": "flows.sync:sync",
    "backfill": "flows.backfill:backfill",
    "plan": "flows.plan:plan",
    "sync-person": "flows.sync_person:sync_person",
    "refresh-formulas": "flows.refresh_formulas:refresh_formulas",
    "reset-schema": "flows.reset_schema:reset_schema",
    "change-owner": "flows.change_owner:change_owner",
    "convert-person": "flows.convert_person:convert_person",
    "merge-people": "flows.merge_people:merge_people",
    "create-task": "flows.create_task:create_task",
    "add-to-campaign": "flows.add_to_campaign:add_to_campaign",
    "change-campaign-status": "flows.change_campaign_status:change_campaign_status",
    "remove-from-campaign": "flows.remove_from_campaign:remove_from_campaign",
    "delete-person": "flows.delete_person:delete_person",
    "delete-person-from-sfdc": "flows.delete_person_from_sfdc:delete_person_from_sfdc",
    "quality-report": "flows.quality_report:quality_report",
    "backlog": "flows.backlog:backlog",
}

#: Exit codes, as in sysexits.h: a program can tell "try later" from "failed".
FAILED, WOULD_CHANGE, STOPPED_AT_BUDGET, BUSY, INTERRUPTED = 1, 2, 69, 75, 130
_EXIT_OF_STATUS = {"Succeeded": 0, "Paused": 0, "Stopped at budget": STOPPED_AT_BUDGET}


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


def exit_code(summary: Mapping[str, Any]) -> int:
    """Return the exit code that a summary stands for."""
    if summary.get("errors") and summary["kind"] == "plan":
        return FAILED
    return WOULD_CHANGE if summary.get("changes") else _EXIT_OF_STATUS.get(summary["status"], FAILED)


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
        if done := getattr(error, "summary", None):  # some steps failed, the others were done
            print_json(done) if options.json else print_summary(done)
        print(error, file=sys.stderr)
        if isinstance(error, LeaseTaken):
            return BUSY
        return STOPPED_AT_BUDGET if isinstance(error, BudgetExhausted) else FAILED
    if options.json:
        print_json(summary)
    else:
        print_summary(summary)
    return exit_code(summary)


if __name__ == "__main__":
    sys.exit(main())
