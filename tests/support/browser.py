"""A headless Chromium, spoken to over its DevTools protocol. It resolves no name: nothing leaves loopback."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

#: Widths in CSS pixels: a desktop's window, a phone held upright.
DESKTOP, PHONE = 1280, 390
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 60.0


def find_chromium() -> str | None:
    """Return the program, if this machine has it."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium(program: str, home: Path) -> Iterator[Page]:
    """Start Chromium with a profile of its own and open one page in it."""
    process = subprocess.Popen(
        [
            program,
            *("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
            *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            *(["--no-sandbox"] if os.geteuid() == 0 else []),  # it does not run as root otherwise
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            *("--remote-debugging-port=0", f"--user-data-dir={home}", "about:blank"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with connect(_address(process, home), max_size=None, compression=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[bytes], home: Path) -> str:
    file, deadline = home / "DevToolsActivePort", time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists() and len(lines := file.read_text().splitlines()) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.02)
    raise AssertionError("Chromium does not start")


class Page:
    """One page. What it asks for over the network stands in :attr:`requests`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self._loaded = False
        self.requests: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._call(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        self._loaded = False
        answer = self._call("Page.navigate", url=address)
        assert "errorText" not in answer, answer
        deadline = time.monotonic() + _SECONDS
        while not self._loaded:
            self._receive(deadline)

    def look(self, width: int, dark: bool = False, height: int = 900) -> None:
        """Give the window a width, and its reader a taste in colours."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width <= PHONE,
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._call("Emulation.setEmulatedMedia", features=features)

    def run(self, script: str) -> Any:
        """Evaluate an expression in the page; returns its value."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, script: str, what: str) -> Any:
        """Wait until an expression is true; returns its value."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            with suppress(AssertionError):  # between two pages there is nothing to ask
                if found := self.run(script):
                    return found
            time.sleep(0.1)
        raise AssertionError(f"{what}: not there. The page says: {self.run('document.body.innerText')}")

    def press_tab(self) -> None:
        """Press the tabulator key."""
        for kind in ("rawKeyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)

    def screenshot(self, file: Path, whole: bool = True) -> None:
        """Save what the page looks like, by default down to its end."""
        answer = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        if whole:
            size = self._call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            answer = self._call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(answer["data"]))

    def outside(self) -> list[str]:
        """Return the requests that were not for loopback."""
        web = [each for each in self.requests if urlsplit(each).scheme in ("http", "https", "ws", "wss")]
        return [each for each in web if urlsplit(each).hostname not in ("127.0.0.1", "localhost")]

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._connection.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        deadline = time.monotonic() + _SECONDS
        while (answer := self._receive(deadline)).get("id") != number:
            pass
        assert "error" not in answer, f"{method}: {answer}"
        return dict(answer["result"])

    def _receive(self, deadline: float) -> dict[str, Any]:
        message = dict(json.loads(self._connection.recv(timeout=max(deadline - time.monotonic(), 0.01))))
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        elif message.get("method") == "Page.loadEventFired":
            self._loaded = True
        return message
