"""`/_org/...`: the Python control class over HTTP, for tests in other languages. Off unless asked for.

`POST /_org/{method}` with a JSON object of arguments calls the method of that name and answers its result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.api import arguments
from sandbox.errors import ApiError
from sandbox.faults import Fault
from sandbox.http.call import Answer, Call
from sandbox.http.router import Router
from sandbox.soql.dates import parse_datetime

if TYPE_CHECKING:
    from sandbox.org import Org

METHODS = frozenset(
    [
        "seed_recipe",
        "create",
        "create_many",
        "update",
        "update_many",
        "write_late",
        "delete",
        "undelete",
        "merge",
        "convert_lead",
        "get",
        "query",
        "query_all",
        "count",
        "add_object",
        "delete_object",
        "add_field",
        "add_formula",
        "change_formula",
        "add_rollup",
        "rename_field",
        "retype_field",
        "relabel_field",
        "delete_field",
        "hide_field",
        "show_field",
        "set_field_read_only",
        "hide_record",
        "show_record",
        "enable_person_accounts",
        "hide_object",
        "show_object",
        "set_permission",
        "set_object_permission",
        "add_permission_set",
        "assign_permission_set",
        "unassign_permission_set",
        "add_sharing_rule",
        "remove_sharing_rule",
        "set_marketing_user",
        "set_sharing",
        "share_record",
        "unshare_record",
        "add_validation_rule",
        "remove_validation_rule",
        "add_duplicate_rule",
        "add_assignment_rule",
        "expire_sessions",
        "set_api_limit",
        "set_limit",
        "set_recycle_bin_capacity",
        "empty_recycle_bin",
        "trust_jwt",
    ]
)


class Control:
    """The allowed methods of one org, its clock, its faults, its log, its snapshots."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._snapshots: dict[str, Any] = {}

    def add(self, router: Router) -> None:
        """Take the family's paths in. None of them counts as an API call."""
        open_to_all = {"needs_user": False, "counted": False}
        router.add("GET", "_org", self.about, **open_to_all)
        router.add("POST", "_org/clock", self.clock, **open_to_all)
        router.add("POST DELETE", "_org/faults", self.faults, **open_to_all)
        router.add("GET DELETE", "_org/requests", self.requests, **open_to_all)
        router.add("POST PUT", "_org/snapshots/{name}", self.snapshots, **open_to_all)
        router.add("POST", "_org/{method}", self.call, **open_to_all)

    def about(self, call: Call, found: Mapping[str, str]) -> Answer:
        """How to log in, what time it is, what there is."""
        org = self._org
        return Answer(
            body={
                "clientId": org.client_id,
                "clientSecret": org.client_secret,
                "username": org.username,
                "syncUserId": org.sync_user_id,
                "adminId": org.admin_id,
                "now": org.clock.now().isoformat(),
                "apiCallsUsed": org.api_calls_used,
                "methods": {name: arguments.listed(getattr(org, name)) for name in sorted(METHODS)},
            }
        )

    def call(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Call a method by name."""
        name = found["method"]
        if name not in METHODS:
            raise ApiError(
                404, "NOT_FOUND", f"no such method: {name}; there are {', '.join(sorted(METHODS))}"
            )
        given = _arguments(call)
        method = getattr(self._org, name)
        if "stamp" in given:
            given["stamp"] = _moment(given["stamp"])
        _check(method, given)
        try:
            result = method(**given)
        except ApiError:
            raise
        except TypeError as error:
            # An option that the method hands on.
            raise ApiError(400, "INVALID_ARGUMENT", str(error).split("__init__() ")[-1]) from None
        except Exception as error:
            # Whatever the org refuses here, the caller asked for.
            raise ApiError(400, error.__class__.__name__, str(error)) from None
        return Answer(body={"result": _plain(result)})

    def clock(self, call: Call, found: Mapping[str, str]) -> Answer:
        """`{"set": "2026-05-01T00:00:00Z"}` or `{"advance": {"days": 3}}`."""
        wanted = _arguments(call)
        if not wanted or wanted.keys() - {"set", "advance"}:
            raise ApiError(
                400, "INVALID_ARGUMENT", 'say {"set": "2026-05-01T00:00:00Z"} or {"advance": {"days": 3}}'
            )
        try:
            if "set" in wanted:
                self._org.clock.set(_moment(wanted["set"]))
            if "advance" in wanted:
                if not isinstance(wanted["advance"], dict):
                    raise ValueError("advance must be an object")
                _check(self._org.clock.advance, wanted["advance"])
                self._org.clock.advance(**wanted["advance"])
        except ValueError as error:
            raise ApiError(400, "INVALID_ARGUMENT", str(error)) from None
        return Answer(body={"now": self._org.clock.now().isoformat()})

    def faults(self, call: Call, found: Mapping[str, str]) -> Answer:
        """POST a fault with the arguments of `faults.add`; DELETE lifts all."""
        if call.method == "DELETE":
            self._org.faults.clear()
            return Answer(204)
        wanted = _arguments(call)
        if wanted.get("kind") == "call" or "call" in wanted:
            raise ApiError(400, "INVALID_ARGUMENT", "a call cannot be made over HTTP")
        _check(Fault, wanted)
        try:
            self._org.faults.add(**wanted)
        except ValueError as error:
            raise ApiError(400, "INVALID_ARGUMENT", str(error)) from None
        return Answer(201, {"result": "added"})

    def requests(self, call: Call, found: Mapping[str, str]) -> Answer:
        """The log of requests; DELETE empties it."""
        if call.method == "DELETE":
            self._org.requests.clear()
            return Answer(204)
        return Answer(body=[asdict(entry) for entry in self._org.requests])

    def snapshots(self, call: Call, found: Mapping[str, str]) -> Answer:
        """PUT keeps the org under a name, POST goes back to it."""
        name = found["name"]
        if call.method == "PUT":
            self._snapshots[name] = self._org.snapshot()
            return Answer(201, {"result": name})
        if name not in self._snapshots:
            raise ApiError(404, "NOT_FOUND", f"no such snapshot: {name}")
        self._org.restore(self._snapshots[name])
        return Answer(body={"result": name})


def _arguments(call: Call) -> dict[str, Any]:
    return call.object_body() if call.body.strip() else {}


def _check(function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    try:
        arguments.check(function, given)
    except TypeError as error:
        raise ApiError(400, "INVALID_ARGUMENT", str(error)) from None


def _moment(text: Any) -> datetime:
    try:
        return parse_datetime(str(text)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ApiError(400, "INVALID_ARGUMENT", f"not a datetime: {text}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    return value.isoformat() if hasattr(value, "isoformat") else value
