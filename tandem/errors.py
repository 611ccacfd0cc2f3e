"""What can go wrong, in words a user can act on.

Every error that a user, an org or a machine can cause is a :class:`TandemError`: its text is one line
that says what happened and what to do. Commands and flows print that line; anything else is a defect
of ours and keeps its stack trace.
"""

from __future__ import annotations

#: The code under which whatever is no :class:`TandemError` is kept.
DEFECT = "DEFECT"


class TandemError(Exception):
    """Something a user can put right. ``str(error)`` is one line: what happened, what to do."""


class SettingsError(TandemError):
    """A setting is missing, unknown or contradicts another."""


class SalesforceError(TandemError):
    """Salesforce answered with an error, or did not answer.

    ``code`` is Salesforce's own error code (``INVALID_FIELD``, ``UNABLE_TO_LOCK_ROW``) or one of ours
    where Salesforce said nothing (``CONNECTION_LOST``, ``TIMEOUT``, ``TRUNCATED``).
    """

    def __init__(self, message: str, code: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class AuthenticationError(SalesforceError):
    """Login failed or the user may not use the API: nothing can go on until somebody changes that."""


class BudgetExhausted(TandemError):
    """The next API call would go over our own daily budget or into Salesforce's limit (API-02)."""


class DatabaseError(TandemError):
    """The database cannot be opened or written: locked, newer than this program, full, or not a database."""


class RolledBack(TandemError):
    """A step broke off while it was applied; all of it was undone and its object stands as before (1.9)."""


class LeaseTaken(TandemError):
    """Another run holds the right to write; this one does nothing."""


class SuiteFailed(TandemError):
    """A staged batch failed its expectation suite as a whole; nothing of it may be applied."""


class NotFound(TandemError):
    """A person, a page, a code that somebody asked for is not there."""
