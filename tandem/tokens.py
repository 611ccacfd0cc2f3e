"""Tokens in the texts of flow steps: ``{{lead.First Name}}``, with a default: ``{{lead.First Name:default=friend}}``.

Names are those of marketing's columns, written as a person would: ``Job Title`` is ``job_title``. The groups are
``lead`` (or ``person``), ``company``, ``campaign`` (``Name``) and ``system`` (``date``, ``time``, ``dateTime``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tandem.errors import TandemError

_TOKEN = re.compile(r"\{\{\s*([^{}.]*)\.([^{}:]*)(?::default=([^{}]*))?\}\}")

Values = Mapping[str, Mapping[str, Any]]
"""Group, then name, to value; names as :func:`plain` writes them."""


def resolve(text: str, values: Values) -> str:
    """Put values in place of a text's tokens; one without a value takes its default, or nothing.

    >>> resolve("Call {{lead.First Name:default=them}}", {"lead": {"firstname": None}})
    'Call them'

    :raises TandemError: there is no such token.
    """

    def value(found: re.Match[str]) -> str:
        group, name, default = plain(found[1]), plain(found[2]), found[3] or ""
        known = values.get({"person": "lead"}.get(group, group))
        if known is None or name not in known:
            raise TandemError(
                f"There is no token {found[0]}. Use lead, company, campaign or system, a dot, and the name of a"
                " field, e.g. {{lead.First Name}}."
            )
        given = known[name]
        return default if given is None or given == "" else str(given)

    return _TOKEN.sub(value, text)


def plain(name: str) -> str:
    """Return a name without what spelling varies: case, blanks, underscores."""
    return re.sub(r"[\s_]+", "", name).lower()
