"""Commands that hand over to a program of its own: the flows, the sandbox, and ``up``."""

from __future__ import annotations

import difflib
import re
from typing import Annotated, get_args

import typer

from tandem.cli.handover import become, run_flow
from tandem.cli.rendering import JsonOption
from tandem.settings import CUSTOM_OBJECT, SettableObject

_STANDARD = get_args(SettableObject)


def _object_name(text: str) -> str:
    """Return the object that was named: a standard one, or a custom one like ``Invoice__c``."""
    if text in _STANDARD or re.fullmatch(CUSTOM_OBJECT, text):
        return text
    near = difflib.get_close_matches(text, _STANDARD, 1)
    hint = f"Did you mean {near[0]}?" if near else f"Name one of {', '.join(_STANDARD)}, or a custom one."
    raise typer.BadParameter(f"There is no object {text!r}. {hint}")


ObjectsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--object",
        metavar="OBJECT",
        parser=_object_name,
        help="Only this object (Lead, Contact, Invoice__c, ...); may be repeated. Default: all in the settings.",
    ),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Show Prefect's log.")]


def sync(objects: ObjectsOption = None, as_json: JsonOption = False, verbose: VerboseOption = False) -> None:
    """Run one cycle now: take over what changed in Salesforce, send what changed here.

    Exit code: 0 done, 1 something failed, 69 stopped at the API budget, 75 another run is at work.
    """
    run_flow("sync", {"objects": objects or None}, as_json, verbose)


def backfill(
    objects: ObjectsOption = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Read everything again, also what was copied before.")
    ] = False,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help="Fill only this field, e.g. Lead.Tier__c, on every record; repeatable."),
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Copy everything the sync user can see. Stopped half-way, it goes on where it was.

    Exit code: as for `tandem sync`.
    """
    parameters = {
        "objects": objects or None,
        "restart": restart,
        "fields": fields or None,
    }
    run_flow("backfill", parameters, as_json, verbose)


def plan(objects: ObjectsOption = None, as_json: JsonOption = False, verbose: VerboseOption = False) -> None:
    """Show what a cycle would write, here and in Salesforce. Writes nothing.

    Exit code: 0 nothing to do, 2 there is something, 1 it could not be worked out.
    """
    run_flow("plan", {"objects": objects or None}, as_json, verbose)


def quality(as_json: JsonOption = False, verbose: VerboseOption = False) -> None:
    """Judge everything in the database by the expectation suites; write page, Data Docs and JSON to data/quality.

    Exit code: 0 written, 1 not written, or written without objects whose suite is wrong.
    """
    run_flow("quality-report", {}, as_json, verbose)


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0: any free one.")] = 8200,
    people: Annotated[int, typer.Option(min=0, help="Leads and contacts to begin with.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same org.")] = 7,
    latency_ms: Annotated[float, typer.Option(min=0, help="Wait so long before each answer.")] = 0,
    path: Annotated[str | None, typer.Option(help="Keep the org in this file, not in memory.")] = None,
) -> None:
    """Start a Salesforce org on this machine, to try things out. Ctrl-C ends it."""
    org = ("--people", str(people), "--seed", str(seed), *(("--path", path) if path else ()))
    become("sandbox", "--port", str(port), *org, "--latency-ms", f"{latency_ms:g}")


def up(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the Prefect UI; 0: any free one.")
    ] = 4200,
    page_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the status page; 0: any free one.")
    ] = 8300,
    with_sandbox: Annotated[
        bool, typer.Option("--with-sandbox", help="Start a sandbox org too, and sync with that.")
    ] = False,
) -> None:
    """Sync for as long as this runs: Prefect server, status page, worker, all deployments. Ctrl-C stops everything."""
    sandbox_too = ["--with-sandbox"] if with_sandbox else []
    become("flows.local", "--port", str(port), "--page-port", str(page_port), *sandbox_too)


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0: any free one.")] = 8300,
) -> None:
    """Show status, errors, people, quality and API calls in the browser; metrics for Prometheus. Ctrl-C ends it."""
    become("tandem.web", "--port", str(port))
