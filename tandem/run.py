"""One run of a flow: its settings, its database, its line to Salesforce, and its place in the journal."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tandem.database import journal
from tandem.database.connection import Database, Session
from tandem.database.journal import Status
from tandem.database.lease import appear, kept_alive, leave, take
from tandem.errors import DEFECT, BudgetExhausted, DatabaseError, SalesforceError, TandemError
from tandem.objects import SyncedObject, synced_objects
from tandem.reports import trouble
from tandem.salesforce.calls import ApiCall, CallMeter
from tandem.salesforce.connection import Connection, connect
from tandem.salesforce.errors import ErrorClass, classify
from tandem.settings import Settings


class Run:
    """What every step of a run needs. Pickles without its open line, so that steps may run elsewhere."""

    def __init__(self, kind: str, settings: Settings, run_id: str | None = None) -> None:
        self.id = run_id or str(uuid.uuid4())
        self.kind = kind
        self.settings = settings

    def __getstate__(self) -> dict[str, Any]:
        return {"id": self.id, "kind": self.kind, "settings": self.settings}

    @property
    def objects(self) -> dict[str, SyncedObject]:
        """The objects that can take part, in the order of a cycle."""
        return synced_objects(self.settings.sync.custom_objects)

    @cached_property
    def database(self) -> Database:
        """The marketing database."""
        chosen = self.settings
        return Database(chosen.database, chosen.lock_wait_seconds, chosen.memory_limit, chosen.threads)

    @cached_property
    def meter(self) -> CallMeter:
        """Counts this run's API calls, knowing those of the last 24 hours."""
        with self.database.read() as session:
            return CallMeter(self.settings.budget, journal.calls_of_last_day(session))

    @cached_property
    def connection(self) -> Connection:
        """The line to Salesforce; logs in on first use.

        :raises AuthenticationError: the login is refused.
        """
        return connect(self.settings.salesforce, self.meter)

    @property
    def server_time(self) -> datetime:
        """Salesforce's clock at its last answer, as the database keeps times: UTC, without a zone."""
        return self.connection.server_time.replace(tzinfo=None)

    @property
    def staging(self) -> Path:
        """The folder of this run's batches."""
        return self.settings.staging / self.id

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Hold the lease and keep the journal while the block runs.

        Whatever ends the block early is written down: status, words, and the API calls made.

        :raises LeaseTaken: another run is at work; nothing was done.
        """
        with self._journalled(take, of_a_cycle=True):
            yield

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Keep the journal of a flow action while the block runs: beside a cycle, without its lease.

        Nothing is held but the database, and that only for the moment of each write.
        """
        if not self.database.exists():
            raise DatabaseError(
                f"There is no database at {self.database.path} yet. Run `tandem backfill` first."
            )
        with self._journalled(appear, of_a_cycle=False):
            yield

    @contextmanager
    def _journalled(self, enter: Callable[[Session, str, str], None], of_a_cycle: bool) -> Iterator[None]:
        with self.database.write() as session, session.transaction():
            enter(session, self.id, self.kind)
            journal.begin_run(session, self.id, self.kind)
            self.meter = CallMeter(self.settings.budget, journal.calls_of_last_day(session))
        try:
            with kept_alive(self.database, self.id):
                yield
        except BudgetExhausted as error:
            self._close(Status.STOPPED_AT_BUDGET, error)
            raise
        except BaseException as error:
            self._close(Status.FAILED, error, stands=of_a_cycle or not _is_of_the_asker(error))
            raise
        self._close()

    def save_calls(self) -> None:
        """Write down the API calls made since the last time."""
        if calls := self._unsaved_calls():
            with self.database.write() as session, session.transaction():
                journal.record_calls(session, self.id, calls)

    def record_calls(self, session: Session) -> None:
        """As :meth:`save_calls`, in a session that is open anyway."""
        journal.record_calls(session, self.id, self._unsaved_calls())

    def _unsaved_calls(self) -> list[ApiCall]:
        return self.meter.drain() if "meter" in self.__dict__ else []

    def _close(
        self, status: Status | None = None, error: BaseException | None = None, stands: bool = True
    ) -> None:
        with self.database.write() as session, session.transaction():
            self.record_calls(session)
            status = status or journal.status_of_steps(session, self.id)
            if isinstance(error, Exception) and stands:
                code, error_class = error_code(error)
                journal.record_job_error(
                    session, self.id, None, self.kind, code, error_class, one_line(error)
                )
            journal.end_run(session, self.id, status, one_line(error) if error else None)
            journal.resolve_job_errors(session, self.id)
            trouble.review(session, self.id, self.settings.notify, self.settings.sync)
            journal.prune(session, self.settings.sync.keep_days)
            leave(session, self.id)
        if status is Status.SUCCEEDED:
            shutil.rmtree(self.staging, ignore_errors=True)


def error_code(error: BaseException) -> tuple[str, str]:
    """Return the code and class under which an error is kept (24.6)."""
    if isinstance(error, SalesforceError):
        return error.code, classify(error.code).value
    return type(error).__name__ if isinstance(error, TandemError) else DEFECT, ErrorClass.OTHER.value


def _is_of_the_asker(error: BaseException) -> bool:
    """Whether a flow action only asked for what cannot be: who asked was told, and it is over."""
    return isinstance(error, TandemError) and not isinstance(error, SalesforceError | DatabaseError)


def one_line(error: BaseException) -> str:
    """Return an error as one line; defects of ours keep their name."""
    text = " ".join(str(error).split())
    return text if isinstance(error, TandemError) else f"{type(error).__name__}: {text}"
