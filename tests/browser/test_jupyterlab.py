"""A student works on an exercise in a real JupyterLab: fetch, answer, check, submit, read the feedback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.results.model import Outcome
from autograder.results.store import read_results
from tests.browser.conftest import NARROW, WIDE
from tests.browser.lab import FAILED, Notebook, dark, fetch, submit, validate
from tests.browser.servers import EXERCISE, Person

pytestmark = pytest.mark.slow

QUESTION = "flatten_images"
RIGHT = "def flatten_images(images):\n    return images.reshape(len(images), -1)\n"
WRONG = "def flatten_images(images):\n    return images.reshape(-1, len(images))\n"
WHY = "Expected (2, 12), got (12, 2)."

EVERY_OUTCOME = """
from IPython.display import HTML
from autograder.results.model import CheckResult, Outcome, QuestionResult
from autograder.results.rendering import as_html

LONG = "softmax_of_" + "the_very_long_name_" * 8 + " is not a name that breaks."
HTML(as_html("every outcome", QuestionResult("every outcome", tuple(
    CheckResult("c", "One row for each outcome, with a title that is as long as titles of checks are.", kind, outcome,
                0.25, 1, f"A message about `a_name`.\\n{LONG}", "a hint")
    for outcome, kind in zip(Outcome, ["public", "hidden"] * 4)
))))
"""

CONTRAST = """
element => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const seen = (...colours) => {  // relative luminance of colours painted over each other
    canvas.fillStyle = "white";
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)]
      .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = [];
  for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
  const [paper, ink] = [seen(...behind), seen(...behind, getComputedStyle(element).color)];
  return (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
}
"""
"""The contrast of a text with its background, by https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio."""


@pytest.fixture(scope="module")
def student(tmp_path_factory, exchange) -> Person:
    return Person(tmp_path_factory.mktemp("student"), exchange).move_in()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return the student's working folder."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def lab(student, folder, course, teacher) -> Iterator[str]:
    """Yield the address of the student's JupyterLab, after the exercise has been released."""
    teacher.run(course, "nbgrader", "generate_assignment", EXERCISE, "--force")
    teacher.run(course, "nbgrader", "release_assignment", EXERCISE)
    with student.jupyter_lab(folder) as address:
        yield address


def test_a_student_answers_checks_submits_and_reads_the_feedback(lab, course, teacher, folder, open_page, keep):
    from playwright.sync_api import expect

    page = open_page(lab + "lab")
    fetch(page)
    keep(page, "lab-1-assignments")
    page.get_by_role("link", name=EXERCISE, exact=True).last.click()
    notebook = Notebook(page)
    for text in ("import torch", "from autograder", f"def {QUESTION}("):
        notebook.run(notebook.cell(text))

    shown = notebook.check(QUESTION)
    expect(shown).to_contain_text(f"{QUESTION}: not attempted yet, 0 of 0.5 public points")
    expect(shown.get_by_role("row").first).to_contain_text("not attempted")
    keep(page, "lab-2-not-attempted")

    notebook.answer(QUESTION, RIGHT)
    shown = notebook.check(QUESTION)
    expect(shown).to_contain_text(f"{QUESTION}: passed, 0.5 of 0.5 public points")
    expect(shown.get_by_role("row").first).to_contain_text("✓ passed")
    keep(page, "lab-3-passed")

    notebook.answer(QUESTION, WRONG)
    shown = notebook.check(QUESTION)
    expect(shown).to_contain_text(f"{QUESTION}: not there yet, 0 of 0.5 public points")
    expect(shown).to_contain_text(WHY)
    keep(page, "lab-4-wrong")

    notebook.answer(QUESTION, RIGHT)
    expect(notebook.check(QUESTION)).to_contain_text("passed, 0.5 of 0.5")
    notebook.save()
    verdict = validate(page)
    keep(page, "lab-5-validated")
    expect(verdict).to_contain_text('check("linear")')
    expect(verdict).not_to_contain_text(f'check("{QUESTION}")')
    verdict.get_by_role("button", name="OK").click()
    submit(page)
    keep(page, "lab-6-submitted")

    teacher.run(course, "nbgrader", "collect", EXERCISE)
    teacher.run(course, "nbgrader", "autograde", EXERCISE, "--Grade.allow_weak_sandbox=True")
    (result,) = read_results(course / "graded")
    scores = {question.name: question.score for question in result.questions}
    assert scores == {**dict.fromkeys(scores, 0.0), QUESTION: 1.0}
    (answered,) = (question for question in result.questions if question.name == QUESTION)
    assert {check.outcome for check in answered.checks} == {Outcome.PASSED}
    teacher.run(course, "nbgrader", "generate_feedback", EXERCISE)
    teacher.run(course, "nbgrader", "release_feedback", EXERCISE)

    feedback = fetch_feedback(page)
    expect(feedback.locator(".score")).to_have_text("1 of 12 points")
    for question, points in {QUESTION: "1 of 1", "linear": "0 of 1"}.items():
        name = feedback.locator("summary code").get_by_text(question, exact=True)
        expect(name.locator("..")).to_contain_text(points)
    keep(page, "lab-7-feedback")


def fetch_feedback(page):
    """Fetch the feedback from the list of assignments, follow its link and open the page."""
    page.locator("#refresh_assignments_list").click()
    page.locator("#submitted_assignments_list").get_by_role("button", name="Fetch Feedback").click()
    page.get_by_text("(view feedback)").click()
    page.get_by_role("listitem", name=f"{EXERCISE}.html").dblclick()
    return page.frame_locator(".jp-HTMLViewer iframe")


@pytest.fixture
def untouched(folder, course) -> str:
    """Return the address of the notebook as handed out, with one more cell that shows every outcome."""
    shutil.copytree(course / "release" / "student" / EXERCISE, folder / "untouched")
    path = folder / "untouched" / f"{EXERCISE}.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    last = {"cell_type": "code", "id": "every-outcome", "metadata": {}, "source": EVERY_OUTCOME}
    notebook["cells"].append(last | {"outputs": [], "execution_count": None})
    path.write_text(json.dumps(notebook), "utf-8")
    return f"lab/workspaces/untouched/tree/untouched/{EXERCISE}.ipynb"  # a workspace without other tests' tabs


def test_an_untouched_notebook_runs_without_a_traceback_and_is_read_in_every_window(lab, untouched, open_page, keep):
    from playwright.sync_api import expect

    page = open_page(lab + untouched)
    notebook = Notebook(page)
    notebook.run_all()
    expect(page.get_by_text("not attempted yet, 0 of")).to_have_count(8)
    assert page.locator(FAILED).all_inner_texts() == []
    page.get_by_role("tab", name="File Browser").click()  # folds it away

    sample = notebook.cells.last.locator(".jp-OutputArea-output")
    expect(sample.get_by_role("row")).to_have_count(7)
    for theme in ("light", "dark"):
        if theme == "dark":
            dark(page)
        for name, (width, height) in {"wide": WIDE, "narrow": NARROW}.items():
            page.set_viewport_size({"width": width, "height": height})
            notebook.cell(f'check("{QUESTION}")').scroll_into_view_if_needed()
            keep(page, f"lab-untouched-{theme}-{name}")
            keep(sample, f"lab-outcomes-{theme}-{name}")
            assert cut(sample) == []
        for text in sample.locator("td, td div, b, p").all():
            assert text.evaluate(CONTRAST) >= 4.5, (theme, text.inner_text())


def cut(output) -> list[str]:
    """Return the texts of an output that are wider than their element, and so are cut or overlap their neighbours."""
    return output.locator("xpath=descendant-or-self::*").evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth).map(one => one.innerText)"
    )
