"""How a notebook shows the outcome of checks: an HTML table, and plain text where there is no HTML."""

from __future__ import annotations

from html import escape

from autograder.results import Outcome, QuestionResult
from autograder.table import as_html, as_text


class Table:
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
        return "\n".join(part for part in (as_text(self._headline(), self.result), self._way_on()) if part)

    def _repr_html_(self) -> str:
        if self.result is None:
            return f"<p>{escape(self.message)}</p>"
        footer = "These are the public checks. Your submission is graded with further, hidden ones."
        return as_html(self._headline(), self.result, f"{footer} {self._way_on()}".strip() if self._public_only else "")

    def _way_on(self) -> str:
        """Say where there are hints, to those who may need one."""
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
