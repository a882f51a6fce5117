"""A student's feedback page in a real browser: readable in light and dark, by keyboard, and without scripts."""

from __future__ import annotations

import pytest

from autograder.reporting.feedback_page import feedback_page
from autograder.results.model import QuestionResult
from tests.browser.conftest import NARROW, WIDE
from tests.reporting.pages import COUNTS, HOSTILE, LOSSES, MAPS, SCRIPT, a_check, a_result

PHONE = (360, 800)
REFERENCE = a_result(QuestionResult("fit", (a_check("records"), a_check("learns", "passed", "", LOSSES, COUNTS, MAPS))))


@pytest.fixture
def page(open_page, tmp_path):
    """Open the page of a student who uses hostile text everywhere."""
    path = tmp_path / "feedback.html"
    path.write_text(feedback_page(HOSTILE, REFERENCE), "utf-8")
    return open_page(path.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW, PHONE], ids=["wide", "narrow", "phone"])
def test_it_can_be_read_everywhere(page, scheme, size, keep, assert_accessible):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    keep(page, f"feedback-{scheme}-{size[0]}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_accessible(page)


def test_text_of_students_is_never_markup(page):
    assert page.get_by_text(SCRIPT).count() >= 3
    assert page.title() != "taken"
    assert page.locator("script, img:not([src^='data:image/png;'])").count() == 0


def test_a_script_that_got_in_would_not_run(browser, tmp_path):
    path = tmp_path / "worse.html"
    path.write_text(feedback_page(HOSTILE).replace("<main>", f"<main>{SCRIPT}"), "utf-8")
    refused: list[str] = []
    with browser.new_context() as context:
        context.on("console", lambda said: refused.append(said.text))
        page = context.new_page()
        page.goto(path.as_uri())
        assert page.title() != "taken"
    assert len([text for text in refused if "Content Security Policy" in text]) >= 3


def test_the_keyboard_opens_and_closes_questions(page):
    first = page.locator("details").first
    assert first.get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.querySelector('summary')")
    page.keyboard.press("Enter")
    assert first.get_attribute("open") is None
    page.keyboard.press("Enter")
    assert first.get_attribute("open") is not None
