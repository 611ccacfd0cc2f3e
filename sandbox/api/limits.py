"""`limits`: what is left of the day (facts 5.1). Asking costs a call too."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.http.call import Answer, Call
from sandbox.http.router import Router


def add(router: Router) -> None:
    """Take the family's paths in."""
    router.add("GET", "limits", limits)


def limits(call: Call, found: Mapping[str, str]) -> Answer:
    """All limits with their maxima and remainders."""
    return Answer(body=call.core.meter.table())
