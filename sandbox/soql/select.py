"""Works out the select list: columns to read, parents to embed, subqueries, aggregates and their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import ApiError
from sandbox.metadata.field import Field
from sandbox.soql import functions, named_ids
from sandbox.soql.ast import Call, Child, Item, Name, Query, TypeOf
from sandbox.soql.plan import ChildPlan, Output, Parent, TypePlan
from sandbox.soql.scope import Column, Scope
from sandbox.soql.shapes import DATE_PARTS

if TYPE_CHECKING:
    from sandbox.soql.compiler import Compiler

MAX_FIELDS_ALL = 200
MAX_ROLLUP = 3
MAX_SUBQUERIES = 20
"""Child subqueries of one query (facts 1)."""


class Selection:
    """The select list of one query while it is being compiled."""

    def __init__(self, compiler: Compiler, scope: Scope, query: Query) -> None:
        self._compiler = compiler
        self._scope = scope
        self._query = query
        self.kind = "rows"
        self.columns: list[str] = []
        self.outputs: list[Output] = []
        self.parents: list[Parent] = []
        self.children: list[ChildPlan] = []
        self.types: list[TypePlan] = []
        self._aliases: dict[str, Column] = {}
        self._groups: dict[str, Column] = {}
        self._seen: dict[tuple[tuple[str, ...], str], int] = {}

    def build(self) -> None:
        """Fill everything from the query."""
        items = [item for item in self._query.select if isinstance(item, Item)]
        calls = [item.expression for item in items if isinstance(item.expression, Call)]
        counting = (
            len(self._query.select) == 1 and len(calls) == 1 and calls[0] == Call("COUNT", (), calls[0].at)
        )
        aggregated = bool(self._query.group) or any(functions.is_aggregate(call) for call in calls)
        if self._compiler.bulk:
            self._refuse_in_bulk(aggregated)
        if counting and not self._query.group:
            self._count(items[0], calls[0])
        elif aggregated:
            self.kind = "aggregate"
            self._aggregate(items)
        else:
            self._rows()

    def _refuse_in_bulk(self, aggregated: bool) -> None:
        if aggregated or self._query.offset is not None:
            raise ApiError(400, "API_ERROR", "Aggregate queries and OFFSET are not supported in Bulk Query")
        if any(not isinstance(item, Item) for item in self._query.select):
            raise ApiError(400, "API_ERROR", "Nested queries and TYPEOF are not supported in Bulk Query")

    def _count(self, item: Item, call: Call) -> None:
        if self._query.order or item.alias:
            raise self._scope.fail(
                call.at, "MALFORMED_QUERY", "COUNT() can not be used with ORDER BY or an alias"
            )
        self.kind = "count"
        self.columns = ["count(*)"]

    # plain rows

    def _rows(self) -> None:
        if not self._compiler.bulk:
            # The key leads every row: the id of `attributes.url` and of child rows.
            self.columns.append(f'{self._scope.alias}."Id"')
        for item in self._query.select:
            if isinstance(item, Child):
                self._child(item)
            elif isinstance(item, TypeOf):
                self._typeof(item)
            elif isinstance(item.expression, Call):
                self._function(item.expression, item.alias)
            elif item.alias is not None:
                at = item.expression.at
                raise self._scope.fail(at, "MALFORMED_QUERY", "only aggregate expressions use field aliasing")
            else:
                self.add(self._scope.column(item.expression), item.expression)

    def _child(self, item: Child) -> None:
        if len(self.children) >= MAX_SUBQUERIES:
            raise self._scope.fail(
                item.query.source.at,
                "MALFORMED_QUERY",
                f"maximum {MAX_SUBQUERIES} sub-queries allowed in a query",
            )
        plan = self._compiler.child(item, self._scope, self._query)
        if any(known.name.lower() == plan.name.lower() for known in self.children):
            raise self._scope.fail(
                item.query.source.at, "MALFORMED_QUERY", f"duplicate relationship selected: {plan.name}"
            )
        self.children.append(plan)

    def _function(self, call: Call, alias: str | None) -> None:
        if call.function == "FIELDS" and alias is None:
            self._fields(call)
            return
        if call.function == "DISTANCE":
            alias = alias or f"expr{sum(output.field.name == functions.MADE for output in self.outputs)}"
        elif call.function not in functions.RENDERED:
            # Parts of dates and the like are for grouped queries.
            raise self._scope.fail(
                call.at, "MALFORMED_QUERY", f"Field must be grouped or aggregated: {call.function}"
            )
        if any(isinstance(item, TypeOf) for item in self._query.select):
            raise self._scope.fail(call.at, "MALFORMED_QUERY", "TYPEOF can not be used beside functions")
        column = functions.apply(call, self._scope)
        if alias is None:
            self.add(column, Name((column.field.name,), call.at))
        else:
            self._note(((), alias.lower()), Name((alias,), call.at), len(self.columns))
            self._append((), alias, column.field, column.sql)

    def _fields(self, call: Call) -> None:
        which = call.args[0].text.upper() if isinstance(call.args[0], Name) else ""
        limit = self._query.limit
        bounded = limit is not None and limit <= MAX_FIELDS_ALL
        bounded = bounded or 0 < named_ids.count(self._scope, self._query.where) <= MAX_FIELDS_ALL
        if which != "STANDARD" and (self._compiler.bulk or not bounded):
            raise self._scope.fail(
                call.at, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200"
            )
        sobject = self._scope.sobject
        before = len(self.outputs)
        for found in sobject.fields.values():
            if not self._scope.world.profile.sees(sobject, found) or (
                found.is_compound and self._compiler.bulk
            ):
                continue
            if which == "ALL" or found.custom == (which == "CUSTOM"):
                self.add(self._scope.column(Name((found.name,), call.at)), Name((found.name,), call.at))
        if len(self.outputs) == before and len(self._query.select) == 1:
            raise ApiError(
                400,
                "MALFORMED_QUERY",
                "'FIELDS(...)' expansion function must result in at least one field being selected.",
            )

    def _note(self, key: tuple[tuple[str, ...], str], name: Name, at: int) -> None:
        if key in self._seen:
            raise ApiError(400, "INVALID_FIELD", f"duplicate field selected: {name.text}")
        self._seen[key] = at

    def add(self, column: Column, name: Name | None) -> None:
        """Select a field, embedding its parents."""
        key = (column.path, column.field.name.lower())
        if key in self._seen and name is None:
            return
        self._note(key, Name((column.name,), 0), len(self.columns))
        if not self._compiler.bulk:
            self._embed(column)
        if column.field.is_compound:
            if self._compiler.bulk:
                raise ApiError(
                    400,
                    "API_ERROR",
                    f"Selecting compound data not supported in Bulk Query: {column.field.name}",
                )
            self._compound(column)
            return
        self._append(column.path, column.field.name, column.field, column.sql)

    def _append(self, path: tuple[str, ...], name: str, found: Field, sql: str) -> None:
        self.outputs.append(Output(path, name, found, len(self.columns)))
        self.columns.append(sql if self._compiler.bulk else shown(found, sql))

    def _compound(self, column: Column) -> None:
        alias = column.sql.split(".")[0]
        parts = []
        for key, name in column.field.parts.items():
            parts.append((key, len(self.columns)))
            self.columns.append(f'{alias}."{name}"')
        self.outputs.append(Output(column.path, column.field.name, column.field, -1, tuple(parts)))

    def _embed(self, column: Column) -> None:
        for depth in range(1, len(column.path) + 1):
            path = column.path[:depth]
            if any(parent.path == path for parent in self.parents):
                continue
            alias, sobject, polymorphic = self._scope.parent(path, 0)
            self.parents.append(
                Parent(path, "Name" if polymorphic else sobject.name, len(self.columns), polymorphic)
            )
            self.columns.append(f'{alias}."Id"')

    def _typeof(self, node: TypeOf) -> None:
        scope = self._scope
        parts = scope.parts(node.field)
        lookup = scope.sobject.relation(parts[0]) if len(parts) == 1 else None
        if lookup is None or len(lookup.refers_to) < 2 or not lookup.relationship:
            raise scope.no_relation(node.field.at, node.field.text, node.field.text)
        id_at = len(self.columns)
        self.columns.append(f'{scope.alias}."{lookup.name}"')
        branches: dict[str, tuple[Output, ...]] = {}
        for kind, names in node.branches:
            target = scope.world.schema.find(kind)
            if target is None or target.name not in lookup.refers_to:
                raise scope.fail(node.field.at, "INVALID_FIELD", f"invalid type in TYPEOF: {kind}")
            branches[target.name] = tuple(self._joined(lookup, target.name, name) for name in names)
        otherwise = tuple(self._named(lookup, name) for name in node.otherwise)
        self.types.append(TypePlan((lookup.relationship,), branches, otherwise, id_at))

    def _joined(self, lookup: Field, target: str, name: Name) -> Output:
        scope = self._scope
        found = scope.world.schema[target].find(name.parts[-1])
        if (
            len(name.parts) != 1
            or found is None
            or not scope.world.profile.sees(scope.world.schema[target], found)
        ):
            raise scope.no_column(name.at, name.text, target)
        inner = Scope(scope.world, scope.text, scope.world.schema[target], alias="x")
        value = inner.read(found)
        sql = f'(SELECT {value} FROM {inner.source()} WHERE x."Id" = {scope.alias}."{lookup.name}")'
        self.columns.append(shown(found, sql))
        return Output((), found.name, found, len(self.columns) - 1)

    def _named(self, lookup: Field, name: Name) -> Output:
        column = self._scope.column(Name((lookup.relationship or "", name.parts[-1]), name.at))
        self.columns.append(shown(column.field, column.sql))
        return Output((), column.field.name, column.field, len(self.columns) - 1)

    # aggregates

    def _aggregate(self, items: list[Item]) -> None:
        if len(items) != len(self._query.select):
            raise self._scope.fail(0, "MALFORMED_QUERY", "subqueries can not be used in an aggregate query")
        self._check_groups()
        unnamed = 0
        for item in items:
            expression = item.expression
            self.require_grouped(expression)
            if isinstance(expression, Call):
                column = functions.apply(expression, self._scope)
                name = item.alias
                if name is None:
                    name = f"expr{unnamed}"
                    unnamed += 1
            else:
                column = self._scope.column(expression)
                name = item.alias or column.field.name
            if name.lower() in self._aliases:
                raise self._scope.fail(expression.at, "MALFORMED_QUERY", f"duplicate alias: {name}")
            self._aliases[name.lower()] = column
            self._append((), name, column.field, column.sql)

    def _check_groups(self) -> None:
        query = self._query
        if not query.group and (query.limit is not None or query.offset is not None):
            raise self._scope.fail(
                query.limit_at,
                "MALFORMED_QUERY",
                "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
            )
        if query.grouping and len(query.group) > MAX_ROLLUP:
            raise self._scope.fail(
                query.group[MAX_ROLLUP].at,
                "MALFORMED_QUERY",
                f"GROUP BY {query.grouping} allows at most {MAX_ROLLUP} fields",
            )
        for expression in query.group:
            column = self._group_column(expression)
            self._groups[column.sql] = column

    def _group_column(self, expression: Name | Call) -> Column:
        if isinstance(expression, Call):
            if expression.function not in DATE_PARTS:
                raise self._scope.fail(
                    expression.at, "MALFORMED_QUERY", f"{expression.function} can not be used in GROUP BY"
                )
            return functions.apply(expression, self._scope)
        column = self._scope.column(expression)
        if not column.field.groupable:
            raise self._scope.fail(
                expression.at,
                "MALFORMED_QUERY",
                f"field '{column.field.name}' can not be grouped in a query call",
            )
        return column

    def require_grouped(self, expression: Name | Call) -> None:
        """Refuse what is neither grouped nor aggregated."""
        if isinstance(expression, Call):
            if functions.is_aggregate(expression):
                return
            self._require_call(expression)
            return
        if self._scope.column(expression).sql not in self._groups:
            raise self._ungrouped(expression.at, expression.text)

    def _require_call(self, call: Call) -> None:
        inner = call.args[0] if call.args else None
        if call.function in (*functions.RENDERED, "GROUPING") and isinstance(inner, Name):
            if call.function == "GROUPING" and not self._query.grouping:
                raise self._scope.fail(call.at, "MALFORMED_QUERY", "GROUPING needs GROUP BY ROLLUP or CUBE")
            self.require_grouped(inner)
        elif call.function not in DATE_PARTS:
            raise self._ungrouped(call.at, call.function)
        else:
            column = functions.apply(call, self._scope)
            inside = self._scope.column(inner) if isinstance(inner, Name) else None
            by_day = inside is not None and inside.field.type == "date" and inside.sql in self._groups
            if column.sql not in self._groups and not by_day:
                raise self._ungrouped(call.at, call.function)

    def _ungrouped(self, at: int, name: str) -> ApiError:
        return self._scope.fail(at, "MALFORMED_QUERY", f"Field must be grouped or aggregated: {name}")

    def group_sql(self) -> str:
        """The GROUP BY clause."""
        inner = ", ".join(self._groups)
        return f"{self._query.grouping}({inner})" if self._query.grouping and inner else inner

    def aliased(self, name: Name) -> Column | None:
        """The aggregate that an alias in ORDER BY stands for."""
        return self._aliases.get(name.text.lower()) if self.kind == "aggregate" else None


def shown(found: Field, sql: str) -> str:
    """A column as JSON shows it: moments as text, the rest as it is."""
    if found.type == "datetime":
        return f"strftime({sql}, '%Y-%m-%dT%H:%M:%S.000+0000')"
    if found.type == "date":
        return f"CAST({sql} AS VARCHAR)"
    return sql
