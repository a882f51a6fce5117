"""Actions in JupyterLab: open notebooks, write and run cells, use nbgrader's list of assignments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser.servers import EXERCISE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

FAILED = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
"""Selects outputs that are tracebacks or warnings."""


class Notebook:
    """The notebook that is open on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")
        # Only the status bar tells: the kernel indicator at the top shows idle even while a kernel starts.
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()

    def cell(self, text: str | re.Pattern[str]) -> Locator:
        """Return the first code cell that contains a text."""
        return self.cells.filter(has=self.page.locator(".jp-InputArea-editor", has_text=text)).first

    def write(self, cell: Locator, source: str) -> None:
        """Replace the source of a cell."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def run(self, cell: Locator) -> None:
        """Run a cell and wait until it has finished."""
        from playwright.sync_api import expect

        prompt = cell.locator(".jp-InputPrompt")
        before = "".join(filter(str.isdigit, prompt.inner_text()))
        prompt.click()
        self.page.keyboard.press("Control+Enter")
        expect(prompt).to_have_text(re.compile(rf"^\[(?!{before or 0}\])\d+\]:$"))

    def run_all(self) -> None:
        """Run all cells through the menu and wait until the last one has finished."""
        from playwright.sync_api import expect

        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        expect(self.cells.last.locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[\d+\]:$"))

    def answer(self, question: str, source: str) -> None:
        """Write an answer to a question and run it."""
        cell = self.cell(re.compile(rf"def {question}\("))
        self.write(cell, source)
        self.run(cell)

    def check(self, question: str) -> Locator:
        """Run the checks of a question; return their output."""
        cell = self.cell(f'check("{question}")')
        self.run(cell)
        return cell.locator(".jp-OutputArea-output")

    def save(self) -> None:
        """Save with the keyboard and wait until the server has answered."""
        with self.page.expect_response(lambda a: a.request.method == "PUT" and "/api/contents/" in a.url):
            self.page.keyboard.press("Control+S")


def dark(page: Page) -> None:
    """Choose JupyterLab's dark theme through the menu."""
    page.get_by_role("menuitem", name="Settings").click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Theme", exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text("JupyterLab Dark", exact=True).click()
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")


def fetch(page: Page) -> None:
    """Fetch the exercise from nbgrader's list of assignments and unfold it."""
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Assignment List").click()
    page.locator("#released_assignments_list").get_by_role("button", name="Fetch").click()
    page.locator("#fetched_assignments_list").get_by_role("button", name=EXERCISE).click()


def submit(page: Page) -> None:
    """Submit the exercise from the list of assignments."""
    page.get_by_role("tab", name="Assignments").click()
    page.locator("#fetched_assignments_list").get_by_role("button", name="Submit").click()
    page.locator("#submitted_assignments_list").get_by_text(EXERCISE).first.wait_for()


def validate(page: Page) -> Locator:
    """Press nbgrader's button above the notebook; return the dialog that opens."""
    page.get_by_role("button", name="Validate", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    return dialog
