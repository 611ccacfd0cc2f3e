"""What the sync user may do, for ``tandem check``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tandem.salesforce.connection import Connection, Identity
from tandem.salesforce.describe import describe_objects
from tandem.salesforce.description import ObjectDescribe


@dataclass(frozen=True)
class Permissions:
    """Facts about the login, as Salesforce tells them."""

    identity: Identity
    api_calls_used: int | None
    """By everyone in the org in the last 24 hours; None if Salesforce did not say."""
    api_calls_limit: int | None
    objects: dict[str, ObjectDescribe]
    """The objects that the user sees, with what it may do with them and their fields."""
    hidden: tuple[str, ...]
    """The objects asked for that the user does not see."""


def examine(connection: Connection, names: Sequence[str]) -> Permissions:
    """Look at what the sync user sees of some objects. One API call for up to 25; writes nothing."""
    identity = connection.identity()
    objects = {name: found for name, found in describe_objects(connection, names).items() if found}
    used, limit = connection.meter.org_usage
    return Permissions(identity, used, limit, objects, tuple(name for name in names if name not in objects))
