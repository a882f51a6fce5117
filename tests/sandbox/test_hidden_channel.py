"""How much a submission can say through a hidden check: at most 8 bits per check, and none of its own words.

The submission is the solution, served by a worker that lies to send 256 random bits out. What can be read afterwards is
collected from the result file, the feedback page, the gradebook's comments and the terminal.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from rich.console import Console

from autograder.checking.failures import NameMissing, NameTaken, StudentError, WorkerDied, mark_student_error
from autograder.checking.student_module import BUILTIN_ERRORS
from autograder.checking.verdict import blamed, judge
from autograder.course import Check, Exercise, load_course
from autograder.gradebook.entries import comment_of
from autograder.proving.plan import checks_that_train
from autograder.reporting.feedback_page import feedback_page
from autograder.reporting.terminal import describe_trouble, print_summary
from autograder.results.model import CheckResult, QuestionResult, Result, Status
from autograder.results.rendering import as_html, as_text
from autograder.sandbox.protocol.messages import EXITED, FILES, MEMORY, TIME, Limits, explain
from tests.sandbox.conftest import Grader

from .hostile_worker import Secret, attempts, distinct

COURSE = load_course(Path(__file__).parents[2])
MAX_BITS = 8


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def hidden_checks(exercise: Exercise, times: int, times_trained: int) -> dict[tuple[str, str], int]:
    """Return how often to try each hidden check of an exercise."""
    trains = checks_that_train(exercise)
    keys = [(check.question, check.name) for check in exercise.checks if not check.public]
    return {key: times_trained if key in trains else times for key in keys}


def said_by_judge(exercise: Exercise, check: Check) -> set[tuple[str, str]]:
    """Return everything that `judge` can say of a hidden check by itself, without a failure that the check reports."""
    questions = [question.name for question in exercise.questions]
    errors: list[BaseException | None] = [None, NameMissing(check.question), NameTaken(check.question, "a float")]
    errors += [explain(reason, status) for reason in (EXITED, TIME, MEMORY, FILES) for status in (-9, 0, 1)]
    errors.append(WorkerDied("protocol", "Your answer cannot be read: why.", for_hidden="Your answer cannot be read."))
    texts = ["", "can't allocate memory", *(f"{name} is not implemented yet" for name in questions)]
    for kind in (*BUILTIN_ERRORS, "SystemExit"):
        for text in texts:
            error = Exception(text)
            mark_student_error(error, StudentError(kind, text))
            errors.append(error)
    results = [judge(check, error, questions) for error in errors]
    results += [blamed(check, judge(check, kind(), questions)) for kind in BUILTIN_ERRORS.values()]
    return {(str(result.outcome), result.message) for result in results}


def assert_narrow(exercise: Exercise, found: Mapping[tuple[str, str], list[tuple[Secret, CheckResult]]]) -> None:
    """Check that no message holds a part of a secret, and that each check says one of 256 things at most."""
    for check in (check for check in exercise.checks if not check.public):
        tries = found.get((check.question, check.name), [])
        for secret, result in tries:
            assert not secret.is_in(result.message), f"{check.question}.{check.name}: {result.message}"
            assert not result.pictures
        assert len(distinct(tries) | said_by_judge(exercise, check)) <= 2**MAX_BITS, (check.question, check.name)


def everything_shown(exercise: Exercise, checks: Mapping[str, list[CheckResult]]) -> str:
    """Return all texts that can be read of a submission with these results."""
    questions = tuple(QuestionResult(name, tuple(results)) for name, results in checks.items())
    result = Result("ada", exercise.name, "", "", "", "", "A", Status.GRADED, questions)
    screen = io.StringIO()
    print_summary(Console(file=screen, width=200), [result])
    comments = [str(comment_of(question, result)) for question in exercise.questions]
    pages = [
        feedback_page(result),
        *(show(question.name, question) for question in questions for show in (as_html, as_text)),
    ]
    return "\n".join([result.to_json().decode(), describe_trouble(result), screen.getvalue(), *comments, *pages])


def assert_nothing_shown(
    exercise: Exercise, found: Mapping[tuple[str, str], list[tuple[Secret, CheckResult]]], places: range
) -> None:
    """Check what is written of whole submissions, each with the results of one try of each check."""
    for place in places:
        checks: dict[str, list[CheckResult]] = {}
        secrets = []
        for (question, _), tries in found.items():
            if place < len(tries):
                checks.setdefault(question, []).append(tries[place][1])
                secrets.append(tries[place][0])
        shown = everything_shown(exercise, checks)
        assert not any(secret.is_in(shown) for secret in secrets[:1])  # all checks of a try share one secret


@pytest.mark.parametrize("name", ["convolution", "tensor_ops"])
def test_a_few_lies_say_nothing(name, tmp_path):
    exercise = COURSE.exercise(name)
    found = attempts(exercise, hidden_checks(exercise, 6, 0), 1, tmp_path).found
    assert len(set().union(*map(distinct, found.values()))) > 15  # the lies get somewhere
    assert_narrow(exercise, found)
    assert_nothing_shown(exercise, found, range(2))


@pytest.mark.slow
@pytest.mark.parametrize("name", [exercise.name for exercise in COURSE.exercises])
def test_256_bits_do_not_get_out(name, tmp_path):
    exercise = COURSE.exercise(name)
    checks = hidden_checks(exercise, {"cnn": 12, "resnet": 8, "interpretability": 12}.get(name, 30), 2)
    checks |= {key: 2 for key in checks if key[0] == "adapt_resnet18"}  # 11 million weights cross for each try
    found = attempts(exercise, checks, 2, tmp_path).found
    assert {key for key, tries in found.items() if tries} == {
        (check.question, check.name) for check in exercise.checks if not check.public
    }
    assert_narrow(exercise, found)
    assert_nothing_shown(exercise, found, range(3))


# --- What only a process can do -------------------------------------------------------------------

HIDDEN_ONLY = """
import os, signal, socket, sys

def double(x):
    if len(x) != 3:  # only the hidden check's input has three values
        return 2 * x
    {act}
    return 2 * x

def triple(x):
    return 3 * x
"""

WRITE_TO_ALL = """for number in range(3, 40):
        try:
            os.write(number, {text!r}.encode())
        except OSError:
            pass"""


def acts(secret: Secret) -> list[str]:
    """Return statements that try to send the bits."""
    text, dice = secret.texts[1], secret.dice
    codes = [dice.randrange(256) for _ in range(4)]
    signals = ["SIGSEGV", "SIGTERM", "SIGABRT", "SIGUSR1", "SIGXCPU"]
    return [
        *(f"os._exit({code})" for code in codes),
        *(f"os.kill(os.getpid(), signal.{name})" for name in signals),
        f"sys.exit({text!r})",
        f"raise KeyboardInterrupt({text!r})",
        f"raise type('E{text}', (OverflowError,), {{}})({text!r})",
        f"raise NotImplementedError('{text} is not implemented yet')",
        f"x.resize_({secret.small()}, 7); x.fill_({secret.small()})",
        "os.closerange(3, 40)",
        "while True: pass",
        WRITE_TO_ALL.format(text=text),
        f"print({text!r}); sys.stderr.write({text!r})",
    ]


@pytest.mark.slow
def test_how_a_process_ends_says_little(isolated: Grader):
    secret, seen = Secret("bits", "dice"), set()
    for act in acts(secret):
        results = isolated(HIDDEN_ONLY.format(act=act), limits=Limits(check_s=0.5, cell_s=2, memory_mb=400))
        assert str(results["public"].outcome) == "passed", act
        for name in ("hidden", "triples"):
            assert not secret.is_in(results[name].message), (act, results[name].message)
        seen.add((str(results["hidden"].outcome), results["hidden"].message))
    assert len(seen) < 10
