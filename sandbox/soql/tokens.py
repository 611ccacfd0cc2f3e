"""Cuts SOQL text into tokens and says where an error is, in the layout of a real org (facts 1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.errors import ApiError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<datetime>\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})(?!\w))
  | (?P<date>\d{4}-\d{2}-\d{2}(?![\w-]))
  | (?P<time>\d{2}:\d{2}:\d{2}(?:\.\d+)?[Zz]?)
  | (?P<number>[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?![\w.]))
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<mark><=|>=|!=|<>|[=<>(),.:])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


@dataclass(slots=True, frozen=True)
class Token:
    """A piece of the query. `kind` is string, datetime, date, time, number, word, mark or end."""

    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        """The text as a keyword would be compared."""
        return self.text.upper()


def tokenize(text: str) -> list[Token]:
    """All tokens of the query, an `end` token last."""
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise failure(text, place, "MALFORMED_QUERY", f"unexpected token: {text[place]}")
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), place))
        place = match.end()
    tokens.append(Token("end", "<EOF>", len(text)))
    return tokens


def failure(text: str, at: int, code: str, message: str) -> ApiError:
    """The error that shows the query, a caret under the place, and its row and column."""
    row = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    if not line.isascii():
        # Half characters cannot be sent back.
        line, message = (each.encode("utf-8", "replace").decode() for each in (line, message))
    column = at - start
    return ApiError(
        400, code, f"\n{line}\n{' ' * column}^\nERROR at Row:{row}:Column:{column + 1}\n{message}"
    )


def unescape(text: str, quoted: str, at: int, like: bool = False) -> str:
    """The value of a string literal; for LIKE the escapes of `%` and `_` stay for the matcher."""
    body = quoted[1:-1]
    found = body if "\\" not in body else "".join(_unescaped(text, quoted, at, like))
    if any("\ud800" <= char <= "\udfff" for char in found):
        try:
            # Two halves of a character may have been escaped one by one.
            return found.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise failure(text, at, "MALFORMED_QUERY", "Invalid string literal: half a character") from None
    return found


def _unescaped(text: str, quoted: str, at: int, like: bool) -> Iterator[str]:
    body = quoted[1:-1]
    place = 0
    while place < len(body):
        char = body[place]
        if char != "\\":
            yield char
            place += 1
            continue
        mark = body[place + 1]
        place += 2
        if mark in "%_" and like:
            yield "\\" + mark
        elif mark in "uU" and re.fullmatch(r"[0-9a-fA-F]{4}", body[place : place + 4]):
            yield chr(int(body[place : place + 4], 16))
            place += 4
        elif mark.lower() in _ESCAPES:
            value = _ESCAPES[mark.lower()]
            yield "\\\\" if like and value == "\\" else value
        else:
            raise failure(
                text,
                at,
                "MALFORMED_QUERY",
                f"Invalid string literal. Illegal character sequence '\\{mark}' in string literal.",
            )
