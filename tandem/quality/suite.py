"""An expectation suite: the file a data person edits, read without Great Expectations.

The file is what Great Expectations 1.x writes and reads. This module checks its shape and what a staged
batch adds to it, so that a typing error is one clear line before anything is judged:

* A batch is held to expectations that judge each row by itself, and to ``expect_column_to_exist``. It
  holds what changed since the last cycle; a mean, a row count or uniqueness over it says nothing about
  the object, and the same Id may come twice when reads overlap. Those are for the report on the whole
  object, as is whatever looks at a related record (``Account.Id``) or takes a ``$PARAMETER``.
* ``mostly`` is refused on rows for the same reason; ``meta.tandem.stop_above`` says how many are too many.
* Severity: a critical row-level expectation sends the row to quarantine, a critical
  ``expect_column_to_exist`` fails the suite, everything else is recorded.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from tandem.errors import SettingsError

Severity = Literal["critical", "warning", "info"]

COLUMN_EXISTS = "expect_column_to_exist"

#: Expectations of Great Expectations 1.24 that judge each row by itself on pandas, and the arguments
#: that name their columns.
ROW_EXPECTATIONS: Mapping[str, tuple[str, ...]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": ("column_A", "column_B"),
    "expect_column_pair_values_to_be_equal": ("column_A", "column_B"),
    "expect_column_pair_values_to_be_in_set": ("column_A", "column_B"),
    "expect_column_value_lengths_to_be_between": ("column",),
    "expect_column_value_lengths_to_equal": ("column",),
    "expect_column_values_to_be_between": ("column",),
    "expect_column_values_to_be_dateutil_parseable": ("column",),
    "expect_column_values_to_be_in_set": ("column",),
    "expect_column_values_to_be_json_parseable": ("column",),
    "expect_column_values_to_be_null": ("column",),
    "expect_column_values_to_match_json_schema": ("column",),
    "expect_column_values_to_match_regex": ("column",),
    "expect_column_values_to_match_regex_list": ("column",),
    "expect_column_values_to_match_strftime_format": ("column",),
    "expect_column_values_to_not_be_in_set": ("column",),
    "expect_column_values_to_not_be_null": ("column",),
    "expect_column_values_to_not_match_regex": ("column",),
    "expect_column_values_to_not_match_regex_list": ("column",),
    "expect_multicolumn_sum_to_equal": ("column_list",),
    "expect_select_column_values_to_be_unique_within_record": ("column_list",),
}

#: Expectations that speak of all records together, and the arguments that name their columns.
WHOLE_EXPECTATIONS: Mapping[str, tuple[str, ...]] = {
    "expect_column_distinct_values_to_be_in_set": ("column",),
    "expect_column_distinct_values_to_contain_set": ("column",),
    "expect_column_distinct_values_to_equal_set": ("column",),
    "expect_column_max_to_be_between": ("column",),
    "expect_column_mean_to_be_between": ("column",),
    "expect_column_median_to_be_between": ("column",),
    "expect_column_min_to_be_between": ("column",),
    "expect_column_most_common_value_to_be_in_set": ("column",),
    "expect_column_proportion_of_unique_values_to_be_between": ("column",),
    "expect_column_quantile_values_to_be_between": ("column",),
    "expect_column_stdev_to_be_between": ("column",),
    "expect_column_sum_to_be_between": ("column",),
    "expect_column_unique_value_count_to_be_between": ("column",),
    "expect_column_values_to_be_unique": ("column",),
    "expect_compound_columns_to_be_unique": ("column_list",),
    "expect_table_row_count_to_be_between": (),
    "expect_table_row_count_to_equal": (),
}

_COLUMN_ARGUMENTS = {COLUMN_EXISTS: ("column",), **ROW_EXPECTATIONS, **WHOLE_EXPECTATIONS}

_COMPLAINTS = {
    "expect_column_pair_values_a_to_be_greater_than_b": "comes too early",
    "expect_column_value_lengths_to_be_between": "is too short or too long",
    "expect_column_values_to_be_between": "is out of range",
    "expect_column_values_to_be_in_set": "is none of the values expected",
    "expect_column_values_to_be_unique": "is not unique",
    "expect_column_values_to_match_regex": "has the wrong form",
    "expect_column_values_to_not_be_in_set": "is a value that is ruled out",
    "expect_column_values_to_not_be_null": "is empty",
    "expect_column_values_to_not_match_regex": "has the wrong form",
    "expect_compound_columns_to_be_unique": "and what goes with it are not unique",
}

_SUITE_KEYS = {"name", "id", "expectations", "suite_parameters", "meta", "notes"}
_RULE_KEYS = {"type", "kwargs", "meta", "severity", "description", "id", "notes", "rendered_content"}
_LIMIT_KEYS = {"stop_above", "of_at_least"}


@dataclass(frozen=True, eq=False)
class Rule:
    """One expectation of a suite. ``document`` is its JSON, which Great Expectations is given as it is.

    A rule is itself only: a suite may say the same twice with different severities.
    """

    number: int
    type: str
    severity: Severity
    kwargs: Mapping[str, Any]
    document: Mapping[str, Any]

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The columns it judges, the one that a finding names first."""
        named = [self.kwargs[key] for key in _COLUMN_ARGUMENTS[self.type]]
        return tuple(named[0] if named and isinstance(named[0], list) else named)

    @property
    def subject(self) -> str:
        """The column that a finding names."""
        return self.subjects[0] if self.subjects else "all records"

    @property
    def complaint(self) -> str:
        """What is wrong with a record that breaks it, in plain words: ``Email is empty``."""
        otherwise = f"breaks {self.type}"
        return f"{self.subject} {_COMPLAINTS.get(self.type, otherwise)}"

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column it needs, those of its row condition included."""
        return frozenset({*self.subjects, *_condition_columns(self.kwargs.get("row_condition"))})

    @property
    def is_structural(self) -> bool:
        """Whether it speaks of the batch's columns and not of rows."""
        return self.type == COLUMN_EXISTS

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Its arguments that are worked out when it is judged: name to expression."""
        return {
            key: value["$PARAMETER"]
            for key, value in self.kwargs.items()
            if isinstance(value, dict) and "$PARAMETER" in value
        }

    @property
    def is_for_report(self) -> bool:
        """Whether no batch can be held to it: it looks at all records, a related record or a parameter."""
        related = any("." in column for column in self.columns)
        return self.type in WHOLE_EXPECTATIONS or related or bool(self.parameters)

    @property
    def is_critical(self) -> bool:
        """Whether breaking it has consequences."""
        return self.severity == "critical"


@dataclass(frozen=True)
class Suite:
    """The expectations of one object. A batch of ``of_at_least`` rows fails as a whole when more than the
    share ``stop_above`` of them break critical expectations."""

    file: Path
    name: str
    rules: tuple[Rule, ...]
    stop_above: float = 0.5
    of_at_least: int = 20


def load(folder: Path, object: str) -> Suite | None:
    """Read the suite of a Salesforce object, ``lead.json`` for Lead; None where it has none.

    :raises SettingsError: one line that names the file and what is wrong with it.
    """
    file = folder / f"{object.lower()}.json"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Suite {file} cannot be read: {error}. Put it right or move it away.") from None
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(file, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    return parse(file, document)


def parse(file: Path, document: object) -> Suite:
    """Read a suite's document, which is or could be in this file.

    :raises SettingsError: one line that names the file and what is wrong with it.
    """
    if not isinstance(document, dict):
        raise _wrong(file, "must be a JSON object with a name and expectations")
    _refuse_unknown(file, "the suite", document, _SUITE_KEYS)
    name, expectations = document.get("name"), document.get("expectations")
    if not isinstance(name, str) or not name:
        raise _wrong(file, "needs a name")
    if not isinstance(expectations, list):
        raise _wrong(file, "needs a list of expectations")
    rules = tuple(_rule(file, number, each) for number, each in enumerate(expectations))
    return Suite(file, name, rules, **_limits(file, document.get("meta")))


def edition(folder: Path, object: str) -> str:
    """Return what tells one edition of an object's suite from another; empty where it has none."""
    try:
        return hashlib.sha256((folder / f"{object.lower()}.json").read_bytes()).hexdigest()[:16]
    except OSError:
        return ""


def _rule(file: Path, number: int, document: object) -> Rule:
    where = f"expectation {number + 1}"
    if not isinstance(document, dict):
        raise _wrong(file, f"{where} must be a JSON object with type and kwargs")
    kind, kwargs = document.get("type"), document.get("kwargs")
    if not isinstance(kind, str):
        raise _wrong(file, f"{where} needs a type")
    where = f"{where}, {kind},"
    _refuse_unknown(file, where, document, _RULE_KEYS)
    if kind not in _COLUMN_ARGUMENTS:
        raise _wrong(file, f"{where} is not an expectation that Tandem knows{_likely(kind)}")
    if not isinstance(kwargs, dict):
        raise _wrong(file, f"{where} needs kwargs")
    severity = document.get("severity", "critical")  # Great Expectations' own default
    if severity not in ("critical", "warning", "info"):
        raise _wrong(file, f"{where} has severity {severity!r}; it may be critical, warning or info")
    for key in _COLUMN_ARGUMENTS[kind]:
        named = kwargs.get(key)
        names = named if key == "column_list" and isinstance(named, list) else [named]
        if not names or not all(isinstance(each, str) and each for each in names):
            raise _wrong(file, f"{where} needs {key}")
    if kind.endswith("_match_regex") and not kwargs.get("regex"):  # else one that all text matches
        raise _wrong(file, f"{where} needs regex")
    if kwargs.get("mostly", 1) != 1 and kind in ROW_EXPECTATIONS:
        raise _wrong(file, f"{where} has mostly: rows are judged one by one; use meta.tandem.stop_above")
    if kwargs.get("column_index") is not None:
        raise _wrong(file, f"{where} has column_index: the order of a batch's columns means nothing")
    rule = Rule(number, kind, cast(Severity, severity), kwargs, document)
    try:
        _ = rule.columns
    except (KeyError, TypeError, AttributeError):
        raise _wrong(
            file, f"{where} has a row_condition that is not of type comparison, nullity, and, or"
        ) from None
    return rule


def _condition_columns(condition: Any) -> Iterator[str]:
    """Name the columns of a row condition as Great Expectations writes it in JSON.

    :raises KeyError, TypeError, AttributeError: when it is something else, such as text for pandas to
        evaluate, whose columns cannot be known.
    """
    if condition is None:
        return
    if condition["type"] in ("and", "or"):
        for each in condition["conditions"]:
            yield from _condition_columns(each)
    else:
        yield condition["column"]["name"]


def _limits(file: Path, meta: object) -> dict[str, Any]:
    limits = meta.get("tandem", {}) if isinstance(meta, dict) else {}
    if not isinstance(limits, dict):
        raise _wrong(file, "has a meta.tandem that is not a JSON object")
    _refuse_unknown(file, "meta.tandem", limits, _LIMIT_KEYS)
    share, least = limits.get("stop_above", 0.5), limits.get("of_at_least", 20)
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 <= share <= 1:
        raise _wrong(file, "has a meta.tandem.stop_above that is not a share between 0 and 1")
    if not isinstance(least, int) or isinstance(least, bool) or least < 1:
        raise _wrong(file, "has a meta.tandem.of_at_least that is not a number of rows")
    return {"stop_above": float(share), "of_at_least": least}


def _refuse_unknown(file: Path, where: str, document: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(document) - known)
    if unknown:
        raise _wrong(file, f"{where} has an unknown entry {unknown[0]!r}")


def _likely(kind: str) -> str:
    close = difflib.get_close_matches(kind, _COLUMN_ARGUMENTS, n=1, cutoff=0.85)
    return f"; did you mean {close[0]}?" if close else ""


def _wrong(file: Path, what: str) -> SettingsError:
    return SettingsError(f"Suite {file}: {what}.".replace("?.", "?"))
