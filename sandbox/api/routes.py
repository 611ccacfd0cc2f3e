"""Every path that the org answers, family by family."""

from __future__ import annotations

from sandbox.api import (
    bulk1,
    bulk2_ingest,
    bulk2_query,
    collections,
    composite,
    composite_more,
    describe,
    limits,
    oauth,
    query,
    recent,
    replicate,
    rows,
    soap,
    versions,
)
from sandbox.api.control import Control
from sandbox.core import Core
from sandbox.http.dispatch import Dispatcher


def dispatcher(core: Core, control: Control | None = None) -> Dispatcher:
    """All families, wired together."""
    out = Dispatcher()
    versions.add(out)
    oauth.add(out)
    limits.add(out.data)
    query.add(out.data)
    recent.add(out.data)
    # Fixed segments go before placeholders: `composite/sobjects` before `sobjects/{name}`.
    collections.add(out.data)
    composite.add(out)
    composite_more.add(out)
    describe.add(out.data)
    replicate.add(out.data)
    rows.add(out.data)
    soap.add(out.root)
    bulk1.add(out.root, core)
    bulk2_query.add(out.data, core)
    bulk2_ingest.add(out.data, core)
    if control is not None:
        control.add(out.root)
    return out
