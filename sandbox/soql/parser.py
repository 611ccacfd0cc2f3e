"""Reads SOQL into a tree. What it does not know is MALFORMED_QUERY, never ignored (facts 1)."""

from __future__ import annotations

from sandbox.errors import ApiError, malformed_query
from sandbox.soql.ast import Call, Child, Condition, Item, Name, Order, Query, TypeOf
from sandbox.soql.condition_parser import ConditionParser

MAX_LENGTH = 100_000
"""Characters in a query (facts 1)."""

_STOPS = frozenset(
    [
        "USING",
        "WHERE",
        "WITH",
        "GROUP",
        "HAVING",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FOR",
        "ALL",
        "UPDATE",
        "FROM",
        "SELECT",
        "AND",
        "OR",
        "NOT",
        "LIKE",
        "IN",
        "AS",
        "NULLS",
    ]
)
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
            400, "QUERY_TOO_LONG", f"SOQL statements cannot be longer than {MAX_LENGTH} characters."
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
        select = self._select(nested)
        self.keyword("FROM")
        source = self.name()
        alias = self._alias()
        more: list[tuple[Name, str | None]] = []
        while self.take_mark(","):
            more.append((self.name(), self._alias()))
        scope = self._scope()
        where = self.condition() if self.take("WHERE") else None
        security = self._security()
        group, grouping, having = self._group()
        order = self._order()
        limit_at = self.token.at
        limit = self.integer() if self.take("LIMIT") else None
        offset_at = self.token.at
        offset = self.integer() if self.take("OFFSET") else None
        purpose, all_rows = self._ending()
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
        return self.query(nested=True)

    def _select(self, nested: bool) -> list[Item | Child | TypeOf]:
        out: list[Item | Child | TypeOf] = []
        while True:
            if self.token.text == "(":
                if nested and not self.allow_deep:
                    raise self.unexpected()
                self.advance()
                out.append(Child(self.query(nested=True)))
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
        self.take("AS")
        token = self.token
        if token.kind == "word" and token.upper not in _STOPS:
            self.advance()
            return token.text
        return None

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
        if self.token.upper not in ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"):
            raise self.unexpected()
        found = self.token.upper
        self.advance()
        return found

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

    def _ending(self) -> tuple[list[str], bool]:
        purpose: list[str] = []
        while self.take("FOR"):
            if self.token.upper not in ("VIEW", "REFERENCE", "UPDATE"):
                raise self.unexpected()
            purpose.append(self.token.upper)
            self.advance()
        if self.take("UPDATE"):
            if self.token.upper not in ("TRACKING", "VIEWSTAT"):
                raise self.unexpected()
            purpose.append(self.token.upper)
            self.advance()
        all_rows = False
        if self.take("ALL"):
            self.keyword("ROWS")
            all_rows = True
        return purpose, all_rows
