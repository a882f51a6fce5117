"""Fixtures for tests in a real browser: pages that fail the test on errors, screenshots, accessibility, a course."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.servers import Person, make_course
from tests.conftest import require

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENSHOTS = "AUTOGRADER_SCREENSHOTS"
"""The environment variable with the folder for screenshots; the default is a temporary folder of pytest's."""

TIMEOUT_MS = 60_000
UNREACHED = "MathJax is not defined"
"""The error on nbgrader's pages if the server of MathJax cannot be reached."""

HERE = "http://127.0.0.1:"
WIDE = (1280, 900)
NARROW = (700, 900)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium, headless; no browser is ever downloaded."""
    sync_api = pytest.importorskip("playwright.sync_api", reason='install it with: pip install -e ".[dev]"')
    require("chromium", "chromium")
    sync_api.expect.set_options(timeout=TIMEOUT_MS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, picture_folder, request) -> Iterator[Callable[..., Page]]:
    """Return a function that opens an address in a window; the test fails if any page had errors."""
    errors: list[str] = []
    contexts = []

    def opened(address: str, size: tuple[int, int] = WIDE) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(TIMEOUT_MS)
        context.route(lambda url: not url.startswith((HERE, "file:")), lambda route: route.abort())
        contexts.append(context)
        context.on("weberror", lambda found: errors.append(str(found.error)) if str(found.error) != UNREACHED else None)
        context.on("console", lambda said: errors.append(f"{said.text} {said.location}") if is_error(said) else None)
        page = context.new_page()
        page.goto(address)
        return page

    yield opened
    for number, context in enumerate(contexts, 1):
        for page in context.pages[:1]:
            page.screenshot(path=picture_folder / f"end-of-{request.node.name}-{number}.png")
        context.close()
    assert not errors, "\n".join(errors)


def is_error(said) -> bool:
    """Whether a console message is an error, except for two kinds that nbgrader's own feedback causes.

    It loads MathJax from a server, which tests must not reach, and JupyterLab shows it without running its scripts.
    """
    outside = said.text.startswith("Failed to load resource") and said.location["url"].startswith("https://cdnjs.")
    blocked = said.text.startswith("Blocked script execution in 'blob:")
    return said.type == "error" and not outside and not blocked


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory) -> Path:
    """Return the folder for screenshots."""
    folder = Path(os.environ.get(SCREENSHOTS) or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def keep(picture_folder) -> Callable[..., None]:
    """Return a function that saves a screenshot of a page or of an element."""

    def save(target: object, name: str, **options: object) -> None:
        target.screenshot(path=picture_folder / f"{name}.png", **options)

    return save


@pytest.fixture
def assert_accessible() -> Callable[..., None]:
    """Return a function that fails if axe finds a barrier on a page or a part of it.

    Among others it checks contrast, names, roles and order: https://github.com/dequelabs/axe-core
    """
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason='install it with: pip install -e ".[dev]"'
    )

    def accessible(page: Page, within: str | None = None) -> None:
        found = axe.Axe().run(page, context=within).response["violations"]
        barriers = [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
        assert not barriers, "\n".join(barriers)

    return accessible


@pytest.fixture(scope="module")
def exchange(tmp_path_factory) -> Path:
    """Return nbgrader's exchange, writable for everybody, as its manual says."""
    folder = tmp_path_factory.mktemp("exchange")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory, exchange) -> Person:
    """Return the person who owns the course folder."""
    return Person(tmp_path_factory.mktemp("teacher"), exchange).move_in()


@pytest.fixture(scope="session")
def built_course(tmp_path_factory) -> Path:
    """Return a course of one exercise, with its releases built; tests must not change it."""
    root = make_course(tmp_path_factory.mktemp("built"))
    Person(tmp_path_factory.mktemp("author"), root).move_in().run(root, "autograder", "build")
    return root


@pytest.fixture(scope="module")
def course(tmp_path_factory, browser, built_course) -> Path:
    """Return a copy of the course. It requests the browser first, so that nothing is built if there is none."""
    return Path(shutil.copytree(built_course, tmp_path_factory.mktemp("teaching") / "course"))
