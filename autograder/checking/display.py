"""How a notebook shows the outcome of checks: an HTML table, and plain text where there is no HTML."""

from __future__ import annotations

import textwrap
from html import escape

from autograder.results import CheckResult, Outcome, QuestionResult

WORDS = {
    Outcome.PASSED: ("✓", "passed", "#1a7f37"),
    Outcome.FAILED: ("✗", "wrong", "#cf222e"),
    Outcome.NOT_ATTEMPTED: ("○", "not attempted", "#6e7781"),
    Outcome.TIMED_OUT: ("⏱", "too slow", "#9a6700"),
    Outcome.CRASHED: ("✗", "crashed", "#cf222e"),
    Outcome.NOT_RUN: ("–", "not run", "#6e7781"),
    Outcome.GRADER_ERROR: ("!", "our fault", "#8250df"),
}


class Table:
    """The result of ``check(...)``, displayed as the last value of a cell."""

    def __init__(self, result: QuestionResult | None, message: str = "") -> None:
        self.result = result
        self.message = message

    def __repr__(self) -> str:
        if self.result is None:
            return self.message
        lines = [self._headline()]
        for check in self.result.checks:
            mark, word, _ = WORDS[check.outcome]
            lines.append(f"  {mark} {word:13} {_points(check):>9}  {check.title}")
            for text in _explanations(check):
                lines += textwrap.wrap(text, 92, initial_indent=" " * 6, subsequent_indent=" " * 6)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if self.result is None:
            return f"<p>{escape(self.message)}</p>"
        rows = "".join(_row(check) for check in self.result.checks)
        return (
            '<div style="font-family:system-ui,sans-serif;max-width:60em">'
            f'<p style="margin:.4em 0"><b>{escape(self._headline())}</b></p>'
            # JupyterLab lays tables out with columns of a fixed width: ours would lie on top of each other.
            '<table style="table-layout:auto;border-collapse:collapse;width:100%;margin:0;text-align:left">'
            f"{rows}</table>"
            '<p style="margin:.4em 0;opacity:.75;font-size:90%">These are the public checks. '
            "Your submission is graded with further, hidden ones.</p></div>"
        )

    def _headline(self) -> str:
        assert self.result is not None
        outcomes = {check.outcome for check in self.result.checks}
        if outcomes <= {Outcome.PASSED}:
            state = "passed"
        elif outcomes <= {Outcome.NOT_ATTEMPTED, Outcome.NOT_RUN}:
            state = "not attempted yet"
        else:
            state = "not there yet"
        return f"{self.result.name}: {state}, {self.result.score:g} of {self.result.max_score:g} public points"


def _row(check: CheckResult) -> str:
    mark, word, colour = WORDS[check.outcome]
    texts = "".join(
        f'<div style="margin:.2em 0;opacity:.9">{escape(line)}</div>'
        for text in _explanations(check)
        for line in text.split("\n")
    )
    cell = "padding:.35em .7em;vertical-align:top;text-align:left;border-top:1px solid rgba(128,128,128,.35)"
    return (
        f'<tr><td style="{cell};white-space:nowrap;color:{colour};font-weight:600">{mark} {word}</td>'
        f'<td style="{cell};white-space:nowrap;text-align:right">{escape(_points(check))}</td>'
        f'<td style="{cell};width:100%"><div>{escape(check.title)}</div>{texts}</td></tr>'
    )


def _points(check: CheckResult) -> str:
    return f"{check.points:g} / {check.max_points:g}"


def _explanations(check: CheckResult) -> list[str]:
    hint = f"Hint: {check.hint}" if check.hint else ""
    return [text for text in (*check.message.split("\n"), hint) if text]
