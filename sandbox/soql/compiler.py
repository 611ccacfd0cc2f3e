"""Compiles a SOQL tree to SQL over the org's tables, as one user sees them."""

from __future__ import annotations

from sandbox.errors import malformed_query
from sandbox.metadata.sobject import SObject
from sandbox.soql import functions
from sandbox.soql.ast import Call, Child, Condition, Item, Name, Order, Query
from sandbox.soql.conditions import ConditionWriter, folded
from sandbox.soql.parser import Parser, parse
from sandbox.soql.plan import ChildPlan, Plan
from sandbox.soql.scope import Column, Scope, World, find_object
from sandbox.soql.select import Selection

MAX_OFFSET = 2000
MAX_SUBQUERIES = 20


def compile_text(text: str, world: World, deleted: bool = False, bulk: bool = False) -> Plan:
    """The plan of a query as a client sends it. `deleted` brings in the recycle bin, as queryAll does."""
    query = parse(text)
    return Compiler(text, world, deleted, bulk).compile(query)


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

    def __init__(self, text: str, world: World, deleted: bool, bulk: bool) -> None:
        self.text = text
        self.world = world
        self.deleted = deleted
        self.bulk = bulk
        self.depth = 0

    def compile(self, query: Query) -> Plan:
        """The plan of a whole query."""
        if query.all_rows:
            raise malformed_query("ALL ROWS not allowed in this context")
        if "UPDATE" in query.purpose:
            raise malformed_query("FOR UPDATE not allowed in this context")
        found = find_object(self.world, self.text, query.source.parts[-1], query.source.at)
        scope = Scope(self.world, self.text, found, own_alias=query.alias)
        for name, alias in query.more_sources:
            # The old form `FROM Contact c, c.Account a` gives a parent an alias.
            parts = scope.parts(name)
            scope.parent(parts, name.at)
            if alias:
                scope.extra[alias.lower()] = parts
        return self._finish(query, scope)

    def _finish(self, query: Query, scope: Scope) -> Plan:
        where = self.visible(scope)
        if query.where is not None:
            where.append(self.condition(scope, query.where))
        if query.scope:
            where += self._scoped(query.scope.lower(), scope)
        self._check_ranges(query, scope)
        selection = Selection(self, scope, query)
        selection.build()
        order = ", ".join(self._order(item, scope, selection) for item in query.order)
        having = self.condition(scope, query.having) if query.having is not None else ""
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
        )

    def _check_ranges(self, query: Query, scope: Scope) -> None:
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise scope.fail(
                query.offset_at,
                "NUMBER_OUTSIDE_VALID_RANGE",
                f"Maximum SOQL offset allowed is {MAX_OFFSET}",
            )

    def condition(self, scope: Scope, condition: Condition) -> str:
        """A condition as SQL."""
        return ConditionWriter(scope, self._subselect, functions.apply).write(condition)

    def visible(self, scope: Scope) -> list[str]:
        """What hides rows from this query: the recycle bin and record visibility."""
        out: list[str] = []
        if not self.deleted and "IsDeleted" in scope.sobject.fields:
            out.append(f'{scope.alias}."IsDeleted" = FALSE')
        if scope.sobject.name in self.world.has_hidden and not self.world.profile.all_data:
            out.append(
                f"{scope.alias}._key NOT IN (SELECT key FROM _hidden WHERE object = '{scope.sobject.name}')"
            )
        return out

    def _scoped(self, scope_name: str, scope: Scope) -> list[str]:
        owner = f'{scope.alias}."OwnerId"'
        if "OwnerId" not in scope.sobject.fields or scope_name == "everything":
            return []
        if scope_name == "mine":
            return [f"{owner} = '{self.world.user_id}'"]
        if scope_name == "queue_owned":
            return [f"starts_with({owner}, '00G')"]
        if scope_name == "user_owned":
            return [f"starts_with({owner}, '005')"]
        return []

    def _order(self, order: Order, scope: Scope, selection: Selection) -> str:
        if isinstance(order.expression, Call):
            column = functions.apply(order.expression, scope)
        else:
            column = selection.aliased(order.expression) or self._sortable(order.expression, scope)
        direction = "DESC" if order.descending else "ASC"
        # Nulls come first unless the query says otherwise, in both directions.
        nulls = "LAST" if order.nulls_last else "FIRST"
        if column.key_sql:
            return f"{column.key_sql} {direction} NULLS {nulls}"
        return f"{folded(column)} {direction} NULLS {nulls}"

    def _sortable(self, name: Name, scope: Scope) -> Column:
        column = scope.column(name)
        if not column.field.sortable or not column.field.stored:
            raise scope.fail(
                name.at, "INVALID_FIELD", f"field '{column.field.name}' can not be sorted in a query call"
            )
        return column

    def _subselect(self, query: Query, outer: Scope, column: Column) -> str:
        found = find_object(self.world, self.text, query.source.parts[-1], query.source.at)
        self.depth += 1
        scope = Scope(self.world, self.text, found, alias=f"s{self.depth}_", own_alias=query.alias)
        if len(query.select) != 1 or not isinstance(query.select[0], Item):
            raise outer.fail(
                query.source.at, "MALFORMED_QUERY", "Only one column may be selected in a subselect"
            )
        expression = query.select[0].expression
        inner = (
            functions.apply(expression, scope) if isinstance(expression, Call) else scope.column(expression)
        )
        if inner.field.type not in ("id", "reference") or column.field.type not in ("id", "reference"):
            raise outer.fail(
                query.source.at,
                "INVALID_FIELD",
                f"Cannot use a foreign key for outer field for semi join: {column.field.name}"
                if column.field.type not in ("id", "reference")
                else f"The inner select field '{inner.field.name}' is not an ID or reference field",
            )
        where = self.visible(scope)
        if query.where is not None:
            where.append(self.condition(scope, query.where))
        where.append(f"{inner.sql} IS NOT NULL")
        return f"SELECT {inner.sql} FROM {scope.source()} WHERE {' AND '.join(where)}"

    def child(self, child: Child, outer: Scope) -> ChildPlan:
        """A subquery over a child relationship."""
        query = child.query
        name = outer.parts(query.source)[-1]
        found = self.world.schema.child_relation(outer.sobject.name, name)
        if found is None or not self.world.profile.sees(*found):
            raise outer.no_relation(query.source.at, name, query.source.text)
        sobject, lookup = found
        scope = Scope(self.world, self.text, sobject, alias="c", own_alias=query.alias)
        inner = Compiler(self.text, self.world, self.deleted, self.bulk)
        plan = inner._finish(query, scope)
        plan.columns.append(f'c."{lookup.name}"')
        plan.limit = plan.offset = None
        return ChildPlan(name, plan, lookup.name, query.limit, query.offset)
