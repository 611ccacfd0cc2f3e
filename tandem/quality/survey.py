"""A whole object against its suite: how many records break what, which are the worst.

Like the check of a batch (decision 0006), SQL finds and Great Expectations judges: all rows of an object of up
to :data:`WHOLE` records, of a larger one the suspects that serve as examples and a sample of the others, and in
full whatever has no SQL. Where the two disagree about a row, Great Expectations reads all rows for that rule.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from tandem.errors import SettingsError
from tandem.quality import record_view, screen, whole
from tandem.quality.batch import bounded
from tandem.quality.gx import Judge, worked_out
from tandem.quality.outcome import WEIGHTS, Outcome, Survey, Worst
from tandem.quality.report import as_text
from tandem.quality.screen import identifier, literal
from tandem.quality.snapshot import ROW, Snapshot
from tandem.quality.suite import WHOLE_EXPECTATIONS, Rule, Suite

#: Up to so many records Great Expectations reads the whole object.
WHOLE = 20_000
#: Records of a larger object that Great Expectations reads although nothing is suspected of them.
SAMPLE = 500
#: Broken records of an expectation that are kept as examples.
EXAMPLES = 20
#: Records that break the most.
WORST = 10

_PIECE_ROWS = 2048


@dataclass
class _Court:
    """Everything known while one object is judged."""

    suite: Suite
    snapshot: Snapshot
    database: duckdb.DuckDBPyConnection
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    rows_judged: int = 0

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.database.execute(sql).fetchall()


def survey(
    suite: Suite, snapshot: Snapshot, snapshots: Mapping[str, Snapshot], memory_limit: str, threads: int
) -> Survey:
    """Hold an object against its suite.

    :param snapshots: all objects, for what the suite says of related records.
    :raises SettingsError: in one line, when Great Expectations refuses an expectation as the suite words it.
    """
    started = time.perf_counter()
    with duckdb.connect(config={"memory_limit": memory_limit, "threads": threads}) as database:
        court = _Court(suite, snapshot, database)
        database.execute(f"SET temp_directory = {literal(str(snapshot.pages.parent / 'spill'))}")
        database.execute("SET preserve_insertion_order = false")
        columns, notes = record_view.columns_for(suite, snapshot, snapshots)
        database.execute(record_view.create(suite, snapshot, snapshots, columns))
        database.execute(f"CREATE TABLE finding (number INTEGER, {identifier(ROW)} BIGINT)")
        rules = list(_judgeable(court, columns))
        _judge_structure(court, columns)
        if snapshot.records:
            _judge_rows(court, [rule for rule in rules if rule.type not in WHOLE_EXPECTATIONS], columns)
        _judge_whole(court, [rule for rule in rules if rule.type in WHOLE_EXPECTATIONS], columns)
        failing, warned = _tally(court)
        return Survey(
            snapshot.object,
            snapshot.records,
            failing,
            warned,
            tuple(court.outcomes[number] for number in sorted(court.outcomes)),
            tuple(_worst(court)),
            tuple(notes),
            time.perf_counter() - started,
            court.rows_judged,
        )


def _judgeable(court: _Court, columns: Collection[str]) -> Iterator[Rule]:
    """The rules about records that can be judged, parameters worked out; the others get their outcome here."""
    snapshot = court.snapshot
    values: dict[str, Any] = {"rows_usual": snapshot.rows_usual, "read_at": snapshot.read_at}
    for described in snapshot.describe.fields if snapshot.describe else ():
        if (offered := snapshot.picklist(described)) is not None:
            values[f"picklist_{described}"] = offered
    for rule in court.suite.rules:
        if rule.is_structural:
            continue
        absent = [name for name in sorted(rule.columns) if name not in columns]
        unknown = [
            each for each in rule.parameters.values() if each.startswith("picklist_") and each not in values
        ]
        if absent or unknown:
            what = f"no column {absent[0]}" if absent else f"{unknown[0][9:]} is no picklist"
            court.outcomes[rule.number] = Outcome(rule, None, problem=what)
            continue
        try:
            kwargs = {key: worked_out(text, values) for key, text in rule.parameters.items()}
        except ValueError as error:
            raise SettingsError(
                f"Suite {court.suite.file}: expectation {rule.number + 1}, {rule.type}, has a $PARAMETER that"
                f" cannot be worked out: {error}. There are rows_usual, read_at, picklist_<Field> and now()."
            ) from None
        if not kwargs:
            yield rule
        else:
            settled = {**rule.kwargs, **kwargs}
            yield replace(rule, kwargs=settled, document={**rule.document, "kwargs": settled})


def _judge_structure(court: _Court, columns: Collection[str]) -> None:
    for rule in court.suite.rules:
        if rule.is_structural:
            holds = rule.subject in columns
            court.outcomes[rule.number] = Outcome(rule, holds, court.snapshot.records)


def _judge_rows(court: _Court, rules: Sequence[Rule], columns: Mapping[str, str]) -> None:
    def accepts(condition: str) -> bool:
        try:
            court.rows(f"SELECT {condition} FROM record LIMIT 1")
        except duckdb.Error:
            return False
        return True

    screened = screen.build(rules, columns, accepts)
    _find(court, screened.conditions)
    disputed = _disputed(court, screened.rules, columns)
    for rule in disputed:
        court.database.execute("DELETE FROM finding WHERE number = ?", [rule.number])
    settled = [rule for rule in screened.rules if rule not in disputed]
    _count(court, settled, columns)
    if in_full := [*screened.untranslated, *disputed]:
        _judge_in_full(court, in_full)


def _find(court: _Court, conditions: Mapping[int, str]) -> None:
    """Note who breaks what, in one pass."""
    if not conditions:
        return
    flags = {f'"?{number}"': condition for number, condition in conditions.items()}
    shown = ", ".join(f"{condition} AS {flag}" for flag, condition in flags.items())
    numbers = ", ".join(f"CASE WHEN {flag} THEN {flag[2:-1]} END" for flag in flags)
    court.database.execute(
        f"""
        INSERT INTO finding SELECT number, {identifier(ROW)} FROM (
            SELECT unnest([{numbers}]) AS number, {identifier(ROW)}
            FROM (SELECT {identifier(ROW)}, {shown} FROM record) WHERE {" OR ".join(flags)})
        WHERE number IS NOT NULL
        """
    )


def _disputed(court: _Court, rules: Sequence[Rule], columns: Mapping[str, str]) -> list[Rule]:
    """Show Great Expectations some rows, of a small object all; return the rules on which it differs."""
    if not rules:
        return []
    chosen = "true"
    if court.snapshot.records > WHOLE:
        chosen = f"""
            hash({identifier(ROW)}) % {court.snapshot.records} < {SAMPLE} OR {identifier(ROW)} IN (
                SELECT {identifier(ROW)} FROM finding
                QUALIFY row_number() OVER (PARTITION BY number ORDER BY {identifier(ROW)}) <= {EXAMPLES})
        """
    court.database.execute(
        f"CREATE OR REPLACE TABLE suspected AS SELECT {identifier(ROW)}, list(number) AS numbers FROM finding"
        f" GROUP BY ALL"
    )
    judge = Judge(court.suite, rules)
    disputed: dict[int, Rule] = {}
    names = [name for name in columns if any(name in rule.columns for rule in rules)]
    for piece in _stream(
        court,
        f'SELECT r.* EXCLUDE ({identifier(ROW)}), s.numbers AS "?numbers" FROM'
        f" (SELECT * FROM record WHERE {chosen}) r LEFT JOIN suspected s ON s.{identifier(ROW)} = r.{identifier(ROW)}",
    ):
        court.rows_judged += piece.num_rows
        said = judge.judge(piece.select(names))
        thought: dict[int, list[int]] = defaultdict(list)
        for position, numbers in enumerate(piece.column("?numbers").to_pylist()):
            for number in numbers or ():
                thought[number].append(position)
        for rule in rules:
            if sorted(said.get(rule.number, [])) != thought.get(rule.number, []):
                disputed[rule.number] = rule
    return list(disputed.values())


def _count(court: _Court, rules: Sequence[Rule], columns: Mapping[str, str]) -> None:
    """Count for each rule the records that it speaks of, those without a value, and those that break it."""
    if not rules:
        return
    aggregates = []
    for rule in rules:
        domain = screen.domain(rule, columns)
        absent = f"{identifier(rule.subject)} IS NULL"
        aggregates += [f"count(*) FILTER ({domain})", f"count(*) FILTER ({domain} AND {absent})"]
    counted = court.rows(f"SELECT {', '.join(aggregates)} FROM record")[0]
    broken = dict(court.rows("SELECT number, count(*) FROM finding GROUP BY number"))
    for place, rule in enumerate(rules):
        bad = broken.get(rule.number, 0)
        checked, missing = counted[2 * place : 2 * place + 2]
        court.outcomes[rule.number] = Outcome(
            rule, not bad, checked, missing, bad, examples=_examples(court, rule)
        )


def _judge_in_full(court: _Court, rules: Sequence[Rule]) -> None:
    """Have Great Expectations read every record, piece by piece."""
    judge = Judge(court.suite, rules)
    checked: dict[int, int] = defaultdict(int)
    missing: dict[int, int] = defaultdict(int)
    names = set().union(*(rule.columns for rule in rules))
    listed = ", ".join(identifier(name) for name in sorted(names))
    for piece in _stream(court, f"SELECT {identifier(ROW)}, {listed} FROM record"):
        court.rows_judged += piece.num_rows
        for number, each in judge.judgements(piece.drop_columns([ROW])).items():
            checked[number] += each.checked
            missing[number] += each.missing
            _note(court, number, piece, each.rows)
    broken = dict(court.rows("SELECT number, count(*) FROM finding GROUP BY number"))
    for rule in rules:
        bad = broken.get(rule.number, 0)
        court.outcomes[rule.number] = Outcome(
            rule, not bad, checked[rule.number], missing[rule.number], bad, examples=_examples(court, rule)
        )


def _judge_whole(court: _Court, rules: Sequence[Rule], columns: Mapping[str, str]) -> None:
    """Judge what is said of all records together: by Great Expectations where they are few or it has no SQL."""
    for rule in rules:
        query = whole.build(rule, columns) if court.snapshot.records > WHOLE else None
        if query is None:
            _judge_whole_in_full(court, rule)
            continue
        if query.broken:
            court.database.execute(
                f"INSERT INTO finding SELECT {rule.number}, {identifier(ROW)} FROM record WHERE {query.broken}"
            )
        checked, missing, observed, holds = court.rows(f"SELECT {query.facts} FROM record")[0]
        broken = court.rows(f"SELECT count(*) FROM finding WHERE number = {rule.number}")[0][0]
        if query.broken:
            holds = broken <= (1 - float(rule.kwargs.get("mostly", 1))) * (checked - missing)
        court.outcomes[rule.number] = Outcome(
            rule, bool(holds), checked, missing, broken, as_text(observed), _examples(court, rule)
        )


def _judge_whole_in_full(court: _Court, rule: Rule) -> None:
    import pyarrow

    names = ", ".join(identifier(name) for name in sorted({"Id", *rule.columns}))
    pieces = list(_stream(court, f"SELECT {identifier(ROW)}, {names} FROM record"))
    if not pieces and not rule.type.startswith("expect_table"):
        court.outcomes[rule.number] = Outcome(rule, True)
        return
    table = pyarrow.concat_tables(pieces) if pieces else pyarrow.table({ROW: pyarrow.nulls(0)})
    court.rows_judged = max(court.rows_judged, table.num_rows)
    said = Judge(court.suite, [rule]).judgements(table.drop_columns([ROW]))[rule.number]
    _note(court, rule.number, table, said.rows)
    court.outcomes[rule.number] = Outcome(
        rule,
        said.holds,
        said.checked or table.num_rows,
        said.missing,
        len(said.rows),
        as_text(said.observed),
        _examples(court, rule),
    )


def _note(court: _Court, number: int, piece: Any, positions: Sequence[int]) -> None:
    if positions:
        rows = piece.select([ROW]).take(positions)  # noqa: F841  DuckDB finds it by its name
        court.database.execute(f"INSERT INTO finding SELECT {number}, {identifier(ROW)} FROM rows")


def _stream(court: _Court, query: str) -> Iterator[Any]:
    import pyarrow

    reader = court.database.execute(query).to_arrow_reader(_PIECE_ROWS)
    # Read to its end before the connection is asked something else.
    pieces: Iterable[Any] = (pyarrow.Table.from_batches([piece]) for piece in reader)
    yield from bounded(pieces)


def _examples(court: _Court, rule: Rule) -> tuple[tuple[str, str | None], ...]:
    value = identifier(rule.subject) if rule.subjects else "NULL"
    found = court.rows(
        f'SELECT "Id", {value} FROM record WHERE {identifier(ROW)} IN'
        f" (SELECT {identifier(ROW)} FROM finding WHERE number = {rule.number} ORDER BY 1 LIMIT {EXAMPLES})"
    )
    return tuple(
        (str(sfdc_id), as_text(each)) for sfdc_id, each in sorted(found, key=lambda row: str(row[0]))
    )


def _numbers(court: _Court, severity: str) -> str:
    chosen = [str(rule.number) for rule in court.suite.rules if rule.severity == severity]
    return ", ".join(chosen) or "-1"


def _tally(court: _Court) -> tuple[int, int]:
    """Count the records that break something critical, and the others that break a warning."""
    critical, warning = _numbers(court, "critical"), _numbers(court, "warning")
    failing, all_bad = court.rows(
        f"""
        SELECT count(DISTINCT {identifier(ROW)}) FILTER (number IN ({critical})),
               count(DISTINCT {identifier(ROW)}) FILTER (number IN ({critical}, {warning})) FROM finding
        """
    )[0]
    return failing, all_bad - failing


def _worst(court: _Court) -> Iterator[Worst]:
    weights = " ".join(
        f"WHEN number IN ({_numbers(court, severity)}) THEN {weight}" for severity, weight in WEIGHTS.items()
    )
    rules = {rule.number: rule for rule in court.suite.rules}
    name = '"Name"' if "Name" in court.snapshot.columns else "NULL"
    for sfdc_id, known_as, numbers in court.rows(
        f"""
        SELECT "Id", {name}, numbers FROM (
            SELECT {identifier(ROW)}, list(number ORDER BY number) AS numbers, sum(CASE {weights} END) AS weight
            FROM finding GROUP BY ALL HAVING weight > 0 ORDER BY weight DESC, {identifier(ROW)} LIMIT {WORST}) f
        JOIN record r ON r.{identifier(ROW)} = f.{identifier(ROW)} ORDER BY weight DESC, "Id"
        """
    ):
        yield Worst(str(sfdc_id), known_as, tuple(rules[number] for number in numbers))
