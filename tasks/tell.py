"""Tell: what a run did, for the Prefect UI and for whoever called the flow."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from tandem.database import journal
from tandem.run import Run

_COUNTS = ("new", "updated", "deleted", "failed", "skipped")


@task(name="tell", cache_policy=NO_CACHE, persist_result=False)
def tell(run: Run) -> dict[str, Any]:
    """Summarise a run from its journal, as artifacts and as the flow's answer."""
    with run.database.write() as session, session.transaction():
        run.record_calls(session)
        steps = journal.steps_of(session, run.id)
        calls = journal.calls_of_run(session, run.id)
        errors = journal.errors_of(session, run.id)
    log = get_run_logger()
    for step in steps:
        if told := "; ".join(filter(None, (_counts(step), step["detail"]))):
            log.info("%s, %s: %s", step["object"], step["operation"], told)
    log.info("%s. %d API calls. Run %s.", _totals(steps), calls, run.id)
    create_table_artifact(
        key=f"{run.kind}-steps",
        table=[{name: _shown(value) for name, value in step.items()} for step in steps],
        description=f"Run {run.id}: records per step; {calls} API calls.",
    )
    create_markdown_artifact(key=f"{run.kind}-summary", markdown=_markdown(run, steps, calls, errors))
    return {"run_id": run.id, "kind": run.kind, "steps": steps, "api_calls": calls, "errors": errors}


def _counts(step: dict[str, Any]) -> str:
    return ", ".join(f"{step[name]:,} {name}" for name in _COUNTS if step[name])


def _totals(steps: list[dict[str, Any]]) -> str:
    return ", ".join(f"{sum(step[name] for step in steps):,} {name}" for name in _COUNTS)


def _shown(value: Any) -> Any:
    return "" if value is None else value


def _markdown(run: Run, steps: list[dict[str, Any]], calls: int, errors: list[dict[str, Any]]) -> str:
    lines = [f"# {run.kind}", "", f"{_totals(steps)}. {calls} API calls. Run `{run.id}`.", ""]
    for step in steps:
        if step["detail"]:
            lines.append(f"- **{step['object']}**, {step['operation']}: {step['status']}. {step['detail']}")
    if errors:
        lines += ["", "| code | level | count | Salesforce said |", "| --- | --- | ---: | --- |"]
        lines += [
            f"| {each['code']} | {each['level']} | {each['count']} | {each['message'].replace('|', '/')} |"
            for each in errors
        ]
        lines += ["", "See them with `tandem errors`."]
    return "\n".join(lines)
