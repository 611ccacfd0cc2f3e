"""Reads SOQL into a tree. What it does not know is MALFORMED_QUERY, never ignored (facts 1)."""

from __future__ import annotations

from sandbox.errors import ApiError, malformed_query
from sandbox.soql.ast import Call, Child, Condition, Item, Name, Order, Query, TypeOf
from sandbox.soql.condition_parser import MAX_DEPTH, ConditionParser
from sandbox.soql.tokens import failure

MAX_LENGTH = 100_000
"""Characters in a query (facts 1)."""

_STOPS = frozenset(
    [
        "AND",
        "ASC",
        "DESC",
        "EXCLUDES",
        "FIRST",
        "FROM",
        "GROUP",
        "HAVING",
        "IN",
        "INCLUDES",
        "LAST",
        "LIKE",
        "LIMIT",
        "NOT",
        "NULL",
        "NULLS",
        "OR",
        "SELECT",
        "USING",
        "WHERE",
        "WITH",
    ]
)
"""Words that are no aliases, by the documentation."""
_CLAUSES = {"ORDER": "BY", "ALL": "ROWS"}
"""Words that start a clause where an alias could stand, and what follows them then."""
_NO_NAMES = frozenset(["FOR", "UPDATE"])
_UPDATES = ("TRACKING", "VIEWSTAT")
_SCOPES = frozenset(
    [
        "delegated",
        "everything",
        "mine",
        "mine_and_my_groups",
        "my_territory",
        "my_team_territory",
        "team",
        "user_owned",
        "queue_owned",
        "scopingrule",
        "scoping_rule",
    ]
)


def parse(text: str) -> Query:
    """The tree of a whole query."""
    if len(text) > MAX_LENGTH:
        raise ApiError(
            400, "MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters."
        )
    if not text.strip():
        raise malformed_query("unexpected token: '<EOF>'")
    parser = Parser(text)
    query = parser.query()
    parser.expect_end()
    return query


class Parser(ConditionParser):
    """Clauses in their fixed order; conditions come from the base class."""

    def query(self, nested: bool = False) -> Query:
        self.keyword("SELECT")
        select = self._select()
        self.keyword("FROM")
        source = self.name()
        alias = self._alias()
        more: list[tuple[Name, str | None]] = []
        while self.take_mark(","):
            more.append((self.name(), self._alias()))
        scope = None if nested else self._scope()
        where = self.condition() if self.take("WHERE") else None
        security = None if nested else self._security()
        group, grouping, having = ([], None, None) if nested else self._group()
        order = self._order()
        limit_at = self.token.at
        limit = self._count("LIMIT")
        offset_at = self.token.at
        offset = self._count("OFFSET")
        all_rows = False
        if not nested and self.take("ALL"):
            self.keyword("ROWS")
            all_rows = True
        purpose = self._purpose()
        return Query(
            tuple(select),
            source,
            alias,
            scope,
            where,
            tuple(group),
            grouping,
            having,
            tuple(order),
            limit,
            offset,
            tuple(purpose),
            all_rows,
            security,
            tuple(more),
            limit_at,
            offset_at,
        )

    def subselect(self) -> Query:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise failure(self.text, self.token.at, "QUERY_TOO_COMPLICATED", "Query is too complicated")
        query = self.query(nested=True)
        self._depth -= 1
        return query

    def _count(self, word: str) -> int | None:
        if not self.take(word):
            return None
        if self.token.text == ":":
            raise failure(
                self.text, self.token.at, "MALFORMED_QUERY", "Bind variables only allowed in Apex code"
            )
        return self.integer()

    def _select(self) -> list[Item | Child | TypeOf]:
        out: list[Item | Child | TypeOf] = []
        while True:
            if self.token.text == "(":
                self.advance()
                out.append(Child(self.subselect()))
                self.mark(")")
            elif self.at_keyword("TYPEOF") and self.peek().kind == "word" and self.peek().upper != "FROM":
                out.append(self._typeof())
            else:
                expression = self.expression()
                out.append(Item(expression, self._alias()))
            if not self.take_mark(","):
                return out

    def _typeof(self) -> TypeOf:
        self.keyword("TYPEOF")
        field = self.name()
        branches: list[tuple[str, tuple[Name, ...]]] = []
        otherwise: tuple[Name, ...] = ()
        while self.take("WHEN"):
            kind = self.name().text
            self.keyword("THEN")
            branches.append((kind, self._names()))
        if not branches:
            raise self.unexpected()
        if self.take("ELSE"):
            otherwise = self._names()
        self.keyword("END")
        return TypeOf(field, tuple(branches), otherwise)

    def _names(self) -> tuple[Name, ...]:
        names = [self.name()]
        while self.take_mark(","):
            names.append(self.name())
        return tuple(names)

    def _alias(self) -> str | None:
        token = self.token
        word = token.upper
        if token.kind != "word" or word in _STOPS or word in _NO_NAMES:
            return None
        after = self.peek()
        if word in _CLAUSES and after.upper == _CLAUSES[word]:
            return None
        if word == "OFFSET" and (after.kind == "number" or after.text == ":"):
            return None
        self.advance()
        return token.text

    def _scope(self) -> str | None:
        if not self.take("USING"):
            return None
        self.keyword("SCOPE")
        if self.token.text.lower() not in _SCOPES:
            raise self.unexpected()
        scope = self.token.text
        self.advance()
        return scope

    def _security(self) -> str | None:
        if not self.take("WITH"):
            return None
        if self.token.upper in ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            return self.advance().upper
        at = self.token.at
        if self.take("DATA"):
            self.keyword("CATEGORY")
            self._category()
            while self.take("AND"):
                self._category()
            raise failure(
                self.text, at, "INVALID_FIELD", "WITH DATA CATEGORY is only for articles and questions"
            )
        if self.at_keyword("RECORDVISIBILITYCONTEXT"):
            raise self.unexpected()
        self.condition()
        raise failure(self.text, at, "MALFORMED_QUERY", "WITH is not supported for this object")

    def _category(self) -> None:
        self.name()
        if self.token.upper not in ("AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"):
            raise self.unexpected()
        self.advance()
        if self.take_mark("("):
            self._names()
            self.mark(")")
        else:
            self.name()

    def _group(self) -> tuple[list[Name | Call], str | None, Condition | None]:
        if not self.take("GROUP"):
            return [], None, None
        self.keyword("BY")
        grouping = None
        if self.token.upper in ("ROLLUP", "CUBE") and self.peek().text == "(":
            grouping = self.token.upper
            self.advance()
            self.mark("(")
        group = [self.expression()]
        while self.take_mark(","):
            group.append(self.expression())
        if grouping:
            self.mark(")")
        having = self.condition() if self.take("HAVING") else None
        return group, grouping, having

    def _order(self) -> list[Order]:
        if not self.take("ORDER"):
            return []
        self.keyword("BY")
        out: list[Order] = []
        while True:
            expression = self.expression()
            descending = False
            if self.take("DESC"):
                descending = True
            else:
                self.take("ASC")
            nulls_last = None
            if self.take("NULLS"):
                if self.token.upper not in ("FIRST", "LAST"):
                    raise self.unexpected()
                nulls_last = self.token.upper == "LAST"
                self.advance()
            out.append(Order(expression, descending, nulls_last))
            if not self.take_mark(","):
                return out

    def _purpose(self) -> list[str]:
        purpose: list[str] = []
        while self.take("FOR"):
            if self.token.upper not in ("VIEW", "REFERENCE", "UPDATE"):
                raise self.unexpected()
            purpose.append(f"FOR {self.advance().upper}")
        if self.take("UPDATE"):
            while True:
                if self.token.upper not in _UPDATES:
                    raise self.unexpected()
                purpose.append(self.advance().upper)
                if not self.take_mark(","):
                    break
        return purpose
