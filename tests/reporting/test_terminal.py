"""What grading prints in a terminal of 80 columns, read as text."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
from rich.cells import cell_len
from rich.console import Console

from autograder.course import Course, Exercise
from autograder.reporting.terminal import GradingProgress, describe_trouble, print_summary
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status

LECTURES = ("tensor_ops", "data_split", "mlp", "convolution", "cnn", "resnet", "interpretability")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def course(*names: str) -> Course:
    return Course(None, tuple(Exercise(name, None, "", None, ()) for name in names))


def result(student="ada", exercise="mlp", score=3.0, outcome=Outcome.PASSED, status=Status.GRADED, message="", **more):
    checks = (
        CheckResult("one", "One.", "public", Outcome.PASSED, score, score),
        CheckResult("two", "Two.", "hidden", outcome, 4.0 - score if outcome is Outcome.PASSED else 0.0, 4.0 - score),
    )
    questions = (QuestionResult("question", checks),)
    return Result(student, exercise, "r", "s", "c", "e", "A", status, questions, message=message, **more)


def unreadable(student="bob", exercise="mlp", message="The file is empty. Save the notebook."):
    return result(student, exercise, 0.0, Outcome.NOT_RUN, Status.UNREADABLE, message)


def screen(width=80, **options) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=width, **options), stream


def summary(results, *lectures, width=80, **options) -> str:
    console, stream = screen(width, **options)
    print_summary(console, results, course(*lectures) if lectures else None)
    return stream.getvalue()


# --- The class ------------------------------------------------------------------------------------


def test_the_class_table():
    results = [
        result("ada", "mlp", 4.0),
        result("ada", "cnn", 2.5, Outcome.TIMED_OUT, optional=True),
        result("bob", "cnn", 1.0, Outcome.GRADER_ERROR, Status.GRADER_ERROR, optional=True),
        unreadable("bob", "mlp"),
        result("zoë", "mlp", 3.0, Outcome.CRASHED),
    ]
    assert [line.rstrip() for line in summary(results, "mlp", "cnn").splitlines()] == [
        "student     mlp   cnn  total",
        "ada           4  *2.5    6.5",
        "bob      unread    ?1      1",
        "zoë          *3     -      3",
        "mean        3.5   2.5",
        "of            4     4    4+4",
        "* code crashed or took too long",
        "? grader error: needs review",
        "unread: the file cannot be read",
        "5 submissions: 1 unreadable, 1 with grader errors, 1 with crashes, 1 with",
        "time-outs",
    ]


def test_a_whole_course_fits_80_columns():
    students = [
        "王小明",
        "Katharina von der Leyen-Hohenstaufen",
        "jane.doe@uni.example.org",
        *(f"s{n}" for n in range(30)),
    ]
    results = [result(s, e, 3.5, Outcome.CRASHED) for s in students for e in LECTURES] + [unreadable("s0", "cnn")]
    text = summary(results, *LECTURES)
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "Katharina von der Leyen…" in text
    assert "1=tensor_ops" in text
    wide = summary(results, *LECTURES, width=140)
    assert "1=tensor_ops" not in wide
    assert re.search(r"student +tensor_ops +data_split +mlp +convolution +cnn +resnet +interpretability", wide)


def test_without_a_course_exercises_are_sorted():
    text = summary([result(exercise="b"), result(exercise="a")])
    assert text.splitlines()[0].split() == ["student", "a", "b", "total"]
    assert text.splitlines()[-1] == "2 submissions: none needs attention"


def test_an_empty_class_says_so():
    assert summary([]) == "Nothing was graded.\n"


def test_names_and_messages_of_students_are_shown_as_plain_text():
    hostile = "[bold red]x[/]\x1b[2J\u202egnp\nnew"
    console, stream = screen()
    with GradingProgress(1, console) as progress:
        progress.advance(unreadable(hostile, "mlp", hostile))
    print_summary(console, [unreadable(hostile, "mlp", hostile)])
    text = stream.getvalue()
    assert "[bold red]x[/]�[2J�gnp new" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


# --- Colours --------------------------------------------------------------------------------------


def test_a_file_gets_plain_text_and_a_screen_gets_colours():
    assert "\x1b" not in summary([unreadable()])
    assert "\x1b[31m" in summary([unreadable()], force_terminal=True)


def test_no_color_is_obeyed(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", summary([unreadable()], force_terminal=True))


# --- Progress -------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_in_a_file_there_is_a_line_per_tenth_and_per_trouble():
    clock = Clock()
    console, stream = screen()
    with GradingProgress(200, console, clock) as progress:
        for number in range(40):
            clock.now += 30.0
            progress.advance(unreadable(message="It is " + 20 * "very " + "long.") if number == 3 else result())
    assert stream.getvalue().splitlines() == [
        "bob mlp: It is " + 20 * "very " + "long.",
        "20 of 200 graded, about 90 min left",
        "40 of 200 graded, about 80 min left",
    ]


@pytest.mark.parametrize(
    ("seconds", "left"),
    [
        (6, "less than a minute left"),
        (7, "about 2 min left"),
        (600, "about 90 min left"),
        (3610, "about 9 h 02 min left"),
    ],
)
def test_the_time_left(seconds, left):
    clock = Clock()
    console, stream = screen()
    with GradingProgress(10, console, clock) as progress:
        clock.now += seconds
        progress.advance(result())
    assert stream.getvalue() == f"1 of 10 graded, {left}\n"


def test_a_terminal_shows_a_bar_and_messages_in_full():
    console, stream = screen(force_terminal=True)
    with GradingProgress(2, console) as progress:
        progress.advance(unreadable(message="It is " + 20 * "very " + "long."))
        progress.advance(result())
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", ESCAPE.sub("", stream.getvalue()))]
    assert all(len(line) <= 80 for line in lines)
    start = next(place for place, line in enumerate(lines) if "bob mlp" in line)
    assert "bob mlp: It is " + 20 * "very " + "long." in " ".join(lines[start : start + 3])
    assert "2/2" in "".join(lines)


def test_nothing_to_grade_is_not_an_error():
    console, stream = screen()
    with GradingProgress(0, console):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (result(), ""),
        (result(outcome=Outcome.FAILED, message="The file is called x."), ""),
        (unreadable(), "The file is empty. Save the notebook."),
        (unreadable(message=""), "It cannot be read."),
        (result(outcome=Outcome.CRASHED), "1 check crashed"),
        (result(outcome=Outcome.TIMED_OUT), "1 check took too long"),
        (
            result(outcome=Outcome.GRADER_ERROR, status=Status.GRADER_ERROR),
            "1 check could not be decided (grader error)",
        ),
        (result(status=Status.GRADER_ERROR), "The grader failed."),
    ],
)
def test_trouble_in_one_line(one, said):
    assert describe_trouble(one) == said


def test_the_terminal_needs_no_torch():
    code = "import sys, autograder.reporting.terminal; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
