"""Staging: every text arrives as it left, every value typed or refused."""

from __future__ import annotations

import csv
import resource
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.errors import TandemError
from tandem.salesforce.description import FieldDescribe
from tandem.staging import sql_type, stage_csv, stage_rows, whole_file

TRAPS = [
    "NA", "N/A", "None", "null", "NaN", "00000", "007", "1e5", " x", "x ", " ", "\t", ",", '"', '""',
    "'", "\\", "\\n",
    "a\nb", "a\r\nb", "a\rb", "\n", "\r", "#N/A", "true", "2026-05-01", "é", "e\u0301", "\u2028",
    "\ufeff", "\x00",
    "😀👩‍👩‍👧", "x" * 131_072, "😀" * 65_536, "-", "=1+1", "{", "[]", "%s", "{0}",
]  # fmt: skip


def fields(**types: str) -> dict[str, FieldDescribe]:
    return {name: FieldDescribe(name, name, kind) for name, kind in types.items()}


def write_csv(path: Path, rows: list[list[str]], header: list[str]) -> Path:
    """As Salesforce writes it: everything quoted, line feeds, the header first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def read(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        return database.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        ("boolean", "BOOLEAN"), ("int", "BIGINT"), ("double", "DOUBLE"), ("currency", "DOUBLE"),
        ("percent", "DOUBLE"),
        ("date", "DATE"), ("datetime", "TIMESTAMP"), ("time", "VARCHAR"), ("string", "VARCHAR"),
        ("id", "VARCHAR"),
        ("multipicklist", "VARCHAR"), ("somethingnew", "VARCHAR"),
    ],
)  # fmt: skip
def test_types_follow_the_field(kind: str, sql: str) -> None:
    assert sql_type(FieldDescribe("X", "X", kind)) == sql


def test_text_that_breaks_naive_csv_survives_bulk(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "p.csv", [[str(n), text] for n, text in enumerate(TRAPS)], ["Id", "T"])
    assert stage_csv(source, fields(Id="id", T="textarea"), tmp_path / "p.parquet", len(TRAPS)) == len(TRAPS)
    assert read(tmp_path / "p.parquet") == [(str(n), text) for n, text in enumerate(TRAPS)]


def test_text_that_breaks_naive_csv_survives_rest(tmp_path: Path) -> None:
    rows = [{"Id": str(n), "T": text} for n, text in enumerate(TRAPS)]
    assert stage_rows(rows, fields(Id="id", T="textarea"), tmp_path / "p.parquet") == len(TRAPS)
    assert read(tmp_path / "p.parquet") == [(str(n), text) for n, text in enumerate(TRAPS)]


# DuckDB holds any text but lone surrogates, and JSON and UTF-8 hold no such either.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=20))
def test_any_text_survives_bulk(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-bulk"
    folder.mkdir(exist_ok=True)
    source = write_csv(folder / "p.csv", [list(row) for row in rows], ["A", "B"])
    stage_csv(source, fields(A="string", B="string"), folder / "p.parquet", len(rows))
    assert read(folder / "p.parquet") == [tuple(text or None for text in row) for row in rows]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            texts,
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_value_survives_rest(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-rest"
    names = ["T", "I", "D", "B"]
    stage_rows(
        [dict(zip(names, row, strict=True)) for row in rows],
        fields(T="string", I="int", D="double", B="boolean"),
        folder / "p.parquet",
    )
    assert read(folder / "p.parquet") == [(row[0] or None, *row[1:]) for row in rows]


def test_values_are_typed_and_columns_in_the_order_asked_for(tmp_path: Path) -> None:
    header = ["Id", "Stamp", "Day", "Yes", "Count", "Amount", "Ignored", "Owner.Name"]
    row = ["1", "2026-05-01T07:25:37.000Z", "2026-05-01", "true", "12", "1.5", "x", "Ann"]
    source = write_csv(tmp_path / "p.csv", [row, ["2", *[""] * 7]], header)
    asked = {
        **fields(Amount="currency", Count="int", Yes="boolean", Day="date", Stamp="datetime", Id="id"),
        "Owner.Name": FieldDescribe("Name", "Name", "string"),
    }
    stage_csv(source, asked, tmp_path / "p.parquet", 2)
    assert pq.read_schema(tmp_path / "p.parquet").names == list(asked)
    first = (1.5, 12, True, date(2026, 5, 1), datetime(2026, 5, 1, 7, 25, 37), "1", "Ann")
    assert read(tmp_path / "p.parquet") == [first, (None,) * 5 + ("2", None)]

    wire = {
        "Amount": 1.5, "Count": 12, "Yes": True, "Day": "2026-05-01", "Stamp": "2026-05-01T07:25:37.000+0000",
        "Id": "1", "Owner": {"attributes": {}, "Name": "Ann"}, "Ignored": 1,
    }  # fmt: skip
    empty = {**dict.fromkeys(wire), "Id": "2"}
    stage_rows([wire, empty], asked, tmp_path / "r.parquet")
    assert read(tmp_path / "r.parquet") == read(tmp_path / "p.parquet")
    with duckdb.connect() as database:
        types = [
            database.execute(f"DESCRIBE SELECT * FROM read_parquet('{tmp_path / name}.parquet')").fetchall()
            for name in ("p", "r")
        ]
    assert types[0] == types[1]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", "12.5"), ("int", "banana"), ("int", "99999999999999999999"), ("double", "NaN"),
        ("double", "1e400"),
        ("double", "1,5"), ("boolean", "maybe"), ("date", "2026-05-01T00:00:00"), ("date", "01.05.2026"),
        ("date", "epoch"), ("datetime", "2026-05-01T07:25:37+02:00"), ("datetime", "2026-05-01"),
        ("datetime", "infinity"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_named_and_nothing_is_left(tmp_path: Path, kind: str, value: str) -> None:
    source = write_csv(tmp_path / "p.csv", [["00Q1", ""], ["00Q2", value]], ["Id", "X__c"])
    with pytest.raises(TandemError) as misfit:
        stage_csv(source, fields(Id="id", X__c=kind), tmp_path / "p.parquet", 2)
    text = str(misfit.value)
    assert "X__c of 00Q2" in text
    assert repr(value) in text
    assert "\n" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 12.5),
        ("int", True),
        ("int", "x"),
        ("double", "x"),
        ("boolean", 1),
        ("date", 5),
        ("datetime", "x"),
    ],
)
def test_a_json_value_of_another_type_is_named(tmp_path: Path, kind: str, value: Any) -> None:
    with pytest.raises(TandemError, match="X__c of 00Q2"):
        stage_rows([{"Id": "00Q2", "X__c": value}], fields(Id="id", X__c=kind), tmp_path / "p.parquet")
    assert list(tmp_path.iterdir()) == []


def test_whole_numbers_with_a_point_are_whole(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "p.csv", [["12.0"]], ["N"])
    stage_csv(source, fields(N="int"), tmp_path / "p.parquet", 1)
    stage_rows([{"N": 12.0}], fields(N="int"), tmp_path / "r.parquet")
    assert read(tmp_path / "p.parquet") == read(tmp_path / "r.parquet") == [(12,)]


@pytest.mark.parametrize("expected", [1, 3])
def test_another_number_of_rows_is_an_error(tmp_path: Path, expected: int) -> None:
    source = write_csv(tmp_path / "p.csv", [["1"], ["2"]], ["Id"])
    with pytest.raises(TandemError, match=f"2 rows where Salesforce announced {expected}"):
        stage_csv(source, fields(Id="id"), tmp_path / "p.parquet", expected)
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ('"1","open', None),
        ('"1","open\n', None),
        ('"1","open\n', 1),
        ('"1",', 1),
        ('"1","2"\n"3","', 2),
        ('"1"\n', 1),
        ('"1","2","3"\n', 1),
        ('"1","\udcff"\n', 1),
    ],
)
def test_a_broken_page_is_an_error(tmp_path: Path, rows: str, expected: int | None) -> None:
    source = tmp_path / "p.csv"
    text = '"Id","T"\n' + rows
    source.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(TandemError) as broken:
        stage_csv(source, fields(Id="id", T="string"), tmp_path / "p.parquet", expected)
    assert "\n" not in str(broken.value)
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_a_missing_column_is_never_taken_for_empty(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "p.csv", [["1"]], ["Id"])
    with pytest.raises(TandemError, match="no column Fax"):
        stage_csv(source, fields(Id="id", Fax="phone"), tmp_path / "p.parquet", 1)
    with pytest.raises(TandemError, match="no Fax"):
        stage_rows([{"Id": "1"}], fields(Id="id", Fax="phone"), tmp_path / "p.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


@pytest.mark.parametrize("text", ["", '"Id","T"\n'])
def test_an_empty_page_is_an_empty_table(tmp_path: Path, text: str) -> None:
    source = tmp_path / "p.csv"
    source.write_text(text)
    assert stage_csv(source, fields(Id="id", T="double"), tmp_path / "p.parquet", 0) == 0
    assert pq.read_schema(tmp_path / "p.parquet").names == ["Id", "T"]


def test_names_with_quotes_are_safe(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "here"'
    folder.mkdir()
    source = write_csv(folder / "p'.csv", [["1"]], ["I'd\""])
    assert stage_csv(source, {"I'd\"": FieldDescribe("x", "x", "int")}, folder / "p'.parquet", 1) == 1


def test_a_batch_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "p.parquet"
    stage_rows([{"Id": "1"}], fields(Id="id"), target)
    with pytest.raises(TandemError):
        stage_rows([{"Id": "1"}, {}], fields(Id="id"), target)
    with suppress(ZeroDivisionError), whole_file(target) as part:
        part.write_text(str(1 / 0))
    assert read(target) == [("1",)]
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]


@pytest.mark.parametrize("how", ["rest", "bulk"])
def test_a_full_disk_is_one_clear_line(tmp_path: Path, how: str) -> None:
    """A file may not grow beyond a few pages here; to the writer that is a disk without room."""
    write_csv(tmp_path / "p.csv", [[str(n) * 50] for n in range(5000)], ["Id"])
    script = f"""
        from pathlib import Path
        from tandem.errors import TandemError
        from tandem.salesforce.description import FieldDescribe
        from tandem.staging import stage_csv, stage_rows
        fields = {{"Id": FieldDescribe("Id", "Id", "id")}}
        folder = Path({str(tmp_path)!r})
        try:
            if {how!r} == "rest":
                stage_rows([{{"Id": str(n) * 50}} for n in range(5000)], fields, folder / "p.parquet")
            else:
                stage_csv(folder / "p.csv", fields, folder / "p.parquet", None)
        except TandemError as error:
            print(error)
    """

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        preexec_fn=little_room,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = run.stdout.splitlines()
    assert "Free some space" in line
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]
