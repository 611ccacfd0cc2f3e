"""Who is meant by a name: a user or a lead queue of the org."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from tandem.errors import TandemError
from tandem.salesforce import composite
from tandem.salesforce.connection import Connection
from tandem.salesforce.lookup import text


@dataclass(frozen=True)
class Owner:
    """A user or a queue that can own records."""

    id: str
    name: str
    is_queue: bool


def find_owner(connection: Connection, key: str) -> Owner:
    """Find a user by id, name, e-mail address or username, or a queue by id or name: one call.

    :raises TandemError: nobody, several, or a user who is not active.
    """
    key = key.strip()
    if re.fullmatch(r"005\w{12}(\w{3})?|00G\w{12}(\w{3})?", key):
        user = queue = f"Id = {text(key)}"
        if key.startswith("005"):
            queue = "Id = null"
        else:
            user = "Id = null"
    else:
        user = f"Name = {text(key)} OR Email = {text(key)} OR Username = {text(key)}"
        queue = f"Name = {text(key)} OR DeveloperName = {text(key)}"
    queries = (
        f"SELECT Id, Name, IsActive FROM User WHERE {user} ORDER BY Id LIMIT 6",
        f"SELECT Id, Name FROM Group WHERE Type = 'Queue' AND ({queue}) ORDER BY Id LIMIT 6",
    )
    answers, _ = composite.ask(
        connection, [composite.Question(f"query?q={quote(each)}") for each in queries], "find owner"
    )
    users, queues = (_records(answer) for answer in answers)
    found = [Owner(row["Id"], row["Name"], False) for row in users if row["IsActive"]]
    found += [Owner(row["Id"], row["Name"], True) for row in queues]
    if len(found) > 1:
        told = ", ".join(f"{each.name} {each.id}" for each in found[:5])
        raise TandemError(f"Several users or queues match {key!r}: {told}. Say which by id.")
    if not found:
        if users:
            raise TandemError(
                f"User {users[0]['Name']} is not active and cannot own records. Name another one."
            )
        raise TandemError(
            f"There is no user or queue {key!r} in Salesforce. Give an id, a name, or a user's e-mail address."
        )
    return found[0]


def _records(answer: composite.Answer) -> list[dict[str, str]]:
    if answer.status != 200:
        raise answer.error("looking the owner up")
    records: list[dict[str, str]] = answer.body["records"]
    return records
