"""A row number as clients of Bulk 2.0 carry it from page to page: opaque."""

from __future__ import annotations

import base64
import binascii

from sandbox.errors import ApiError


def locator(row: int) -> str:
    """The text that stands for a row."""
    return base64.urlsafe_b64encode(str(row).encode()).decode().rstrip("=")


def place(text: str | None, rows: int) -> int:
    """The row that a client's locator stands for: the first without one, an error beyond the last."""
    if not text or text == "null":
        return 0
    try:
        row = int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        row = -1
    if not 0 <= row < rows:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", f"Invalid locator: {text}")
    return row
