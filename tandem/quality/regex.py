"""Python regular expressions, said so that DuckDB understands them the same way.

Great Expectations on pandas matches with Python's rules; DuckDB matches with RE2, whose ``\\s`` knows
ASCII only and whose ``$`` does not match before a last line end. What is spelled out here means exactly
the same in both; for everything else the answer is None and the caller must not rely on DuckDB.
"""

from __future__ import annotations

import re

#: What ``\s`` matches in Python: every character for which ``str.isspace`` holds.
_SPACE = r"\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"

_QUANTIFIER = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})\??")
_ANCHOR = re.compile(r"\^|\$|\\[AZ]")
_CONTROL = {"t": r"\x09", "n": r"\x0a", "v": r"\x0b", "f": r"\x0c", "r": r"\x0d"}


def to_re2(pattern: str) -> str | None:
    """Translate a Python pattern for ``regexp_matches``, or return None where none is sure."""
    try:
        re.compile(pattern)
    except re.error:
        return None
    out: list[str] = []
    at, end = 0, len(pattern)
    while at < end:
        rest = pattern[at:]
        sign = rest[0]
        if anchor := _ANCHOR.match(rest):
            width = anchor.end()
            piece = _anchor(anchor[0], out, rest[width:])
        elif sign == "\\":
            piece, width = _escape(rest)
        elif sign == "[":
            piece, width = _char_class(rest)
        elif rest.startswith("(?:"):
            piece, width = "(?:", 3
        elif sign == "(":
            piece, width = (None if rest.startswith("(?") else "(?:"), 1
        elif quantifier := _QUANTIFIER.match(rest):
            width = quantifier.end()
            piece = None if rest[width : width + 1] == "+" else quantifier[0]  # possessive
        else:
            piece, width = (None if sign in "{\0" else sign), 1
        if piece is None:
            return None
        out.append(piece)
        at += width
    return "".join(out)


def _anchor(anchor: str, before: list[str], rest: str) -> str | None:
    """Translate an anchor where it begins or ends the pattern or one of its outermost branches.

    Elsewhere it hardly ever matches, and DuckDB, which rewrites simple patterns, forgets it: to DuckDB 1.5
    ``(?:^a)(?:^b)`` is ``^ab``.
    """
    if before.count("(?:") != before.count(")"):
        return None
    if anchor in ("^", r"\A"):
        return r"\A" if not before or before[-1] == "|" else None
    if anchor == "$":
        # It also looks ahead over a last line end; consuming that is the same only where nothing follows.
        return r"(?:\x0a?\z)" if not rest else None
    return r"\z" if not rest or rest[0] == "|" else None


def _escape(rest: str) -> tuple[str | None, int]:
    """Translate the escape that ``rest`` begins with; return it and its width."""
    if rest[1] in "sS":
        return f"[{'^' if rest[1] == 'S' else ''}{_SPACE}]", 2
    return _literal_escape(rest)


def _literal_escape(rest: str) -> tuple[str | None, int]:
    sign = rest[1]
    if sign == "x":  # \x and two digits, or Python had not compiled it
        return rest[:4], 4
    if sign in _CONTROL:
        return _CONTROL[sign], 2
    return (None if sign.isalnum() or not sign.isascii() else f"\\{sign}"), 2


def _char_class(rest: str) -> tuple[str | None, int]:
    """Translate the character class that ``rest`` begins with; return it and its width."""
    at = 2 if rest.startswith("[^") else 1
    out = [rest[:at]]
    first = at
    while rest[at] != "]" or at == first:
        sign = rest[at]
        width = 1
        if sign == "\\":
            piece, width = (_SPACE, 2) if rest[at + 1] == "s" else _literal_escape(rest[at:])
        else:
            piece = f"\\{sign}" if sign in "[]" else (None if sign == "\0" else sign)
        at += width
        if piece is None:
            return None, at
        out.append(piece)
    return "".join(out) + "]", at + 1
