"""Data Docs: the surveys as Great Expectations' own site, in a file context that anybody may open."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tandem.errors import TandemError
from tandem.quality.outcome import Outcome, Survey, is_broken_whole
from tandem.quality.suite import Suite

#: Where Great Expectations puts the site, below a file context.
_SITE = Path("gx/uncommitted/data_docs/local_site")
#: The one batch that a validation speaks of.
_BATCH = "whole-object"


def write(
    folder: Path, results: Iterable[tuple[Suite, Survey]], run_id: str, at: datetime, keep: int
) -> Path:
    """Add a report to the site in ``folder``; keeps so many reports. Returns the site's first page.

    :raises OSError: the folder cannot be written.
    :raises TandemError: it holds a context that Great Expectations cannot read.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    try:
        context = gx.get_context(mode="file", project_root_dir=folder)
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        run = RunIdentifier(run_name=run_id, run_time=at.replace(tzinfo=UTC))
        new: list[Any] = []
        for suite, survey in results:
            _put(context, gx.ExpectationSuite(**_document(suite)))
            name = ExpectationSuiteIdentifier(name=suite.name)
            key = ValidationResultIdentifier(
                expectation_suite_identifier=name, run_id=run, batch_identifier=_BATCH
            )
            context.validation_results_store.set(key, _validation(gx, suite, survey, run))
            new += [name, key]
        _prune(folder, context, keep)
        context.build_data_docs(resource_identifiers=new)
    except GreatExpectationsError as error:
        said = str(error).splitlines()[0]
        raise TandemError(
            f"Great Expectations cannot use {folder / 'gx'}: {said}. Move that folder away; it is made anew."
        ) from None
    return folder / _SITE / "index.html"


def _put(context: Any, suite: Any) -> None:
    """Replace a suite. The context's own way to do so compares every old expectation with every new one."""
    store = context.expectations_store
    key = store.get_key(suite.name)
    if store.has_key(key):
        store.remove_key(key)
    context.suites.add(suite)


def _document(suite: Suite) -> dict[str, Any]:
    return {"name": suite.name, "expectations": [dict(rule.document) for rule in suite.rules]}


def _validation(gx: Any, suite: Suite, survey: Survey, run: Any) -> Any:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

    judged = [each for each in survey.outcomes if each.holds is not None]
    held = sum(each.holds is True for each in judged)
    return ExpectationSuiteValidationResult(
        success=held == len(judged),
        results=[_result(each) for each in judged],
        suite_name=suite.name,
        suite_parameters={},
        statistics={
            "evaluated_expectations": len(judged),
            "successful_expectations": held,
            "unsuccessful_expectations": len(judged) - held,
            "success_percent": 100.0 * held / len(judged) if judged else None,
        },
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": run,
            "batch_spec": {"data_asset_name": survey.object},
            "active_batch_definition": {
                "datasource_name": "tandem",
                "data_connector_name": "mirror",
                "data_asset_name": survey.object,
                "batch_identifiers": {},
            },
        },
    )


def _result(outcome: Outcome) -> Any:
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    rule = outcome.rule
    return ExpectationValidationResult(
        success=bool(outcome.holds),
        expectation_config=ExpectationConfiguration(**rule.document),
        result=_facts(outcome),
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )


def _facts(outcome: Outcome) -> dict[str, Any]:
    if outcome.rule.is_structural:
        return {}
    if outcome.observed is not None or is_broken_whole(outcome):
        return {"observed_value": outcome.observed}
    present = outcome.checked - outcome.missing
    total = 100.0 * outcome.broken / outcome.checked if outcome.checked else 0.0
    nonmissing = 100.0 * outcome.broken / present if present > 0 else total
    return {
        "element_count": outcome.checked,
        "unexpected_count": outcome.broken,
        "unexpected_percent": nonmissing,
        "unexpected_percent_total": total,
        "unexpected_percent_nonmissing": nonmissing,
        "missing_count": outcome.missing,
        "missing_percent": 100.0 * outcome.missing / outcome.checked if outcome.checked else 0.0,
        **_examples(outcome),
    }


def _examples(outcome: Outcome) -> dict[str, Any]:
    """What the site shows as unexpected values: each with its count among the examples, and the ids."""
    values = [value for _, value in outcome.examples]
    subject = outcome.rule.subject
    ids = [
        {"Id": sfdc_id, **({subject: value} if subject != "Id" else {})}
        for sfdc_id, value in outcome.examples
    ]
    return {
        "partial_unexpected_list": values,
        "partial_unexpected_counts": [
            {"value": value, "count": count} for value, count in Counter(values).items()
        ],
        "unexpected_index_column_names": ["Id"],
        "unexpected_index_list": ids,
        "partial_unexpected_index_list": ids,
    }


def _prune(folder: Path, context: Any, keep: int) -> None:
    """Remove all but the newest reports, from the store and the site: it would be built ever more slowly."""
    store = context.validation_results_store
    keys = store.list_keys()
    runs = sorted({(key.run_id.run_time, key.run_id.run_name) for key in keys}, reverse=True)
    old = set(runs[keep:])
    for key in keys:
        if (key.run_id.run_time, key.run_id.run_name) in old:
            store.remove_key(key)
    for name in {name for _, name in old}:
        for pages in (folder / _SITE / "validations").glob(f"*/{name}"):
            shutil.rmtree(pages, ignore_errors=True)
