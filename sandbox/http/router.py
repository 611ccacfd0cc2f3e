"""Finds the handler of a path: segments ignore case, a trailing slash is optional (facts 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.http.call import Answer, Call

Handler = Callable[[Call, Mapping[str, str]], Answer]


@dataclass(slots=True, frozen=True)
class Route:
    """A pattern like `sobjects/{name}/{id}`; `needs_user=False` opens it to everyone."""

    methods: frozenset[str]
    segments: tuple[str, ...]
    handler: Handler
    needs_user: bool = True
    counted: bool = True
    any_version: bool = False


class Router:
    """All routes, tried in the order in which they were added."""

    def __init__(self) -> None:
        self._routes: dict[int, list[Route]] = {}

    def add(
        self,
        methods: str,
        pattern: str,
        handler: Handler,
        needs_user: bool = True,
        counted: bool = True,
    ) -> None:
        """Take a route in. `{name}` matches one segment."""
        segments = tuple(part for part in pattern.split("/") if part)
        route = Route(frozenset(methods.split()), segments, handler, needs_user, counted)
        self._routes.setdefault(len(segments), []).append(route)

    def find(self, method: str, parts: Sequence[str]) -> tuple[Route | None, dict[str, str], bool]:
        """The route, what its placeholders stand for, and whether the path exists under another method."""
        known = False
        for route in self._routes.get(len(parts), []):
            found = _match(route.segments, parts)
            if found is None:
                continue
            if method in route.methods:
                return route, found, True
            known = True
        return None, {}, known


def _match(segments: Sequence[str], parts: Sequence[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for segment, part in zip(segments, parts, strict=True):
        if segment.startswith("{"):
            found[segment[1:-1]] = part
        elif segment.lower() != part.lower():
            return None
    return found
