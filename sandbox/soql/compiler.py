"""Compiles a SOQL tree to SQL over the org's tables, as one user sees them."""

from __future__ import annotations

from sandbox.errors import malformed_query
from sandbox.keys import living
from sandbox.metadata.sobject import SObject
from sandbox.soql import functions, named_ids, semijoin, visibility
from sandbox.soql.ast import Call, Child, Condition, Name, Order, Query
from sandbox.soql.conditions import ConditionWriter, Grouped
from sandbox.soql.parser import Parser, parse
from sandbox.soql.plan import ChildPlan, Plan
from sandbox.soql.scope import Column, Scope, World, find_object
from sandbox.soql.select import Selection
from sandbox.soql.sorting import sort_key

MAX_OFFSET = 2000
MAX_LEVELS, LEVELS_BEFORE_58 = 5, 2
"""Queries within queries, the outermost included (facts 1)."""


def compile_text(
    text: str, world: World, deleted: bool = False, bulk: bool = False, levels: int = MAX_LEVELS
) -> Plan:
    """The plan of a query as a client sends it. `deleted` brings in the recycle bin, as queryAll does."""
    query = parse(text)
    return Compiler(text, world, deleted, bulk, levels).compile(query)


def compile_condition(text: str, world: World, sobject: SObject, table: str = "") -> tuple[str, str]:
    """FROM and WHERE for a bare condition, as validation rules and mass edits use them.

    `table` stands in for the object's own table, so that records can be judged before they are stored.
    """
    parser = Parser(text)
    condition = parser.condition()
    parser.expect_end()
    compiler = Compiler(text, world, deleted=True, bulk=False)
    scope = Scope(world, text, sobject, table=table)
    where = compiler.condition(scope, condition)
    return scope.source(), where


class Compiler:
    """One compilation: the text for errors, the world to resolve names in, the rules of the asking API."""

    def __init__(
        self, text: str, world: World, deleted: bool, bulk: bool, levels: int = MAX_LEVELS, level: int = 1
    ) -> None:
        self.levels = levels
        self.level = level
        self.text = text
        self.world = world
        self.deleted = deleted
        self.bulk = bulk
        self.depth = 0

    def compile(self, query: Query) -> Plan:
        """The plan of a whole query."""
        if query.all_rows:
            raise malformed_query("ALL ROWS not allowed in this context")
        if "FOR UPDATE" in query.purpose:
            raise malformed_query("FOR UPDATE not allowed in this context")
        found = find_object(self.world, self.text, query.source.text, query.source.at)
        scope = Scope(self.world, self.text, found, own_alias=query.alias)
        for name, alias in query.more_sources:
            # The old form `FROM Contact c, c.Account a` gives a parent an alias.
            parts = scope.parts(name)
            scope.parent(parts, name.at)
            if alias:
                scope.extra[alias.lower()] = parts
        return self._finish(query, scope)

    def _finish(self, query: Query, scope: Scope) -> Plan:
        where = self._where(scope, query)
        if query.scope:
            where += self._scoped(query.scope.lower(), scope, query.source.at)
        self._check_ranges(query, scope)
        selection = Selection(self, scope, query)
        selection.build()
        order = ", ".join(self._order(item, scope, selection) for item in query.order)
        having = ""
        if query.having is not None:
            having = self.condition(scope, query.having, selection.require_grouped)
        group = selection.group_sql()
        return Plan(
            scope.sobject,
            selection.kind,
            scope.source(),
            where,
            selection.columns,
            selection.outputs,
            selection.parents,
            selection.children,
            selection.types,
            group,
            having,
            order,
            query.limit,
            query.offset,
            scope.alias,
            bool(scope.clauses),
            query.purpose,
            named_ids.count(scope, query.where) or None if selection.kind == "rows" else None,
        )

    def _check_ranges(self, query: Query, scope: Scope) -> None:
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise scope.fail(
                query.offset_at,
                "NUMBER_OUTSIDE_VALID_RANGE",
                f"Maximum SOQL offset allowed is {MAX_OFFSET}",
            )

    def condition(self, scope: Scope, condition: Condition, grouped: Grouped | None = None) -> str:
        """A condition as SQL."""
        return ConditionWriter(scope, self._subselect, grouped).write(condition)

    def _where(self, scope: Scope, query: Query, inner: bool = False) -> list[str]:
        semijoin.check(query.where, scope, inner)
        where = self._visible(scope, query)
        if query.where is not None:
            where.append(self.condition(scope, query.where))
        return where

    def _visible(self, scope: Scope, query: Query) -> list[str]:
        """What hides rows from this query: the recycle bin and record visibility."""
        out: list[str] = []
        if not self.deleted and "IsDeleted" in scope.sobject.fields:
            by_id = named_ids.count(scope, query.where)
            out.append(living(scope.alias) if by_id else f'{scope.alias}."IsDeleted" = FALSE')
        return out + visibility.conditions(self.world, scope.sobject, scope.alias)

    def _scoped(self, name: str, scope: Scope, at: int) -> list[str]:
        known = {item.lower() for item, _ in scope.sobject.scopes} or {"everything", "mine"}
        if name not in known or (name != "everything" and "OwnerId" not in scope.sobject.fields):
            raise scope.fail(
                at, "INVALID_QUERY_SCOPE", f"scope '{name}' is not supported for {scope.sobject.name}"
            )
        owner = f'{scope.alias}."OwnerId"'
        if name == "mine":
            return [f"{owner} = '{self.world.user_id}'"]
        if name == "queue_owned":
            return [f"starts_with({owner}, '00G')"]
        if name == "user_owned":
            return [f"starts_with({owner}, '005')"]
        return []

    def _order(self, order: Order, scope: Scope, selection: Selection) -> str:
        expression = order.expression
        alias = selection.aliased(expression) if isinstance(expression, Name) else None
        if alias is not None:
            column = alias
        elif isinstance(expression, Call):
            self._check_order(expression, scope, selection)
            column = functions.apply(expression, scope)
        else:
            column = self._sortable(expression, scope)
        if alias is None and selection.kind == "aggregate":
            selection.require_grouped(expression)
        direction = "DESC" if order.descending else "ASC"
        # Nulls come first unless the query says otherwise, in both directions.
        nulls = "LAST" if order.nulls_last else "FIRST"
        return f"{sort_key(column)} {direction} NULLS {nulls}"

    def _check_order(self, call: Call, scope: Scope, selection: Selection) -> None:
        aggregate = functions.is_aggregate(call) or call.function == "GROUPING"
        if call.function in (*functions.RENDERED, "FIELDS") or (aggregate and selection.kind != "aggregate"):
            raise scope.fail(call.at, "MALFORMED_QUERY", f"{call.function} can not be used in ORDER BY here")

    def _sortable(self, name: Name, scope: Scope) -> Column:
        column = scope.column(name)
        if not column.field.sortable:
            raise scope.fail(
                name.at, "MALFORMED_QUERY", f"field '{column.field.name}' can not be sorted in a query call"
            )
        return column

    def _subselect(self, query: Query, outer: Scope, column: Column, left: Name) -> str:
        found = find_object(self.world, self.text, query.source.text, query.source.at)
        self.depth += 1
        scope = Scope(self.world, self.text, found, alias=f"s{self.depth}_", own_alias=query.alias)
        return semijoin.compiled(
            query, outer, column, left, scope, lambda inner, inside: self._where(inner, inside, inner=True)
        )

    def child(self, child: Child, outer: Scope, above: Query) -> ChildPlan:
        """A subquery over a child relationship."""
        query = child.query
        at = query.source.at
        if self.level >= self.levels:
            raise outer.fail(
                at,
                "MALFORMED_QUERY",
                f"subqueries may not go more than {self.levels} levels down",
            )
        if query.offset is not None and above.limit != 1:
            raise outer.fail(
                query.offset_at,
                "MALFORMED_QUERY",
                "OFFSET in a subquery needs LIMIT 1 around it",
            )
        if "FOR UPDATE" in query.purpose:
            raise malformed_query("FOR UPDATE not allowed in this context")
        parts = outer.parts(query.source)
        found = self.world.schema.child_relation(outer.sobject.name, parts[-1]) if len(parts) == 1 else None
        profile = self.world.profile
        if found is None or not profile.sees(*found) or not profile.sees_object(found[0]):
            raise outer.no_relation(at, parts[-1], query.source.text)
        sobject, lookup = found
        scope = Scope(self.world, self.text, sobject, alias="c", own_alias=query.alias)
        inner = Compiler(self.text, self.world, self.deleted, self.bulk, self.levels, self.level + 1)
        plan = inner._finish(query, scope)
        if plan.kind != "rows":
            raise outer.fail(at, "MALFORMED_QUERY", "only root queries support aggregate expressions")
        plan.columns.append(f'c."{lookup.name}"')
        plan.limit = plan.offset = None
        return ChildPlan(parts[-1], plan, lookup.name, query.limit, query.offset)
