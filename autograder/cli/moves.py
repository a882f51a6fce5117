"""Who gains or loses points, as a table that fits a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from autograder.text import printable

if TYPE_CHECKING:
    from autograder.grading.moves import Move

_MAX_NAME = 16


def moves_table(title: str, moves: Sequence[Move]) -> Table:
    """Return a row a submission: from which score to which, and the checks that moved it, each by its points."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("student", "exercise"):
        table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=_MAX_NAME)
    for head in ("from", "to", "by"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("because of", overflow="fold")
    for move in moves:
        checks = "\n".join(f"{name} {change:+g}" for name, change in move.checks)
        table.add_row(
            *(Text(printable(text)) for text in (move.student, move.exercise)),
            *(f"{move.before:g}", f"{move.after:g}"),
            Text(f"{round(move.after - move.before, 6):+g}", style="yellow" if move.lowers else "green"),
            Text(checks),
        )
    return table
