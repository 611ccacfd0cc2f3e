"""`python -m sandbox`: serves an org until it is interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb

from sandbox import Org, PortInUse, serve
from sandbox.recipe.errors import InvalidRecipe
from sandbox.state import UnreadableOrg


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, serve, and answer the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A Salesforce org on loopback.")
    parser.add_argument("--port", type=int, default=8200, help="port on 127.0.0.1; 0 picks a free one")
    parser.add_argument(
        "--people", type=int, help="leads and contacts to begin with (1000; none with --recipe)"
    )
    parser.add_argument("--recipe", type=Path, help="make the records that this Snowfakery recipe describes")
    parser.add_argument("--person-accounts", action="store_true", help="let accounts be people")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same org")
    parser.add_argument("--latency-ms", type=float, default=0, help="wait so long before each answer")
    parser.add_argument("--path", help="keep the org in this file instead of in memory")
    parser.add_argument("--control", action="store_true", help="open /_org/ to change the org over HTTP")
    given = parser.parse_args(arguments)
    if given.people is None:
        given.people = 0 if given.recipe else 1000
    if given.people < 0 or not 0 <= given.port < 65536 or given.latency_ms < 0:
        parser.error("people, port and latency must not be negative, and a port is below 65536")
    try:
        org = Org(people=given.people, seed=given.seed, path=given.path)
    except UnreadableOrg as error:
        print(error, file=sys.stderr)
        return 1
    except duckdb.Error as error:
        print(f"cannot open {given.path}: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    if given.person_accounts:
        org.enable_person_accounts()
    made = ""
    if given.recipe:
        try:
            counts = org.seed_recipe(given.recipe.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, InvalidRecipe) as error:
            print(f"cannot follow {given.recipe}: {error}", file=sys.stderr)
            return 1
        made = "".join(f", {count} {name}" for name, count in counts.items())
    try:
        server = serve(org, port=given.port, latency_ms=given.latency_ms, control=given.control)
    except PortInUse as error:
        print(f"{error}; choose another with --port, or 0 for any free one", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with server:
        print(
            f"A Salesforce org with {given.people} people{made} is at\n"
            f"  url            {server.url}\n"
            f"  client id      {org.client_id}\n"
            f"  client secret  {org.client_secret}\n"
            f"  username       {org.username}\n"
            f"  password       {org.password} (security token {org.security_token})\n"
            "Ctrl-C ends it.",
            flush=True,
        )
        stop.wait()
    org.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
