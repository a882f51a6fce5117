"""A teacher works in the formgrader in a real browser: scores, checks, comments, points by hand, a regrade."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import load_course
from autograder.proving.answers import read_answers
from tests.browser.conftest import NARROW
from tests.browser.servers import EXERCISE

pytestmark = pytest.mark.slow

SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
HOSTILE = f"def flatten_images(images):\n    raise ValueError({SCRIPT!r})\n"
COMMENT = "Well explained, and the shape is right."


def hand_in(root: Path, student: str, answers: dict[str, str]) -> None:
    """Submit the released notebook with these answers."""
    notebook = json.loads((root / "release/student" / EXERCISE / f"{EXERCISE}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, cell["source"])
    path = root / "submitted" / student / EXERCISE / f"{EXERCISE}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), "utf-8")


@pytest.fixture(scope="module")
def formgrader(course, teacher) -> Iterator[str]:
    """Return the address of the formgrader of a class that has been graded, except for one late submission."""
    exercise = load_course(course).exercise(EXERCISE)
    right = {
        question.name: next(answer.source for answer in read_answers(exercise, question) if answer.kind == "right")
        for question in exercise.questions
    }
    teacher.run(course, "nbgrader", "generate_assignment", EXERCISE, "--force")
    hand_in(course, "ada", right)
    hand_in(course, "ben", {"flatten_images": right["flatten_images"]})
    hand_in(course, "cleo", {})
    hand_in(course, "mallory", {"flatten_images": HOSTILE})
    # nbgrader 0.9.6 does not escape names on the page of manual grading, so cleo's is never opened.
    teacher.run(course, "nbgrader", "db", "student", "add", "cleo", f"--first-name={SCRIPT}", "--last-name=C")
    teacher.run(course, "autograder", "grade", "submitted", "--allow-weak-sandbox")
    hand_in(course, "late", right)
    with teacher.jupyter_lab(course) as address:
        yield f"{address}formgrader/"


def table(page):
    """Return the table of a page of the formgrader, once it is filled."""
    page.get_by_text("Loading, please wait...").wait_for(state="detached")
    return page.locator("#main-table")


def row(page, name: str):
    """Return the row of a name."""
    return table(page).locator("tr").filter(has=page.locator("td", has_text=re.compile(f"^{name}$")))


def submission_of(formgrader: str, student: str, page) -> None:
    """Open a submission for manual grading, from the list of the student's notebooks."""
    page.goto(f"{formgrader}manage_students/{student}/{EXERCISE}")
    table(page).get_by_role("link", name=EXERCISE).click()
    page.locator("#notebook-container").first.wait_for()
    page.wait_for_load_state("networkidle")  # the boxes are filled after the page has loaded


def leave(page, box, text: str, path: str) -> None:
    """Write into a box, leave it, and wait until the server has saved it."""
    with page.expect_response(lambda answer: answer.request.method == "PUT" and path in answer.url) as saved:
        box.fill(text)
        box.blur()
    assert saved.value.ok


def test_a_teacher_finds_scores_reads_checks_and_gives_points_that_survive_a_regrade(
    formgrader, course, teacher, open_page, keep
):
    from playwright.sync_api import expect

    page = open_page(formgrader)
    expect(row(page, EXERCISE).locator(".num-submissions")).to_have_text("5")
    keep(page, "formgrader-1-assignments")

    page.goto(f"{formgrader}manage_submissions/{EXERCISE}")
    for student, score in {"ada": "12 / 12", "ben": "1 / 12", "cleo": "0 / 12", "mallory": "0 / 12"}.items():
        expect(row(page, student).locator(".score")).to_have_text(score)
    expect(row(page, "late").locator(".status")).to_have_text("needs autograding")
    autograde(page, "late")
    expect(row(page, "late").locator(".score")).to_have_text("12 / 12")
    keep(page, "formgrader-2-submissions")

    page.get_by_role("link", name="Manage Students").click()
    expect(row(page, "ada").locator(".score")).to_have_text("12 / 12")
    keep(page, "formgrader-3-students")
    page.goto(f"{formgrader}gradebook/{EXERCISE}/{EXERCISE}")
    expect(table(page).locator("tr")).to_have_count(5)
    keep(page, "formgrader-4-gradebook")

    submission_of(formgrader, "ben", page)
    expect(page.get_by_text("flatten_images: 1 of 1 points")).to_be_visible()
    checks = page.locator("table", has_text="Each image becomes one row")
    expect(checks.get_by_role("row").first).to_contain_text("✓ passed")
    keep(page, "formgrader-5-submission")
    leave(page, page.locator("#flatten_images-comment"), COMMENT, "/api/comment")
    leave(page, page.locator("#check-linear"), "0.5", "/api/grade")
    leave(page, page.locator("#check-flatten_images_extra_credit"), "0.25", "/api/grade")
    page.locator("#check-linear").scroll_into_view_if_needed()
    keep(page, "formgrader-6-by-hand")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    keep(page, "formgrader-7-narrow", full_page=True)

    teacher.run(course, "autograder", "grade", "submitted", "--allow-weak-sandbox")
    page.goto(f"{formgrader}manage_submissions/{EXERCISE}")
    autograde(page, "ben")
    expect(row(page, "ben").locator(".score")).to_have_text("1.75 / 12")
    submission_of(formgrader, "ben", page)
    expect(page.locator("#flatten_images-comment")).to_have_value(COMMENT)
    expect(page.locator("#check-linear")).to_have_value("0.5")
    expect(page.locator("#check-flatten_images_extra_credit")).to_have_value("0.25")

    teacher.run(course, "nbgrader", "generate_feedback", EXERCISE)
    page = open_page((course / "feedback/ben" / EXERCISE / f"{EXERCISE}.html").as_uri())
    expect(page.get_by_text(COMMENT)).to_be_visible()
    expect(page.locator(".score")).to_have_text("1.75 of 12 points")
    expect(page.get_by_text("Your teachers gave 0.5 of 1 points; the checks gave 0.")).to_be_visible()
    keep(page, "formgrader-8-feedback", full_page=True)


def autograde(page, student: str) -> None:
    """Press the button of one submission and close the dialog that reports success."""
    from playwright.sync_api import expect

    row(page, student).locator(".autograde a").click()
    done = page.locator(".modal.in")
    expect(done).to_contain_text(f"Successfully autograded '{EXERCISE}' for student '{student}'.")
    done.get_by_role("button", name="Close").last.click()
    done.wait_for(state="detached")


def test_names_and_messages_are_shown_as_text_and_never_run(formgrader, course, teacher, open_page, keep):
    from playwright.sync_api import expect

    page = open_page(f"{formgrader}manage_submissions/{EXERCISE}")
    expect(row(page, "cleo")).to_contain_text(SCRIPT)
    assert page.title() != "taken"
    keep(page, "formgrader-hostile-1-name")
    submission_of(formgrader, "mallory", page)
    expect(page.locator("table", has_text="Each image becomes one row")).to_contain_text("onerror")
    assert page.title() == EXERCISE
    keep(page, "formgrader-hostile-2-message", full_page=True)

    teacher.run(course, "nbgrader", "generate_feedback", EXERCISE)
    page = open_page((course / "feedback/mallory" / EXERCISE / f"{EXERCISE}.html").as_uri())
    expect(page.locator("li", has_text="Each image becomes one row").first).to_contain_text("onerror")
    assert page.title() == f"{EXERCISE}: mallory"
    assert page.locator("img[src=x]").count() == 0
