"""Render results and pictures as plain text and as HTML, for notebooks and pages.

The HTML needs no style sheet, script or other file. Text inherits the colour of the page; all other colours are
readable on light and on dark pages. Messages may contain a student's text, so they are made printable and escaped.
"""

from __future__ import annotations

import base64
import io
import math
import re
import textwrap
from collections.abc import Iterable
from html import escape

from autograder.results.model import CheckResult, Outcome, QuestionResult
from autograder.results.pictures import Part, Picture, Rows
from autograder.text import printable

COLOURS = ("#2f81f7", "#d1570b", "#2da44e", "#a475f9", "#bf8700", "#8b949e")
"""The colours of curves, in order; each has a contrast of at least 3 with white and with black (WCAG 2.1, 1.4.11)."""
# A third of the text's own colour makes a colour darker on light pages and lighter on dark ones. The first declaration
# is for browsers without color-mix.
_WRONG = "color:#cf222e;color:color-mix(in srgb,currentColor 35%,#cf222e);font-weight:700"
_NUMBERS_TO = 8
"""Arrays of up to this many rows and columns are shown as numbers."""
_IMAGE_PX = 132
_WIDTH, _HEIGHT, _MARGIN = 300, 150, 8
_SMALL = "font-size:85%;opacity:.8"
_CELL = "padding:.15em .5em;text-align:right;border:1px solid rgba(128,128,128,.35)"


def picture_as_html(picture: Picture) -> str:
    """Return a picture as an HTML figure with its title and labels."""
    draw = {"images": _images, "difference": _difference, "curves": _curves, "confusion": _confusion}[picture.kind]
    return (
        '<figure style="margin:.6em 0;padding:0">'
        f'<figcaption style="margin:0 0 .3em;{_SMALL}">{escape(picture.title)}</figcaption>{draw(picture)}</figure>'
    )


def _images(picture: Picture) -> str:
    return _beside((part.label, _image(part, *_range(part.rows))) for part in picture.parts)


def _difference(picture: Picture) -> str:
    """Draw both arrays on the grey scale of the expected one, so that equal values look equal."""
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
    """Return a grey image, black at ``low`` and white at ``high``; NaN and infinity are black."""
    from PIL import Image

    spread = high - low or 1.0  # a constant image
    shades = bytes(_shade((value - low) / spread) for row in part.rows for value in row)
    image, file = Image.frombytes("L", (len(part.rows[0]), len(part.rows)), shades), io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return (
        f'<img alt="{escape(part.label)}" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}" '
        f'style="width:{_IMAGE_PX}px;max-width:none;image-rendering:pixelated;border:1px solid rgba(128,128,128,.5)">'
    )


def _shade(value: float) -> int:
    # Clipped: the scale is that of the expected values, and a student's may lie outside.
    return round(255 * min(1.0, max(0.0, value))) if math.isfinite(value) else 0


def _numbers(rows: Rows, wrong: Rows) -> str:
    """Return a table of numbers in which the wrong ones stand out."""
    cells = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}{f";{_WRONG}" if is_wrong else ""}">{value:.3g}</td>'
            for value, is_wrong in zip(row, wrong_row, strict=True)
        )
        + "</tr>"
        for row, wrong_row in zip(rows, wrong, strict=True)
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
        # Every other line is dashed, for readers who cannot tell the colours apart.
        colour, dash = COLOURS[number], ' stroke-dasharray="5 3"' if number % 2 else ""
        points = [point(place, value) for place, value in enumerate(part.rows[0]) if math.isfinite(value)]
        listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polyline points="{listed}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        if len(points) == 1:  # SVG draws nothing for a line of one point
            lines.append(f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{colour}"/>')
        style = "dashed" if number % 2 else "solid"
        legend.append(
            f'<span style="margin-right:1.2em;white-space:nowrap"><span style="display:inline-block;width:1.6em;'
            f'border-top:2px {style} {colour};vertical-align:middle;margin-right:.4em"></span>'
            f"{escape(part.label)}</span>"
        )
    frame = f'<rect x="1" y="1" width="{_WIDTH - 2}" height="{_HEIGHT - 2}" fill="none" stroke="rgba(128,128,128,.5)"/>'
    description = f"{picture.title}: {', '.join(part.label for part in picture.parts)}"
    scale = f'<div style="display:flex;justify-content:space-between;{_SMALL}">{{}}</div>'
    return (
        f'<div style="width:{_WIDTH}px;max-width:100%">{scale.format(f"<span>{high:.3g}</span>")}'
        f'<svg role="img" aria-label="{escape(description)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" '
        f'style="display:block">{frame}{"".join(lines)}</svg>'
        f"{scale.format(f'<span>{low:.3g}</span><span>epoch 1 to {longest}</span>')}"
        f'<div style="{_SMALL}">{"".join(legend)}</div></div>'
    )


# --- Outcomes -----------------------------------------------------------------------------------------------------
WORDS = {
    Outcome.PASSED: ("✓", "passed", "#1a7f37"),
    Outcome.FAILED: ("✗", "wrong", "#cf222e"),
    Outcome.NOT_ATTEMPTED: ("○", "not attempted", "#6e7781"),
    Outcome.TIMED_OUT: ("◔", "too slow", "#9a6700"),
    Outcome.CRASHED: ("✗", "crashed", "#cf222e"),
    Outcome.NOT_RUN: ("–", "not run", "#6e7781"),
    Outcome.GRADER_ERROR: ("!", "grader error", "#8250df"),
}
_COLUMNS = 92
_LONGEST = 1000
"""The most characters of a line that are shown."""


def as_text(headline: str, result: QuestionResult) -> str:
    """Return the checks of a question as plain text; if any is hidden, each line says public or hidden."""
    lines = [headline]
    for check in result.checks:
        mark, word, _ = WORDS[check.outcome]
        kind = f"{check.visibility:6}  " if _has_hidden(result) else ""
        lines.append(f"  {mark} {word:13} {_points(check):>9}  {kind}{printable(check.title)}")
        for text in explanations(check):
            lines += textwrap.wrap(text, _COLUMNS, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def as_html(headline: str, result: QuestionResult, footer: str = "") -> str:
    """Return the checks of a question as an HTML table."""
    rows = "".join(_row(check, with_kind=_has_hidden(result)) for check in result.checks)
    below = f'<p style="margin:.4em 0;opacity:.75;font-size:90%">{escape(footer)}</p>' if footer else ""
    return (
        '<div style="font-family:system-ui,sans-serif;max-width:60em">'
        f'<p style="margin:.4em 0"><b>{escape(headline)}</b></p>'
        # JupyterLab sets table-layout: fixed, in which these columns would overlap.
        '<table style="table-layout:auto;border-collapse:collapse;width:100%;margin:0;text-align:left">'
        f"{rows}</table>{below}</div>"
    )


def _row(check: CheckResult, *, with_kind: bool) -> str:
    mark, word, colour = WORDS[check.outcome]
    shade = f"color:{colour};color:color-mix(in srgb,currentColor 35%,{colour})"
    texts = "".join(f'<div style="margin:.2em 0;opacity:.9">{marked(text)}</div>' for text in explanations(check))
    texts += "".join(picture_as_html(picture) for picture in check.pictures)
    cell = "padding:.35em .7em;vertical-align:top;text-align:left;border-top:1px solid rgba(128,128,128,.35)"
    kind = f'<td style="{cell};opacity:.75">{escape(check.visibility)}</td>' if with_kind else ""
    return (
        f'<tr><td style="{cell};white-space:nowrap;{shade};font-weight:600">{mark} {word}</td>'
        f'<td style="{cell};white-space:nowrap;text-align:right">{escape(_points(check))}</td>{kind}'
        f'<td style="{cell};width:100%;overflow-wrap:anywhere">'
        f"<div>{marked(printable(check.title))}</div>{texts}</td></tr>"
    )


def marked(text: str) -> str:
    """Return text as escaped HTML, with names in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))  # escaped first: the text may be a student's


def _has_hidden(result: QuestionResult) -> bool:
    return any(check.visibility == "hidden" for check in result.checks)


def _points(check: CheckResult) -> str:
    return f"{check.points:g} / {check.max_points:g}"


def explanations(check: CheckResult) -> list[str]:
    """Return the lines of a check's message and its hint, each safe to show."""
    hint = f"Hint: {check.hint}" if check.hint else ""
    return [printable(text, _LONGEST) for text in (*check.message.split("\n"), hint) if text]


# --- In a notebook ------------------------------------------------------------------------------------------------
class CheckTable:
    """The result of ``check(...)``, displayed as the last value of a cell."""

    def __init__(
        self, result: QuestionResult | None, message: str = "", *, public_only: bool = True, hinted: bool = False
    ) -> None:
        self.result = result
        self.message = message
        self._public_only = public_only
        self._hinted = hinted

    def __repr__(self) -> str:
        if self.result is None:
            return self.message
        return "\n".join(part for part in (as_text(self._headline(), self.result), self._hint_advice()) if part)

    def _repr_html_(self) -> str:  # what Jupyter shows; a terminal, and a notebook as plain text, show `__repr__`
        if self.result is None:
            return f"<p>{escape(self.message)}</p>"
        footer = f"These are the public checks. Your submission is also graded with hidden ones. {self._hint_advice()}"
        return as_html(self._headline(), self.result, footer.strip() if self._public_only else "")

    def _hint_advice(self) -> str:
        """Say how to get a hint; empty where there is none, or where all checks passed."""
        if self.result is None or not self._hinted or self.result.score == self.result.max_score:
            return ""
        return f'To get a hint, run hint("{self.result.name}").'

    def _headline(self) -> str:
        assert self.result is not None
        outcomes = {check.outcome for check in self.result.checks}
        if outcomes <= {Outcome.PASSED}:
            state = "passed"
        elif outcomes <= {Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN}:
            state = "not attempted yet"
        else:
            state = "not there yet"
        kind = "public points" if self._public_only else "points"
        return f"{self.result.name}: {state}, {self.result.score:g} of {self.result.max_score:g} {kind}"
