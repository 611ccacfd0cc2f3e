"""Follows a recipe: reads the YAML and draws rows, each knowing which other rows it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import yaml

from sandbox.recipe.errors import InvalidRecipe
from sandbox.recipe.expression import day, filled
from sandbox.recipe.fakes import fake

MAX_ROWS = 2_000_000
_STATEMENTS = ("object", "var", "macro", "option", "snowfakery_version")
_KEYS = {"object", "count", "nickname", "fields", "friends", "include", "just_once"}


@dataclass(slots=True, eq=False)
class Row:
    """A record to be made. Values may be other rows: lookups to them."""

    sobject: str
    number: int
    values: dict[str, Any] = field(default_factory=dict)


class Cook:
    """One run of a recipe, drawn from a seed; `today` is the org's date."""

    def __init__(self, seed: int, today: date, options: Mapping[str, Any] | None = None) -> None:
        self.rows: list[Row] = []
        self._draw = Random(f"recipe:{seed}")
        self._today = today
        self._options = dict(options or {})
        self._macros: dict[str, dict[str, Any]] = {}
        self._names: dict[str, Any] = {"today": today}
        self._by_object: dict[str, list[Row]] = {}

    def follow(self, text: str, times: int = 1) -> list[Row]:
        """All rows of the recipe run `times` times; `just_once` objects are made in the first run only."""
        statements = _read(text)
        try:
            for run in range(times):
                for statement in statements:
                    self._statement(statement, first=run == 0)
        except RecursionError:
            raise InvalidRecipe("the recipe is nested too deeply, or refers to itself") from None
        return self.rows

    def _statement(self, statement: dict[str, Any], first: bool) -> None:
        kind = next((name for name in _STATEMENTS if name in statement), None)
        if kind == "object":
            if first or not statement.get("just_once"):
                self._object(statement, self._names)
        elif kind == "var":
            self._names[str(statement["var"])] = self._value(statement.get("value"), self._names)
        elif kind == "option":
            name = str(statement["option"])
            self._names[name] = self._options.get(name, statement.get("default"))
        elif kind == "macro":
            self._macros[str(statement["macro"])] = statement
        elif kind is None:
            raise InvalidRecipe(
                f"{', '.join(map(str, statement))}: a statement has one of {', '.join(_STATEMENTS)}"
            )

    # rows

    def _object(self, statement: dict[str, Any], names: Mapping[str, Any]) -> Row | None:
        unknown = set(statement) - _KEYS
        if unknown:
            raise InvalidRecipe(
                f"object {statement['object']}: {', '.join(sorted(unknown))} is not known here"
            )
        sobject = str(statement["object"])
        count = self._value(statement.get("count", 1), names)
        if not isinstance(count, int) or count < 0:
            raise InvalidRecipe(f"object {sobject}: count {count} is no number of rows")
        if len(self.rows) + count > MAX_ROWS:
            raise InvalidRecipe(f"the recipe makes more than {MAX_ROWS} rows")
        last = None
        for index in range(count):
            last = self._row(statement, sobject, index, names)
        return last

    def _row(self, statement: dict[str, Any], sobject: str, index: int, names: Mapping[str, Any]) -> Row:
        row = Row(sobject, len(self._by_object.get(sobject, ())) + 1)
        scope = {**names, "this": row, "id": row.number, "child_index": index}
        for name, value in self._fields(statement).items():
            row.values[name] = self._value(value, scope)
            scope[name] = row.values[name]
        self.rows.append(row)
        self._by_object.setdefault(sobject, []).append(row)
        self._names[sobject] = row
        if "nickname" in statement:
            self._names[str(statement["nickname"])] = row
        for friend in statement.get("friends") or ():
            self._object(friend, {**self._names, "parent": row})
        return row

    def _fields(self, statement: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name in str(statement.get("include") or "").split(","):
            if name.strip():
                if name.strip() not in self._macros:
                    raise InvalidRecipe(f"there is no macro {name.strip()}")
                out |= self._fields(self._macros[name.strip()])
        return out | (statement.get("fields") or {})

    # values

    def _value(self, value: Any, names: Mapping[str, Any]) -> Any:
        if isinstance(value, str):
            return filled(value, names) if "${{" in value else value
        if isinstance(value, list):
            made = [
                self._object(item, names) for item in value if isinstance(item, dict) and "object" in item
            ]
            if len(made) != 1 or len(value) != 1:
                raise InvalidRecipe(f"{value}: a field holds one object at most")
            return made[0]
        if isinstance(value, dict):
            if "object" in value:
                return self._object(value, names)
            if len(value) != 1:
                raise InvalidRecipe(
                    f"{', '.join(map(str, value))}: a value is one function with its arguments"
                )
            name, args = next(iter(value.items()))
            return self._function(str(name), args, names)
        return value

    def _function(self, name: str, args: Any, names: Mapping[str, Any]) -> Any:
        if name.startswith("fake"):
            return fake(name.removeprefix("fake.") if name != "fake" else str(args), self._draw)
        makers = {
            "random_choice": self._choice,
            "random_number": self._number,
            "date": self._date,
            "date_between": self._between,
            "datetime_between": self._moment_between,
            "reference": self._reference,
            "random_reference": self._random_reference,
            "if": self._if,
        }
        if name not in makers:
            raise InvalidRecipe(f"{name} is not known here; there are fake, {', '.join(makers)}")
        try:
            return makers[name](args, names)
        except InvalidRecipe:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            raise InvalidRecipe(f"{name} cannot use {args}") from None

    def _choice(self, args: Any, names: Mapping[str, Any]) -> Any:
        if isinstance(args, dict):
            weights = [_weight(item) for item in args.values()]
            return self._value(self._draw.choices(list(args), weights)[0], names)
        if not isinstance(args, list) or not args:
            raise InvalidRecipe("random_choice takes a list, or values with their shares")
        return self._value(self._draw.choice(args), names)

    def _number(self, args: Any, names: Mapping[str, Any]) -> int:
        low, high, step = (
            self._value(args.get(key, usual), names) for key, usual in (("min", 0), ("max", 0), ("step", 1))
        )
        if not all(isinstance(item, int) for item in (low, high, step)) or low > high or step < 1:
            raise InvalidRecipe("random_number takes whole numbers min, max and perhaps step")
        return self._draw.randrange(low, high + 1, step)

    def _date(self, args: Any, names: Mapping[str, Any]) -> date:
        if isinstance(args, dict):
            return date(*(int(self._value(args[part], names)) for part in ("year", "month", "day")))
        return day(self._value(args, names), self._today)

    def _between(self, args: Any, names: Mapping[str, Any]) -> date:
        first, last = self._span(args, names)
        return first + timedelta(days=self._draw.randrange((last - first).days + 1))

    def _moment_between(self, args: Any, names: Mapping[str, Any]) -> datetime:
        first, last = self._span(args, names)
        seconds = self._draw.randrange(((last - first).days + 1) * 86_400)
        return datetime.combine(first, time()) + timedelta(seconds=seconds)

    def _span(self, args: Any, names: Mapping[str, Any]) -> tuple[date, date]:
        if not isinstance(args, dict) or set(args) != {"start_date", "end_date"}:
            raise InvalidRecipe("a span of time has start_date and end_date")
        first, last = (day(self._value(args[key], names), self._today) for key in ("start_date", "end_date"))
        if first > last:
            raise InvalidRecipe(f"{first} is after {last}")
        return first, last

    def _reference(self, args: Any, names: Mapping[str, Any]) -> Row:
        name = str(args.get("object") if isinstance(args, dict) else args)
        found = names.get(name, self._names.get(name))
        if not isinstance(found, Row):
            raise InvalidRecipe(f"reference: there is no {name} yet; make it before it is referred to")
        return found

    def _random_reference(self, args: Any, names: Mapping[str, Any]) -> Row:
        name = str(args.get("to") if isinstance(args, dict) else args)
        rows = self._by_object.get(name)
        if not rows:
            raise InvalidRecipe(f"random_reference: there is no {name} yet")
        return self._draw.choice(rows)

    def _if(self, args: Any, names: Mapping[str, Any]) -> Any:
        for choice in args if isinstance(args, list) else ():
            inner = choice.get("choice", {}) if isinstance(choice, dict) else {}
            if "when" not in inner or self._value(inner["when"], names):
                return self._value(inner.get("pick"), names)
        return None


def _read(text: str) -> list[dict[str, Any]]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        where = getattr(wrong, "problem_mark", None)
        place = f" in line {where.line + 1}" if where else ""
        raise InvalidRecipe(f"not YAML{place}: {getattr(wrong, 'problem', wrong)}") from None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise InvalidRecipe("a recipe is a list of statements, each starting with `- object:`")
    return found


def _weight(value: Any) -> float:
    try:
        return float(str(value).removesuffix("%"))
    except ValueError:
        raise InvalidRecipe(f"{value} is no share; write 60%") from None
