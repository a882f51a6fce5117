"""The outcome of a question's checks as people read it: plain text, and an HTML table where a notebook shows it.

What a student's code had a part in (messages) is made fit to be shown, and escaped.
"""

from __future__ import annotations

import re
import textwrap
from html import escape

from autograder import drawing
from autograder.results import CheckResult, Outcome, QuestionResult
from autograder.text import printable

WORDS = {
    Outcome.PASSED: ("✓", "passed", "#1a7f37"),
    Outcome.FAILED: ("✗", "wrong", "#cf222e"),
    Outcome.NOT_ATTEMPTED: ("○", "not attempted", "#6e7781"),
    Outcome.TIMED_OUT: ("◔", "too slow", "#9a6700"),
    Outcome.CRASHED: ("✗", "crashed", "#cf222e"),
    Outcome.NOT_RUN: ("–", "not run", "#6e7781"),
    Outcome.GRADER_ERROR: ("!", "our fault", "#8250df"),
}
_WIDTH = 92
_LONGEST = 1000
"""The most characters of a line that are shown."""


def as_text(headline: str, result: QuestionResult) -> str:
    """Return the table as plain text; where there are hidden checks, each line tells which kind its check is."""
    lines = [headline]
    for check in result.checks:
        mark, word, _ = WORDS[check.outcome]
        kind = f"{check.visibility:6}  " if _has_hidden(result) else ""
        lines.append(f"  {mark} {word:13} {_points(check):>9}  {kind}{printable(check.title)}")
        for text in explanations(check):
            lines += textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def as_html(headline: str, result: QuestionResult, footer: str = "") -> str:
    """Return the table as HTML that needs no style sheet."""
    rows = "".join(_row(check, with_kind=_has_hidden(result)) for check in result.checks)
    below = f'<p style="margin:.4em 0;opacity:.75;font-size:90%">{escape(footer)}</p>' if footer else ""
    return (
        '<div style="font-family:system-ui,sans-serif;max-width:60em">'
        f'<p style="margin:.4em 0"><b>{escape(headline)}</b></p>'
        # JupyterLab lays tables out with columns of a fixed width: ours would lie on top of each other.
        '<table style="table-layout:auto;border-collapse:collapse;width:100%;margin:0;text-align:left">'
        f"{rows}</table>{below}</div>"
    )


def _row(check: CheckResult, *, with_kind: bool) -> str:
    mark, word, colour = WORDS[check.outcome]
    # A third of the page's own colour of text makes it darker on light pages, and lighter on dark ones.
    shade = f"color:{colour};color:color-mix(in srgb,currentColor 35%,{colour})"
    texts = "".join(f'<div style="margin:.2em 0;opacity:.9">{marked(text)}</div>' for text in explanations(check))
    texts += "".join(drawing.as_html(picture) for picture in check.pictures)
    cell = "padding:.35em .7em;vertical-align:top;text-align:left;border-top:1px solid rgba(128,128,128,.35)"
    kind = f'<td style="{cell};opacity:.75">{escape(check.visibility)}</td>' if with_kind else ""
    return (
        f'<tr><td style="{cell};white-space:nowrap;{shade};font-weight:600">{mark} {word}</td>'
        f'<td style="{cell};white-space:nowrap;text-align:right">{escape(_points(check))}</td>{kind}'
        f'<td style="{cell};width:100%;overflow-wrap:anywhere">'
        f"<div>{marked(printable(check.title))}</div>{texts}</td></tr>"
    )


def marked(text: str) -> str:
    """Return text as HTML, with names that stand between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _has_hidden(result: QuestionResult) -> bool:
    return any(check.visibility == "hidden" for check in result.checks)


def _points(check: CheckResult) -> str:
    return f"{check.points:g} / {check.max_points:g}"


def explanations(check: CheckResult) -> list[str]:
    """Return what is said of a check, a line each, fit to be shown."""
    hint = f"Hint: {check.hint}" if check.hint else ""
    return [printable(text, _LONGEST) for text in (*check.message.split("\n"), hint) if text]
