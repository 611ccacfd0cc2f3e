"""Whether a staged batch meets the suite of its object, and if not, which rows go to quarantine.

A batch of up to :data:`WHOLE` rows Great Expectations reads in full. Of a larger one it reads the rows that
the screen suspects and a sample of the others, and in full what the screen cannot express; where the two
disagree on any row, Great Expectations reads the whole batch for that expectation.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tandem.errors import SettingsError, SuiteFailed
from tandem.quality import screen
from tandem.quality.batch import FLAG, StagedBatch, bounded
from tandem.quality.gx import Judge
from tandem.quality.report import Finding, Report
from tandem.quality.suite import Rule, Suite, load
from tandem.quality.trial import EXAMPLES, ID, STAMP, Trial

#: Up to so many rows Great Expectations reads the whole batch.
WHOLE = 20_000

#: Rows of a larger batch that Great Expectations reads although nothing is suspected of them.
SAMPLE = 500


def check(
    object: str, files: Sequence[Path], folder: Path, some_fields: bool = False, only_critical: bool = False
) -> Report:
    """Hold the staged Parquet pages of one object against its suite in ``folder``.

    :param some_fields: whether the pages rightly lack columns; what the suite says of those is not judged.
    :param only_critical: whether to leave out what has no consequences.

    :raises SuiteFailed: in one line, when the suite fails as a whole; nothing of the batch may be applied.
    :raises SettingsError: in one line, when the suite file is wrong.
    """
    report = examine(object, files, folder, some_fields, only_critical)
    if report.reason is not None:
        raise SuiteFailed(report.reason)
    return report


def examine(
    object: str, files: Sequence[Path], folder: Path, some_fields: bool = False, only_critical: bool = False
) -> Report:
    """As :func:`check`, but a suite that fails as a whole is a report, with ``failed`` and a ``reason``."""
    started = time.perf_counter()
    suite = load(folder, object)
    with StagedBatch(object, files) as batch:
        report = Report(object, batch.rows, len(suite.rules) if suite else 0)
        if suite is not None and suite.rules and batch.rows:
            report = _judged(report, suite, batch, some_fields, only_critical)
    return replace(report, seconds=time.perf_counter() - started)


def _judged(
    report: Report, suite: Suite, batch: StagedBatch, some_fields: bool, only_critical: bool
) -> Report:
    missing, warnings = ([], []) if some_fields else _missing_columns(suite, batch)
    if missing:
        reason = (
            f"{batch.object}: {', '.join(missing)} is missing from the staged batch, so nothing of it was "
            f"applied. Give the sync user read access, or take the field out of {suite.file.name}."
        )
        judge = "Great Expectations, the batch's columns only"
        return replace(report, warnings=warnings, failed=True, reason=reason, judged_by=judge)
    rules = [
        rule
        for rule in suite.rules
        if not rule.is_structural and not rule.is_for_report and (rule.is_critical or not only_critical)
    ]
    unjudged = [rule for rule in rules if not rule.columns <= batch.columns.keys()]
    rules = [rule for rule in rules if rule not in unjudged]
    trial = Trial(suite, batch.rows)
    in_full, read = (rules, 0) if batch.rows <= WHOLE else _screened(suite, rules, batch, trial)
    if in_full and not trial.is_lost:
        _read_in_full(suite, in_full, batch, trial)
    failure = trial.verdict(batch.object)
    repeated = batch.newest(trial.suspects) if trial.suspects and STAMP in batch.columns else {}
    return replace(
        report,
        findings=trial.findings(repeated),
        warnings=warnings + trial.warnings,
        tallies=trial.tallies,
        unjudged=[f"{rule.type} on {', '.join(rule.subjects)}" for rule in unjudged],
        failed=failure is not None,
        reason=failure,
        judged_by=_judged_by(batch.rows, read, len(rules), len(in_full)),
        rows_judged=batch.rows if in_full else read,
    )


def _missing_columns(suite: Suite, batch: StagedBatch) -> tuple[list[str], list[Finding]]:
    """Judge the expectations about columns: the critical columns that are missing, and the other findings.

    :raises SettingsError: when a name differs from the batch's in case only; Salesforce would not mind, but
        Great Expectations would miss the column.
    """
    real = {column.lower(): column for column in batch.columns}
    for rule in suite.rules:
        for name in sorted(rule.columns if not rule.is_for_report else ()):
            if (meant := real.get(name.lower(), name)) != name:
                raise SettingsError(f"Suite {suite.file}: {rule.type} names {name}; the field is {meant}.")
    structural = {rule.number: rule for rule in suite.rules if rule.is_structural}
    if all(
        rule.columns <= batch.columns.keys() and set(rule.kwargs) == {"column"}
        for rule in structural.values()
    ):
        return [], []  # plain to see; Great Expectations takes a tenth of a second to say so
    broken = Judge(suite, list(structural.values())).judge(_no_rows(batch.columns))
    failing = [structural[number] for number in sorted(broken)]
    return (
        [rule.subjects[0] for rule in failing if rule.is_critical],
        [Finding("", r.type, r.subjects[0], None, r.severity) for r in failing if not r.is_critical],
    )


def _screened(
    suite: Suite, rules: Sequence[Rule], batch: StagedBatch, trial: Trial
) -> tuple[list[Rule], int]:
    """Judge the rows that the screen picks. Return the rules still to be read in full, and the rows read."""
    screened = screen.build(rules, batch.columns, batch.accepts)
    if not screened.rules or ID not in batch.columns:
        return list(rules), 0
    columns = _columns(screened.rules, batch)
    judge = Judge(suite, screened.rules)
    disputed: set[Rule] = set()
    suspected: Counter[Rule] = Counter()
    read = 0
    pieces = batch.suspects(columns, screened.conditions, SAMPLE)
    for shown in bounded(_worth_judging(pieces, screened.rules, suspected)):
        broken = judge.judge(shown.select(columns))
        read += shown.num_rows
        for rule in screened.rules:
            rows = broken.get(rule.number, [])
            if rule in disputed or rows != _flags(shown, rule).nonzero()[0].tolist():
                disputed.add(rule)
                trial.forget(rule)
            else:
                trial.record(rule, shown, rows)
        if trial.is_lost:
            break
    for rule in suspected.keys() - disputed:
        trial.count(rule, suspected[rule])
    return [*screened.untranslated, *sorted(disputed, key=lambda rule: rule.number)], read


def _worth_judging(pieces: Iterable[Any], rules: Sequence[Rule], suspected: Counter[Rule]) -> Iterator[Any]:
    """Cut pieces down to the rows that Great Expectations reads; count the suspects of each rule.

    Those are the sample, on which nothing is flagged, the rows that break something critical, and of other
    rows only as many as make examples: a warning may hold for half of a million rows.
    """
    import numpy

    for piece in pieces:
        flags = {rule: _flags(piece, rule) for rule in rules}
        worth = ~numpy.logical_or.reduce(list(flags.values()))
        for rule, flagged in flags.items():
            if rule.is_critical:
                worth |= flagged
            else:
                worth[flagged.nonzero()[0][: max(0, EXAMPLES - suspected[rule])]] = True
            suspected[rule] += int(flagged.sum())
        yield piece.filter(worth)


def _flags(piece: Any, rule: Rule) -> Any:
    return piece.column(FLAG.format(rule.number)).to_numpy()


def _read_in_full(suite: Suite, rules: Sequence[Rule], batch: StagedBatch, trial: Trial) -> None:
    judge = Judge(suite, rules)
    for piece in batch.chunks(_columns(rules, batch)):
        broken = judge.judge(piece)
        for rule in rules:
            rows = broken.get(rule.number, [])
            trial.count(rule, len(rows))
            trial.record(rule, piece, rows)
        if trial.is_lost:
            return


def _columns(rules: Iterable[Rule], batch: StagedBatch) -> list[str]:
    """The columns that these rules need, and those that identify a row and its version."""
    needed = {ID, STAMP}.union(*(rule.columns for rule in rules))
    return [column for column in batch.columns if column in needed]


def _no_rows(columns: Iterable[str]) -> Any:
    import pyarrow

    return pyarrow.table({column: pyarrow.nulls(0) for column in columns})


def _judged_by(rows: int, read: int, rules: int, in_full: int) -> str:
    if in_full == rules:
        return f"Great Expectations, all {rows:,} rows"
    text = f"Great Expectations, {read:,} of {rows:,} rows: those that the screen suspected and a sample"
    return f"{text}; all rows for {in_full} of {rules} expectations" if in_full else text
