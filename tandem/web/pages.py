"""The pages and the facts on them. Each is one short look into the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tandem.charts import bars, line
from tandem.clock import utc_now
from tandem.database.connection import Session
from tandem.errors import NotFound
from tandem.reports import errors as error_report
from tandem.reports import person as person_report
from tandem.reports import quarantine as quarantine_report
from tandem.reports.api_use import api_budget, calls_by_hour, calls_by_use
from tandem.reports.backlog import backlog
from tandem.reports.fields import hidden_columns
from tandem.reports.quality import latest_scores, quality
from tandem.reports.status import StepFilter, count_steps, overview, step_names, steps
from tandem.reports.timeline import Way, timeline
from tandem.reports.why import why
from tandem.settings import Settings
from tandem.web.parameters import Parameters
from tandem.web.times import when

_MOST_ROWS = 200


@dataclass(frozen=True)
class Page:
    """One page: where it is, what it is called, and what stands on it."""

    path: str
    title: str
    facts: Callable[[Session, Settings, Parameters], dict[str, Any]]
    """Template variables; the template is called after the function."""
    parameters: tuple[str, ...] = ()

    @property
    def template(self) -> str:
        """The file under ``templates``."""
        return f"{self.facts.__name__.lstrip('_')}.html"


@dataclass(frozen=True)
class Chart:
    """A chart and the line under it, which says its height and its ends."""

    drawing: Any
    caption: str


def _overview(session: Session, settings: Settings, _: Parameters) -> dict[str, Any]:
    waiting = backlog(session)
    facts = overview(session, settings.budget)
    return {
        "facts": facts,
        "paused": [name for name in settings.sync.every_object if settings.sync.is_paused(name)],
        "pause_seconds": settings.sync.pause_seconds,
        "backlog": waiting,
        "chart": _trend(waiting),
        "worst": min(latest_scores(session), key=lambda each: each["score"], default=None),
        "steps": steps(session, StepFilter(utc_now() - timedelta(days=1), with_idle=False), 15),
        "groups": error_report.groups(session, error_report.ErrorFilter())[:5],
    }


def _steps(session: Session, settings: Settings, asked: Parameters) -> dict[str, Any]:
    days = asked.number("days", 5, 1, settings.sync.keep_days)
    chosen = {name: asked.word(name) for name in ("object", "operation", "status")}
    since = utc_now() - timedelta(days=days)
    wanted = {name: [value] if value else [] for name, value in chosen.items()}
    steps_wanted = StepFilter(since, wanted["object"], wanted["operation"], wanted["status"])
    offered = step_names(session, since)
    return {
        "steps": steps(session, steps_wanted, _MOST_ROWS),
        "count": count_steps(session, steps_wanted),
        "days": days,
        "chosen": chosen,
        "offered": {name: sorted({*names, *wanted[name]}) for name, names in offered.items()},
    }


def _errors(session: Session, _: Settings, asked: Parameters) -> dict[str, Any]:
    code = asked.word("code")
    chosen = error_report.ErrorFilter(code=code or None)
    groups = error_report.groups(session, error_report.ErrorFilter())
    if code and code not in {group["code"] for group in groups}:
        raise NotFound(f"No error with the code {code} stands. See /errors for those that do.")
    return {
        "groups": groups,
        "code": code,
        "entries": error_report.entries(session, chosen, _MOST_ROWS) if code else [],
    }


def _backlog(session: Session, _: Settings, __: Parameters) -> dict[str, Any]:
    waiting = backlog(session)
    return {"backlog": waiting, "chart": _trend(waiting)}


def _quality(session: Session, _: Settings, __: Parameters) -> dict[str, Any]:
    report = quality(session)
    charts = {}
    for each in report["objects"] if report else []:
        scores = [day["score"] for day in each["trend"]]
        days = [str(day["day"]) for day in each["trend"]]
        charts[each["object"]] = _chart(scores, days, f"Score of {each['object']} by day", line)
    return {"report": report, "charts": charts}


def _quarantine(session: Session, _: Settings, __: Parameters) -> dict[str, Any]:
    return {"rows": quarantine_report.waiting(session, _MOST_ROWS)}


def _person(session: Session, settings: Settings, asked: Parameters) -> dict[str, Any]:
    key, column = asked.word("key"), asked.word("column")
    way = asked.choice("way", list(Way))
    facts: dict[str, Any] = {"key": key, "way": way, "ways": list(Way), "person": None}
    if not key:
        return facts
    person = person_report.person_of(session, person_report.find_person(session, key))
    declared = person_report.object_of(person)
    events = timeline(session, person, declared, (Way(way),) if way else tuple(Way))
    hidden = hidden_columns(session)
    shown = {name: value for name, value in person.items() if ("person", name) not in hidden}
    return facts | {
        "person": shown,
        "pending": person_report.pending(session, person),
        "events": events[:_MOST_ROWS],
        "count": len(events),
        "explained": why(session, settings.sync, person["id"], column) if column else None,
    }


def _api(session: Session, settings: Settings, _: Parameters) -> dict[str, Any]:
    labels = [f"{back} to {back - 1} hours ago" for back in range(24, 0, -1)]
    return {
        "api": api_budget(session, settings.budget),
        "uses": calls_by_use(session),
        "chart": _chart(calls_by_hour(session), labels, "API calls in each of the last 24 hours"),
    }


def _trend(waiting: dict[str, Any]) -> Chart:
    points = waiting["trend"]
    title = "Records that waited, five days in steps of four hours"
    return _chart([each["records"] for each in points], [when(each["at"]) for each in points], title)


def _chart(
    values: Sequence[float | None],
    labels: Sequence[str],
    title: str,
    draw: Callable[[Sequence[Any], Sequence[str], str], Any] = bars,
) -> Chart:
    known = [(value, label) for value, label in zip(values, labels, strict=True) if value is not None]
    if not known:
        return Chart(draw(values, labels, title), f"{title}. Nothing was measured yet.")
    most, at = max(known, key=lambda each: each[0])
    return Chart(draw(values, labels, title), f"{title}. Highest: {most:,} ({at}). Last: {known[-1][0]:,}.")


#: In the order of the menu.
PAGES = (
    Page("/", "Overview", _overview),
    Page("/steps", "Steps", _steps, ("object", "operation", "status", "days")),
    Page("/errors", "Errors", _errors, ("code",)),
    Page("/backlog", "Backlog", _backlog),
    Page("/quality", "Quality", _quality),
    Page("/quarantine", "Quarantine", _quarantine),
    Page("/people", "People", _person, ("key", "column", "way")),
    Page("/api", "API calls", _api),
)
