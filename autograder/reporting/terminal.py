"""Show grading in a terminal of 80 columns: progress, trouble as it happens, the class table, and changed scores.

A terminal gets rich's colours and progress bar; a file or a pipe gets plain lines. Names and messages come from
students, so they are shown as `printable` text, never as markup.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from autograder.course import Course
from autograder.results.model import Outcome, Result, Status
from autograder.text import printable

if TYPE_CHECKING:
    from autograder.results.store import ScoreChange


_MAX_STUDENT = 24
_MIN_STUDENT = 8
_STEPS = 10
"""How many times progress is printed when the output is not a terminal."""


class GradingProgress:
    """Show the progress of grading. Use it in a ``with`` block and call `advance` with each result.

    ``clock`` returns seconds; the time left is extrapolated from it.
    """

    def __init__(self, total: int, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.console = console
        self.done = 0
        self._clock = clock
        self._started = clock()
        self._bar = Progress(
            TextColumn("grading"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
            expand=True,
            disable=not console.is_terminal,  # plain lines instead: see `advance`
        )
        self._task = self._bar.add_task("grading", total=total)

    def __enter__(self) -> Self:
        self._started = self._clock()
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, result: Result) -> None:
        """Count one more result, and print what went wrong with it, if anything did."""
        self.done += 1
        if trouble := describe_trouble(result):
            self._say(result, trouble)
        self._bar.advance(self._task)
        if not self.console.is_terminal and self._ends_a_step():
            self.console.print(f"{self.done} of {self.total} graded{self._time_left()}", soft_wrap=True)

    def _say(self, result: Result, trouble: str) -> None:
        line = Text.assemble(
            (printable(result.student, 40), "bold"), " ", printable(result.exercise, 40), ": ", (trouble, "yellow")
        )
        self.console.print(line, soft_wrap=not self.console.is_terminal)  # in a file, one line per result

    def _ends_a_step(self) -> bool:
        total = max(self.total, 1)
        return self.done * _STEPS // total > (self.done - 1) * _STEPS // total  # the result that completes a tenth

    def _time_left(self) -> str:
        if self.done >= self.total:
            return ""
        seconds = (self._clock() - self._started) / self.done * (self.total - self.done)
        if seconds < 60:
            return ", less than a minute left"
        minutes = math.ceil(seconds / 60)
        if minutes > 90:
            return f", about {minutes // 60} h {minutes % 60:02} min left"
        return f", about {minutes} min left"


def describe_trouble(result: Result) -> str:
    """Return one line about what may need review; empty if grading went without trouble."""
    if result.status is Status.UNREADABLE:
        return printable(result.message) or "It cannot be read."
    counts = [
        _count(result, Outcome.GRADER_ERROR, "could not be decided (grader error)"),
        _count(result, Outcome.CRASHED, "crashed"),
        _count(result, Outcome.TIMED_OUT, "took too long"),
    ]
    troubles = [text for text in counts if text]
    if result.status is Status.GRADER_ERROR and not troubles:
        troubles = [printable(result.review or result.message) or "The grader failed."]  # the review names the cure
    return "; ".join(troubles)


def _count(result: Result, outcome: Outcome, what: str) -> str:
    number = sum(check.outcome is outcome for question in result.questions for check in question.checks)
    return f"{number} check{'s' * (number != 1)} {what}" if number else ""


# --- The class ------------------------------------------------------------------------------------
def print_summary(console: Console, results: Iterable[Result], course: Course | None = None) -> None:
    """Print the class as a table that fits the console, and count the submissions that need attention."""
    ordered = list(results)
    if not ordered:
        console.print("Nothing was graded.")
        return
    console.print(summary_table(ordered, course, console.width))


def summary_table(results: Sequence[Result], course: Course | None = None, width: int = 80) -> RenderableType:
    """Return the scores of a class, one row per student, in at most ``width`` columns if possible.

    Exercises are in the order of the course. If their names do not fit they are numbered, with a legend. The marks
    that occur are explained below the table.
    """
    exercises = _exercises(results, course)
    students = sorted({result.student for result in results})
    of = {(result.student, result.exercise): result for result in results}
    columns = [[of.get((student, exercise)) for student in students] for exercise in exercises]
    heads = [printable(exercise, 40) for exercise in exercises]
    numbers = [str(place) for place in range(1, len(heads) + 1)]
    named = _Scores(students, heads, columns)
    if named.width <= width:
        parts: list[RenderableType] = [named.table(width)]
    else:
        legend = ", ".join(f"{number}={head}" for number, head in zip(numbers, heads, strict=True))
        parts = [_Scores(students, numbers, columns).table(width), Text(legend, style="dim")]
    return Group(*parts, *(Text(line) for line in _marks(results)), _counts(results))


def _exercises(results: Sequence[Result], course: Course | None) -> list[str]:
    """Return the exercises of the results, those of the course first and in its order."""
    order = [exercise.name for exercise in course.exercises] if course else []
    present = {result.exercise for result in results}
    return [name for name in order if name in present] + sorted(present - set(order))


class _Scores:
    """The class table as text: one column per exercise, one row per student, mean and maximum at the foot."""

    def __init__(self, students: list[str], heads: list[str], columns: list[list[Result | None]]) -> None:
        self.students = [printable(student) for student in students]
        self.heads = [*heads, "total"]
        self.cells = [[_cell(result) for result in column] for column in columns]
        rows = zip(*columns, strict=True)
        self.cells.append([Text(_number(sum(result.score for result in row if result))) for row in rows])
        self.feet = [*(_foot(column) for column in columns), ("", _possible(columns))]

    @property
    def width(self) -> int:
        """The width in terminal columns, with students' names uncut up to the longest allowed."""
        longest = max(cell_len(student) for student in self.students)  # not len: 中 takes two columns
        return min(_MAX_STUDENT, max(longest, _MIN_STUDENT)) + self._scores_width()

    def _scores_width(self) -> int:
        texts = zip(self.heads, self.cells, self.feet, strict=True)
        return sum(2 + max(map(cell_len, (head, *map(str, cells), *feet))) for head, cells, feet in texts)

    def table(self, width: int) -> Table:
        """Return the table, with names cut so that the scores fit in ``width`` columns."""
        names = max(_MIN_STUDENT, min(_MAX_STUDENT, width - self._scores_width()))
        table = Table(box=None, show_footer=True, pad_edge=False, padding=(0, 2, 0, 0))
        table.header_style = table.footer_style = "bold"
        table.add_column("student", Text("mean\nof"), no_wrap=True, overflow="ellipsis", max_width=names)
        for head, foot in zip(self.heads, self.feet, strict=True):
            table.add_column(Text(head), Text("\n".join(foot)), justify="right", no_wrap=True)
        for student, *row in zip(self.students, *self.cells, strict=True):
            table.add_row(Text(student), *row)
        return table


def _foot(column: list[Result | None]) -> tuple[str, str]:
    """Return the mean of the graded submissions and the maximum points."""
    scores = [result.score for result in column if result and result.status is Status.GRADED]
    mean = _number(round(sum(scores) / len(scores), 1)) if scores else "-"
    return mean, _number(_maximum(column))


def _possible(columns: list[list[Result | None]]) -> str:
    """Return the maximum points of all exercises, with those of optional ones after a plus."""
    bonus = sum(_maximum(column) for column in columns if any(result and result.optional for result in column))
    return _number(sum(map(_maximum, columns)) - bonus) + (f"+{_number(bonus)}" if bonus else "")


def _maximum(column: list[Result | None]) -> float:
    return max(result.max_score for result in column if result)


def _cell(result: Result | None) -> Text:
    if result is None:
        return Text("-", style="dim")
    if result.status is Status.UNREADABLE:
        return Text("unread", style="red")
    score = _number(result.score)
    if result.status is Status.GRADER_ERROR:
        return Text(f"?{score}", style="magenta")
    if _has(result, Outcome.CRASHED) or _has(result, Outcome.TIMED_OUT):
        return Text(f"*{score}", style="yellow")
    return Text(score, style="green" if result.score == result.max_score else "")


def _marks(results: Sequence[Result]) -> list[str]:
    """Explain the marks that occur in the table."""
    shown = {str(_cell(result))[0] for result in results}  # a mark is the first character
    meanings = {"*": "code crashed or took too long", "?": "grader error: needs review"}
    lines = [f"{mark} {meaning}" for mark, meaning in meanings.items() if mark in shown]
    if any(result.status is Status.UNREADABLE for result in results):
        lines.append("unread: the file cannot be read")
    return lines


def _counts(results: Sequence[Result]) -> Text:
    """Return a line with the number of submissions and of those that need attention."""
    kinds = [
        ("unreadable", "red", [result.status is Status.UNREADABLE for result in results]),
        ("with grader errors", "magenta", [result.status is Status.GRADER_ERROR for result in results]),
        ("with crashes", "yellow", [_has(result, Outcome.CRASHED) for result in results]),
        ("with time-outs", "yellow", [_has(result, Outcome.TIMED_OUT) for result in results]),
        ("to look at (grades.csv says why)", "yellow", [bool(result.review) for result in results]),
    ]
    found = [Text(f"{sum(hits)} {name}", style=colour) for name, colour, hits in kinds if any(hits)]
    head = Text(f"{len(results)} submission{'s' * (len(results) != 1)}: ")
    return head + (Text(", ").join(found) if found else Text("none needs attention"))


def _has(result: Result, outcome: Outcome) -> bool:
    return any(check.outcome is outcome for question in result.questions for check in question.checks)


def _number(value: float) -> str:
    return f"{round(value, 2):g}"


# --- Changed scores -----------------------------------------------------------------------------------------------
_MAX_NAME = 16


def score_changes_table(title: str, score_changes: Sequence[ScoreChange]) -> Table:
    """Return a table with one row per submission: the old and the new score, and the checks that changed it."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("student", "exercise"):
        table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=_MAX_NAME)
    for head in ("from", "to", "by"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("because of", overflow="fold")
    for change in score_changes:
        checks = "\n".join(f"{name} {points:+g}" for name, points in change.checks)
        table.add_row(
            *(Text(printable(text)) for text in (change.student, change.exercise)),  # a str would be read as markup
            *(f"{change.before:g}", f"{change.after:g}"),
            Text(f"{round(change.after - change.before, 6):+g}", style="yellow" if change.lowers else "green"),
            Text(checks),
        )
    return table
