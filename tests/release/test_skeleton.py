"""A new exercise is started as a whole or not at all, and nothing that exists is touched."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import load_course
from autograder.errors import CourseError, UsageError
from autograder.proving.answers import read_answers
from autograder.release import skeleton
from autograder.release.skeleton import start_exercise, with_exercise

CONFIG = "nbgrader_config.py"


def content(root: Path) -> dict[str, bytes | None]:
    return {path.relative_to(root).as_posix(): None if path.is_dir() else path.read_bytes() for path in root.rglob("*")}


def test_every_question_has_checks_and_answers(tiny_course):
    before = content(tiny_course)
    written = start_exercise(tiny_course, "sums", ["weigh", "Scale"])
    after = content(tiny_course)

    course = load_course(tiny_course)
    assert [exercise.name for exercise in course.exercises] == ["greetings", "sums"]
    exercise = course.exercise("sums")
    assert [question.name for question in exercise.questions] == ["weigh", "Scale"]
    for question in exercise.questions:
        assert [check.visibility for check in question.checks] == ["public", "hidden"]
        assert all(check.points and check.hint for check in question.checks)
        kinds = [answer.kind for answer in read_answers(exercise, question)]
        assert (kinds.count("right"), kinds.count("wrong")) == (3, 3)

    assert set(written) == {name for name in after if after[name] is not None and before.get(name) != after[name]}
    assert all("TODO" in (tiny_course / name).read_text("utf-8") for name in written if name != CONFIG)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {CONFIG}
    assert after[CONFIG] == before[CONFIG].replace(b'["greetings"]', b'["greetings", "sums"]')


def test_a_course_may_begin_with_it(tmp_path):
    (tmp_path / CONFIG).write_text("c = get_config()\nc.Course.exercises = []\n")
    start_exercise(tmp_path, "sums")
    (exercise,) = load_course(tmp_path).exercises
    assert [question.name for question in exercise.questions] == ["sums_question"]


@pytest.mark.parametrize(
    ("exercise", "questions", "words"),
    [
        ("Sums", [], "small letters"),
        ("../sums", [], "small letters"),
        ("_sums", [], "small letters"),
        ("2sums", [], "small letters"),
        ("class", [], "small letters"),
        ("random", [], "random_exercise"),
        ("greetings", [], "already"),
        ("sums", ["weigh-in"], "letters a to z"),
        ("sums", ["_weigh"], "letters a to z"),
        ("sums", ["lambda"], "letters a to z"),
        ("sums", ["sums"], "something else"),
        ("sums", ["greetings"], "something else"),
        ("sums", ["check"], "something else"),
        ("sums", ["sum"], "something else"),
        ("sums", ["add"], "greetings already has a question 'add'"),
        ("sums", ["weigh", "weigh"], "share a file"),
        ("sums", ["weigh_in", "Weigh_in"], "share a file"),
    ],
)
def test_names_that_cannot_be_used_are_refused(tiny_course, exercise, questions, words):
    before = content(tiny_course)
    options = [argument for name in questions for argument in ("--question", name)]
    done = CliRunner().invoke(main, ["new", exercise, *options, "--course", str(tiny_course)])
    assert done.exit_code == 2
    assert words in done.output
    assert content(tiny_course) == before


@pytest.mark.parametrize("name", ["tests/checks/sums/mine.py", "tests/answers/sums/mine.py", "exercises/sums.py"])
def test_nothing_is_overwritten(tiny_course, name):
    (tiny_course / name).parent.mkdir(parents=True, exist_ok=True)
    (tiny_course / name).write_text("# mine\n")
    before = content(tiny_course)
    with pytest.raises(UsageError, match="exists already"):
        start_exercise(tiny_course, "sums")
    assert content(tiny_course) == before


def test_a_full_disk_leaves_nothing_behind(tiny_course, monkeypatch):
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", CONFIG)

    before = content(tiny_course)
    monkeypatch.setattr(skeleton, "write_atomic", full)
    done = CliRunner().invoke(main, ["new", "sums", "--course", str(tiny_course)])
    assert done.exit_code == 2
    assert "No space left on device" in done.output
    assert content(tiny_course) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'c.Course.exercises = ["a"]  # mine\r\nx = 1', b'c.Course.exercises = ["a", "sums"]  # mine\r\nx = 1'),
        (b"c.Course.exercises = []\n", b'c.Course.exercises = ["sums"]\n'),
        (b"c.Course.exercises = [\n  'a',\n  'b',  # \xc3\xa9\n]\n", None),
        ('t = "é"; c.Course.exercises = ["a"]\n'.encode(), 't = "é"; c.Course.exercises = ["a", "sums"]\n'.encode()),
        (b"c.Course.optional = []\n", b"c.Course.optional = []\n"),
    ],
)
def test_only_the_list_in_the_settings_changes(before, after):
    assert with_exercise(before, "sums") == (after or before.replace(b"'b',", b"'b', \"sums\","))


@pytest.mark.parametrize(
    "setting",
    [
        b'c.Course.exercises = ("a",)\n',
        b'c.Course.exercises = ["a"] + more\n',
        b'c.Course.exercises = ["a", *more]\n',
        b'c.Course.exercises = [("a")]\n',
        b'c.Course.exercises = ["a"]\nc.Course.exercises = ["a"]\n',
    ],
)
def test_settings_that_cannot_be_edited_safely_are_left_alone(setting):
    with pytest.raises(CourseError, match="by hand"):
        with_exercise(setting, "sums")
