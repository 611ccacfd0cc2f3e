"""The daily report: every object of the database against its suite, duplicates, orphans, and the trend."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from prefect import flow
from prefect.artifacts import create_link_artifact, create_markdown_artifact
from prefect.client.schemas.objects import State

from flows.outcome import StepsFailed, ended
from tandem.errors import TandemError
from tandem.run import Run
from tandem.settings import load
from tasks.assess import Assessment, assess, take
from tasks.publish import Published, prepare, publish

#: What the summary says of an object; the rest is in the report.
_TOLD = ("object", "records", "failing", "warned", "quarantined", "completeness", "score", "before", "note")


@flow(name="quality-report", persist_result=False)
def quality_report() -> dict[str, Any] | State[Any]:
    """Judge the data as it is now, and write page, Data Docs and JSON. Asks Salesforce nothing, needs no lease."""
    run = Run("quality-report", load())
    with ended(run) as outcome:
        prepare(run.settings.quality.folder)
        try:
            snapshots, related = take(run)
            found = [assess(run, name, snapshots) for name in snapshots]
            assessments = [each for each in found if isinstance(each, Assessment)]
            problems = [str(each) for each in found if not isinstance(each, Assessment)]
            if not assessments:
                raise TandemError(" ".join(problems))
            published = publish(run, snapshots, assessments, related, problems)
        finally:
            shutil.rmtree(run.staging, ignore_errors=True)
        waiting = [name for name in run.settings.sync.every_object if name not in snapshots]
        outcome.summary = _summary(run, published, waiting)
        text = _markdown(outcome.summary, problems)
        create_markdown_artifact(key="quality-report", markdown=text, description="Data quality")
        for key, page, words in (
            ("quality-page", published.page, "The data quality report"),
            ("quality-data-docs", published.data_docs, "Data Docs"),
        ):
            create_link_artifact(key=key, link=page.as_uri(), link_text=words, description=words)
        if problems:
            raise StepsFailed(" ".join(problems), {**outcome.summary, "status": "Failed"})
    return outcome.result()


def _summary(run: Run, published: Published, waiting: Sequence[str]) -> dict[str, Any]:
    facts = published.facts
    return {
        "run_id": run.id,
        "kind": run.kind,
        "objects": [{name: row[name] for name in _TOLD} for row in facts["objects"]],
        "counts": facts["counts"],
        "not_copied": list(waiting),
        "page": str(published.page),
        "json": str(published.json),
        "data_docs": str(published.data_docs),
    }


def _markdown(summary: Mapping[str, Any], problems: Sequence[str]) -> str:
    lines = [
        "# Data quality",
        "",
        "| object | score | records | failing | with warnings | in quarantine |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    figures = ("records", "failing", "warned", "quarantined")
    for row in summary["objects"]:
        cells = " | ".join(f"{row[name]:,}" for name in figures)
        lines.append(f"| {row['object']} | {row['score']:.1f} | {cells} |")
    lines += ["", *(f"- {row['what']}: {row['records']:,}" for row in summary["counts"])]
    lines += [f"\n**{line}**" for line in problems]
    lines += [f"\n{row['object']}: {row['note']}" for row in summary["objects"] if row["note"]]
    if summary["not_copied"]:
        lines.append(f"\nNot in it, as their first sync has not ended: {', '.join(summary['not_copied'])}.")
    return "\n".join(lines)
