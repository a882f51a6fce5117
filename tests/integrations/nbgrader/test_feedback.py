"""The feedback page through nbgrader: by the formgrader's button and by ``autograder feedback --nbgrader``."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from tests.integrations.nbgrader.conftest import HALF, RIGHT, api_of, autograde, hand_in

pytestmark = pytest.mark.slow

NEEDED = {"greetings.html", "timestamp.txt", "submission_secret.txt"}
"""The folder that ``nbgrader release_feedback`` reads."""
SCRIPT = "<script>document.title = 'taken'</script>"


def page_of(course: Path, student: str = "ada") -> Path:
    return course / "feedback" / student / "greetings" / "greetings.html"


def words(page: Path) -> str:
    """Return the visible text of a page."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page.read_text("utf-8"), flags=re.S)).split())


def exchanged(course: Path, student: str, answers: dict[str, str], secret: str) -> Path:
    """Submit as nbgrader's exchange does, with the secret by which it finds the feedback."""
    path = hand_in(course, student, answers, when="2026-05-01 10:00:00.000000 UTC")
    (path.parent / "submission_secret.txt").write_text(secret)
    return path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def entered(course) -> Path:
    """Return a graded submission with manual points, extra credit, a comment and a penalty."""
    from nbgrader.api import Gradebook

    exchanged(course, "ada", HALF, "first")
    autograde(api_of(course), "ada")
    place = ("greetings", "greetings", "ada")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        grade = book.find_grade("check-add", *place)
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.0, 0.5, False
        book.find_comment("add", *place).manual_comment = f"Nearly.\n{SCRIPT}"
        book.find_submission_notebook(*place).late_submission_penalty = 0.25
        book.db.commit()
    return course


def test_the_button_writes_our_page_with_what_teachers_entered(entered):
    done = api_of(entered).generate_feedback("greetings", "ada")
    assert done["success"], done
    text = words(page_of(entered))
    assert "2.25 of 5.5 points" in text
    assert "0.25 points were deducted because you submitted late." in text
    assert "Your teachers gave 2.5 of 3 points; the checks gave 1." in text
    assert f"Comment: Nearly. {SCRIPT}" in text
    assert "What to look at first add : 0.5 of the 3 missing points." in text
    assert SCRIPT not in page_of(entered).read_text("utf-8")


def test_the_command_writes_what_the_button_writes(entered):
    assert api_of(entered).generate_feedback("greetings", "ada")["success"]
    by_button = {name: page_of(entered).with_name(name).read_bytes() for name in NEEDED}
    shutil.rmtree(entered / "feedback")
    said = run("feedback", "--nbgrader")
    assert {path.name: path.read_bytes() for path in page_of(entered).parent.iterdir()} == by_button
    assert "Return them with: nbgrader release_feedback greetings" in said
    assert api_of(entered).generate_feedback("greetings", "ada")["success"]  # overwrites the command's page
    assert page_of(entered).read_bytes() == by_button["greetings.html"]


def test_a_notebook_that_the_autograder_did_not_grade_has_nbgraders_page(entered):
    (entered / "graded/ada/greetings.json").unlink()
    assert api_of(entered).generate_feedback("greetings", "ada")["success"]
    assert "Score: 2.25 / 5.5" in words(page_of(entered))


def test_a_damaged_result_is_an_error_and_no_page(entered):
    (entered / "graded/ada/greetings.json").write_text("{}")
    done = api_of(entered).generate_feedback("greetings", "ada")
    assert not done["success"]
    assert not page_of(entered).exists()


@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments")  # nbgrader misspells one of its own
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # and leaves timestamps open
def test_each_submission_of_a_student_gets_its_own_feedback(course, tmp_path):
    """The exchange finds a page by the secret of the submission that was graded, not by that of a later one."""
    from nbgrader.utils import notebook_hash

    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    api = api_of(course, {"Exchange": {"root": str(exchange)}})

    def handed_back(secret: str) -> str:
        done = api.release_feedback("greetings")
        assert done["success"], done
        page = exchange / "good-manners/feedback" / f"{notebook_hash(secret=secret, notebook_id='greetings')}.html"
        return words(page) if page.exists() else ""

    exchanged(course, "ada", HALF, "first")
    run("grade", "submitted")
    run("feedback", "--nbgrader")
    assert "1 of 5.5 points" in handed_back("first")

    exchanged(course, "ada", RIGHT, "second")  # collected, but not graded yet
    run("feedback", "--nbgrader")
    assert handed_back("second") == ""

    run("grade", "submitted")
    run("feedback", "--nbgrader")
    assert "5.5 of 5.5 points" in handed_back("second")
    assert "1 of 5.5 points" in handed_back("first")


def test_students_who_submitted_elsewhere_are_left_out_and_counted(course):
    exchanged(course, "ada", HALF, "first")
    hand_in(course, "ben", HALF)
    run("grade", "submitted")
    said = run("feedback", "--nbgrader")
    assert "Left out: 1 that did not come through nbgrader's exchange" in said
    assert page_of(course).is_file()
    assert not page_of(course, "ben").exists()


def test_the_secret_of_an_exchange_is_copied_and_never_followed(course, tmp_path):
    """A student can replace it with anything, such as a link."""
    grades = tmp_path / "grades"
    grades.write_text("everybody's")
    path = exchanged(course, "ada", HALF, "first")
    run("grade", "submitted")
    copied = course / "autograded/ada/greetings/submission_secret.txt"
    assert copied.read_text() == "first"
    (path.parent / "submission_secret.txt").unlink()
    (path.parent / "submission_secret.txt").symlink_to(grades)
    run("grade", "submitted")
    assert not copied.exists()
