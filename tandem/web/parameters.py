"""What stands behind the question mark of an address, as people type it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tandem.errors import TandemError


class Parameters:
    """The parameters of one request to a page."""

    def __init__(self, given: Mapping[str, str], known: Sequence[str]) -> None:
        """:param known: names that the page has.

        :raises TandemError: another one was given.
        """
        for name in given:
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise TandemError(f"This page has no parameter {name!r}; {has}.")
        self._given = given

    def word(self, name: str) -> str:
        """Return a text, empty if none was given."""
        return self._given.get(name, "").strip()

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a number.

        :raises TandemError: it is none, or too small or large.
        """
        text = self.word(name) or str(default)
        if not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
            raise TandemError(f"{name} is a number from {least} to {most}.")
        return int(text)

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of several words, empty if none was given.

        :raises TandemError: it is none of them.
        """
        text = self.word(name)
        if text and text not in choices:
            raise TandemError(f"{name} is one of: {', '.join(choices)}.")
        return text
