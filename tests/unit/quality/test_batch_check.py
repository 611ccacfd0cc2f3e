"""check(): what goes to quarantine, what is only recorded, and when the suite fails as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from quality_staging import Stage, expectation, write_query, write_suite

from tandem.errors import SettingsError, SuiteFailed
from tandem.quality import batch, check, screen
from tandem.quality.report import Finding, Report, Tally

NOT_NULL = "expect_column_values_to_not_be_null"
REGEX = "expect_column_values_to_match_regex"
BETWEEN = "expect_column_values_to_be_between"

TYPES = {"Id": "VARCHAR", "SystemModstamp": "TIMESTAMP", "LastName": "VARCHAR", "NumberOfEmployees": "BIGINT"}
STAMP = datetime(2024, 5, 1, 9)
SUITE = [
    expectation("expect_column_to_exist", column="LastName"),
    expectation(REGEX, column="LastName", regex=r"\S"),
    expectation(BETWEEN, column="NumberOfEmployees", min_value=0),
    expectation(BETWEEN, "warning", column="NumberOfEmployees", max_value=1000),
]


def lead(sfdc_id: str, **fields: Any) -> dict[str, Any]:
    return {"Id": sfdc_id, "SystemModstamp": STAMP, "LastName": "Lee", "NumberOfEmployees": 3, **fields}


def facts(report: Report) -> Report:
    """A report without what depends on how it was come by."""
    return replace(report, seconds=0.0, judged_by="", rows_judged=0)


def in_python(code: str, *arguments: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


# Rows


def test_good_rows_pass(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    report = check.check("Lead", [stage(TYPES, lead("1"), lead("2"))], folder)
    assert facts(report) == Report("Lead", rows=2, expectations=4, judged_by="")
    assert report.judged_by == "Great Expectations, all 2 rows"
    assert report.rows_judged == 2
    assert report.quarantined == frozenset()


def test_a_critical_row_is_a_finding_and_a_warning_is_not(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    bad = lead("2", LastName=" ", NumberOfEmployees=-4)
    page = stage(TYPES, lead("1"), bad, lead("3", NumberOfEmployees=5000))
    report = check.check("Lead", [page], folder)
    assert report.findings == [
        Finding("2", REGEX, "LastName", " ", "critical"),
        Finding("2", BETWEEN, "NumberOfEmployees", "-4", "critical"),
    ]
    assert report.warnings == [Finding("3", BETWEEN, "NumberOfEmployees", "5000", "warning")]
    assert report.tallies == [
        Tally(REGEX, "LastName", "critical", 1),
        Tally(BETWEEN, "NumberOfEmployees", "critical", 1),
        Tally(BETWEEN, "NumberOfEmployees", "warning", 1),
    ]
    assert report.quarantined == {"2"}


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("VARCHAR", "NA", "NA"),
        ("VARCHAR", "00000", "00000"),
        ("VARCHAR", " x", " x"),
        ("VARCHAR", "", ""),
        ("VARCHAR", "line\r\nend 😀", "line\r\nend 😀"),
        ("VARCHAR", "é" * 131_072, "é" * 200),
        ("BIGINT", 2**53 + 1, "9007199254740993"),
        ("DOUBLE", -0.5, "-0.5"),
        ("BOOLEAN", False, "false"),
        ("DATE", date(4000, 12, 31), "4000-12-31"),
        ("TIMESTAMP", STAMP, "2024-05-01T09:00:00"),
    ],
)
def test_a_finding_keeps_the_value_as_it_is(
    tmp_path: Path, stage: Stage, kind: str, value: object, said: str
) -> None:
    folder = write_suite(tmp_path, "Lead", [expectation("expect_column_values_to_be_null", column="Field")])
    page = stage({"Id": "VARCHAR", "Field": kind}, {"Id": "1", "Field": value}, {"Id": "2"})
    report = check.check("Lead", [page], folder)
    assert [(finding.sfdc_id, finding.value) for finding in report.findings] == [("1", said)]


def test_a_null_is_not_text(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", [expectation(NOT_NULL, column="LastName")])
    page = stage(TYPES, lead("1", LastName=None), lead("2", LastName="None"))
    report = check.check("Lead", [page], folder)
    assert report.findings == [Finding("1", NOT_NULL, "LastName", None, "critical")]


def test_pages_are_one_batch(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    pages = [
        stage(TYPES, lead("1"), name="1.parquet"),
        stage(TYPES, name="2.parquet"),
        stage(TYPES, lead("2", LastName=""), name="3 'x' [a]*.parquet"),
    ]
    report = check.check("Lead", pages, folder)
    assert (report.rows, report.quarantined) == (2, {"2"})


@pytest.mark.parametrize(
    ("old", "new", "quarantined"),
    [("", "Lee", set()), ("Lee", "", {"1"}), ("", "", {"1"})],
    ids=["repaired", "broken since", "still broken"],
)
def test_of_a_record_that_comes_twice_the_newest_counts(
    tmp_path: Path, stage: Stage, old: str, new: str, quarantined: set[str]
) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    later = datetime(2024, 5, 1, 10)
    page = stage(TYPES, lead("1", LastName=new, SystemModstamp=later), lead("1", LastName=old), lead("2"))
    assert check.check("Lead", [page], folder).quarantined == quarantined


def test_of_two_versions_with_one_stamp_either_counts(tmp_path: Path, stage: Stage) -> None:
    # Stamps are whole seconds: which of the two is the newer cannot be told.
    folder = write_suite(tmp_path, "Lead", SUITE)
    page = stage(TYPES, lead("1", LastName=""), lead("1"))
    assert check.check("Lead", [page], folder).quarantined == {"1"}


# Columns


def test_a_missing_required_column_fails_the_suite(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    page = stage({"Id": "VARCHAR"}, {"Id": "1"})
    with pytest.raises(SuiteFailed) as caught:
        check.check("Lead", [page], folder)
    assert str(caught.value) == (
        "Lead: LastName is missing from the staged batch, so nothing of it was applied. "
        "Give the sync user read access, or take the field out of lead.json."
    )
    report = check.examine("Lead", [page], folder)
    assert (report.failed, report.reason) == (True, str(caught.value))


def test_a_missing_column_may_be_a_warning(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", [expectation("expect_column_to_exist", "warning", column="Fax")])
    report = check.check("Lead", [stage(TYPES, lead("1"))], folder)
    assert report.warnings == [Finding("", "expect_column_to_exist", "Fax", None, "warning")]
    assert report.findings == []


def test_an_expectation_about_a_hidden_field_is_not_judged(tmp_path: Path, stage: Stage) -> None:
    live = {"type": "comparison", "column": {"name": "IsDeleted"}, "operator": "==", "parameter": False}
    rules = [expectation(NOT_NULL, column="Fax"), expectation(NOT_NULL, column="Id", row_condition=live)]
    report = check.check("Lead", [stage(TYPES, lead("1"))], write_suite(tmp_path, "Lead", rules))
    assert report.unjudged == [f"{NOT_NULL} on Fax", f"{NOT_NULL} on Id"]
    assert (report.findings, report.failed) == ([], False)


def test_a_name_in_other_letters_is_an_error_of_the_suite(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", [expectation(NOT_NULL, column="Lastname")])
    with pytest.raises(SettingsError, match=r"names Lastname; the field is LastName\.$"):
        check.check("Lead", [stage(TYPES, lead("1"))], folder)


# The batch as a whole


def bad_and_good(stage: Stage, bad: int, good: int) -> Path:
    rows = [lead(str(at), LastName="" if at < bad else "Lee") for at in range(bad + good)]
    return stage(TYPES, *rows)


def test_a_batch_mostly_bad_fails_as_a_whole(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE, stop_above=0.5, of_at_least=20)
    with pytest.raises(SuiteFailed) as caught:
        check.check("Lead", [bad_and_good(stage, 11, 9)], folder)
    assert str(caught.value) == (
        "Lead: at least 11 of 20 staged rows break expectations, most of them "
        "expect_column_values_to_match_regex on LastName; lead.json allows 50%, so nothing was applied. "
        "Look at these records in Salesforce, or change stop_above in lead.json."
    )


@pytest.mark.parametrize(("bad", "good"), [(10, 10), (19, 0)], ids=["not above", "too few rows"])
def test_a_batch_within_its_limits_goes_on(tmp_path: Path, stage: Stage, bad: int, good: int) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE, stop_above=0.5, of_at_least=20)
    assert len(check.check("Lead", [bad_and_good(stage, bad, good)], folder).quarantined) == bad


def test_warnings_never_fail_a_batch(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(
        tmp_path, "Lead", [expectation(NOT_NULL, "warning", column="LastName")], of_at_least=1
    )
    page = stage(TYPES, *(lead(str(at), LastName=None) for at in range(130)))
    report = check.check("Lead", [page], folder)
    assert (report.findings, len(report.warnings), report.tallies[0].rows) == ([], 100, 130)


def test_a_broken_row_without_id_fails_the_batch(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", [expectation(NOT_NULL, column="Id")])
    with pytest.raises(SuiteFailed, match=r"^Lead: a staged row has no Id, .*$"):
        check.check("Lead", [stage(TYPES, lead("1"), {"LastName": "Lee"})], folder)


@pytest.mark.parametrize("content", [None, b"", b"PAR1 cut short"], ids=["gone", "empty", "cut short"])
def test_a_page_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    page = tmp_path / "page.parquet"
    if content is not None:
        page.write_bytes(content)
    with pytest.raises(SuiteFailed) as caught:
        check.check("Lead", [page], write_suite(tmp_path, "Lead", SUITE))
    assert str(caught.value).startswith("Lead: the staged batch cannot be read")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", [0.1, 0.8], ids=["at once", "after good rows"])
def test_a_page_that_is_damaged_within(tmp_path: Path, place: float) -> None:
    names = "hash(i)::VARCHAR AS LastName, i AS NumberOfEmployees"
    rows = f"SELECT i::VARCHAR AS Id, {names} FROM range(300000) t(i)"
    page = write_query(tmp_path / "page.parquet", rows)
    content = bytearray(page.read_bytes())
    damaged = slice(at := int(len(content) * place), at + 100_000)
    content[damaged] = b"\xff" * 100_000
    page.write_bytes(content)
    with pytest.raises(SuiteFailed, match=r"^Lead: the staged batch cannot be read") as caught:
        check.check("Lead", [page], write_suite(tmp_path, "Lead", SUITE))
    assert "\n" not in str(caught.value)


# Suites that do not fit


@pytest.mark.parametrize(
    "rule",
    [
        expectation(REGEX, column="LastName", regex="("),
        expectation(BETWEEN, column="LastName", min_value=3),
        expectation(BETWEEN, column="NumberOfEmployees", min_value=3, max_value=1),
        expectation(NOT_NULL, column="LastName", no_such_argument=1),
        expectation(NOT_NULL, column="LastName", row_condition={"type": "if", "column": {"name": "Id"}}),
    ],
)
def test_an_expectation_that_cannot_be_judged_is_one_line(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, rule: dict[str, Any]
) -> None:
    folder = write_suite(tmp_path, "Lead", [rule])
    page = stage(TYPES, lead("1"), lead("2"))
    for whole in (check.WHOLE, 1):  # read in full, and screened
        monkeypatch.setattr(check, "WHOLE", whole)
        with pytest.raises(SettingsError) as caught:
            check.check("Lead", [page], folder)
        line = str(caught.value)
        where = f"expectation 1, {rule['type']} on {rule['kwargs']['column']}"
        assert line.startswith(f"Suite {folder / 'lead.json'}: {where}, cannot be judged: ")
        assert "\n" not in line


# Large batches


@pytest.fixture
def large(tmp_path: Path) -> list[Path]:
    """Three pages of 1,000 leads; every 300th has a blank name, every 4th more employees than usual."""
    return [
        write_query(
            tmp_path / f"{page}.parquet",
            f"""
            SELECT '00Q' || i AS "Id", TIMESTAMP '2024-05-01 09:00:00' AS "SystemModstamp",
              CASE WHEN i % 300 = 7 THEN chr(12288) ELSE 'Lee' END AS "LastName",
              CASE WHEN i % 4 = 0 THEN 2000 ELSE i END::BIGINT AS "NumberOfEmployees"
            FROM range({page * 1000}, {page * 1000 + 1000}) t(i)
            """,
        )
        for page in range(3)
    ]


def test_a_screened_batch_gives_the_same_report(
    tmp_path: Path, large: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    in_full = check.check("Lead", large, folder)
    monkeypatch.setattr(check, "WHOLE", 10)
    monkeypatch.setattr(check, "SAMPLE", 50)
    screened = check.check("Lead", large, folder)
    assert facts(screened) == facts(in_full)
    assert screened.quarantined == {f"00Q{at}" for at in range(7, 3000, 300)}
    assert screened.rows_judged < 300
    assert screened.judged_by.startswith(f"Great Expectations, {screened.rows_judged} of 3,000 rows")
    again = check.check("Lead", large, folder)
    assert facts(again) == facts(screened)
    assert again.rows_judged == screened.rows_judged, "the sample is the same each time"


def test_what_the_screen_cannot_express_is_read_in_full(
    tmp_path: Path, large: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_suite(tmp_path, "Lead", [*SUITE, expectation(REGEX, column="Id", regex=r"^00Q\d{3,}$")])
    monkeypatch.setattr(check, "WHOLE", 10)
    monkeypatch.setattr(batch, "CHUNK_ROWS", 700)
    report = check.check("Lead", large, folder)
    assert report.quarantined == {f"00Q{at}" for at in [*range(100), *range(307, 3000, 300)]}
    assert report.tallies[-1] == Tally(REGEX, "Id", "critical", 100)
    assert report.rows_judged == 3000
    assert report.judged_by.endswith("all rows for 1 of 4 expectations")


def test_a_screen_that_errs_is_found_out(
    tmp_path: Path, large: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    in_full = check.check("Lead", large, folder)
    honest = screen.build

    def erring(*arguments: Any) -> screen.Screen:
        built = honest(*arguments)
        # Blind to the employees that are too many, and seeing ghosts among the names.
        changed = {**built.conditions, 3: "false", 1: """hash("Id") % 5 = 0"""}
        return replace(built, conditions=changed)

    monkeypatch.setattr(screen, "build", erring)
    monkeypatch.setattr(check, "WHOLE", 10)
    monkeypatch.setattr(check, "SAMPLE", 200)
    report = check.check("Lead", large, folder)
    assert facts(report) == facts(in_full)
    assert report.judged_by.endswith("all rows for 2 of 3 expectations")


def test_a_large_batch_mostly_bad_is_not_judged_to_its_end(
    tmp_path: Path, large: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "WHOLE", 10)
    monkeypatch.setattr(batch, "CHUNK_ROWS", 500)
    folder = write_suite(tmp_path, "Lead", [expectation(REGEX, column="Id", regex="^003")], stop_above=0.1)
    report = check.examine("Lead", large, folder)
    assert report.failed
    assert report.rows_judged < 1000


def test_pieces_are_bounded_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = write_query(
        tmp_path / "page.parquet", "SELECT i AS Id, repeat('x', 10000) AS T FROM range(2000) t(i)"
    )
    monkeypatch.setattr(batch, "CHUNK_BYTES", 1_000_000)
    with batch.StagedBatch("Lead", [page]) as staged:
        sizes = [(piece.num_rows, piece.nbytes) for piece in staged.chunks(["Id", "T"])]
    assert sum(rows for rows, _ in sizes) == 2000
    assert max(size for _, size in sizes) < 4_000_000


# The process


def test_nothing_to_judge_needs_no_great_expectations(tmp_path: Path, stage: Stage) -> None:
    code = """
import sys
from pathlib import Path
from tandem.quality.check import check
heavy = {"great_expectations", "pandas", "pyarrow", "numpy"}
print(sorted(heavy & set(sys.modules)))
folder, empty, full = map(Path, sys.argv[1:])
for object, files in (("Lead", []), ("Lead", [empty]), ("Contact", [full])):
    report = check(object, files, folder)
    print(report.rows, report.expectations, report.findings, sorted(heavy & set(sys.modules)))
"""
    folder = write_suite(tmp_path, "Lead", SUITE)
    empty = stage(TYPES, name="empty.parquet")
    said = in_python(code, folder, empty, stage(TYPES, lead("1")))
    assert said.splitlines() == ["[]", "0 4 [] []", "0 4 [] []", "1 0 [] []"]


def test_analytics_are_off_and_no_progress_bar_is_drawn(tmp_path: Path, stage: Stage) -> None:
    folder = write_suite(tmp_path, "Lead", SUITE)
    page = stage(TYPES, lead("1"))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys; from pathlib import Path; from tandem.quality.check import check\n"
            "check('Lead', [Path(sys.argv[2])], Path(sys.argv[1]))\n"
            "print(os.environ['GX_ANALYTICS_ENABLED'])",
            str(folder),
            str(page),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "GX_ANALYTICS_ENABLED": "true"},
    )
    assert done.stdout == "false\n"
    assert "Calculating Metrics" not in done.stderr


def test_objects_may_be_checked_side_by_side(tmp_path: Path, stage: Stage) -> None:
    names = ["Account", "Contact", "Lead"]
    pages = {name: stage(TYPES, lead(name), lead("x", LastName=""), name=f"{name}.parquet") for name in names}
    for name in names:
        write_suite(tmp_path, name, SUITE)
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda name: check.check(name, [pages[name]], tmp_path), names * 3))
    assert [(report.object, report.quarantined) for report in reports] == [
        (name, {"x"}) for name in names * 3
    ]
