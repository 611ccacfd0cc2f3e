"""Publish: keep a quality report's figures, and write its page, its JSON and Data Docs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tandem.cli.rendering import as_json
from tandem.clock import utc_now
from tandem.database.quality import Relations, record
from tandem.errors import TandemError
from tandem.quality import data_docs
from tandem.quality.snapshot import Snapshot
from tandem.reports.quality import quality
from tandem.run import Run
from tandem.web.quality_page import render
from tasks.assess import Assessment


@dataclass(frozen=True)
class Published:
    """The facts of a report, and the files that tell of them."""

    facts: dict[str, Any]
    page: Path
    json: Path
    data_docs: Path


def prepare(folder: Path) -> None:
    """See to it that there is a folder to write to, before anything is looked at.

    :raises TandemError: there is none.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{os.getpid()}"
        probe.touch()
        probe.unlink()


@task(name="publish", cache_policy=NO_CACHE, persist_result=False)
def publish(
    run: Run,
    snapshots: Mapping[str, Snapshot],
    assessments: Sequence[Assessment],
    related: Relations,
    problems: Sequence[str],
) -> Published:
    """Keep the figures in the database and write the files.

    :param problems: lines about what could not be judged.
    :raises TandemError: the folder cannot be written.
    """
    chosen, at = run.settings.quality, utc_now()
    with run.database.write() as session, session.transaction():
        surveys = [each.survey for each in assessments]
        record(session, run.id, at, snapshots, surveys, related, chosen.keep_days)
        facts = quality(session) or {}
    results = [(each.suite, each.survey) for each in assessments]
    page, document = chosen.folder / "report.html", chosen.folder / "report.json"
    with _writing(chosen.folder):
        site = data_docs.write(chosen.folder, results, run.id, at, chosen.keep_docs)
        link = site.relative_to(chosen.folder).as_posix()
        page.write_text(render(facts, problems, link), encoding="utf-8")
        document.write_text(as_json({**facts, "problems": problems}), encoding="utf-8")
    return Published(facts, page.resolve(), document.resolve(), site.resolve())


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise TandemError(
            f"The quality report cannot be written to {folder}: {said}."
            " Check that folder, or point TANDEM_QUALITY__FOLDER elsewhere."
        ) from None
