"""``python -m tandem.web --port 8300``: serve the status page on loopback until Ctrl-C."""

from __future__ import annotations

import argparse
import sys

import uvicorn

from tandem.errors import TandemError
from tandem.loopback import bound
from tandem.settings import load
from tandem.web.app import create_app


def serve(port: int) -> None:
    """Serve until interrupted.

    :raises TandemError: the port is in use.
    """
    settings = load()
    with bound(port) as listener:
        listener.listen()  # who reads the line below may come at once
        print(f"The status page is at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(create_app(settings), log_level="error", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


def main() -> int:
    """Read the command line and serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tandem serve")
    parser.add_argument("--port", type=int, default=8300)
    try:
        serve(parser.parse_args().port)
    except KeyboardInterrupt:
        return 0
    except TandemError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
