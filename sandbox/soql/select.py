"""Works out the select list: columns to read, parents to embed, subqueries, aggregates and their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import ApiError
from sandbox.metadata.field import Field
from sandbox.metadata.parts import ADDRESS_PARTS
from sandbox.soql import functions
from sandbox.soql.ast import Call, Child, Item, Name, Query, TypeOf
from sandbox.soql.plan import ChildPlan, Output, Parent, TypePlan
from sandbox.soql.scope import Column, Scope

if TYPE_CHECKING:
    from sandbox.soql.compiler import Compiler

MAX_FIELDS_ALL = 200


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
        self._groups: list[str] = []
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
            self.kind = "count"
            self.columns = ["count(*)"]
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

    # plain rows

    def _rows(self) -> None:
        if not self._compiler.bulk:
            # The key leads every row: the id of `attributes.url` and of child rows.
            self.columns.append(f'{self._scope.alias}."Id"')
        for item in self._query.select:
            if isinstance(item, Child):
                self.children.append(self._compiler.child(item, self._scope))
            elif isinstance(item, TypeOf):
                self._typeof(item)
            elif item.alias is not None:
                at = self._query.source.at
                raise self._scope.fail(at, "MALFORMED_QUERY", "only aggregate expressions use field aliasing")
            elif isinstance(item.expression, Call):
                self._function(item.expression)
            else:
                self.add(self._scope.column(item.expression), item.expression)

    def _function(self, call: Call) -> None:
        if call.function == "FIELDS":
            self._fields(call)
            return
        column = functions.apply(call, self._scope)
        if call.function in ("TOLABEL", "FORMAT", "CONVERTCURRENCY"):
            self.add(column, None)
        else:
            self._append((), f"expr{len(self.outputs)}", column.field, column.sql)

    def _fields(self, call: Call) -> None:
        which = call.args[0].text.upper() if len(call.args) == 1 and isinstance(call.args[0], Name) else ""
        if which not in ("ALL", "STANDARD", "CUSTOM"):
            raise self._scope.fail(call.at, "MALFORMED_QUERY", "unexpected token: FIELDS")
        limit = self._query.limit
        if which != "STANDARD" and (self._compiler.bulk or limit is None or limit > MAX_FIELDS_ALL):
            raise self._scope.fail(
                call.at, "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200"
            )
        sobject = self._scope.sobject
        for found in sobject.fields.values():
            if not self._scope.world.profile.sees(sobject, found) or (
                not found.stored and self._compiler.bulk
            ):
                continue
            if which == "ALL" or found.custom == (which == "CUSTOM"):
                self.add(self._scope.column(Name((found.name,), call.at)), None)

    def add(self, column: Column, name: Name | None) -> None:
        """Select a field, embedding its parents."""
        key = (column.path, column.field.name)
        if key in self._seen:
            if name is not None and not self._compiler.bulk:
                raise self._scope.fail(
                    name.at, "INVALID_FIELD", f"duplicate field selected: {column.field.name}"
                )
            return
        if not self._compiler.bulk:
            self._embed(column)
        if not column.field.stored:
            if self._compiler.bulk:
                raise ApiError(
                    400,
                    "API_ERROR",
                    f"Selecting compound data not supported in Bulk Query: {column.field.name}",
                )
            self._address(column)
            return
        self._seen[key] = len(self.columns)
        self._append(column.path, column.field.name, column.field, column.sql)

    def _append(self, path: tuple[str, ...], name: str, found: Field, sql: str) -> None:
        self.outputs.append(Output(path, name, found, len(self.columns)))
        self.columns.append(sql if self._compiler.bulk else shown(found, sql))

    def _address(self, column: Column) -> None:
        prefix = column.field.name.removesuffix("Address")
        alias = column.sql.split(".")[0]
        parts = []
        for part in ADDRESS_PARTS:
            parts.append((part, len(self.columns)))
            self.columns.append(f'{alias}."{prefix}{part}"')
        self._seen[(column.path, column.field.name)] = -1
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
        lookup = scope.sobject.relation(node.field.parts[-1])
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
        sql = (
            f'(SELECT x."{found.name}" FROM {scope.world.schema[target].table} x '
            f'WHERE x."Id" = {scope.alias}."{lookup.name}")'
        )
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
        grouped = {self._group_key(expression): expression for expression in self._query.group}
        unnamed = 0
        for item in items:
            expression = item.expression
            if isinstance(expression, Call):
                column = functions.apply(expression, self._scope)
                if not functions.is_aggregate(expression) and expression.function != "GROUPING":
                    self._require_grouped(grouped, expression)
                name = item.alias
                if name is None:
                    name = f"expr{unnamed}"
                    unnamed += 1
            else:
                column = self._scope.column(expression)
                self._require_grouped(grouped, expression)
                name = item.alias or column.field.name
            self._aliases[name.lower()] = column
            self._append((), name, column.field, column.sql)
        for expression in self._query.group:
            self._groups.append(self._group_column(expression).sql)

    def _group_key(self, expression: Name | Call) -> str:
        return self._group_column(expression).sql

    def _group_column(self, expression: Name | Call) -> Column:
        if isinstance(expression, Call):
            return functions.apply(expression, self._scope)
        column = self._scope.column(expression)
        if not column.field.groupable or not column.field.stored:
            raise self._scope.fail(
                expression.at,
                "INVALID_FIELD",
                f"field '{column.field.name}' can not be grouped in a query call",
            )
        return column

    def _require_grouped(self, grouped: dict[str, Name | Call], expression: Name | Call) -> None:
        column = (
            functions.apply(expression, self._scope)
            if isinstance(expression, Call)
            else self._scope.column(expression)
        )
        if column.sql not in grouped:
            shown_name = expression.text if isinstance(expression, Name) else expression.function
            raise self._scope.fail(
                expression.at,
                "MALFORMED_QUERY",
                f"Field must be grouped or aggregated: {shown_name}",
            )

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
