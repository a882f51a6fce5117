"""Files of checks are collected and run the same way for an author, in a notebook and in the sandbox."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from autograder.checking.runner import LocalSession, run_checks, seed_of
from autograder.checking.student_module import LocalSubmission
from autograder.course import Check
from autograder.course.reader import read_questions
from tests.conftest import split_files

CASES = """
# %% hidden/test_double.py
import pytest

from .numbers import CASES


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.points(2)
def test_each(submission, n):
    '''Doubles each number.'''
    assert submission.double(n) == CASES[n]


@pytest.mark.points(1)
@pytest.mark.after("each")
def test_later(submission):
    '''Doubles zero.'''
    assert submission.double(0) == 0


# %% hidden/numbers.py
CASES = {1: 2, 2: 4, 3: 6}
"""


def run(folder, text, **answers):
    """Run the checks of a text on answers; return what was reported, in order."""
    files = split_files(text)
    files.write_to(folder / "checks")
    checks = [check for question in read_questions(files) for check in question.checks]
    reported = []
    run_checks(
        [folder / "checks" / name for name in files.tests],
        checks,
        LocalSession(LocalSubmission(answers)),
        lambda check, result, _seconds: reported.append((check.name, str(result.outcome), result.points)),
    )
    return reported


def test_all_cases_of_a_check_earn_its_points_together(tmp_path):
    asked = []
    answer = lambda n: asked.append(n) or 2 * n  # noqa: E731 - the answer also notes what it was asked
    assert run(tmp_path, CASES, double=answer) == [("each", "passed", 2), ("later", "passed", 1)]
    assert asked == [1, 2, 3, 0]


@pytest.mark.parametrize(("wrong", "asked"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3])])
def test_the_first_case_that_fails_decides(tmp_path, wrong, asked):
    seen = []
    answer = lambda n: seen.append(n) or (0 if n == wrong else 2 * n)  # noqa: E731
    assert run(tmp_path, CASES, double=answer) == [("each", "failed", 0), ("later", "not_run", 0)]
    assert seen == asked


def test_a_file_that_does_not_import_costs_only_its_own_checks(tmp_path):
    broken = "\n# %% hidden/test_triple.py\nimport nowhere_to_be_found\nimport pytest\n\n@pytest.mark.points(1)\n"
    broken += "def test_it(submission):\n    '''Triples.'''\n"
    reported = run(tmp_path, CASES + broken, double=lambda n: 2 * n)
    assert reported == [("each", "passed", 2), ("later", "passed", 1), ("it", "grader_error", 0)]


def test_an_edit_between_two_runs_is_seen(tmp_path):
    assert run(tmp_path, CASES, double=lambda n: 2 * n)[0] == ("each", "passed", 2)
    # Another length: Python's cache of bytecode knows a source by its size and the second in which it was written.
    edited = CASES.replace("3: 6}", "3: 999}")
    assert run(tmp_path, edited, double=lambda n: 2 * n)[0] == ("each", "failed", 0)


def test_a_package_of_the_students_own_with_that_name_is_not_lost(tmp_path, monkeypatch):
    own = types.ModuleType("checks")
    monkeypatch.setitem(sys.modules, "checks", own)
    before = {name for name in sys.modules if name.startswith("checks.")}  # pytest may have collected the course's
    assert run(tmp_path, CASES, double=lambda n: 2 * n)[0] == ("each", "passed", 2)
    assert sys.modules["checks"] is own
    assert {name for name in sys.modules if name.startswith("checks.")} == before


def test_an_author_runs_pytest_in_a_course_that_does_not_configure_it(tiny_course):
    """Public and hidden files share their names and import each other."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "autograder.checking.runner", "tests/checks/greetings"]
    done = subprocess.run(command, cwd=tiny_course, capture_output=True, text=True, check=False)
    assert "6 passed" in done.stdout, done.stdout + done.stderr


def test_only_the_key_tells_the_seed_of_a_hidden_check():
    hidden, public = (Check("it", "triple", "It.", 1.0, public=public) for public in (False, True))
    seeds = {seed_of(hidden, side, key) for side in ("student", "checker") for key in (b"", b"one", b"two")}
    assert len(seeds) == 6
    assert seed_of(hidden, "student", b"one") == seed_of(hidden, "student", b"one")
    assert seed_of(public, "student", b"one") == seed_of(public, "student")  # as in the student's notebook
