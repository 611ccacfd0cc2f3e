"""Expectations about all records together, as SQL over the view ``record`` of a survey.

As with rows (:mod:`tandem.quality.screen`), only what provably agrees with Great Expectations is translated;
``tests/unit/quality/test_survey.py`` holds the two against each other. The rest Great Expectations reads in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tandem.quality import screen
from tandem.quality.screen import identifier, literal
from tandem.quality.suite import Rule


@dataclass(frozen=True)
class Whole:
    """``facts``: SQL of four aggregates: records spoken of, those without a value, what was seen, whether it
    holds. ``broken``: the condition of the records that break it, where single records do."""

    facts: str
    broken: str | None = None


def build(rule: Rule, types: Mapping[str, str]) -> Whole | None:
    """Translate a rule; ``None`` where that cannot be done."""
    kwargs = {key: value for key, value in rule.kwargs.items() if value is not None}
    kwargs.pop("row_condition", None)
    kwargs.pop("condition_parser", None)
    domain = screen.domain(rule, types)
    if domain is None:
        return None
    if rule.type == "expect_column_values_to_be_unique":
        kwargs.pop("mostly", None)
        key = identifier(kwargs.pop("column"))
        return None if kwargs else _unique(key, f"{domain} AND {key} IS NOT NULL", domain, f"{key} IS NULL")
    if rule.type == "expect_compound_columns_to_be_unique":
        kwargs.pop("mostly", None)
        names = [identifier(name) for name in kwargs.pop("column_list")]
        if kwargs.pop("ignore_row_if", "all_values_are_missing") != "all_values_are_missing" or kwargs:
            return None
        nothing = " AND ".join(f"{name} IS NULL" for name in names)
        key = f"row({', '.join(names)})"
        return _unique(key, f"{domain} AND NOT ({nothing})", domain, nothing)
    if rule.type == "expect_table_row_count_to_be_between":
        return _bounded("count(*)", kwargs, "BIGINT", domain)
    if rule.type in ("expect_column_max_to_be_between", "expect_column_min_to_be_between"):
        name = kwargs.pop("column")
        aggregate = f"{rule.type.split('_')[2]}({identifier(name)}) FILTER ({domain})"
        return _bounded(aggregate, kwargs, types[name], domain)
    return None


def _unique(key: str, spoken_of: str, domain: str, absent: str) -> Whole:
    repeated = f"SELECT {key} FROM record WHERE {spoken_of} GROUP BY 1 HAVING count(*) > 1"
    return Whole(
        f"count(*) FILTER ({domain}), count(*) FILTER ({domain} AND {absent}), NULL, true",
        f"{spoken_of} AND {key} IN ({repeated})",
    )


def _bounded(value: str, kwargs: dict[str, Any], kind: str, domain: str) -> Whole | None:
    parts = []
    for bound, strict, signs in (("min_value", "strict_min", ">= >"), ("max_value", "strict_max", "<= <")):
        sign = signs.split()[bool(kwargs.pop(strict, False))]
        if bound in kwargs:
            limit = _limit(kwargs.pop(bound), kind)
            if limit is None:
                return None
            parts.append(f"{value} {sign} {limit}")
    if kwargs or not parts:
        return None
    return Whole(f"count(*) FILTER ({domain}), 0, {value}, {' AND '.join(parts)}")


def _limit(value: object, kind: str) -> str | None:
    if kind in ("BIGINT", "DOUBLE") and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{float(value)!r}::DOUBLE"
    if kind == "TIMESTAMP":
        text = value if isinstance(value, str) else getattr(value, "isoformat", lambda: None)()
        return f"{literal(text)}::TIMESTAMP" if text else None
    return None
