"""Formula fields: compiled to SQL once, computed whenever they are read; no stamp moves (facts 5.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.metadata.custom_field import InvalidMetadata
from sandbox.metadata.field import ROW, TODAY, Field, changed, define, seen_from
from sandbox.metadata.formula_parser import Binary, Call, Constant, Node, Reference, parse, references
from sandbox.metadata.schema import Schema
from sandbox.metadata.sobject import SObject

RETURNS = {
    "text": "string",
    "number": "double",
    "currency": "currency",
    "percent": "percent",
    "checkbox": "boolean",
    "date": "date",
    "datetime": "datetime",
}
"""Types of formulas by the Metadata API's names, and describe's."""
_KINDS = {
    "string": "text",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "boolean": "boolean",
}
_NAMES = {"text": "Text", "number": "Number", "boolean": "Boolean", "date": "Date", "datetime": "DateTime"}
MAX_SQL = 60_000


@dataclass(slots=True, frozen=True)
class _Typed:
    sql: str
    kind: str


def formula_field(
    schema: Schema,
    sobject: SObject,
    name: str,
    text: str,
    type: str = "text",
    label: str | None = None,
    scale: int = 2,
    blank_as_zero: bool = True,
) -> Field:
    """The declaration of a formula field; InvalidMetadata when the formula is wrong."""
    returns = RETURNS.get(type.lower())
    if returns is None:
        raise InvalidMetadata(f"{type} is no type of formula; there are {', '.join(RETURNS)}")
    flags: dict[str, Any] = {"precision": 18, "scale": scale} if _KINDS.get(returns) == "number" else {}
    if returns == "string":
        flags = {"length": 1300, "groupable": False}
    if returns == "boolean":
        flags = {"default": None}
    found = define(
        name,
        label or name.removesuffix("__c").replace("_", " "),
        returns,
        custom=True,
        formula=text,
        blank_as_zero=blank_as_zero,
        **flags,
    )
    return changed(found, permissionable=True, expression=compile_formula(schema, sobject, found))


def compile_formula(schema: Schema, sobject: SObject, found: Field) -> str:
    """The SQL of a formula field, ready for the record's alias."""
    try:
        made = _Compiler(schema, sobject, found.blank_as_zero).write(parse(found.formula or ""))
    except RecursionError:
        raise InvalidMetadata("Compiled formula is too big to execute") from None
    wanted = _KINDS.get(found.type, found.type)
    if made.kind not in (wanted, "null"):
        raise InvalidMetadata(
            f"Formula result is data type ({_NAMES[made.kind]}), incompatible with expected data type "
            f"({_NAMES[wanted]})."
        )
    sql = made.sql
    if wanted == "text":
        sql = f"NULLIF({sql}, '')"
    if wanted == "number":
        sql = f"round(CAST({sql} AS DOUBLE), {found.scale})"
    if wanted == "boolean":
        sql = f"COALESCE({sql}, FALSE)"
    if len(sql) > MAX_SQL:
        raise InvalidMetadata("Compiled formula is too big to execute")
    return f"({sql})"


def uses(schema: Schema, sobject: SObject, found: Field) -> Iterator[tuple[str, str]]:
    """Object and name of every field that a formula looks at, its lookups included."""
    for reference in references(parse(found.formula or "")):
        here = sobject
        for part in reference.parts[:-1]:
            lookup = here.relation(part)
            if lookup is None:
                return
            yield here.name, lookup.name
            here = schema[lookup.refers_to[0]]
        last = here.find(reference.parts[-1])
        if last is not None:
            yield here.name, last.name


def renamed(schema: Schema, sobject: SObject, found: Field, owner: str, old: str, new: str) -> str:
    """The text of a formula after a field of `owner` got another name."""
    text = found.formula or ""
    for reference in reversed(references(parse(text))):
        here: SObject = sobject
        parts = list(reference.parts)
        for place, part in enumerate(parts[:-1]):
            lookup = here.relation(part)
            if lookup is None:
                break
            if (here.name, lookup.name) == (owner, old):
                parts[place] = f"{new.removesuffix('__c')}__r"
            here = schema[lookup.refers_to[0]]
        last = here.find(parts[-1])
        if last is not None and (here.name, last.name) == (owner, old):
            parts[-1] = new
        end = reference.at + len(".".join(reference.parts))
        text = text[: reference.at] + ".".join(parts) + text[end:]
    return text


class _Compiler:
    def __init__(self, schema: Schema, sobject: SObject, blank_as_zero: bool) -> None:
        self._schema = schema
        self._sobject = sobject
        self._zero = blank_as_zero
        self._writers: dict[str, Callable[[Call], _Typed]] = {
            "IF": self._if,
            "AND": self._logic,
            "OR": self._logic,
            "NOT": self._not,
            "TEXT": self._text,
            "ISBLANK": self._blank,
            "TODAY": lambda call: _Typed(TODAY, "date"),
        }

    def write(self, node: Node) -> _Typed:
        """SQL and type of a part of the formula."""
        if isinstance(node, Constant):
            return _constant(node)
        if isinstance(node, Reference):
            return self._value(node)
        if isinstance(node, Call):
            return self._writers[node.function](node)
        return self._binary(node)

    # fields

    def _value(self, node: Reference) -> _Typed:
        sql, found = self._field(node)
        if found.type in ("picklist", "multipicklist"):
            raise InvalidMetadata(
                f"Field {node.parts[-1]} is a picklist field. Picklist fields are only supported in TEXT and "
                "ISBLANK."
            )
        if found.is_compound or found.type == "time" or (found.is_text and not found.filterable):
            raise InvalidMetadata(f"Field {node.parts[-1]} may not be used in this type of formula")
        if found.is_number:
            return _Typed(f"COALESCE({sql}, 0)" if self._zero else sql, "number")
        if found.type == "boolean":
            return _Typed(f"COALESCE({sql}, FALSE)", "boolean")
        if found.type in ("date", "datetime"):
            return _Typed(sql, found.type)
        return _Typed(f"COALESCE({sql}, '')", "text")

    def _field(self, node: Reference) -> tuple[str, Field]:
        if len(node.parts) == 1:
            found = self._sobject.find(node.parts[0])
            if found is None:
                raise _unknown(node)
            return found.expression or f'{ROW}."{found.name}"', found
        if len(node.parts) > 2:
            raise InvalidMetadata(f"{'.'.join(node.parts)}: only fields of direct parents can be used here")
        lookup = self._sobject.relation(node.parts[0])
        parent = self._schema.find(lookup.refers_to[0]) if lookup and len(lookup.refers_to) == 1 else None
        found = parent.find(node.parts[1]) if parent else None
        if lookup is None or parent is None or found is None:
            raise _unknown(node)
        return seen_from(str(lookup.relationship), found.expression or f'{ROW}."{found.name}"'), found

    # functions

    def _if(self, call: Call) -> _Typed:
        test = self._expect(call.args[0], "boolean", "IF")
        then, other = self.write(call.args[1]), self.write(call.args[2])
        kind = other.kind if then.kind == "null" else then.kind
        if other.kind not in (kind, "null"):
            raise _mismatch("IF", kind, other.kind)
        return _Typed(f"CASE WHEN {test} THEN {then.sql} ELSE {other.sql} END", kind)

    def _logic(self, call: Call) -> _Typed:
        terms = [f"COALESCE({self._expect(arg, 'boolean', call.function)}, FALSE)" for arg in call.args]
        return _Typed(f"({f' {call.function} '.join(terms)})", "boolean")

    def _not(self, call: Call) -> _Typed:
        return _Typed(f"(NOT COALESCE({self._expect(call.args[0], 'boolean', 'NOT')}, FALSE))", "boolean")

    def _text(self, call: Call) -> _Typed:
        arg = call.args[0]
        if isinstance(arg, Reference):
            sql, found = self._field(arg)
            if found.type == "picklist":
                return _Typed(f"COALESCE({sql}, '')", "text")
        value = self.write(arg)
        if value.kind == "number":
            plain = f"rtrim(rtrim(format('{{:.9f}}', CAST({value.sql} AS DOUBLE)), '0'), '.')"
            return _Typed(f"COALESCE({plain}, '')", "text")
        if value.kind == "date":
            return _Typed(f"COALESCE(CAST({value.sql} AS VARCHAR), '')", "text")
        if value.kind == "datetime":
            return _Typed(f"COALESCE(strftime({value.sql}, '%Y-%m-%d %H:%M:%SZ'), '')", "text")
        raise _mismatch("TEXT", "number", value.kind)

    def _blank(self, call: Call) -> _Typed:
        arg = call.args[0]
        if isinstance(arg, Reference):
            sql, found = self._field(arg)
            if found.is_text:
                return _Typed(f"({sql} IS NULL)", "boolean")
        value = self.write(arg)
        empty = f" OR {value.sql} = ''" if value.kind == "text" else ""
        return _Typed(f"({value.sql} IS NULL{empty})", "boolean")

    def _expect(self, node: Node, kind: str, where: str) -> str:
        value = self.write(node)
        if value.kind != kind:
            raise _mismatch(where, kind, value.kind)
        return value.sql

    # operators

    def _binary(self, node: Binary) -> _Typed:
        left, right = self.write(node.left), self.write(node.right)
        operator = {"==": "=", "!=": "<>"}.get(node.operator, node.operator)
        kinds = (left.kind, right.kind)
        if operator in ("=", "<>", "<", "<=", ">", ">="):
            if left.kind != right.kind and "null" not in kinds:
                raise _mismatch(operator, left.kind, right.kind)
            if left.kind == "boolean" and operator not in ("=", "<>"):
                raise _mismatch(operator, "number", "boolean")
            return _Typed(f"({left.sql} {operator} {right.sql})", "boolean")
        if operator == "&" or (operator == "+" and kinds == ("text", "text")):
            for kind in kinds:
                if kind != "text":
                    raise _mismatch(operator, "text", kind)
            return _Typed(f"({left.sql} || {right.sql})", "text")
        return self._arithmetic(operator, left, right)

    def _arithmetic(self, operator: str, left: _Typed, right: _Typed) -> _Typed:
        kinds = (left.kind, right.kind)
        if kinds == ("number", "number"):
            if operator == "/":
                return _Typed(f"({left.sql} / NULLIF(CAST({right.sql} AS DOUBLE), 0))", "number")
            return _Typed(f"({left.sql} {operator} {right.sql})", "number")
        if operator == "-" and kinds == ("date", "date"):
            return _Typed(f"date_diff('day', {right.sql}, {left.sql})", "number")
        if operator == "-" and kinds == ("datetime", "datetime"):
            return _Typed(f"(date_diff('second', {right.sql}, {left.sql}) / 86400.0)", "number")
        if operator in "+-" and kinds == ("date", "number"):
            return _Typed(f"({left.sql} {operator} CAST(trunc({right.sql}) AS INTEGER))", "date")
        if operator in "+-" and kinds == ("datetime", "number"):
            seconds = f"to_seconds(CAST(round({right.sql} * 86400) AS BIGINT))"
            return _Typed(f"({left.sql} {operator} {seconds})", "datetime")
        raise _mismatch(operator, left.kind if left.kind == "date" else "number", right.kind)


def _constant(node: Constant) -> _Typed:
    if node.kind == "text":
        quoted = "'" + node.value.replace("'", "''") + "'"
        return _Typed(quoted, "text")
    return _Typed(node.value, node.kind)


def _unknown(node: Reference) -> InvalidMetadata:
    return InvalidMetadata(f"Field {'.'.join(node.parts)} does not exist. Check spelling.")


def _mismatch(where: str, wanted: str, found: str) -> InvalidMetadata:
    shown = f"function '{where}()'" if where.isalpha() else f"operator '{where}'"
    return InvalidMetadata(
        f"Incorrect parameter type for {shown}. Expected {_NAMES.get(wanted, wanted)}, received "
        f"{_NAMES.get(found, found)}"
    )
