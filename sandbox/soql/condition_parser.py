"""Reads the conditions of WHERE and HAVING, and the expressions that queries are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sandbox.errors import ApiError
from sandbox.soql.ast import (
    Call,
    Compare,
    Condition,
    Expression,
    Includes,
    Literal,
    Logic,
    Name,
    Query,
    Within,
)
from sandbox.soql.dates import PERIODS, PERIODS_WITH_NUMBER
from sandbox.soql.shapes import INNER, SHAPES
from sandbox.soql.tokens import Token, failure, tokenize, unescape

_COMPARISONS = frozenset(["=", "!=", "<>", "<", "<=", ">", ">="])
MAX_DEPTH = 100
"""Parentheses within parentheses; deeper conditions are too complicated."""
MAX_STRING = 4000
"""Characters of a constant (facts 1)."""
MAX_INTEGER = 2**31 - 1


class ConditionParser(ABC):
    """Tokens, names, constants and conditions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.place = 0
        self._depth = 0

    @abstractmethod
    def subselect(self) -> Query:
        """The query inside `IN (SELECT ...)`."""

    # tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.place + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.tokens[self.place]
        if token.kind != "end":
            self.place += 1
        return token

    def unexpected(self, token: Token | None = None) -> ApiError:
        found = token or self.token
        shown = "'<EOF>'" if found.kind == "end" else found.text
        return failure(self.text, found.at, "MALFORMED_QUERY", f"unexpected token: {shown}")

    def at_keyword(self, word: str) -> bool:
        return self.token.kind == "word" and self.token.upper == word

    def take(self, word: str) -> bool:
        if self.at_keyword(word):
            self.advance()
            return True
        return False

    def keyword(self, word: str) -> None:
        if not self.take(word):
            raise self.unexpected()

    def take_mark(self, mark: str) -> bool:
        if self.token.kind == "mark" and self.token.text == mark:
            self.advance()
            return True
        return False

    def mark(self, mark: str) -> None:
        if not self.take_mark(mark):
            raise self.unexpected()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected()

    def integer(self) -> int:
        token = self.token
        if token.kind != "number" or not token.text.isdigit():
            raise self.unexpected()
        self.advance()
        if len(token.text) > 10 or int(token.text) > MAX_INTEGER:
            raise failure(
                self.text, token.at, "MALFORMED_QUERY", f"numeric value out of range: {token.text[:40]}"
            )
        return int(token.text)

    # expressions

    def name(self) -> Name:
        if self.token.kind != "word":
            raise self.unexpected()
        first = self.advance()
        parts = [first.text]
        while self.token.text == "." and self.token.kind == "mark":
            self.advance()
            if self.token.kind != "word":
                raise self.unexpected()
            parts.append(self.advance().text)
        return Name(tuple(parts), first.at)

    def expression(self) -> Name | Call:
        name = self.name()
        if len(name.parts) > 1 or self.token.text != "(":
            return name
        function = name.parts[0].upper()
        if function not in SHAPES:
            raise self.unexpected(self.tokens[self.place - 1])
        return self._call(function, name.at)

    def _call(self, function: str, at: int) -> Call:
        self.mark("(")
        args: list[Expression] = []
        for place, kind in enumerate(SHAPES[function]):
            if place:
                self.mark(",")
            elif function == "COUNT" and self.token.text == ")":
                break
            args.append(self._argument(kind))
        self.mark(")")
        return Call(function, tuple(args), at)

    def _argument(self, kind: str) -> Expression:
        token = self.token
        if kind in ("number", "unit"):
            wanted = "number" if kind == "number" else "string"
            if token.kind != wanted:
                raise self.unexpected()
            return self.literal()
        if kind == "set" and token.upper not in ("ALL", "STANDARD", "CUSTOM"):
            raise self.unexpected()
        inner = INNER.get(kind, frozenset())
        if token.kind == "word" and token.upper in inner and self.peek().text == "(":
            self.advance()
            return self._call(token.upper, token.at)
        return self.name()

    def literal(self) -> Literal:
        token = self.token
        if token.kind == "string":
            return self._string(like=False)
        if token.kind in ("number", "date", "datetime", "time"):
            self.advance()
            return Literal(token.kind, token.text, token.at)
        if token.kind != "word":
            raise self.unexpected()
        word = token.upper
        if word in ("TRUE", "FALSE"):
            self.advance()
            return Literal("boolean", word, token.at)
        if word == "NULL":
            self.advance()
            return Literal("null", word, token.at)
        if word in PERIODS:
            self.advance()
            return Literal("period", word, token.at)
        if word in PERIODS_WITH_NUMBER:
            self.advance()
            self.mark(":")
            return Literal("period", word, token.at, self.integer())
        if len(word) > 3 and word[:3].isalpha() and word[3:].isdigit():
            self.advance()
            fraction = self.token.text if self.token.text.startswith(".") else ""
            if fraction:
                self.advance()
            return Literal("currency", word + fraction, token.at)
        raise self.unexpected()

    def _string(self, like: bool) -> Literal:
        token = self.token
        if token.kind != "string":
            raise self.unexpected()
        self.advance()
        if len(unescape(self.text, token.text, token.at, like)) > MAX_STRING:
            raise failure(
                self.text, token.at, "MALFORMED_QUERY", f"string literal exceeds {MAX_STRING} characters"
            )
        return Literal("string", token.text, token.at)

    # conditions

    def condition(self) -> Condition:
        if self.at_keyword("NOT"):
            # NOT stands alone: next to AND and OR it needs parentheses of its own.
            self.advance()
            return self._alone(Logic("NOT", (self._term(),)))
        first = self._term()
        operator = self.token.upper if self.token.kind == "word" else ""
        if operator not in ("AND", "OR"):
            return first
        terms = [first]
        while self.take(operator):
            terms.append(self._term())
        return self._alone(Logic(operator, tuple(terms)))

    def _alone(self, condition: Logic) -> Condition:
        if self.token.kind == "word" and self.token.upper in ("AND", "OR"):
            # Operators may not be mixed on one level without parentheses.
            raise self.unexpected()
        return condition

    def _term(self) -> Condition:
        if not self.take_mark("("):
            return self._comparison()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise failure(self.text, self.token.at, "QUERY_TOO_COMPLICATED", "Query is too complicated")
        inner = self.condition()
        self.mark(")")
        self._depth -= 1
        return inner

    def _comparison(self) -> Condition:
        left = self.expression()
        token = self.token
        if token.text in _COMPARISONS:
            self.advance()
            operator = "!=" if token.text == "<>" else token.text
            if operator in "<>" and self.take_mark("="):
                operator += "="
            return Compare(left, operator, self._constant(), token.at)
        word = token.upper if token.kind == "word" else ""
        if word == "LIKE":
            self.advance()
            return Compare(left, "LIKE", self._constant(like=True), token.at)
        if word == "IN" or (word == "NOT" and self.peek().upper == "IN"):
            return self._within(left, word == "NOT", token.at)
        if word in ("INCLUDES", "EXCLUDES") and isinstance(left, Name):
            self.advance()
            return Includes(left, word == "EXCLUDES", self._list(), token.at)
        raise self.unexpected()

    def _constant(self, like: bool = False) -> Literal:
        if self.token.text == ":":
            raise failure(
                self.text, self.token.at, "MALFORMED_QUERY", "Bind variables only allowed in Apex code"
            )
        return self._string(like) if like and self.token.kind == "string" else self.literal()

    def _within(self, left: Name | Call, negated: bool, at: int) -> Within:
        if negated:
            self.keyword("NOT")
        self.keyword("IN")
        if self.token.text == "(" and self.peek().upper == "SELECT":
            self.mark("(")
            query = self.subselect()
            self.mark(")")
            return Within(left, negated, (), query, at)
        return Within(left, negated, self._list(), None, at)

    def _list(self) -> tuple[Literal, ...]:
        self.mark("(")
        values = [self._constant()]
        while self.take_mark(","):
            values.append(self._constant())
        self.mark(")")
        return tuple(values)
