"""`/services/data`: which versions there are, and what each of them offers (facts 3)."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core import ORG_ID, VERSIONS
from sandbox.http.call import Answer, Call
from sandbox.http.dispatch import Dispatcher

_SEASONS = ("Spring", "Summer", "Winter")
_RESOURCES = (
    "analytics",
    "composite",
    "identity",
    "jobs",
    "limits",
    "query",
    "queryAll",
    "recent",
    "sobjects",
)


def add(dispatcher: Dispatcher) -> None:
    """Take the family's paths in."""
    dispatcher.root.add("GET", "services/data", versions, needs_user=False, counted=False)
    dispatcher.data.add("GET", "", resources)


def versions(call: Call, found: Mapping[str, str]) -> Answer:
    """All versions; open to everyone and not counted."""
    return Answer(
        body=[
            {"label": label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in VERSIONS
        ]
    )


def label(number: int) -> str:
    """The season of a version: v60.0 was Spring '24."""
    year, season = divmod(number - 60, 3)
    year += 24 + (1 if season == 2 else 0)
    return f"{_SEASONS[season]} '{year:02d}"


def resources(call: Call, found: Mapping[str, str]) -> Answer:
    """The resources of one version."""
    base = f"/services/data/v{call.version}"
    out = {name: f"{base}/{name}" for name in _RESOURCES}
    out["identity"] = f"{call.base_url}/id/{ORG_ID}/{call.who.id}"
    return Answer(body=out)
