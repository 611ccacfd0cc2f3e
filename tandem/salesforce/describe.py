"""Asking what the sync user can see: the objects and their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tandem.salesforce.composite import MOST_REQUESTS, Question, ask
from tandem.salesforce.connection import Connection, read_json
from tandem.salesforce.description import ObjectDescribe


def custom_objects(connection: Connection) -> list[str]:
    """Return the names of the custom objects that the sync user can query. One API call."""
    answer = connection.request("GET", "sobjects", operation="describe")
    listed = read_json(answer)["sobjects"]
    return sorted(each["name"] for each in listed if each["queryable"] and each["name"].endswith("__c"))


def describe_objects(
    connection: Connection, names: Sequence[str], known: Mapping[str, str] | None = None
) -> dict[str, ObjectDescribe | None]:
    """Describe objects, 25 to an API call.

    :param known: ``last_modified`` of descriptions already at hand; those come back only if changed.
    :return: by name: the description, or None where the one at hand still holds. An object that the sync
        user cannot see is missing.
    :raises SalesforceError: one of the answers was neither of these.
    """
    known = known or {}
    found: dict[str, ObjectDescribe | None] = {}
    for start in range(0, len(names), MOST_REQUESTS):
        some = names[start : start + MOST_REQUESTS]
        questions = [
            Question(
                f"sobjects/{name}/describe",
                {"If-Modified-Since": known[name]} if known.get(name) else {},
            )
            for name in some
        ]
        answers, _ = ask(connection, questions, "describe")
        for name, answer in zip(some, answers, strict=True):
            if answer.status == 304:
                found[name] = None
            elif answer.status == 200:
                found[name] = ObjectDescribe.from_answer(answer.body, answer.headers.get("last-modified"))
            elif answer.status != 404:
                raise answer.error(f"describe of {name}")
    return found
