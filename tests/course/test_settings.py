"""Reading the course's folders from nbgrader_config.py."""

from __future__ import annotations

import pytest

from autograder.course import load_course
from autograder.course.settings import SECRET_NAME, course_lists, load_settings, make_secret, read_secret
from autograder.errors import CourseError


def configure(root, *lines: str) -> None:
    (root / "nbgrader_config.py").write_text("\n".join(["c = get_config()", *lines, ""]))


def test_defaults_are_those_of_nbgrader(tmp_path):
    configure(tmp_path)
    settings = load_settings(tmp_path)
    assert settings.db_url == f"sqlite:///{tmp_path}/gradebook.db"
    assert settings.course_id == ""
    assert settings.submitted == tmp_path / "submitted"
    assert settings.autograded == tmp_path / "autograded"


def test_relative_paths_start_at_the_courses_folder(tmp_path, monkeypatch):
    configure(
        tmp_path,
        'c.CourseDirectory.course_id = " ml "',
        'c.CourseDirectory.db_url = "sqlite:///grades/book.db"',
        'c.CourseDirectory.root = "elsewhere"',
        'c.CourseDirectory.submitted_directory = "in"',
        'c.CourseDirectory.autograded_directory = "/out"',
        'c.CourseDirectory.feedback_directory = "told"',
        "import sys  # the file is Python, like nbgrader's",
    )
    monkeypatch.chdir("/")
    settings = load_settings(tmp_path)
    assert settings.db_url == f"sqlite:///{tmp_path}/elsewhere/grades/book.db"
    assert settings.course_id == "ml"
    assert settings.submitted == tmp_path / "elsewhere/in"
    assert str(settings.autograded) == "/out"
    assert settings.feedback == tmp_path / "elsewhere/told"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/grades.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:a?mode=ro",
        "postgresql://u:p@host/db",
    ],
)
def test_other_urls_stay_as_they_are(tmp_path, url):
    configure(tmp_path, f'c.CourseDirectory.db_url = "{url}"')
    assert load_settings(tmp_path).db_url == url


def test_unusable_settings_are_refused(tmp_path):
    with pytest.raises(CourseError, match=r"contains no nbgrader_config\.py"):
        load_settings(tmp_path)
    configure(tmp_path, "1 / 0")
    with pytest.raises(CourseError, match=r"nbgrader_config\.py fails: ZeroDivisionError"):
        load_settings(tmp_path)
    configure(tmp_path, "raise SystemExit(1)")
    with pytest.raises(CourseError, match=r"nbgrader_config\.py fails: SystemExit"):
        load_settings(tmp_path)
    configure(tmp_path, "c.CourseDirectory.db_url = 7")
    with pytest.raises(CourseError, match=r"db_url to 7\. Write a quoted text"):
        load_settings(tmp_path)
    configure(tmp_path, 'c.CourseDirectory.directory_structure = "{assignment_id}/{student_id}"')
    with pytest.raises(CourseError, match="directory_structure"):
        load_settings(tmp_path)


def test_exercises_are_read_without_running_the_file(tmp_path):
    accepted = 'c.Course.accepted_releases = ["2025.1"]'
    configure(tmp_path, 'c.Course.exercises = ["b", "a"]', 'c.Course.optional = ("a",)', accepted, "1 / 0")
    assert course_lists(tmp_path) == (("b", "a"), ("a",), ("2025.1",))
    configure(tmp_path, "1 / 0")
    assert course_lists(tmp_path) == ((), (), ())


@pytest.mark.parametrize("value", ['"ab"', "[1]", "names", "7"])
def test_a_list_of_exercises_is_a_literal_list_of_texts(tmp_path, value):
    configure(tmp_path, f"c.Course.optional = {value}")
    with pytest.raises(CourseError, match=r"nbgrader_config\.py:2: write c\.Course\.optional as a literal list"):
        course_lists(tmp_path)


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    assert read_secret(tmp_path) == b""
    assert make_secret(tmp_path)
    made = read_secret(tmp_path)
    assert len(made) == 64
    assert (tmp_path / SECRET_NAME).stat().st_mode & 0o777 == 0o600
    assert not make_secret(tmp_path)
    assert read_secret(tmp_path) == made


def test_the_key_of_a_submission_depends_on_secret_and_submission(tiny_course):
    without = load_course(tiny_course).exercises[0]
    make_secret(tiny_course)
    exercise = load_course(tiny_course).exercises[0]
    keys = {each.key_for(submission) for each in (without, exercise) for submission in ("one", "two")}
    assert len(keys) == 4
    assert exercise.key_for("one") == load_course(tiny_course).exercises[0].key_for("one")
