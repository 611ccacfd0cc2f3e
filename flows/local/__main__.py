"""``tandem up``: a Prefect server, the status page, a worker and every deployment on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from flows.local.environment import prepare_environment
from tandem.errors import TandemError
from tandem.settings import load

_SANDBOX_DATABASE = Path("data/sandbox.duckdb")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run until interrupted; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tandem up", description=__doc__)
    parser.add_argument("--port", type=int, default=4200)
    parser.add_argument("--page-port", type=int, default=8300)
    parser.add_argument("--with-sandbox", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    if options.with_sandbox:
        # Never the database of a real org: the sandbox forgets everything, and so does this one.
        os.environ["TANDEM_DATABASE"] = str(_SANDBOX_DATABASE)
    try:
        settings = load()
        prepare_environment(settings)
        # Imported here: Prefect reads its environment when it is imported.
        from flows.local.up import up

        up(settings, options.port, options.page_port, options.with_sandbox)
    except KeyboardInterrupt:
        return 0
    except TandemError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
