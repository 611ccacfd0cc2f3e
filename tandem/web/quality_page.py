"""The data quality report as one HTML file that needs nothing else: to mail, to print, to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tandem.charts import line, meter

#: Examples of a kind that the page shows.
_SHOWN = 25
_STYLE = Path(__file__).with_name("style.css")


def render(report: Mapping[str, Any], problems: Sequence[str] = (), data_docs: str | None = None) -> str:
    """Return the page.

    :param report: what :func:`tandem.reports.quality.quality` returns.
    :param problems: lines about what could not be judged.
    :param data_docs: the address of Data Docs as seen from the page's folder.
    """
    templates = Environment(
        loader=PackageLoader("tandem.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"when": _when, "percent": _percent, "number": _number, "score": _score}
    judged = [each for each in report["objects"] if each["records"] or each["quarantined"]]
    return templates.get_template("quality_report.html").render(
        report=report,
        objects=[_drawn(each) for each in judged],
        empty=[each for each in report["objects"] if each not in judged],
        problems=problems,
        data_docs=data_docs,
        style=Markup(_STYLE.read_text("utf-8")),  # ours: it holds nothing that would need escaping
        meter=meter,
        shown=_SHOWN,
    )


def _drawn(row: Mapping[str, Any]) -> dict[str, Any]:
    days = row["trend"]
    known = [each["score"] for each in days]
    title = f"Score of {row['object']}, 0 to 100, from {days[0]['day']} to {days[-1]['day']}"
    several = sum(score is not None for score in known) > 1
    return {
        **row,
        "title": title,
        "chart": line(known, [str(each["day"]) for each in days], title) if several else None,
        "broken": [each for each in row["expectations"] if each["passed"] is False],
        "filled": [each for each in row["fields"] if each["filled"]],
        "never_filled": [each["field"] for each in row["fields"] if not each["filled"]],
    }


def _when(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "–"


def _percent(part: float | None, whole: float = 1) -> str:
    """A share in words that never say all or nothing of what is not."""
    if part is None or not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1\u00a0%"
    if 99.9 < share < 100:
        return "> 99.9\u00a0%"
    return f"{share:.1f}\u00a0%"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
