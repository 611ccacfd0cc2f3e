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
from sandbox.soql.tokens import Token, failure, tokenize

_COMPARISONS = frozenset(["=", "!=", "<>", "<", "<=", ">", ">="])


class ConditionParser(ABC):
    """Tokens, names, constants and conditions."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.place = 0
        self.allow_deep = True

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
        self.mark("(")
        args: list[Expression] = []
        if not self.take_mark(")"):
            args.append(self._argument())
            while self.take_mark(","):
                args.append(self._argument())
            self.mark(")")
        return Call(name.parts[0].upper(), tuple(args), name.at)

    def _argument(self) -> Expression:
        return self.expression() if self.token.kind == "word" else self.literal()

    def literal(self) -> Literal:
        token = self.token
        if token.kind in ("string", "number", "date", "datetime", "time"):
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
            if self.token.text == "." and self.peek().kind == "number":
                self.advance()
                return Literal("currency", f"{word}.{self.advance().text}", token.at)
            return Literal("currency", word, token.at)
        raise self.unexpected()

    # conditions

    def condition(self) -> Condition:
        first = self._term()
        operator = self.token.upper if self.token.kind == "word" else ""
        if operator not in ("AND", "OR"):
            return first
        terms = [first]
        while self.take(operator):
            terms.append(self._term())
        if self.token.kind == "word" and self.token.upper in ("AND", "OR"):
            # The two may not be mixed on one level without parentheses.
            raise self.unexpected()
        return Logic(operator, tuple(terms))

    def _term(self) -> Condition:
        if self.at_keyword("NOT"):
            self.advance()
            return Logic("NOT", (self._term(),))
        if self.take_mark("("):
            inner = self.condition()
            self.mark(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self.expression()
        token = self.token
        if token.text in _COMPARISONS:
            self.advance()
            operator = "!=" if token.text == "<>" else token.text
            return Compare(left, operator, self._constant(), token.at)
        word = token.upper if token.kind == "word" else ""
        if word == "LIKE":
            self.advance()
            return Compare(left, "LIKE", self._constant(), token.at)
        if word == "IN" or (word == "NOT" and self.peek().upper == "IN"):
            return self._within(left, word == "NOT", token.at)
        if word in ("INCLUDES", "EXCLUDES") and isinstance(left, Name):
            self.advance()
            return Includes(left, word == "EXCLUDES", self._list(), token.at)
        raise self.unexpected()

    def _constant(self) -> Literal:
        if self.token.text == ":":
            # Binding a variable is for Apex; over the API there is nothing to bind.
            raise self.unexpected()
        return self.literal()

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
