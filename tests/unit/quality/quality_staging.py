"""Staged batches for tests: Parquet written by DuckDB, with the columns a Salesforce read would give."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from tandem.quality.screen import literal

SUITES = Path(__file__).parents[3] / "expectations"

Stage = Callable[..., Path]


def write_rows(path: Path, types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as one Parquet page with columns of these DuckDB types; what a row leaves out is null."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    places = ", ".join("?" for _ in types)
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE page ({columns})")
        if rows:
            values = [[row.get(name) for name in types] for row in rows]
            database.executemany(f"INSERT INTO page VALUES ({places})", values)
        database.execute(f"COPY page TO {literal(str(path))} (FORMAT parquet)")
    return path


def write_query(path: Path, query: str) -> Path:
    """Write what a DuckDB query gives as one Parquet page."""
    with duckdb.connect() as database:
        database.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet)")
    return path


def write_suite(folder: Path, object: str, expectations: Sequence[Mapping[str, Any]], **limits: Any) -> Path:
    """Write a suite and return its folder."""
    document = {"name": object.lower(), "expectations": expectations, "meta": {"tandem": limits}}
    (folder / f"{object.lower()}.json").write_text(json.dumps(document))
    return folder


def expectation(kind: str, severity: str = "critical", **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs, "severity": severity}
