"""Answers of the org changed on their way, for what no fault of the sandbox does."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox.http.call import Answer, Call
from sandbox.http.dispatch import Dispatcher

Change = Callable[[Answer], Answer]


def answers(patch: pytest.MonkeyPatch, path: str, change: Change) -> None:
    """Put every successful answer to a path through a function."""
    original = Dispatcher.answer

    def changed(self: Dispatcher, call: Call) -> tuple[Answer, bool]:
        answer, counted = original(self, call)
        if answer.status == 200 and re.fullmatch(path, call.path):
            answer = change(answer)
        return answer, counted

    patch.setattr(Dispatcher, "answer", changed)


def rows_of(answer: Answer) -> list[list[str]]:
    """Return a page of CSV, header and all."""
    assert answer.stream is not None
    text = b"".join(answer.stream()).decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))


def with_rows(answer: Answer, rows: list[list[str]]) -> Answer:
    """Return the answer with other rows."""
    made = io.StringIO(newline="")
    csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    body = made.getvalue().encode("utf-8")

    def stream() -> Iterator[bytes]:
        yield body

    return replace(answer, stream=stream, length=len(body))


def drop_the_last_row(answer: Answer) -> Answer:
    """Take the last row out of a page of CSV."""
    return with_rows(answer, rows_of(answer)[:-1])


def repeat_the_first_row(answer: Answer) -> Answer:
    """Put the first row of a page of CSV in twice, and say so in the header that counts them."""
    rows = rows_of(answer)
    changed = with_rows(answer, [*rows[:2], *rows[1:]])
    changed.headers["Sforce-NumberOfRecords"] = str(len(rows))
    return changed


def one_more_processed(answer: Answer) -> Answer:
    """Let a job count one row more."""
    body: Any = answer.body
    if body.get("state") == "JobComplete":
        body["numberRecordsProcessed"] += 1
    return answer


def repeat_the_first_record(answer: Answer) -> Answer:
    """Put the first record of each query of a composite answer in twice."""
    body: Any = answer.body
    for part in body.get("compositeResponse", ()):
        found = part["body"]
        if isinstance(found, dict) and found.get("records"):
            found["records"].insert(0, dict(found["records"][0]))
            found["totalSize"] += 1
    return answer
