"""Pictures of checks as HTML that needs no style sheet, no script and no other file: for notebooks and for pages.

Text takes the colour of the page that it stands on, and all other colours can be told from light and from dark ones.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable
from html import escape

from autograder.pictures import Part, Picture, Rows

COLOURS = ("#2f81f7", "#d1570b", "#2da44e", "#a475f9", "#bf8700", "#8b949e")
"""Of curves, in their order; each has a contrast of 3 and more with white and with black."""
# A third of the text's own colour makes it darker on light pages, and lighter on dark ones.
_WRONG = "color:#cf222e;color:color-mix(in srgb,currentColor 35%,#cf222e);font-weight:700"
_NUMBERS_TO = 8
"""Arrays of up to so many rows and columns are drawn as their numbers."""
_IMAGE_PX = 132
_WIDTH, _HEIGHT, _MARGIN = 300, 150, 8
_SMALL = "font-size:85%;opacity:.8"
_CELL = "padding:.15em .5em;text-align:right;border:1px solid rgba(128,128,128,.35)"


def as_html(picture: Picture) -> str:
    """Return a picture with its title and labels."""
    draw = {"images": _images, "difference": _difference, "curves": _curves, "confusion": _confusion}[picture.kind]
    return (
        '<figure style="margin:.6em 0;padding:0">'
        f'<figcaption style="margin:0 0 .3em;{_SMALL}">{escape(picture.title)}</figcaption>{draw(picture)}</figure>'
    )


def _images(picture: Picture) -> str:
    return _beside((part.label, _image(part, *_range(part.rows))) for part in picture.parts)


def _difference(picture: Picture) -> str:
    """Draw both on the scale of what was expected, so that what looks the same is the same."""
    expected, got, wrong = picture.parts
    if max(len(expected.rows), len(expected.rows[0])) <= _NUMBERS_TO:
        return _beside((part.label, _numbers(part.rows, wrong.rows)) for part in (expected, got))
    low, high = _range(expected.rows)
    drawn = [(part.label, _image(part, low, high)) for part in (expected, got)]
    return _beside([*drawn, (wrong.label, _image(wrong, 0, 1))])


def _beside(drawn: Iterable[tuple[str, str]]) -> str:
    parts = (f'<div style="margin:0 1em .4em 0"><div style="{_SMALL}">{escape(label)}</div>{html}</div>'
             for label, html in drawn)  # fmt: skip
    return f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start">{"".join(parts)}</div>'


def _range(rows: Rows) -> tuple[float, float]:
    values = [value for row in rows for value in row if math.isfinite(value)]
    return (min(values), max(values)) if values else (0.0, 0.0)


def _image(part: Part, low: float, high: float) -> str:
    """Return a grey image, black at ``low`` and white at ``high``; what is no number is black."""
    from PIL import Image

    spread = high - low or 1.0
    shades = bytes(_shade((value - low) / spread) for row in part.rows for value in row)
    image, file = Image.frombytes("L", (len(part.rows[0]), len(part.rows)), shades), io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return (
        f'<img alt="{escape(part.label)}" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}" '
        f'style="width:{_IMAGE_PX}px;max-width:none;image-rendering:pixelated;border:1px solid rgba(128,128,128,.5)">'
    )


def _shade(value: float) -> int:
    return round(255 * min(1.0, max(0.0, value))) if math.isfinite(value) else 0


def _numbers(rows: Rows, wrong: Rows) -> str:
    """Return a table of numbers, in which those that are wrong stand out."""
    cells = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}{f";{_WRONG}" if bad else ""}">{value:.3g}</td>'
            for value, bad in zip(row, marks, strict=True)
        )
        + "</tr>"
        for row, marks in zip(rows, wrong, strict=True)
    )
    return _table(cells)


def _confusion(picture: Picture) -> str:
    return _beside((part.label, _confusion_table(part.rows)) for part in picture.parts)


def _confusion_table(rows: Rows) -> str:
    head = "".join(f'<th scope="col" style="{_CELL};font-weight:400">predicted {k}</th>' for k in range(len(rows)))
    body = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:400">truly {truth}</th>'
        + "".join(
            f'<td style="{_CELL}{f";{_WRONG}" if count and k != truth else ""}">{count:g}</td>'
            for k, count in enumerate(row)
        )
        + "</tr>"
        for truth, row in enumerate(rows)
    )
    return _table(f'<tr><td style="{_CELL}"></td>{head}</tr>{body}')


def _table(rows: str) -> str:
    return f'<table style="table-layout:auto;border-collapse:collapse;margin:0;font-size:90%">{rows}</table>'


def _curves(picture: Picture) -> str:
    low, high = _range(tuple(part.rows[0] for part in picture.parts))
    spread, longest = high - low or 1.0, max(len(part.rows[0]) for part in picture.parts)

    def point(place: int, value: float) -> tuple[float, float]:
        across = place / (longest - 1) if longest > 1 else 0.5
        return _MARGIN + across * (_WIDTH - 2 * _MARGIN), _MARGIN + (high - value) / spread * (_HEIGHT - 2 * _MARGIN)

    lines, legend = [], []
    for number, part in enumerate(picture.parts):
        colour, dash = COLOURS[number], ' stroke-dasharray="5 3"' if number % 2 else ""
        points = [point(place, value) for place, value in enumerate(part.rows[0]) if math.isfinite(value)]
        listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polyline points="{listed}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        if len(points) == 1:
            lines.append(f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{colour}"/>')
        style = "dashed" if number % 2 else "solid"
        legend.append(
            f'<span style="margin-right:1.2em;white-space:nowrap"><span style="display:inline-block;width:1.6em;'
            f'border-top:2px {style} {colour};vertical-align:middle;margin-right:.4em"></span>'
            f"{escape(part.label)}</span>"
        )
    frame = f'<rect x="1" y="1" width="{_WIDTH - 2}" height="{_HEIGHT - 2}" fill="none" stroke="rgba(128,128,128,.5)"/>'
    words = f"{picture.title}: {', '.join(part.label for part in picture.parts)}"
    scale = f'<div style="display:flex;justify-content:space-between;{_SMALL}">{{}}</div>'
    return (
        f'<div style="width:{_WIDTH}px;max-width:100%">{scale.format(f"<span>{high:.3g}</span>")}'
        f'<svg role="img" aria-label="{escape(words)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" '
        f'style="display:block">{frame}{"".join(lines)}</svg>'
        f"{scale.format(f'<span>{low:.3g}</span><span>epoch 1 to {longest}</span>')}"
        f'<div style="{_SMALL}">{"".join(legend)}</div></div>'
    )
