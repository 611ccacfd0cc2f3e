"""Notify: what begins and ends is said to Prefect's notification blocks and shown as an artifact (section 26)."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.blocks.core import Block
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from tandem.clock import utc_now
from tandem.database.connection import Database
from tandem.database.notifications import Message, keep_delivery, messages, notifications
from tandem.errors import TandemError
from tandem.notification import Kind
from tandem.settings import NotifySettings

#: The artifact is a target like the others: written when there is news.
_ARTIFACT = "artifact"
_SHOWN_FOR = timedelta(days=5)


@task(name="notify", cache_policy=NO_CACHE, persist_result=False)
def notify(database: Database, rules: NotifySettings) -> None:
    """Tell each target what it was not told yet. All are told at once, and the slowest is not waited for.

    Nothing that goes wrong here stops the caller: it is one line in the log, and is tried again by the next run.
    """
    log = get_run_logger()
    try:
        with database.read() as session:
            due = {name: messages(session, name, kinds) for name, kinds in rules.targets.items()}
            due[_ARTIFACT] = messages(session, _ARTIFACT, ())
            shown = notifications(session, utc_now() - _SHOWN_FOR) if due[_ARTIFACT] else []
        due = {name: news for name, news in due.items() if news}
        if not due:
            return
        failed = _tell(due, _markdown(shown), rules.timeout_seconds)
        with database.write() as session, session.transaction():
            for name in sorted(due.keys() - failed.keys()):
                keep_delivery(session, name, due[name])
    except TandemError as error:
        log.warning("Nobody could be notified: %s", error)
        return
    for name, reason in sorted(failed.items()):
        log.warning("The notification target %s was not told: %s It is tried again, for a day.", name, reason)


def _tell(due: Mapping[str, Sequence[Message]], artifact: str, patience: float) -> dict[str, str]:
    """Tell the targets, each in a thread of its own; returns why it failed, for those for which it did."""
    answers: queue.Queue[tuple[str, str]] = queue.Queue()

    def tell(name: str, news: Sequence[Message]) -> None:
        answers.put((name, _show(artifact) if name == _ARTIFACT else _tell_block(name, news)))

    for name, news in due.items():
        context = contextvars.copy_context()  # Prefect's settings are in it
        threading.Thread(target=context.run, args=(tell, name, news), daemon=True, name=name).start()
    silence = f"it did not answer within {patience:g} s."
    reasons = dict.fromkeys(due, silence)
    deadline = time.monotonic() + patience
    for _ in due:
        try:
            name, reasons[name] = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
    return {name: reason for name, reason in reasons.items() if reason}


def _show(artifact: str) -> str:
    """Write the artifact; returns why that failed, or nothing."""
    try:
        create_markdown_artifact(key="notifications", markdown=artifact)
    except Exception as error:
        return f"Prefect's server did not take it ({type(error).__name__})."
    return ""


def _tell_block(name: str, news: Sequence[Message]) -> str:
    """Tell one block; returns why it failed, or nothing. Never an error's own words: an address may be a secret."""
    import prefect.blocks.notifications  # noqa: F401  # the kinds of block become known

    try:
        block: Any = Block.load(name)
    except ValueError:
        return "Prefect has no block of that name. Make it, or correct notify.targets."
    except Exception as error:
        return f"the block cannot be loaded ({type(error).__name__}). Look at it in Prefect."
    if not hasattr(block, "notify"):
        return "this kind of block takes no notifications. Name another one in notify.targets."
    try:
        with block.raise_on_failure():
            block.notify(subject=_subject(news), body="\n\n".join(map(_said, news)))
    except Exception as error:
        return f"it did not take the message ({type(error).__name__}). Look at the block in Prefect."
    return ""


def _subject(news: Sequence[Message]) -> str:
    if len(news) > 1:
        return f"Tandem: {len(news)} notifications"
    over = " is over" if news[0].moment == "end" else ""
    return f"Tandem: {news[0].kind}{over}"


def _said(message: Message) -> str:
    kind = message.kind.capitalize()
    return f"{kind} is over: {message.text}" if message.moment == "end" else f"{kind}: {message.text}"


def _markdown(found: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "# Notifications",
        "",
        "| since (UTC) | kind | what | over |",
        "| --- | --- | --- | --- |",
    ]
    for row in found:
        over = "goes on" if row["open"] else f"{row['ending']}" if row["ended_at"] else ""
        cells = (f"{row['logged_at']:%Y-%m-%d %H:%M}", Kind(row["kind"]).value, row["message"], over)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    lines.append("\nSee them with `tandem notifications`.")
    return "\n".join(lines)
