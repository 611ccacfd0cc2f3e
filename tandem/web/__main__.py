"""``python -m tandem.web --port 8300``: serve the status page on loopback until Ctrl-C."""

from __future__ import annotations

import argparse
import socket
import sys

import uvicorn

from tandem.errors import TandemError
from tandem.loopback import bound
from tandem.settings import load
from tandem.web.app import create_app


def serve(listener: socket.socket) -> None:
    """Serve on a socket until interrupted."""
    app = create_app(load())
    listener.listen()  # who reads the line below may come at once
    print(f"The status page is at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="error", lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


def main() -> int:
    """Read the command line and serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tandem serve")
    parser.add_argument("--port", type=int, default=8300)
    parser.add_argument("--fd", type=int, help="a socket that the parent has bound already")
    options = parser.parse_args()
    try:
        if options.fd is not None:
            serve(socket.socket(fileno=options.fd))
        else:
            with bound(options.port) as listener:
                serve(listener)
    except KeyboardInterrupt:
        return 0
    except TandemError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
