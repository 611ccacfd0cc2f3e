"""The org behind its APIs: what every API family shares."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import ids
from sandbox.access import PermissionSet, Profile, User
from sandbox.clock import Clock
from sandbox.errors import malformed_query
from sandbox.faults import Faults
from sandbox.limits import Meter
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject
from sandbox.paging import Cursors
from sandbox.passwords import Passwords
from sandbox.recent import Recent
from sandbox.recyclebin import RecycleBin
from sandbox.requestlog import RequestLog
from sandbox.rules.deletion import Remover
from sandbox.rules.draft import Intent
from sandbox.rules.writer import Rulebook, Writer
from sandbox.sessions import ConnectedApp, Sessions
from sandbox.sharing import Sharing
from sandbox.soql import visibility
from sandbox.soql.compiler import LEVELS_BEFORE_58, MAX_LEVELS, compile_condition, compile_text
from sandbox.soql.finder import Finder
from sandbox.soql.plan import Plan
from sandbox.soql.scope import World
from sandbox.store import Store

VERSIONS = range(31, 68)
"""API versions that the org answers; older ones are retired (facts 5.11)."""
LATEST = 67
MAX_SOQL = 100_000
"""Characters of a query (facts 1)."""
ORG_ID = ids.make("00D", 1)
ADMIN_PROFILE = ids.make("00e", 1)
STANDARD_PROFILE = ids.make("00e", 2)
SYNC_PROFILE = ids.make("00e", 3)
ADMIN_USER = ids.make("005", 1)
SYNC_USER = ids.make("005", 2)


class Core:
    """Parts of one org and the questions that all of them ask."""

    def __init__(self, path: Path | None, seed: int) -> None:
        self.seed = seed
        self.path = path
        self.clock = Clock()
        self.schema = Schema(self.clock)
        self.store = Store(path)
        self.rulebook = Rulebook()
        self.writer = Writer(self.store, self.schema, self.clock, self.rulebook)
        self.remover = Remover(self.writer)
        for part in (self.writer, self.remover):
            part.visible = self.visible_keys
        self.writer.world = lambda intent: self.world(intent.user)
        self.writer.system_world = lambda: self.world(self.admin)
        self.sessions = Sessions(self.clock, ORG_ID, seed)
        self.passwords = Passwords(self.store, f"sandbox-{seed}", f"token{seed:019d}")
        self.meter = Meter(self.clock)
        self.faults = Faults(seed)
        self.recycle_bin = RecycleBin(self.remover)
        self.cursors = Cursors(self.store, self.clock)
        self.recent = Recent()
        self.requests = RequestLog()
        self.latency_seconds = 0.0
        self.hidden_objects: frozenset[str] = frozenset()
        self.sharing = Sharing()
        self.apps: dict[str, ConnectedApp] = {}
        self.profiles = {
            item.id: item
            for item in (
                Profile(ADMIN_PROFILE, "System Administrator", all_data=True),
                Profile(STANDARD_PROFILE, "Standard User"),
                Profile(SYNC_PROFILE, "Integration User"),
            )
        }
        self.permission_sets: dict[str, PermissionSet] = {}
        self._users: dict[str, User] = {}
        self._files: tempfile.TemporaryDirectory[str] | None = None
        self._files_lock = threading.Lock()

    # users

    def user(self, user_id: str) -> User:
        """The user of that id."""
        found = self._users.get(user_id)
        if found is None:
            rows = self.store.run('SELECT "Username", "ProfileId" FROM "User" WHERE "Id" = ?', [user_id])
            if not rows:
                raise LookupError(f"no such user: {user_id}")
            profile = self.profiles.get(rows[0][1], self.profiles[STANDARD_PROFILE])
            found = User(user_id, rows[0][0], profile.widened(self._sets(user_id)))
            self._users[user_id] = found
        return found

    def _sets(self, user_id: str) -> list[PermissionSet]:
        rows = self.store.run(
            'SELECT "PermissionSetId" FROM "PermissionSetAssignment" WHERE "AssigneeId" = ? AND "IsActive"',
            [user_id],
        )
        return [found for row in rows if (found := self.permission_sets.get(row[0]))]

    def forget_users(self) -> None:
        """Read users anew, after profiles or users changed."""
        self._users.clear()

    @property
    def admin(self) -> User:
        """The administrator, who sees and may do everything."""
        return self.user(ADMIN_USER)

    def world(self, user: User) -> World:
        """The schema as a user sees it, now."""
        now = self.clock.now().replace(tzinfo=None)
        plain = World(self.schema, user.profile, now, user.id, self.hidden_objects, self.sharing)
        return replace(plain, criteria=self._criteria(now)) if self.sharing.rules else plain

    def _criteria(self, now: datetime) -> dict[str, str]:
        """What the conditions of sharing rules find, seen by nobody in particular."""
        world = World(self.schema, self.profiles[ADMIN_PROFILE], now)
        out = {}
        for rule in self.sharing.rules:
            if rule.condition is not None:
                source, where = compile_condition(rule.condition, world, self.schema[rule.sobject])
                out[rule.name] = f"SELECT t._key FROM {source} WHERE {where}"
        return out

    # queries

    def plan(
        self,
        soql: str,
        user: User,
        deleted: bool = False,
        bulk: bool = False,
        version: str = f"{LATEST}.0",
    ) -> Plan:
        """The plan of a query as a user asks it in a version of the API."""
        if len(soql) > MAX_SOQL:
            raise malformed_query(f"SOQL statements cannot be longer than {MAX_SOQL} characters.")
        levels = MAX_LEVELS if float(version) >= 58 else LEVELS_BEFORE_58
        return compile_text(soql, self.world(user), deleted, bulk, levels)

    def search(
        self, soql: str, user: User, deleted: bool = False, version: str = f"{LATEST}.0"
    ) -> list[dict[str, Any]]:
        """Everything a query finds, shaped as REST shows it."""
        self.recycle_bin.sweep()
        plan = self.plan(soql, user, deleted, version=version)
        return Finder(self.store, self.schema, version).records(plan, self.store.run(plan.sql()))

    # record visibility

    def visible_keys(self, intent: Intent, sobject: SObject, keys: Sequence[int]) -> set[int]:
        """Which of the records this user may see."""
        return visibility.keys(self.store, self.world(intent.user), sobject, keys)

    def note_hidden(self) -> None:
        """Remember for which objects there are hidden records at all."""
        self.hidden_objects = frozenset(
            row[0] for row in self.store.run("SELECT DISTINCT object FROM _hidden")
        )

    # files of Bulk jobs

    @property
    def files(self) -> Path:
        """Where results wait to be fetched."""
        with self._files_lock:
            if self._files is None:
                self._files = tempfile.TemporaryDirectory(prefix="sandbox-org-", ignore_cleanup_errors=True)
            return Path(self._files.name)

    def close(self) -> None:
        """Let go of files."""
        with self._files_lock:
            if self._files is not None:
                self._files.cleanup()
                self._files = None
        self.store.close()
