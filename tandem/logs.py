"""Log lines as JSON, for programs that collect logs: one object a line, with the run it belongs to.

Prefect writes the lines; this is only their form (``log_json``). A line never holds a secret, and of an error that
is a defect of ours it holds where it came from, not what the program was working on.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

#: The run that this thread works for, as ``sync.run`` and ``tandem status`` know it.
RUN_ID: ContextVar[str | None] = ContextVar("run_id", default=None)

_PREFECTS = {"flow": "flow_name", "flow_run_id": "flow_run_id", "task": "task_run_name"}
_LONGEST = 2000
_SECRET = re.compile(
    r"(?i)(\bbearer\s+|\b(?:client_secret|client_assertion|access_token|refresh_token|password|private_key|sid)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+"
)


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON. Prefect's logging configuration makes it, by its name."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "run_id": RUN_ID.get(),
            **{name: getattr(record, attribute, None) for name, attribute in _PREFECTS.items()},
            "message": _bounded(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            facts["error"] = kind.__name__
            frames = traceback.extract_tb(trace)
            facts["where"] = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        return json.dumps(facts, default=str)


def _bounded(text: str) -> str:
    """Return a message without secrets, and cut: no line carries a whole record."""
    shown = _SECRET.sub(r"\1***", text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
