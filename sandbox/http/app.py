"""The ASGI side: bodies in and out, compression, faults that break the connection, the request log."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from sandbox.core import Core
from sandbox.faults import Fault
from sandbox.http.call import Answer, Call, parse_query
from sandbox.http.dispatch import Dispatcher
from sandbox.requestlog import Entry

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY = 160 * 1024 * 1024
"""A little more than the 150 MB that a Bulk upload may have (facts 5.5)."""
MAX_HEAD = 16_384
"""Bytes of a request's path and headers (facts 5.11)."""
SMALL = 1000


class App:
    """The org as an ASGI application. Handlers run in threads; the event loop only moves bytes."""

    def __init__(self, core: Core, dispatcher: Dispatcher, drop: Callable[[Scope], None]) -> None:
        self._core = core
        self._dispatcher = dispatcher
        self._drop = drop
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="org")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        with self._core.meter.slots.held() as slot:
            await self._serve(scope, receive, send, slot)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, slot: int) -> None:
        started = time.perf_counter()
        call = self._call(scope, slot)
        faults = self._core.faults.due(call.method, unquote(call.path))
        call.faults = faults
        delay = self._core.latency_seconds + sum(item.seconds for item in faults if item.kind == "latency")
        if delay:
            await asyncio.sleep(delay)
        body = await self._body(scope, receive, call.headers)
        if any(item.kind == "drop_before" for item in faults):
            self._log(call, 0, started, False, 0)
            await self._hang_up(scope, receive)
            return
        counted = False
        if body is None:
            answer = Answer(413, [{"message": "Request entity too large", "errorCode": "REQUEST_TOO_LARGE"}])
        elif too_long := _too_long(scope):
            answer = too_long
        else:
            call.body = body
            loop = asyncio.get_running_loop()
            answer, counted = await loop.run_in_executor(self._threads, self._handle, call, faults)
        if any(item.kind == "drop_after" for item in faults):
            self._log(call, 0, started, counted, answer.rows)
            await self._hang_up(scope, receive)
            return
        # Logged before the last byte leaves: a client that got its answer finds its request in the log.
        self._log(call, answer.status, started, counted, answer.rows)
        if any(item.kind == "cut_body" for item in faults):
            await self._send(send, call, answer, cut=True)
            await self._hang_up(scope, receive)
        else:
            await self._send(send, call, answer, cut=False)

    def _handle(self, call: Call, faults: list[Fault]) -> tuple[Answer, bool]:
        info = {
            "method": call.method,
            "path": unquote(call.path),
            "headers": dict(call.headers),
            "body": call.body,
        }
        for fault in faults:
            if fault.kind == "call" and fault.when == "before" and fault.call:
                fault.call(info)
        forced = next((item for item in faults if item.kind == "status"), None)
        if forced:
            message = forced.message or f"{forced.code} on purpose"
            return Answer(forced.status, [{"message": message, "errorCode": forced.code}]), False
        answer, counted = self._dispatcher.answer(call)
        for fault in faults:
            if fault.kind == "call" and fault.when == "after" and fault.call:
                fault.call({**info, "status": answer.status})
        return answer, counted

    def _call(self, scope: Scope, slot: int) -> Call:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        host = headers.get("host", "127.0.0.1")
        return Call(
            self._core,
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            parse_query(scope["query_string"].decode("latin-1")),
            headers,
            base_url=f"http://{host}",
            client=scope["query_string"].decode("latin-1"),
            slot=slot,
        )

    async def _body(self, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> bytes | None:
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return b"".join(pieces)
            piece = message.get("body", b"")
            size += len(piece)
            if size <= MAX_BODY:
                pieces.append(piece)
            if not message.get("more_body"):
                break
        if size > MAX_BODY:
            return None
        body = b"".join(pieces)
        encoding = headers.get("content-encoding", "").lower()
        if encoding in ("gzip", "deflate") and body:
            return _inflate(body, encoding)
        return body

    async def _send(self, send: Send, call: Call, answer: Answer, cut: bool) -> None:
        headers = {
            "Date": format_datetime(self._core.clock.now().replace(microsecond=0), usegmt=True),
            "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
            **answer.headers,
        }
        zipped = "gzip" in call.headers.get("accept-encoding", "").lower()
        head = call.method == "HEAD"
        if answer.stream is not None:
            await self._stream(send, answer, headers, zipped, cut, head)
            return
        payload = answer.payload()
        if payload or answer.status not in (204, 304):
            headers["Content-Type"] = answer.content_type
        if zipped and len(payload) > SMALL:
            payload = await asyncio.get_running_loop().run_in_executor(self._threads, _gzip, payload)
            headers["Content-Encoding"] = "gzip"
            if "ETag" in headers:
                headers["ETag"] = f'{headers["ETag"][:-1]}--gzip"'
        if answer.status not in (204, 304):
            headers["Content-Length"] = str(len(payload))
        await send({"type": "http.response.start", "status": answer.status, "headers": _pairs(headers)})
        if cut and len(payload) > 1:
            await send(
                {"type": "http.response.body", "body": payload[: len(payload) // 2], "more_body": True}
            )
            return
        await send({"type": "http.response.body", "body": b"" if head else payload})

    async def _stream(
        self, send: Send, answer: Answer, headers: dict[str, str], zipped: bool, cut: bool, head: bool
    ) -> None:
        assert answer.stream is not None
        headers["Content-Type"] = answer.content_type
        total = answer.length or 0
        if zipped and total > SMALL:
            headers["Content-Encoding"] = "gzip"
        else:
            zipped = False
            headers["Content-Length"] = str(total)
        await send({"type": "http.response.start", "status": answer.status, "headers": _pairs(headers)})
        if head:
            await send({"type": "http.response.body", "body": b""})
            return
        pieces = _gzip_pieces(answer.stream()) if zipped else answer.stream()
        loop = asyncio.get_running_loop()
        sent = 0
        while True:
            piece = await loop.run_in_executor(self._threads, next, pieces, None)
            if piece is None:
                break
            if cut and sent + len(piece) > total // 2:
                await send(
                    {
                        "type": "http.response.body",
                        "body": piece[: max(total // 2 - sent, 0)],
                        "more_body": True,
                    }
                )
                return
            sent += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _hang_up(self, scope: Scope, receive: Receive) -> None:
        self._drop(scope)
        while (await receive())["type"] != "http.disconnect":
            pass

    def _log(self, call: Call, status: int, started: float, counted: bool, rows: int) -> None:
        kept = {
            name: value
            for name, value in call.headers.items()
            if name not in ("authorization", "x-sfdc-session")
        }
        self._core.requests.add(
            Entry(
                call.method,
                unquote(call.path),
                call.client,
                status,
                time.perf_counter() - started,
                counted,
                call.user.id if call.user else None,
                kept,
                rows,
            )
        )


def _too_long(scope: Scope) -> Answer | None:
    # The web server in front of a real org answers these, not the API: a page, and no error code.
    size = len(scope["raw_path"]) + len(scope["query_string"])
    if size > MAX_HEAD:
        return _bad_message(414, "URI Too Long")
    if size + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MAX_HEAD:
        return _bad_message(431, "Request Header Fields Too Large")
    return None


def _bad_message(status: int, reason: str) -> Answer:
    page = f"<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>"
    return Answer(status, raw=page.encode(), content_type="text/html;charset=iso-8859-1")


def _pairs(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


def _gzip(payload: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(payload) + packer.flush()


def _gzip_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()


def _inflate(body: bytes, encoding: str) -> bytes | None:
    unpacker = zlib.decompressobj(47 if encoding == "gzip" else 15)
    try:
        out = unpacker.decompress(body, MAX_BODY)
        return None if unpacker.unconsumed_tail else out
    except zlib.error:
        # Left as it came; whoever parses it will say that it is not what it claims to be.
        return body
