"""Composite requests: up to 25 questions in one API call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tandem.errors import SalesforceError
from tandem.salesforce.connection import Connection, answer_time, read_json
from tandem.salesforce.errors import TRUNCATED, Refused, from_rest

MOST_REQUESTS = 25
MOST_QUERIES = 5  # of the 25, how many may be queries


@dataclass(frozen=True)
class Question:
    """One GET inside a composite request."""

    path: str
    """Below ``/services/data/vXX.0/``, URL-encoded."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back for one question."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: Any

    def error(self, about: str) -> Refused:
        """Put a refusal into one line."""
        return Refused(about, from_rest(json.dumps(self.body), self.status)[0], self.status)


def ask(
    connection: Connection, questions: Sequence[Question], operation: str, object: str | None = None
) -> tuple[list[Answer], datetime]:
    """Ask up to 25 questions (5 queries) in one call.

    :return: the answers in order, and Salesforce's clock when it gave them.
    :raises SalesforceError: the request as a whole failed; a single question's failure is in its answer.
    """
    version = connection.settings.api_version
    body = {
        "allOrNone": False,
        "compositeRequest": [
            {
                "method": "GET",
                "url": f"/services/data/v{version}/{question.path}",
                "referenceId": f"q{number}",
                **({"httpHeaders": question.headers} if question.headers else {}),
            }
            for number, question in enumerate(questions)
        ],
    }
    response = connection.request("POST", "composite", operation=operation, object=object, json=body)
    told = {item.get("referenceId"): item for item in read_json(response).get("compositeResponse", ())}
    if len(told) != len(questions):
        raise SalesforceError(
            f"Salesforce answered {len(told)} of {len(questions)} questions of one request. Try again.",
            TRUNCATED,
        )
    answers = [_answer(told[f"q{number}"]) for number in range(len(questions))]
    return answers, answer_time(response) or connection.server_time


def _answer(item: dict[str, Any]) -> Answer:
    headers = {str(name).lower(): str(value) for name, value in (item.get("httpHeaders") or {}).items()}
    return Answer(int(item["httpStatusCode"]), headers, item.get("body"))
