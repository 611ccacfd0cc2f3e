"""A Prefect server on loopback: a temporary one for a single run, or the one with the UI for `tandem up`."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flows.local import leashed
from tandem.errors import TandemError
from tandem.loopback import bound

_READY_SECONDS = 90.0
_DATABASE = "prefect.db"
_ADDRESS = "server.url"  # where the server with the UI tells other processes that it is there


class LocalServer:
    """A server that is starting. Its port is taken already; :meth:`wait` until it answers."""

    def __init__(self, home: Path, port: int = 0, with_ui: bool = False) -> None:
        """Take the port (0: any free one) and start the server.

        :raises TandemError: the port is in use.
        """
        self._log = home / "server.log"
        with bound(port) as listener:
            make_database(home)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            extra = {
                "PREFECT__SERVER_FINAL": "1",
                "PREFECT_UI_ENABLED": "true" if with_ui else "false",
                "PREFECT_UI_API_URL": f"{self.url}/api",
                "PREFECT_API_DATABASE_CONNECTION_URL": _connection_url(home / _DATABASE),
            }
            if not with_ui:
                # Prefect's own name for a server for one process: no scheduler; and nobody has automations there.
                extra["PREFECT__SERVER_EPHEMERAL"] = "1"
                extra["PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED"] = "false"
            descriptor = listener.fileno()
            self.process = leashed.start(
                [
                    *("uvicorn", "--factory", "prefect.server.api.server:create_app"),
                    *("--fd", str(descriptor), "--log-level", "error", "--lifespan", "on"),
                ],
                self._log,
                extra,
                pass_fds=(descriptor,),
            )

    @property
    def api_url(self) -> str:
        """Where clients of the API turn to (``PREFECT_API_URL``)."""
        return f"{self.url}/api"

    def wait(self) -> None:
        """Wait until the server answers.

        :raises TandemError: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise TandemError(f"Prefect's server ended as it started. Its last words are in {self._log}.")
            if answers(self.api_url):
                return
            time.sleep(0.05)
        raise TandemError(
            f"Prefect's server did not answer within {_READY_SECONDS:g} s. Its log is {self._log}."
        )

    def stop(self) -> None:
        """End the server."""
        leashed.stop(self.process)


@contextmanager
def announce(home: Path, api_url: str) -> Iterator[None]:
    """Tell other processes of this installation where the server is, while the block runs."""
    file = home / _ADDRESS
    file.write_text(api_url, "utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running_api(home: Path) -> str | None:
    """Return the API of the ``tandem up`` that runs with this home, if one does."""
    try:
        api_url = (home / _ADDRESS).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    return api_url if answers(api_url) else None


def answers(api_url: str) -> bool:
    """Whether a Prefect server answers there."""
    try:
        with urllib.request.urlopen(f"{api_url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _connection_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def make_database(home: Path) -> None:
    """Make Prefect's database before its first server starts.

    Its migrations take seconds, several processes may come at once, and SQLite does not undo half of one:
    so one process makes the file under another name and renames it when it is whole.
    """
    home.mkdir(parents=True, exist_ok=True)
    if (home / _DATABASE).exists():
        return
    with (home / "making-database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (home / _DATABASE).exists():
            return
        print("Preparing Prefect's database; this happens once.", file=sys.stderr)
        draft = home / f"{_DATABASE}.new"
        for leftover in home.glob(f"{draft.name}*"):
            leftover.unlink()
        made = subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"],
            env={**os.environ, "PREFECT_API_DATABASE_CONNECTION_URL": _connection_url(draft)},
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            (home / "server.log").write_text(made.stdout + made.stderr, "utf-8")
            raise TandemError(
                f"Prefect's database could not be made in {home}. Why is in {home / 'server.log'}."
            )
        with closing(sqlite3.connect(draft)) as connection:  # so that all of it is in the one file
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        draft.rename(home / _DATABASE)
