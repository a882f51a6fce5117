"""Reading the course's folders from nbgrader_config.py."""

from __future__ import annotations

import pytest

from autograder.course.settings import load_settings
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
        "import sys  # the file is Python, like nbgrader's",
    )
    monkeypatch.chdir("/")
    settings = load_settings(tmp_path)
    assert settings.db_url == f"sqlite:///{tmp_path}/elsewhere/grades/book.db"
    assert settings.course_id == "ml"
    assert settings.submitted == tmp_path / "elsewhere/in"
    assert str(settings.autograded) == "/out"


@pytest.mark.parametrize("url", ["sqlite:////var/grades.db", "sqlite://", "postgresql://u:p@host/db"])
def test_other_urls_stay_as_they_are(tmp_path, url):
    configure(tmp_path, f'c.CourseDirectory.db_url = "{url}"')
    assert load_settings(tmp_path).db_url == url


def test_unusable_settings_are_refused(tmp_path):
    with pytest.raises(CourseError, match=r"contains no nbgrader_config\.py"):
        load_settings(tmp_path)
    configure(tmp_path, "1 / 0")
    with pytest.raises(CourseError, match=r"nbgrader_config\.py fails: ZeroDivisionError"):
        load_settings(tmp_path)
    configure(tmp_path, 'c.CourseDirectory.directory_structure = "{assignment_id}/{student_id}"')
    with pytest.raises(CourseError, match="directory_structure"):
        load_settings(tmp_path)
