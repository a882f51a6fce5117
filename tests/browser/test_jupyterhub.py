"""A course on a real JupyterHub, set up as in docs/jupyterhub.md: from fetching an exercise to reading the feedback.

The users are system users, created for the test and removed afterwards. No page may request anything from outside.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.course import load_course
from autograder.proving.answers import read_answers
from autograder.results.store import read_results
from tests.browser.conftest import HERE, TIMEOUT_MS, WIDE
from tests.browser.hub import (
    PASSWORD,
    TEACHER,
    Account,
    Site,
    accounts,
    commands_on_page,
    file_on_page,
    python_for_everybody,
)
from tests.browser.lab import Notebook, fetch, submit
from tests.browser.servers import EXERCISE, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

QUESTION = "flatten_images"
COMMENT = "Short and right."


def missing() -> str:
    """Return why no hub can run here; empty if one can."""
    if os.geteuid():
        return "this test creates system users: run it as root"
    for program, package in {
        "useradd": "passwd",
        "setpriv": "util-linux",
        "node": "nodejs",
        "chromium": "chromium",
    }.items():
        if shutil.which(program) is None:
            return f"{program} is missing; install it with: apt-get install {package}"
    if shutil.which("configurable-http-proxy") is None:
        return "configurable-http-proxy is not on the PATH; run: npm install --global configurable-http-proxy"
    if importlib.util.find_spec("jupyterhub") is None:
        return 'JupyterHub is not installed; run: pip install -e ".[dev]"'
    if python_for_everybody() is None:
        return "other users cannot run this Python, and there is no other of its version in /usr/bin"
    return ""


@pytest.fixture(scope="module")
def site(browser) -> Iterator[Site]:
    """Yield an installation in a folder that every user can enter."""
    if why := missing():
        pytest.skip(why)
    root = Path(tempfile.mkdtemp(prefix="autograder-hub-"))
    root.chmod(0o755)
    try:
        site = Site(root)
        site.install(str(python_for_everybody()))
        # Keep cells that are out of sight in the page, so that tests find them.
        settings = site.opt / "share/jupyter/lab/settings/overrides.json"
        tracker = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}
        settings.write_text(json.dumps(json.loads(settings.read_text("utf-8")) | tracker))
        yield site
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def people(site) -> Iterator[list[Account]]:
    """Yield a teacher and two students."""
    names = [f"{name}-{os.getpid()}" for name in ("teacher", "ada", "ben")]
    homes = site.root / "home"
    homes.mkdir()
    with accounts(homes, *names) as made:
        yield made


@pytest.fixture(scope="module")
def taught(site, people, built_course) -> Path:
    """Return the teacher's private course, with students' names and a released exercise."""
    teacher, *students = people
    course = teacher.give(built_course, "course")
    for name in TEACHER:
        teacher.write(name, file_on_page(name))
    rows = [f"{students[0].name},Ada,Lovelace,ada@example.org", f"{students[1].name},Benjamin,Banneker,"]
    teacher.write("~/course/class.csv", "\n".join(["id,first_name,last_name,email", *rows, ""]))
    names = commands_on_page("nbgrader db student import class.csv")
    release = commands_on_page("autograder build")
    assert names[0] == release[0] == "cd ~/course"
    for line in (*names[1:], *release[2:]):  # it is built already
        teacher.run(line, course, site.path)
    return course


@pytest.fixture(scope="module")
def hub(site, taught, picture_folder) -> Iterator[str]:
    """Yield the hub's address; its log is kept with the screenshots."""
    with site.hub(str(shutil.which("configurable-http-proxy"))) as address:
        yield address
    shutil.copy(site.log, picture_folder / "hub.log")


@pytest.fixture
def log_in(browser, hub, picture_folder) -> Iterator[Callable[[Account], Page]]:
    """Return a function that logs a person in; the test fails if any of their pages requested another host."""
    outside: list[str] = []
    contexts = []

    def note(request) -> None:
        if not request.url.startswith((HERE, "data:", "blob:", "about:")):
            outside.append(f"{request.frame.url if request.frame else ''} asked for {request.url}")

    def logged_in(person: Account) -> Page:
        context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
        context.set_default_timeout(2 * TIMEOUT_MS)
        context.on("request", note)
        contexts.append(context)
        page = context.new_page()
        page.goto(hub)
        page.get_by_label("Username").fill(person.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"**/user/{person.name}/lab**")
        return page

    yield logged_in
    for number, context in enumerate(contexts, 1):
        for page in context.pages[:1]:
            page.screenshot(path=picture_folder / f"hub-end-{number}.png")
        context.close()
    assert not outside, "\n".join(outside)


def test_only_the_teacher_can_read_the_course_and_everybody_their_own_home(site, people, taught):
    teacher, ada, ben = people
    assert EXERCISE in teacher.run("ls solutions", taught, site.path)
    for student in (ada, ben):
        for place in (taught, teacher.home):
            assert "Permission denied" in student.run(f"ls {place}", site.root, site.path, expected=None)
    assert "Permission denied" in ada.run(f"ls {ben.home}", site.root, site.path, expected=None)
    assert "Permission denied" in ada.run(f"cat {site.srv}/jupyterhub/jupyterhub_config.py", site.root, site.path, None)


def test_from_fetching_an_exercise_to_reading_the_feedback(site, people, taught, hub, log_in, keep):
    from playwright.sync_api import expect

    teacher, ada, _ = people
    page = log_in(ada)
    assert page.request.get(f"{hub}user/{ada.name}/formgrader/").status == 404
    answered_and_submitted(page, right_answers(taught), keep)

    desk = log_in(teacher)
    desk.get_by_role("menuitem", name="Nbgrader").click()
    expect(desk.get_by_role("menuitem", name="Formgrader", exact=True)).to_be_visible()
    collected_and_graded(desk, hub, teacher, ada, keep)
    (result,) = read_results(taught / "graded")
    assert (result.student, result.score, result.tier) == (ada.name, result.max_score, site_tier(site, teacher))

    feedback = fetched_feedback(page)
    expect(feedback.locator("h1")).to_have_text(EXERCISE)
    expect(feedback.locator(".score")).to_have_text("12.5 of 12 points")
    expect(feedback.get_by_text(COMMENT)).to_be_visible()
    expect(feedback.get_by_text("Every check passed.")).to_be_visible()
    keep(page, "hub-8-feedback")


def right_answers(course: Path) -> dict[str, str]:
    """Return a right answer to each question."""
    exercise = load_course(ROOT).exercise(EXERCISE)
    return {
        question.name: next(answer.source for answer in read_answers(exercise, question) if answer.kind == "right")
        for question in exercise.questions
    }


def site_tier(site: Site, person: Account) -> str:
    """Return the best tier for this user."""
    line = "python -c 'from autograder.sandbox.isolation.tiers import best_tier; print(best_tier())'"
    return person.run(line, person.home, site.path).strip()


def answered_and_submitted(page: Page, answers: dict[str, str], keep) -> None:
    """Act as a student: fetch, answer, check, validate twice, submit."""
    from playwright.sync_api import expect

    page.get_by_role("menuitem", name="Nbgrader").click()
    expect(page.get_by_role("menuitem", name="Assignment List")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Formgrader")).to_have_count(0)
    page.keyboard.press("Escape")
    fetch(page)
    keep(page, "hub-1-assignments")
    page.get_by_role("link", name=EXERCISE, exact=True).last.click()
    notebook = Notebook(page)
    for text in ("import torch", "from autograder"):
        notebook.run(notebook.cell(text))
    notebook.answer(QUESTION, answers[QUESTION])
    expect(notebook.check(QUESTION)).to_contain_text(f"{QUESTION}: passed")

    dialog = validated(page)
    keep(page, "hub-2-not-yet")
    expect(dialog).to_contain_text('check("linear")')
    expect(dialog).to_contain_text("linear is not implemented yet")
    expect(dialog).not_to_contain_text(f'check("{QUESTION}")')
    dialog.get_by_role("button", name="OK").click()

    for question, answer in answers.items():
        if question != QUESTION:
            notebook.write(notebook.cell(re.compile(rf"def {question}\(")), answer)
    dialog = validated(page)
    expect(dialog).to_contain_text("Success! Your notebook passes all the tests.")
    keep(page, "hub-3-success")
    dialog.get_by_role("button", name="OK").click()
    submit(page)
    keep(page, "hub-4-submitted")


def validated(page: Page):
    """Press *Validate*; return the dialog, after the button has shown that it is at work."""
    from playwright.sync_api import expect

    button = page.locator(".validate-button")
    button.click()
    expect(button).to_contain_text("Validating...")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    expect(button).to_have_text("Validate")
    return dialog


def collected_and_graded(page: Page, hub: str, teacher: Account, student: Account, keep) -> None:
    """Act as a teacher, by buttons: collect, autograde, add a comment and half a point, make and release feedback."""
    from playwright.sync_api import expect

    formgrader = f"{hub}user/{teacher.name}/formgrader/"
    page.goto(formgrader)
    row = page.locator("#main-table tr", has_text=EXERCISE)
    pressed(page, row.locator(".collect a"), f"Successfully collected submissions of '{EXERCISE}'")
    expect(row.locator(".num-submissions")).to_have_text("1")
    keep(page, "hub-5-collected")

    page.goto(f"{formgrader}manage_submissions/{EXERCISE}")
    row = page.locator("#main-table tr", has_text=student.name)
    pressed(page, row.locator(".autograde a"), f"Successfully autograded '{EXERCISE}' for student '{student.name}'.")
    expect(row.locator(".score")).to_have_text("12 / 12")
    expect(row.locator(".student-name")).to_have_text("Lovelace, Ada")
    keep(page, "hub-6-names")

    page.goto(f"{formgrader}manage_students/{student.name}/{EXERCISE}")
    page.locator("#main-table").get_by_role("link", name=EXERCISE).click()
    page.locator("#notebook-container").first.wait_for()
    page.wait_for_load_state("networkidle")  # the boxes are filled after the page has loaded
    for box, text, path in (
        (f"#{QUESTION}-comment", COMMENT, "/api/comment"),
        (f"#check-{QUESTION}_extra_credit", "0.5", "/api/grade"),
    ):
        with page.expect_response(lambda answer, p=path: answer.request.method == "PUT" and p in answer.url) as saved:
            page.locator(box).fill(text)
            page.locator(box).blur()
        assert saved.value.ok
    assert page.evaluate("typeof MathJax.Hub.Queue") == "function"
    keep(page, "hub-7-by-hand")

    page.goto(f"{formgrader}manage_submissions/{EXERCISE}")
    row = page.locator("#main-table tr", has_text=student.name)
    pressed(page, row.locator(".generate-feedback a"), "Successfully generated feedback")
    pressed(page, row.locator(".release-feedback a"), "Successfully released feedback")


def pressed(page: Page, button, said: str) -> None:
    """Press a button of the formgrader and close the dialog that reports success."""
    from playwright.sync_api import expect

    button.click()
    done = page.locator(".modal.in")
    expect(done).to_contain_text(said, timeout=2 * TIMEOUT_MS)
    done.get_by_role("button", name="Close").last.click()
    done.wait_for(state="detached")
    page.locator(".modal-backdrop").wait_for(state="detached")


def fetched_feedback(page: Page):
    """Fetch the feedback from the list of assignments, follow its link and open the page."""
    page.locator("#refresh_assignments_list").click()
    page.locator("#submitted_assignments_list").get_by_role("button", name="Fetch Feedback").click()
    page.get_by_text("(view feedback)").click()
    page.get_by_role("listitem", name=f"{EXERCISE}.html").dblclick()
    return page.frame_locator(".jp-HTMLViewer iframe")
