"""Reads the text of a formula into a tree. A small part of the formula language; the rest is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.metadata.custom_field import InvalidMetadata

FUNCTIONS = {"IF": 3, "AND": None, "OR": None, "NOT": 1, "TEXT": 1, "ISBLANK": 1, "TODAY": 0}
"""What may be called, and with how many arguments (None: one or more)."""
MAX_CHARACTERS = 3900
_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<number>\d+(?:\.\d+)?|\.\d+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<mark><=|>=|<>|!=|==|&&|\|\||[-+*/&=<>(),])
    """,
    re.VERBOSE | re.DOTALL,
)
_LEVELS = (("=", "==", "!=", "<>", "<", "<=", ">", ">="), ("&",), ("+", "-"), ("*", "/"))
"""Binary operators, the loosest first."""


@dataclass(slots=True, frozen=True)
class Constant:
    """A text, a number, TRUE, FALSE or NULL. `kind` is text, number, boolean or null."""

    kind: str
    value: str


@dataclass(slots=True, frozen=True)
class Reference:
    """A field of the record, or of one of its parents; `at` is its place in the text."""

    parts: tuple[str, ...]
    at: int


@dataclass(slots=True, frozen=True)
class Call:
    """A function and its arguments."""

    function: str
    args: tuple[Node, ...]


@dataclass(slots=True, frozen=True)
class Binary:
    """Two operands and what joins them."""

    operator: str
    left: Node
    right: Node


Node = Constant | Reference | Call | Binary


def parse(text: str) -> Node:
    """The tree of a formula, or InvalidMetadata in the words of the formula editor."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidMetadata(f"Formula is too long ({len(text)} characters). Maximum is {MAX_CHARACTERS}.")
    parser = _Parser(_tokens(text))
    tree = parser.expression(0)
    parser.expect("")
    return tree


def references(node: Node) -> list[Reference]:
    """Every field that a formula names, in order."""
    if isinstance(node, Reference):
        return [node]
    if isinstance(node, Call):
        return [found for arg in node.args for found in references(arg)]
    if isinstance(node, Binary):
        return [*references(node.left), *references(node.right)]
    return []


def _tokens(text: str) -> list[tuple[str, str, int]]:
    if any(ord(char) < 32 and char not in "\t\r\n" for char in text):
        raise InvalidMetadata("Syntax error. The formula has a control character")
    out, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise InvalidMetadata(f"Syntax error. Found '{text[place]}'")
        if match.lastgroup != "space":
            out.append((match.lastgroup, match.group(), place))
        place = match.end()
    return [*out, ("end", "", len(text))]


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def expect(self, text: str) -> None:
        kind, found, _ = self._take()
        if found != text or kind == "string":
            raise InvalidMetadata(f"Syntax error. Found '{found}'" if found else "Syntax error. Missing ')'")

    def expression(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._operand()
        left = self.expression(level + 1)
        while self._peek() in _LEVELS[level]:
            operator = self._take()[1]
            left = Binary(operator, left, self.expression(level + 1))
        return left

    def _operand(self) -> Node:
        kind, text, at = self._take()
        if kind == "number":
            return Constant("number", text)
        if kind == "string":
            return Constant("text", re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL))
        if kind == "name":
            return self._named(text, at)
        if text == "-":
            return Binary("-", Constant("number", "0"), self._nested(lambda: self._operand()))
        if text == "(":
            inner = self._nested(lambda: self.expression(0))
            self.expect(")")
            return inner
        raise InvalidMetadata(
            f"Syntax error. Found '{text}'" if text else "Syntax error. Found end of formula"
        )

    def _named(self, text: str, at: int) -> Node:
        upper = text.upper()
        if self._peek() == "(":
            return self._call(text)
        if upper in ("TRUE", "FALSE"):
            return Constant("boolean", upper)
        if upper == "NULL":
            return Constant("null", upper)
        return Reference(tuple(text.split(".")), at)

    def _call(self, name: str) -> Node:
        function = name.upper()
        if function not in FUNCTIONS:
            raise InvalidMetadata(f"Unknown function {name}. There are {', '.join(sorted(FUNCTIONS))}.")
        self.expect("(")
        args: list[Node] = []
        while self._peek() != ")":
            args.append(self._nested(lambda: self.expression(0)))
            if self._peek() != ",":
                break
            self._take()
        self.expect(")")
        wanted = FUNCTIONS[function]
        if (wanted is None and not args) or (wanted is not None and len(args) != wanted):
            raise InvalidMetadata(
                f"Incorrect number of parameters for function '{function}()'. "
                f"Expected {wanted or 'one or more'}, received {len(args)}"
            )
        return Call(function, tuple(args))

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InvalidMetadata(f"Formula is nested more than {_MAX_DEPTH} levels deep")
        node = read()
        self._depth -= 1
        return node

    def _peek(self) -> str:
        kind, text, _ = self._tokens[self._at]
        return "" if kind == "string" else text

    def _take(self) -> tuple[str, str, int]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token
