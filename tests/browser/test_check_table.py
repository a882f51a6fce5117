"""The output of `check` in a real browser: pictures, contrast in light and dark, and hostile text."""

from __future__ import annotations

import pytest

from autograder.integrations.notebook import Hint
from autograder.results.model import QuestionResult
from autograder.results.rendering import CheckTable
from tests.browser.conftest import NARROW, WIDE
from tests.reporting.pages import COUNTS, HOSTILE, LARGE, LOSSES, MAPS, NUMBERS, SCRIPT

CHECKS = tuple(check for question in HOSTILE.questions for check in question.checks)
NOTEBOOK = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A notebook</title>
<style>body {{ margin: 1rem; background: {back}; color: {text}; font: 14px sans-serif }}</style></head>
<body><main><h1>Outputs</h1>{outputs}</main></body></html>"""
COLOURS = {"light": ("#ffffff", "#000000"), "dark": ("#111111", "#e0e0e0")}


@pytest.fixture
def notebook(open_page, tmp_path):
    """Return a function that opens a page with outputs in JupyterLab's colours."""

    def opened(theme: str, size: tuple[int, int] = WIDE):
        table = CheckTable(QuestionResult("fit", CHECKS), hinted=True)
        back, text = COLOURS[theme]
        outputs = table._repr_html_() + Hint(f"Look at `x`, {SCRIPT}")._repr_html_()
        path = tmp_path / "notebook.html"
        path.write_text(NOTEBOOK.format(back=back, text=text, outputs=outputs), "utf-8")
        return open_page(path.as_uri(), size)

    return opened


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_it_can_be_read(notebook, theme, size, keep, assert_accessible):
    page = notebook(theme, size)
    keep(page, f"check-table-{theme}-{size[0]}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_accessible(page)


def test_every_check_and_picture_is_there(notebook):
    page = notebook("light")
    for check in CHECKS:
        assert page.get_by_text(check.title.split("`")[1]).count() >= 1
    for picture in (LOSSES, COUNTS, MAPS, NUMBERS, LARGE):
        assert page.get_by_text(picture.title, exact=True).count() >= 1
    assert page.locator("svg polyline").count() == 1
    assert page.locator("img").count() == 5  # two maps, and three images of a difference
    assert page.get_by_text('To get a hint, run hint("fit").').count() == 1


def test_text_of_students_is_never_markup(notebook):
    page = notebook("light")
    assert page.title() == "A notebook"
    assert page.get_by_text(SCRIPT).count() >= 2
    assert page.locator("script, img[src=x]").count() == 0
