"""Charts as SVG, drawn on the server: they need no script and read well on paper."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

_WIDTH, _HEIGHT, _GAP = 600, 120, 2


def bars(values: Sequence[int | None], labels: Sequence[str], title: str) -> Markup:
    """Draw a bar for each value; ``None`` is a gap, which is not a zero.

    :param labels: what each bar stands for, shown by pointing at it.
    :param title: what a screen reader says for the whole; the figures stand in a table beside it.
    """
    most = max((each for each in values if each is not None), default=0)
    width = _WIDTH / max(len(values), 1)
    drawn = Markup("").join(
        _bar(number * width, width - _GAP, value, most, label)
        for number, (value, label) in enumerate(zip(values, labels, strict=True))
    )
    return Markup(
        '<svg class="bars" role="img" viewBox="0 0 {w} {h}" preserveAspectRatio="none" aria-label="{title}">'
        "{drawn}</svg>"
    ).format(w=_WIDTH, h=_HEIGHT, title=title, drawn=drawn)


def _bar(left: float, width: float, value: int | None, most: int, label: str) -> Markup:
    if value is None:
        return Markup(
            '<rect class="gap" x="{x:.1f}" y="{y}" width="{w:.1f}" height="2"><title>{t}</title></rect>'
        ).format(x=left, y=_HEIGHT - 2, w=width, t=f"{label}: not measured")
    height = max(1.0, value / most * (_HEIGHT - 4)) if most else 1.0
    return Markup(
        '<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"><title>{t}</title></rect>'
    ).format(x=left, y=_HEIGHT - height, w=width, h=height, t=escape(f"{label}: {value:,}"))


def line(values: Sequence[float | None], labels: Sequence[str], title: str, most: float = 100) -> Markup:
    """Draw values from 0 to ``most`` as a line; ``None`` interrupts it. Arguments as for :func:`bars`."""
    step = _WIDTH / max(len(values), 1)
    pieces: list[list[str]] = [[]]
    dots = Markup()
    for number, (value, label) in enumerate(zip(values, labels, strict=True)):
        if value is None:
            pieces.append([])
            continue
        x, y = step * (number + 0.5), _HEIGHT - 6 - value / most * (_HEIGHT - 12)
        pieces[-1].append(f"{x:.1f},{y:.1f}")
        dots += Markup('<circle cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{t}</title></circle>').format(
            x=x, y=y, t=f"{label}: {value:g}"
        )
    drawn = Markup().join(
        Markup('<polyline points="{points}"/>').format(points=" ".join(piece)) for piece in pieces if piece
    )
    scale = Markup().join(
        Markup('<line class="scale" x1="0" x2="{w}" y1="{y}" y2="{y}"/>').format(w=_WIDTH, y=y)
        for y in (6, _HEIGHT / 2, _HEIGHT - 6)
    )
    return Markup(
        '<svg class="line" role="img" viewBox="0 0 {w} {h}" aria-label="{title}">{scale}{drawn}{dots}</svg>'
    ).format(w=_WIDTH, h=_HEIGHT, title=title, scale=scale, drawn=drawn, dots=dots)


def meter(share: float, title: str) -> Markup:
    """Draw a share of 0 to 1 as a bar that is filled so far."""
    return Markup(
        '<svg class="meter" role="img" viewBox="0 0 100 10" preserveAspectRatio="none" aria-label="{title}">'
        '<rect class="gap" width="100" height="10"/><rect width="{width:.1f}" height="10"/></svg>'
    ).format(width=100 * share, title=title)
