"""Names, passwords and security tokens, for the logins that real orgs are about to lose (facts 5.11)."""

from __future__ import annotations

import hmac

from sandbox.store import Store


class Passwords:
    """One password and one security token for every user of the org."""

    def __init__(self, store: Store, password: str, security_token: str) -> None:
        self._store = store
        self.password = password
        self.security_token = security_token

    def check(self, username: str, password: str) -> str | None:
        """The id of the active user whose password (with or without security token) that is."""
        good = (self.password, self.password + self.security_token)
        if not any(hmac.compare_digest(item.encode(), password.encode()) for item in good):
            return None
        rows = self._store.run(
            'SELECT "Id" FROM "User" WHERE lower("Username") = lower(?) AND "IsActive"', [username]
        )
        return str(rows[0][0]) if rows else None
