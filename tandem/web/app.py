"""The application: pages, metrics, and one clear page for whatever is asked for and cannot be shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from tandem.database.connection import Database
from tandem.errors import DatabaseError, NotFound, TandemError
from tandem.reports.backlog import backlog
from tandem.reports.quality import latest_scores
from tandem.reports.status import overview
from tandem.settings import Settings
from tandem.web.metrics import exposition
from tandem.web.pages import PAGES, Page
from tandem.web.parameters import Parameters
from tandem.web.times import ago, when

_STYLE = Path(__file__).with_name("style.css")
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
#: A writer has the database for a moment, a first sync for longer: the page then says so instead of waiting.
_PATIENCE_SECONDS = 3.0
_AGAIN_SECONDS = 5


class Site:
    """The status page over one installation's database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(
            settings.database, _PATIENCE_SECONDS, settings.memory_limit, settings.threads
        )
        self._templates = Environment(
            loader=PackageLoader("tandem.web"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self._templates.filters |= {
            "when": when,
            "ago": ago,
            "number": _number,
            "breakable": _breakable,
            "value": _value,
        }
        self._templates.globals["pages"] = PAGES

    def routes(self) -> list[Route]:
        """Where everything is."""
        return [
            *(Route(page.path, self._answer(page)) for page in PAGES),
            Route("/metrics", self._metrics),
            Route("/style.css", lambda _: FileResponse(_STYLE, media_type="text/css")),
        ]

    def problem(self, request: Request, error: Exception) -> Response:
        """Say in one line what went wrong: an address that is none, a parameter that means nothing, a busy file."""
        status, text = _described(request, error)
        busy = status is HTTPStatus.SERVICE_UNAVAILABLE
        page = self._templates.get_template("problem.html").render(
            title="Not now" if busy else status.phrase, text=text, again=_AGAIN_SECONDS if busy else None
        )
        headers = {"Retry-After": str(_AGAIN_SECONDS)} if busy else {}
        return HTMLResponse(page, status, {**_SECURITY, **headers})

    def _answer(self, page: Page) -> Callable[[Request], Response]:
        template = self._templates.get_template(page.template)

        def answer(request: Request) -> Response:
            parameters = Parameters(request.query_params, page.parameters)
            with self._database.read() as session:
                facts = page.facts(session, self._settings, parameters)
            return HTMLResponse(template.render(facts, title=page.title), headers=_SECURITY)

        return answer

    def _metrics(self, _: Request) -> Response:
        with self._database.read() as session:
            facts, waiting = overview(session, self._settings.budget), backlog(session)
            scores = latest_scores(session)
        text = exposition(facts, waiting, scores)
        return Response(text, media_type=CONTENT_TYPE_LATEST, headers=_SECURITY)


def create_app(settings: Settings) -> Starlette:
    """Return the application. Only a browser that asks for a loopback name is answered."""
    site = Site(settings)
    return Starlette(
        routes=site.routes(),
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])],
        exception_handlers=dict.fromkeys((HTTPException, TandemError, Exception), site.problem),
    )


def _described(request: Request, error: Exception) -> tuple[HTTPStatus, str]:
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.status_code)
        if status is HTTPStatus.NOT_FOUND:
            return status, f"There is no page {request.url.path}."
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            return status, "This page only shows; it takes no changes."
        return status, error.detail
    if isinstance(error, DatabaseError):
        return HTTPStatus.SERVICE_UNAVAILABLE, str(error)
    if isinstance(error, NotFound):
        return HTTPStatus.NOT_FOUND, str(error)
    if isinstance(error, TandemError):
        return HTTPStatus.BAD_REQUEST, str(error)
    return (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "This is a defect of Tandem's. What happened stands in the log of `tandem serve`; the sync goes on.",
    )


def _breakable(text: str) -> Markup:
    """A code may go over into the next line after an underscore; nothing is copied along with it."""
    return Markup("_<wbr>").join(text.split("_"))


def _value(value: Any) -> str:
    """A value of the database as people write it: null is a dash, a time is this machine's."""
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "–" if value is None else str(value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"
