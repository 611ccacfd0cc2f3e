"""Arguments that came as JSON, held against the annotations of what will get them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    NoneType: "null",
}


def check(function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """TypeError says which argument is missing, unknown or of the wrong kind."""
    signature = inspect.signature(function)
    signature.bind(**arguments)
    hints = get_type_hints(function)
    more = next((item.name for item in signature.parameters.values() if item.kind is item.VAR_KEYWORD), "")
    for name, value in arguments.items():
        hint = hints.get(name if name in signature.parameters else more, Any)
        if not _fits(value, hint):
            raise TypeError(f"{name} must be {_said(hint)}")


def listed(function: Callable[..., Any]) -> str:
    """What a function takes, as its source says it."""
    shown = inspect.signature(function).replace(return_annotation=inspect.Signature.empty)
    return str(shown).replace("'", "")[1:-1]


def _fits(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, item) for item in get_args(hint))
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, dict)
    if origin is not None:
        return isinstance(value, list) and all(_fits(item, get_args(hint)[0]) for item in value)
    if hint in (int, float):
        return isinstance(value, int | hint) and not isinstance(value, bool)
    return isinstance(value, hint)


def _said(hint: Any) -> str:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return " or ".join(_said(item) for item in get_args(hint))
    if origin is not None and issubclass(origin, Mapping):
        return "an object"
    if origin is not None:
        return f"a list of {_said(get_args(hint)[0])}"
    return _KINDS.get(hint, getattr(hint, "__name__", str(hint)))
