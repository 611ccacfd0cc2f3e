"""Great Expectations, the judge: runs a suite's expectations on the rows of one piece of a batch.

Great Expectations has no working SQL path on DuckDB (field notes 2.2), so it judges pandas frames. One
ephemeral context serves the process. Analytics are switched off before the import, progress bars after.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tandem.errors import SettingsError
from tandem.quality.suite import Rule, Suite

#: Only the positions of the unexpected rows are wanted: values are taken from the batch, where they keep
#: their types, and lists of examples cost more than the judging.
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "return_unexpected_index_query": False,
}

#: Marks an expectation with its rule's number; results come back in another order.
_NUMBER = "tandem_rule"

#: The context is the process's; flows may check two objects in two threads.
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What Great Expectations says of one rule: whether it holds, the positions of the rows that break it, how
    many it looked at and how many had no value, and, of a rule about all rows, what it saw."""

    holds: bool
    rows: list[int]
    checked: int
    missing: int
    observed: Any


class Judge:
    """The expectations of some rules of a suite, built once and run on any number of pieces.

    :raises SettingsError: when Great Expectations refuses an expectation as the suite words it.
    """

    def __init__(self, suite: Suite, rules: Sequence[Rule]) -> None:
        self._suite = suite
        self._rules = {rule.number: rule for rule in rules}
        with _LOCK:
            _batch_definition()  # the environment must be set before the import below
            from great_expectations import ExpectationSuite

            self._expectations = ExpectationSuite(
                name=suite.name, expectations=[self._expectation(rule) for rule in rules]
            )

    def judge(self, piece: Any) -> dict[int, list[int]]:
        """Return the rules that do not hold on an Arrow table, by number, with the rows that break them.

        A rule about columns has no rows.

        :raises SettingsError: when a rule cannot be judged on such data, a number against a text say.
        """
        return {number: each.rows for number, each in self.judgements(piece).items() if not each.holds}

    def judgements(self, piece: Any) -> dict[int, Judgement]:
        """Return what is to be said of each rule on an Arrow table, by number; raises as :meth:`judge`."""
        with _LOCK:
            # Without an index of its own the frame numbers its rows, and results name rows by number.
            batch = _batch_definition().get_batch(batch_parameters={"dataframe": piece.to_pandas()})
            outcome = batch.validate(self._expectations, result_format=_RESULT_FORMAT)
        found: dict[int, Judgement] = {}
        for result in outcome.results:
            rule = self._rules[result.expectation_config.meta[_NUMBER]]
            if problem := _problem(result.exception_info):
                raise self._unjudgeable(rule, problem)
            seen = result.result
            found[rule.number] = Judgement(
                bool(result.success),
                [int(row) for row in seen.get("unexpected_index_list") or ()],
                int(seen.get("element_count") or 0),
                int(seen.get("missing_count") or 0),
                seen.get("observed_value"),
            )
        return found

    def _expectation(self, rule: Rule) -> Any:
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        meta = {**(rule.document.get("meta") or {}), _NUMBER: rule.number}
        try:
            return ExpectationConfiguration(**{**rule.document, "meta": meta}).to_domain_obj()
        except Exception as error:  # whatever its validation raises, the suite's wording is the cause
            raise self._unjudgeable(rule, _first_line(error)) from None

    def _unjudgeable(self, rule: Rule, problem: str) -> SettingsError:
        return SettingsError(
            f"Suite {self._suite.file}: expectation {rule.number + 1}, {rule.type} on {rule.subject}, "
            f"cannot be judged: {problem}. Compare its kwargs with the type of the field."
        )


def worked_out(expression: str, values: Mapping[str, Any]) -> Any:
    """Return the value of a ``$PARAMETER`` expression, as Great Expectations works it out.

    :raises ValueError: in one line, when the expression means nothing or names what has no value.
    """
    _batch_definition()
    from great_expectations.core.suite_parameters import parse_suite_parameter

    try:
        return parse_suite_parameter(expression, dict(values))
    except Exception as error:  # the parser's own, dateutil's, or of the arithmetic
        raise ValueError(_first_line(error)) from None


# One thread loads, whoever else comes waits for it.
_loading = threading.Lock()


def warm_up() -> None:
    """Load Great Expectations now, for instance while something else is waited for."""
    _batch_definition()


def _batch_definition() -> Any:
    with _loading:
        return _make_batch_definition()


@cache
def _make_batch_definition() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("staged").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("piece")


def _problem(info: dict[str, Any]) -> str | None:
    """Read what Great Expectations says of an exception: flat, or keyed by the metric that failed."""
    for each in (info, *info.values()):
        if isinstance(each, dict) and each.get("raised_exception"):
            return str(each.get("exception_message")).splitlines()[0].rstrip(".")
    return None


def _first_line(error: Exception) -> str:
    errors = getattr(error, "errors", None)  # pydantic's: name the argument, not the whole model
    if callable(errors):
        first = errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".rstrip(".")
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
