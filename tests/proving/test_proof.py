"""`autograder prove` must notice every fault of the checks and of the collection of answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import load_course
from autograder.errors import CourseError
from autograder.proving.answers import read_answers
from autograder.proving.proof import Proof, prove
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.submissions.read import read_cells


@pytest.fixture(scope="module")
def engine():
    with Engine(best_tier()) as running:
        yield running


@pytest.fixture
def check(engine: Engine, tiny_course: Path):
    """Return a function that edits a file of the tiny course, proves the course and returns the problems."""

    def run(path: str = "", old: str = "", new: str = "") -> list[str]:
        if path:
            file = tiny_course / path
            text = file.read_text()
            assert old in text
            file.write_text(text.replace(old, new))
        exercise = load_course(tiny_course).exercise("greetings")
        stub = stub_of(tiny_course)
        proofs: list[Proof] = prove(engine, exercise, stub, jobs=2)
        return [problem for proof in proofs for problem in proof.all_problems]

    return run


def stub_of(root: Path):
    """Return the cells of the tiny course's stub, made without nbgrader: cheap enough for every test here."""
    from autograder.release.make import stub_module

    path = root / "stub.py"
    path.write_text(stub_module(load_course(root).exercise("greetings")))
    return read_cells(path)


CHECKS = "tests/checks/greetings/public/test_add.py"
ANSWERS = "tests/answers/greetings/add.py"


def test_a_sound_course_has_no_problems(check):
    assert check() == []


def test_a_right_answer_marked_wrong_survives(check, tiny_course):
    answers = tiny_course / ANSWERS
    exercise = load_course(tiny_course).exercise("greetings")
    name = exercise.question("add").checks[0].name
    right = f'# %% wrong="nothing is wrong" caught_by="{name}"\ndef add(numbers):\n    return sum(numbers)\n'
    answers.write_text(f"{answers.read_text()}\n\n{right}")
    problems = check()
    assert len(problems) == 1
    assert f"“nothing is wrong” survives {name}" in problems[0]


def test_a_right_answer_that_is_refused_is_found(check, tiny_course):
    answers = tiny_course / ANSWERS
    answers.write_text(answers.read_text() + '\n\n# %% right="not really"\ndef add(numbers):\n    return 0\n')
    problems = check()
    assert problems
    assert all("right answer “not really” is refused by" in problem for problem in problems)


def test_a_check_that_cannot_fail_is_found(check, tiny_course):
    checks = tiny_course / CHECKS
    text = checks.read_text()
    start = text.index("def test_")
    body = text.index('"""', text.index('"""', start) + 3) + 3
    checks.write_text(text[:body] + "\n    pass\n")
    assert any("survives" in problem or "instead of not_attempted" in problem for problem in check())


def test_a_check_that_breaks_on_junk_is_found(check, tiny_course):
    checks = tiny_course / CHECKS
    text = checks.read_text()
    start = text.index("def test_")
    body = text.index('"""', text.index('"""', start) + 3) + 3
    checks.write_text(text[:body] + "\n    (submission.add([1]) or [])[0:1] / 2" + text[body:])
    assert any("itself failed" in problem for problem in check())


def test_a_hidden_message_that_is_not_fixed_is_found(check):
    problems = check(
        "tests/checks/greetings/hidden/test_add.py",
        'assert_equal(guests(submission, CROWD), 45, what="add(invitations)")',
        'call = f"add of {len(CROWD)} guests"\n    assert_equal(guests(submission, CROWD), 45, what=call)',
    )
    assert problems
    for problem in problems:
        assert "add, wrong answer “" in problem or "add, junk answer “" in problem
        assert "the hidden check large_crowd says only “The result is wrong.”" in problem
        assert '`phrase("… {field} …", field=literal)`' in problem


def test_too_few_answers_are_found(check, tiny_course):
    (tiny_course / ANSWERS).write_text('# %% right="sum"\ndef add(numbers):\n    return sum(numbers)\n')
    assert sum("Write at least 3" in problem for problem in check()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# %%\ndef add(numbers):\n    return 0\n", "mark this cell with either right"),
        ('# %% wrong="x"\ndef add(numbers):\n    return 0\n', "name the check that the wrong answer 'x' is"),
        ('# %% wrong="x" caught_by="nonsense"\ndef add(numbers):\n    return 0\n', "which is not a check of add"),
        ('# %% wrong="x" held_out=true\ndef add(numbers):\n    return 0\n', "only right answers"),
    ],
)
def test_a_malformed_collection_is_refused(tiny_course, text, words):
    (tiny_course / ANSWERS).write_text(text)
    exercise = load_course(tiny_course).exercise("greetings")
    with pytest.raises(CourseError, match=words):
        read_answers(exercise, exercise.question("add"))


def test_the_command_needs_the_stubs(tiny_course):
    done = CliRunner().invoke(main, ["prove", "--course", str(tiny_course), "--allow-weak-sandbox"])
    assert done.exit_code == 2
    assert "autograder build" in done.output


def test_the_command_says_what_is_wrong_with_a_collection(tiny_course):
    (tiny_course / ANSWERS).write_text("# %%\ndef add(numbers):\n    return 0\n")
    (tiny_course / "exercises").mkdir()
    (tiny_course / "exercises" / "greetings.py").write_text('# %% question="add"\n\n# %% question="Greeter"\n')
    done = CliRunner().invoke(main, ["prove", "--course", str(tiny_course), "--allow-weak-sandbox"])
    assert done.exit_code == 2
    assert "mark this cell with either right" in done.output
