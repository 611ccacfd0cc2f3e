"""The pages and how they are reached. Every page is one short look into the database, closed before drawing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from tandem.charts import bars
from tandem.clock import utc_now
from tandem.database.connection import Database, Session
from tandem.errors import DatabaseError, TandemError
from tandem.reports import errors as error_report
from tandem.reports import person as person_report
from tandem.reports import quarantine as quarantine_report
from tandem.reports.api_use import api_use
from tandem.reports.backlog import backlog
from tandem.reports.status import StepFilter, api_calls, overview, steps
from tandem.settings import Settings
from tandem.web.metrics import exposition

_STYLE = Path(__file__).with_name("style.css")
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
#: A writer has the database for a moment, a first sync for longer: the page then says so instead of waiting.
_PATIENCE_SECONDS = 3.0
_MOST_ROWS = 200


class Pages:
    """The pages over one installation's database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(
            settings.database, _PATIENCE_SECONDS, settings.memory_limit, settings.threads
        )
        self._templates = Environment(
            loader=PackageLoader("tandem.web"), autoescape=True, undefined=StrictUndefined
        )
        self._templates.filters |= {"when": _when, "number": _number}

    def routes(self) -> list[Route]:
        """Where each page is."""
        return [
            Route("/", self._page("overview.html", self._overview)),
            Route("/steps", self._page("steps.html", self._steps)),
            Route("/errors", self._page("errors.html", self._errors)),
            Route("/backlog", self._page("backlog.html", self._backlog)),
            Route("/quarantine", self._page("quarantine.html", self._quarantine)),
            Route("/people", self._page("person.html", self._person)),
            Route("/api", self._page("api.html", self._api)),
            Route("/metrics", self._metrics),
            Route("/style.css", lambda _: FileResponse(_STYLE, media_type="text/css")),
        ]

    def problem(self, request: Request, error: Exception) -> Response:
        """Say in one line what went wrong: an address that is none, a parameter that means nothing, a busy file."""
        status = error.status_code if isinstance(error, HTTPException) else 400
        text = error.detail if isinstance(error, HTTPException) else str(error)
        if isinstance(error, DatabaseError):
            status = 503
        elif status == 404:
            text = f"There is no page {request.url.path}."
        elif status == 405:
            text = "This page only shows; it takes no changes."
        title = "Not now" if status == 503 else HTTPStatus(status).phrase
        page = self._templates.get_template("problem.html").render(title=title, text=text, status=status)
        headers = {"Retry-After": "5"} if status == 503 else {}
        return HTMLResponse(page, status, {**_SECURITY, **headers})

    def _page(
        self, template: str, facts: Callable[[Session, Request], dict[str, Any]]
    ) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            with self._database.read() as session:
                found = facts(session, request)
            page = self._templates.get_template(template).render(found)
            return HTMLResponse(page, headers=_SECURITY)

        return answer

    def _overview(self, session: Session, _: Request) -> dict[str, Any]:
        waiting = backlog(session)
        return {
            "facts": overview(session, self._settings.budget),
            "backlog": waiting,
            "chart": _trend(waiting),
            "steps": steps(session, StepFilter(utc_now() - timedelta(days=1)))[:15],
            "groups": error_report.groups(session, error_report.ErrorFilter())[:5],
        }

    def _steps(self, session: Session, request: Request) -> dict[str, Any]:
        days = _number_of(request, "days", 5, 1, self._settings.sync.keep_days)
        chosen = {name: _word(request, name) for name in ("object", "operation", "status")}
        since = utc_now() - timedelta(days=days)
        wanted = {name: [value] if value else [] for name, value in chosen.items()}
        found = steps(session, StepFilter(since, wanted["object"], wanted["operation"], wanted["status"]))
        every = steps(session, StepFilter(since))
        offered = {name: sorted({row[name] for row in every}) for name in chosen}
        return {
            "steps": found[:_MOST_ROWS],
            "count": len(found),
            "days": days,
            "chosen": chosen,
            "offered": offered,
        }

    def _errors(self, session: Session, request: Request) -> dict[str, Any]:
        code = _word(request, "code")
        chosen = error_report.ErrorFilter(code=code or None)
        groups = error_report.groups(session, error_report.ErrorFilter())
        if code and code not in {group["code"] for group in groups}:
            raise TandemError(f"No error with the code {code} stands. See /errors for those that do.")
        return {
            "groups": groups,
            "code": code,
            "entries": error_report.entries(session, chosen, _MOST_ROWS) if code else [],
        }

    def _backlog(self, session: Session, _: Request) -> dict[str, Any]:
        waiting = backlog(session)
        return {"backlog": waiting, "chart": _trend(waiting)}

    def _quarantine(self, session: Session, _: Request) -> dict[str, Any]:
        return {"rows": quarantine_report.waiting(session, _MOST_ROWS)}

    def _person(self, session: Session, request: Request) -> dict[str, Any]:
        key = _word(request, "key")
        if not key:
            return {"key": "", "found": None}
        return {"key": key, "found": person_report.show(session, person_report.find_person(session, key))}

    def _api(self, session: Session, _: Request) -> dict[str, Any]:
        use = api_use(session)
        labels = [f"{back} to {back - 1} hours ago" for back in range(24, 0, -1)]
        return {
            "use": use,
            "api": api_calls(session, self._settings.budget),
            "chart": bars(use["by_hour"], labels, "API calls in each of the last 24 hours"),
        }

    def _metrics(self, _: Request) -> Response:
        with self._database.read() as session:
            facts, waiting = overview(session, self._settings.budget), backlog(session)
        return Response(exposition(facts, waiting), media_type=CONTENT_TYPE_LATEST, headers=_SECURITY)


def create_app(settings: Settings) -> Starlette:
    """Return the application. Only a browser that asks for a loopback name is answered."""
    pages = Pages(settings)
    return Starlette(
        routes=pages.routes(),
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])],
        exception_handlers={HTTPException: pages.problem, TandemError: pages.problem},
    )


def _trend(waiting: dict[str, Any]) -> Any:
    points = waiting["trend"]
    title = "Records that waited, five days in steps of four hours"
    return bars([each["records"] for each in points], [_when(each["at"]) for each in points], title)


def _word(request: Request, name: str) -> str:
    return request.query_params.get(name, "").strip()


def _number_of(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = _word(request, name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise TandemError(f"{name} is a number from {least} to {most}.")
    return int(text)


def _when(value: datetime | None) -> str:
    """A time in this machine's zone: who reads the page sits near it, or knows."""
    return f"{value.replace(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M:%S}" if value else "–"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"
