"""A real HTTP server on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.api import routes
from sandbox.api.control import Control
from sandbox.core import Core
from sandbox.http.app import App, Scope
from sandbox.org import Org

HOST = "127.0.0.1"


class PortInUse(Exception):
    """Somebody else listens there."""


class Server:
    """Serves an org until it is stopped."""

    def __init__(
        self, core: Core, port: int = 0, latency_ms: float = 0, control: Control | None = None
    ) -> None:
        self._core = core
        core.latency_seconds = latency_ms / 1000
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}
        # The protocol is named so that asyncio sends small answers at once (TCP_NODELAY), not 40 ms later.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
        except OSError as error:
            self._socket.close()
            raise PortInUse(f"port {port} on {HOST} cannot be had: {error.strerror}") from None
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._app = App(core, routes.dispatcher(core, control), self._drop)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app,
                http=self._protocol(),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # Longer heads than a real org takes must still reach the answer that says so.
                h11_max_incomplete_event_size=1 << 20,
                date_header=False,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=60,
            )
        )
        self._thread: threading.Thread | None = None

    def start(self) -> Server:
        """Listen; returns when requests are answered."""
        ready = threading.Event()

        async def main() -> None:
            serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.001)
            ready.set()
            await serving

        self._thread = threading.Thread(target=lambda: asyncio.run(main()), name="sandbox-org", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """Stop listening and wait until everything has ended."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._app.close()
        self._socket.close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _protocol(self) -> type[asyncio.Protocol]:
        transports = self._transports

        class Remembering(H11Protocol):
            """Remembers its transport by the client's address, so that a fault can cut the line."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                transports[transport.get_extra_info("peername")[:2]] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername")[:2], None)
                super().connection_lost(exc)

        return Remembering

    def _drop(self, scope: Scope) -> None:
        client: Any = scope.get("client")
        transport = self._transports.get(tuple(client)) if client else None
        if transport is not None:
            # Closing sends what is buffered first: a body cut short arrives as far as it goes.
            transport.close()


def serve(org: Org, port: int = 0, latency_ms: float = 0, control: bool = False) -> Server:
    """A server for an org; use it in a `with` block, or call `start` and `stop`.

    `control` opens `/_org/...`, through which anybody on this machine may change the org.
    """
    return Server(org.core, port, latency_ms, Control(org) if control else None)
