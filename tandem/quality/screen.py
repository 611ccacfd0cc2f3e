"""A suite's row expectations as SQL over the staged Parquet: which rows are suspect.

Great Expectations takes seconds over a million rows, this takes a fraction of one. Great Expectations
stays the judge all the same: it is shown the rows that are suspect here, and a sample of the others. An
expectation is translated only where both provably agree on every value, null and NaN included; what is
left over, Great Expectations reads in full. ``tests/unit/quality/test_agreement.py`` holds the two
against each other on random batches.

Null never breaks an expectation except the one about nulls, as on pandas. DOUBLE NaN counts as null
there, so it does here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tandem.quality.regex import to_re2
from tandem.quality.suite import Rule

#: The types that staged batches have; a column of another type is not translated.
_TYPES = frozenset({"VARCHAR", "BOOLEAN", "DOUBLE", "BIGINT", "DATE", "TIMESTAMP"})

#: Up to here pandas' float64, which holds integers with nulls among them, compares integers exactly.
_EXACT = 2**53

Types = Mapping[str, str]


@dataclass(frozen=True)
class Screen:
    """``conditions``: rule number to SQL, true for a row that breaks the rule. ``rules``: those rules.
    ``untranslated``: the rules that only Great Expectations can judge."""

    conditions: Mapping[int, str]
    rules: tuple[Rule, ...]
    untranslated: tuple[Rule, ...]


def build(rules: Iterable[Rule], types: Types, accepts: Callable[[str], bool]) -> Screen:
    """Translate what can be translated for a batch with columns of these types.

    :param accepts: whether DuckDB accepts a condition; it knows limits of RE2 that are not known here.
    """
    conditions: dict[int, str] = {}
    translated: list[Rule] = []
    untranslated: list[Rule] = []
    for rule in rules:
        condition = _translate(rule, types)
        if condition is not None and accepts(condition):
            conditions[rule.number] = condition
            translated.append(rule)
        else:
            untranslated.append(rule)
    return Screen(conditions, tuple(translated), tuple(untranslated))


def _translate(rule: Rule, types: Types) -> str | None:
    translator = _TRANSLATORS.get(rule.type)
    if translator is None or any(types.get(column) not in _TYPES for column in rule.columns):
        return None
    kwargs = {key: value for key, value in rule.kwargs.items() if value is not None and key != "mostly"}
    kwargs.pop("row_condition", None)
    kwargs.pop("condition_parser", None)  # a relic: conditions written as objects need no parser
    spoken_of = domain(rule, types)
    broken = translator(kwargs, types)
    if spoken_of is None or broken is None or kwargs:  # an argument left over may mean anything
        return None
    return f"coalesce({spoken_of} AND ({broken}), false)"


def _not_null(kwargs: dict[str, Any], types: Types) -> str | None:
    return f"{_column(kwargs.pop('column'), types)} IS NULL"


def _null(kwargs: dict[str, Any], types: Types) -> str | None:
    return f"{_column(kwargs.pop('column'), types)} IS NOT NULL"


def _between(kwargs: dict[str, Any], types: Types) -> str | None:
    name = kwargs.pop("column")
    if types[name] not in ("DOUBLE", "BIGINT"):
        return None
    return _outside(f"{_column(name, types)}::DOUBLE", kwargs)


def _lengths(kwargs: dict[str, Any], types: Types) -> str | None:
    name = kwargs.pop("column")
    if types[name] != "VARCHAR":
        return None
    return _outside(f"length({_column(name, types)})", kwargs)


def _length(kwargs: dict[str, Any], types: Types) -> str | None:
    name, value = kwargs.pop("column"), _number(kwargs.pop("value", None))
    if types[name] != "VARCHAR" or value is None:
        return None
    return f"length({_column(name, types)}) <> {value}"


def _outside(expression: str, kwargs: dict[str, Any]) -> str | None:
    parts = []
    for bound, strict, signs in (("min_value", "strict_min", "< <="), ("max_value", "strict_max", "> >=")):
        sign = signs.split()[bool(kwargs.pop(strict, False))]
        if bound in kwargs:
            value = _number(kwargs.pop(bound))
            if value is None:
                return None
            parts.append(f"{expression} {sign} {value}")
    return " OR ".join(parts) or None


def _matches(kwargs: dict[str, Any], types: Types) -> str | None:
    found = _search(kwargs.pop("column"), kwargs.pop("regex", None), types)
    return found and f"NOT {found}"


def _matches_not(kwargs: dict[str, Any], types: Types) -> str | None:
    return _search(kwargs.pop("column"), kwargs.pop("regex", None), types)


def _search(name: str, pattern: object, types: Types) -> str | None:
    translated = to_re2(pattern) if isinstance(pattern, str) else None
    if types[name] != "VARCHAR" or translated is None:
        return None
    return f"regexp_matches({_column(name, types)}, {literal(translated)})"


def _in_set(kwargs: dict[str, Any], types: Types) -> str | None:
    values = _members(kwargs.pop("column"), kwargs.pop("value_set", None), types)
    return values and f"NOT {values}"


def _not_in_set(kwargs: dict[str, Any], types: Types) -> str | None:
    return _members(kwargs.pop("column"), kwargs.pop("value_set", None), types)


def _members(name: str, values: object, types: Types) -> str | None:
    if not isinstance(values, list) or not values:
        return None
    members = [_constant(value, types[name]) for value in values if types[name] in ("VARCHAR", "BOOLEAN")]
    if len(members) < len(values) or None in members:
        return None
    return f"{_column(name, types)} IN ({', '.join(filter(None, members))})"


def _pair_greater(kwargs: dict[str, Any], types: Types) -> str | None:
    return _pair(kwargs, types, "<" if kwargs.pop("or_equal", False) else "<=")


def _pair_equal(kwargs: dict[str, Any], types: Types) -> str | None:
    return _pair(kwargs, types, "<>")


def _pair(kwargs: dict[str, Any], types: Types, broken: str) -> str | None:
    one, other = kwargs.pop("column_A"), kwargs.pop("column_B")
    kind = types[one]
    # With another ignore_row_if a null is compared, and the outcome depends on pandas' type for it.
    if kwargs.pop("ignore_row_if", None) != "either_value_is_missing":
        return None
    if kind != types[other] or kind not in ("TIMESTAMP", "DATE", "DOUBLE"):
        return None
    return f"{_column(one, types)} {broken} {_column(other, types)}"


def domain(rule: Rule, types: Types) -> str | None:
    """Return the condition of the rows that a rule speaks of; ``None`` where only Great Expectations knows."""
    condition = rule.kwargs.get("row_condition")
    if condition is None:
        return "true"
    found = _domain(condition, types)
    return found and f"({found})"


def _domain(condition: Mapping[str, Any], types: Types) -> str | None:
    """Translate a row condition; as in ``DataFrame.query``, null meets only ``!=``, NOT_IN and is-null."""
    kind = condition["type"]
    if kind in ("and", "or"):
        parts = [_domain(each, types) for each in condition["conditions"]]
        known = [f"({part})" for part in parts if part is not None]
        return f" {kind.upper()} ".join(known) if known and len(known) == len(parts) else None
    name = condition["column"]["name"]
    column = _column(name, types)
    if kind == "nullity":
        return f"{column} IS {'' if condition['is_null'] else 'NOT '}NULL"
    if kind != "comparison":
        return None
    operator, value = condition.get("operator"), condition.get("parameter")
    if operator in ("IN", "NOT_IN"):
        members = _members(name, value, types)
        return members and f"coalesce({members}, false) = {'true' if operator == 'IN' else 'false'}"
    literal = _constant(value, types[name])
    if literal is None or operator not in ("==", "!=", "<", "<=", ">", ">="):
        return None
    if operator == "!=":
        return f"{column} IS DISTINCT FROM {literal}"
    if operator != "==" and types[name] not in ("DOUBLE", "BIGINT"):
        return None
    return f"coalesce({column} {'=' if operator == '==' else operator} {literal}, false)"


def _constant(value: object, kind: str) -> str | None:
    if kind == "BOOLEAN" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "VARCHAR" and isinstance(value, str):
        return literal(value)
    return _number(value) if kind in ("DOUBLE", "BIGINT") else None


def _number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return f"{float(value)!r}::DOUBLE" if math.isfinite(value) and abs(value) < _EXACT else None


def _column(name: str, types: Types) -> str:
    quoted = identifier(name)
    return f"nullif({quoted}, 'NaN'::DOUBLE)" if types[name] == "DOUBLE" else quoted


def literal(value: str) -> str:
    """Quote a text for DuckDB."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a column name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


_TRANSLATORS: Mapping[str, Callable[[dict[str, Any], Types], str | None]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": _pair_greater,
    "expect_column_pair_values_to_be_equal": _pair_equal,
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _length,
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_be_in_set": _not_in_set,
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_not_match_regex": _matches_not,
}
