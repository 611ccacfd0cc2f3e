"""A served page, asked over HTTP."""

from __future__ import annotations

import html
import re
import urllib.error
import urllib.request


class Site:
    """A served status page."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str, method: str = "GET") -> tuple[int, str, dict[str, str]]:
        """Ask for a path; returns status, text and headers."""
        request = urllib.request.Request(self.address + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def text(self, path: str) -> str:
        """Return a page's words, without its tags."""
        status, page, _ = self.get(path)
        assert status == 200, page
        text = re.sub(r"<[^>]*>", " ", page.replace("<wbr>", ""))
        return html.unescape(re.sub(r"\s+", " ", text))
