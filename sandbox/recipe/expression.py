"""`${{ ... }}` in a recipe: names, fields of earlier rows, and arithmetic. Nothing else is evaluated."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.recipe.errors import InvalidRecipe

_HOLE = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_MAX_CHARACTERS = 1000
_SPAN = re.compile(r"([+-]\d+)([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


def filled(text: str, names: Mapping[str, Any]) -> Any:
    """The text with its holes filled; a text that is one hole gives the value itself."""
    whole = _HOLE.fullmatch(text.strip())
    if whole:
        return _evaluate(whole[1], names)
    return _HOLE.sub(lambda hole: str(_evaluate(hole[1], names)), text)


def day(value: Any, today: date) -> date:
    """A date of a recipe: ISO, `today`, or so many days, weeks, months or years from it (`-1y`)."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    if text == "today":
        return today
    span = _SPAN.fullmatch(text)
    try:
        if span:
            return today + timedelta(days=int(span[1]) * _DAYS[span[2]])
        return date.fromisoformat(text[:10])
    except (ValueError, OverflowError):
        raise InvalidRecipe(f"{text} is no date; write 2026-05-01, today or -30d") from None


def _evaluate(text: str, names: Mapping[str, Any]) -> Any:
    if len(text) > _MAX_CHARACTERS:
        raise InvalidRecipe(f"an expression has more than {_MAX_CHARACTERS} characters")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, names)
    except (SyntaxError, TypeError, ZeroDivisionError, RecursionError) as wrong:
        raise InvalidRecipe(f"${{{{{text}}}}}: {wrong}") from None


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise InvalidRecipe(f"{node.id} is not known at this place")
        return names[node.id]
    if isinstance(node, ast.Attribute):
        row = _value(node.value, names)
        values = getattr(row, "values", None)
        if not isinstance(values, dict) or node.attr not in values:
            raise InvalidRecipe(f"there is no {node.attr} to read")
        return values[node.attr]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, names), _value(node.right, names)
        if isinstance(node.op, ast.Mult) and not all(isinstance(item, int | float) for item in (left, right)):
            raise InvalidRecipe("only numbers can be multiplied")
        if isinstance(node.op, ast.Add) and (isinstance(left, str) or isinstance(right, str)):
            left, right = str(left), str(right)
        return _OPERATORS[type(node.op)](left, right)
    raise InvalidRecipe(f"{ast.unparse(node)} cannot be evaluated; there are names, fields and + - * / // %")
