"""``hint("conv2d")``: what a question's author tells someone who does not know how to go on, a step at a time."""

from __future__ import annotations

from autograder.checking.notebook import find_question, unknown_question
from autograder.table import marked

_told: dict[str, int] = {}


class Hint:
    """A text that a notebook shows as the last value of a cell, with names between backticks as code."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<p>{marked(self.text)}</p>"


def hint(question: str) -> Hint:
    """Return the next hint for a question; after the last one it begins again."""
    found = find_question(question)
    if found is None:
        return Hint(unknown_question(question))
    hints = found[1].hints
    if not hints:
        return Hint(f'There is no hint for `{question}`. `check("{question}")` says what is not right yet.')
    place = _told.get(question, 0) % len(hints)
    _told[question] = place + 1
    more = f' Run `hint("{question}")` again for the next one.' if place + 1 < len(hints) else ""
    return Hint(f"Hint {place + 1} of {len(hints)}: {hints[place]}{more}")
