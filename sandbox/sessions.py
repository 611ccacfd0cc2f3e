"""Who is logged in: access tokens, and the clients and certificates that may ask for them (facts 5.11)."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field

from sandbox.clock import Clock

LIFETIME_SECONDS = 7200.0
"""Sessions slide with use and last two hours by default."""


@dataclass(slots=True)
class Session:
    """A token and whom it stands for."""

    token: str
    user_id: str
    used_at: float
    refresh_token: str | None = None


@dataclass(slots=True)
class ConnectedApp:
    """A client that may log in: its id, its secret, the user it runs as, the certificates it signs with."""

    client_id: str
    client_secret: str
    run_as: str
    certificates: list[str] = field(default_factory=list)


class Sessions:
    """All sessions of the org."""

    def __init__(self, clock: Clock, org_id: str, seed: int) -> None:
        self._clock = clock
        self._org_id = org_id
        self._seed = seed
        self._count = 0
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}
        self._refresh: dict[str, str] = {}

    def open(self, user_id: str, refreshable: bool = False) -> Session:
        """Log a user in."""
        with self._lock:
            self._count += 1
            text = hashlib.sha256(f"{self._seed}:{self._count}:{user_id}".encode()).hexdigest()
            session = Session(f"{self._org_id[:15]}!AQ0A{text}", user_id, self._now())
            if refreshable:
                session.refresh_token = f"5Aep861{text[:48]}"
                self._refresh[session.refresh_token] = user_id
            self._open[session.token] = session
            return session

    def find(self, token: str) -> Session | None:
        """The session behind a token, if it has not expired; using it keeps it alive."""
        session = self._open.get(token)
        if session is None:
            return None
        now = self._now()
        if now - session.used_at > LIFETIME_SECONDS:
            self._open.pop(token, None)
            return None
        session.used_at = now
        return session

    def refresh(self, refresh_token: str) -> str | None:
        """The user that a refresh token stands for."""
        return self._refresh.get(refresh_token)

    def close(self, token: str) -> bool:
        """Revoke an access or refresh token."""
        return self._open.pop(token, None) is not None or self._refresh.pop(token, None) is not None

    def expire_all(self) -> None:
        """End every session; refresh tokens stay good."""
        self._open.clear()

    def _now(self) -> float:
        return self._clock.now().timestamp()
