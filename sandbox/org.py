"""The org as a test holds it: records, schema, security, rules, faults and time, all without HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox import generator, ids
from sandbox.access import User
from sandbox.administration.permission_sets import PermissionSetAdministration
from sandbox.administration.person_accounts import PersonAccountAdministration
from sandbox.administration.schema import SchemaAdministration
from sandbox.administration.security import SecurityAdministration
from sandbox.administration.sharing import SharingAdministration
from sandbox.clock import Clock
from sandbox.core import ADMIN_USER, SYNC_USER, Core
from sandbox.errors import RowError
from sandbox.faults import Faults
from sandbox.metadata.lead import CONVERTED_STATUS
from sandbox.recipe.cook import Cook
from sandbox.recipe.load import load
from sandbox.requestlog import RequestLog
from sandbox.rules.assignment import AssignmentRule
from sandbox.rules.conversion import Conversion, Converted, convert
from sandbox.rules.draft import Intent, Outcome
from sandbox.rules.duplicates import DuplicateRule
from sandbox.rules.merging import merge
from sandbox.rules.validation import ValidationRule
from sandbox.rules.writer import Hook
from sandbox.sessions import ConnectedApp
from sandbox.snapshot import Snapshot, restore, take
from sandbox.soql.compiler import compile_condition
from sandbox.soql.scope import Scope, World
from sandbox.state import load_state, save_state

CLIENT_ID = "3MVG9sandbox.sync.client"


class RefusedByOrg(Exception):
    """The org's rules refused a write that a test asked for."""

    def __init__(self, errors: list[RowError]) -> None:
        super().__init__("; ".join(f"{error.code}: {error.message}" for error in errors))
        self.errors = errors


class Org(
    SchemaAdministration,
    SecurityAdministration,
    PermissionSetAdministration,
    SharingAdministration,
    PersonAccountAdministration,
):
    """One org.

    `people` leads and contacts (by `lead_share`) with accounts, users and two lead queues, drawn from
    `seed`; 0 gives an empty org with users and queues. `path` keeps it in a file, which is opened again if it
    is there; None keeps it in memory.
    """

    def __init__(
        self, people: int = 1000, seed: int = 7, path: str | Path | None = None, lead_share: float = 0.6
    ) -> None:
        file = Path(path) if path else None
        known = file is not None and file.exists()
        self.core = Core(file, seed)
        if known:
            load_state(self.core)
        for sobject in self.core.schema:
            self.core.store.create(sobject)
        if not known:
            generator.furnish(self.core)
            generator.people(self.core, people, lead_share)
            secret = f"{ids.checksum(f'{seed:015d}')}{seed:029d}"
            self.core.apps[CLIENT_ID] = ConnectedApp(CLIENT_ID, secret, SYNC_USER)
            save_state(self.core)

    # who and when

    @property
    def clock(self) -> Clock:
        """The org's time."""
        return self.core.clock

    @property
    def faults(self) -> Faults:
        """Trouble on purpose."""
        return self.core.faults

    @property
    def requests(self) -> RequestLog:
        """What clients asked for."""
        return self.core.requests

    @property
    def client_id(self) -> str:
        """The consumer key of the sync user's connected app."""
        return CLIENT_ID

    @property
    def client_secret(self) -> str:
        """The consumer secret of the sync user's connected app."""
        return self.core.apps[CLIENT_ID].client_secret

    @property
    def sync_user_id(self) -> str:
        """The user that the connected app runs as."""
        return SYNC_USER

    @property
    def admin_id(self) -> str:
        """The administrator."""
        return ADMIN_USER

    @property
    def username(self) -> str:
        """The sync user's name, as JWT's `sub` carries it."""
        return self.core.user(SYNC_USER).username

    @property
    def password(self) -> str:
        """The password of every user, for the logins that real orgs are about to lose."""
        return self.core.passwords.password

    @property
    def security_token(self) -> str:
        """What SOAP logins append to the password."""
        return self.core.passwords.security_token

    def trust_jwt(self, public_key_pem: str | bytes) -> None:
        """Accept assertions of the connected app that this key verifies."""
        pem = public_key_pem.decode() if isinstance(public_key_pem, bytes) else public_key_pem
        try:
            load_pem_public_key(pem.encode())
        except ValueError:
            raise ValueError("not a public key in PEM") from None
        self.core.apps[CLIENT_ID].certificates.append(pem)
        save_state(self.core)

    def expire_sessions(self) -> None:
        """End every session: the next call of each client is answered 401."""
        self.core.sessions.expire_all()

    def set_api_limit(self, max_calls: int) -> None:
        """How many calls a rolling day may have; counting starts anew."""
        self.set_limit("DailyApiRequests", max_calls)

    def set_limit(self, name: str, maximum: int) -> None:
        """Change a limit by its name in `GET /limits`, or `ConcurrentRequests`; counting starts anew."""
        self.core.meter.set(name, maximum)
        self.core.meter.reset()
        save_state(self.core)

    @property
    def api_calls_used(self) -> int:
        """Calls counted in the last 24 hours."""
        return self.core.meter.calls.used

    # records

    def seed_recipe(
        self, recipe: str, times: int = 1, options: Mapping[str, Any] | None = None
    ) -> dict[str, int]:
        """Make the records that a recipe (YAML text) describes; answers how many of each object."""
        cook = Cook(self.core.seed, self.core.clock.now().date(), options)
        return load(self.core, cook.follow(recipe, times))

    def create(self, name: str, values: Mapping[str, Any], user: str | None = None) -> str:
        """Create a record as `user` (the administrator by default); answers its id."""
        found = self._object(name)
        return _only(self.core.writer.insert(found, [values], self._intent(user)))

    def create_many(self, name: str, rows: Sequence[Mapping[str, Any]], user: str | None = None) -> list[str]:
        """Create many records at once; all or none."""
        intent = self._intent(user)
        intent.all_or_none = True
        outcomes = self.core.writer.insert(self._object(name), list(rows), intent)
        return [_only([outcome]) for outcome in outcomes]

    def update(self, name: str, record_id: str, values: Mapping[str, Any], user: str | None = None) -> None:
        """Change a record, with a new stamp."""
        _only(self.core.writer.update(self._object(name), [(record_id, values)], self._intent(user)))

    def update_many(
        self, name: str, where: str | None, values: Mapping[str, Any], user: str | None = None
    ) -> int:
        """Change every record that a SOQL condition finds, set-based and with one stamp; answers how many."""
        found = self._object(name)
        core = self.core
        with core.store.transaction():
            source, condition = (
                compile_condition(where, self._world(), found) if where else (f"{found.table} t", "TRUE")
            )
            alive = ' AND NOT t."IsDeleted"' if "IsDeleted" in found.fields else ""
            rows = core.store.run(f'SELECT t."Id" FROM {source} WHERE {condition}{alive} ORDER BY t._key')
            intent = self._intent(user)
            for outcome in core.writer.update(found, [(row[0], values) for row in rows], intent):
                _only([outcome])
            return len(rows)

    def write_late(
        self, name: str, record_id: str, values: Mapping[str, Any], stamp: datetime, user: str | None = None
    ) -> None:
        """A transaction that committed late: the change surfaces now with an old stamp (facts 5.6)."""
        intent = self._intent(user)
        moment = stamp.astimezone(UTC).replace(tzinfo=None) if stamp.tzinfo else stamp
        intent.stamp = moment.replace(microsecond=0)
        _only(self.core.writer.update(self._object(name), [(record_id, values)], intent))

    def delete(self, name: str, record_id: str, user: str | None = None) -> None:
        """Put a record into the recycle bin."""
        self._object(name)
        _only(self.core.remover.delete([record_id], self._intent(user)))

    def undelete(self, name: str, record_id: str, user: str | None = None) -> None:
        """Take a record out of the recycle bin."""
        self._object(name)
        self.core.recycle_bin.sweep()
        _only(self.core.remover.undelete([record_id], self._intent(user)))

    def empty_recycle_bin(self) -> None:
        """Purge the bin as an administrator may: queryAll and the delete log forget what was in it."""
        self.core.recycle_bin.purge()
        save_state(self.core)

    def set_recycle_bin_capacity(self, rows: int) -> None:
        """How many rows the bin holds before it drops the oldest that are older than two hours."""
        if rows < 1:
            raise ValueError(f"a recycle bin holds at least one row, not {rows}")
        self.core.recycle_bin.capacity = rows
        save_state(self.core)

    def merge(
        self, name: str, winner: str, losers: Sequence[str], values: Mapping[str, Any] | None = None
    ) -> None:
        """Merge records as the user interface does."""
        core = self.core
        done = merge(
            core.writer, core.remover, self._object(name), winner, losers, values or {}, self._intent(None)
        )
        if done.errors:
            raise RefusedByOrg(list(done.errors))

    def convert_lead(
        self, lead_id: str, status: str = CONVERTED_STATUS, user: str | None = None, **how: Any
    ) -> Converted:
        """Convert a lead; `how` are the options of `Conversion`."""
        done = convert(self.core.writer, Conversion(lead_id, status, **how), self._intent(user))
        if done.errors:
            raise RefusedByOrg(list(done.errors))
        return done

    def get(self, name: str, record_id: str) -> dict[str, Any]:
        """All fields of a record, deleted or not; moments are aware datetimes."""
        found = self._object(name)
        parsed = ids.parse(record_id)
        key = parsed[1] if parsed else -1
        scope = Scope(self._world(), "", found)
        fields = [item for item in found.fields.values() if not item.is_compound]
        columns = ", ".join(scope.read(item) for item in fields)
        rows = self.core.store.run(f"SELECT {columns} FROM {scope.source()} WHERE t._key = {key}")
        if not rows:
            raise LookupError(f"no {name} {record_id}")
        return {item.name: _aware(value) for item, value in zip(fields, rows[0], strict=True)}

    def query(self, soql: str) -> list[dict[str, Any]]:
        """What the administrator finds, as REST would show it."""
        return self.core.search(soql, self.core.admin)

    def query_all(self, soql: str) -> list[dict[str, Any]]:
        """The same with the recycle bin."""
        return self.core.search(soql, self.core.admin, deleted=True)

    def count(self, name: str) -> int:
        """How many records there are outside the recycle bin."""
        found = self._object(name)
        alive = ' WHERE NOT "IsDeleted"' if "IsDeleted" in found.fields else ""
        return int(self.core.store.run(f"SELECT count(*) FROM {found.table}{alive}")[0][0])

    # rules

    def add_validation_rule(
        self, obj: str, name: str, condition: str, message: str, field: str | None = None
    ) -> None:
        """Refuse records of which the SOQL condition is true."""
        found = self._object(obj)
        compile_condition(condition, self._world(), found)
        self.core.rulebook.validation.append(ValidationRule(found.name, name, condition, message, field))
        save_state(self.core)

    def remove_validation_rule(self, obj: str, name: str) -> None:
        """Take a rule away."""
        rules, gone = self.core.rulebook.validation, (self._object(obj).name, name)
        if gone not in {(rule.sobject, rule.name) for rule in rules}:
            raise LookupError(f"no validation rule {name} on {gone[0]}")
        rules[:] = [rule for rule in rules if (rule.sobject, rule.name) != gone]
        save_state(self.core)

    def add_duplicate_rule(
        self, obj: str, name: str, fields: Sequence[str], against: str | None = None, **how: Any
    ) -> None:
        """Refuse records that equal another one in all fields; `allow_save=True` lets a header overrule it."""
        found, target = self._object(obj), self._object(against or obj)
        names = tuple(self._field_name(found, field) for field in fields)
        for field in names:
            self._field_name(target, field)
        rule = DuplicateRule(found.name, name, names, target.name, **how)
        self.core.rulebook.duplicates.append(rule)
        save_state(self.core)

    def add_assignment_rule(
        self, obj: str, owner: str, condition: str | None = None, rule_id: str = ""
    ) -> None:
        """Give records to an owner (user or queue) on create and update; the first matching entry counts."""
        found, owners = self._object(obj), self.core.schema.by_prefix(owner[:3])
        if condition:
            compile_condition(condition, self._world(), found)
        if (
            owners is None
            or owners.name not in ("User", "Group")
            or not self.core.store.fetch(owners, [self._number(owner)], ["Id"])
        ):
            raise LookupError(f"no user or queue {owner}")
        rule = AssignmentRule(found.name, owner, condition, rule_id)
        self.core.rulebook.assignment.append(rule)
        save_state(self.core)

    def on_before_save(self, obj: str, hook: Hook) -> None:
        """Run `hook(old, new)` before each save; what it answers is changed as well."""
        self.core.rulebook.hooks.setdefault(self._object(obj).name, []).append(hook)

    # the whole org

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        return take(self.core)

    def restore(self, snapshot: Snapshot) -> None:
        """Everything as it was; a running server keeps running."""
        restore(self.core, snapshot)

    def close(self) -> None:
        """Let go of files and memory."""
        self.core.close()

    # helpers

    def _user(self, user: str | None) -> User:
        return self.core.user(user) if user else self.core.admin

    def _intent(self, user: str | None) -> Intent:
        # A person in the user interface chooses whether assignment rules run; the default there is no.
        return Intent(self._user(user), auto_assign=False)

    def _world(self) -> World:
        return self.core.world(self.core.admin)


def _only(outcomes: list[Outcome]) -> str:
    outcome = outcomes[0]
    if not outcome.success or outcome.id is None:
        raise RefusedByOrg(outcome.errors)
    return outcome.id


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
