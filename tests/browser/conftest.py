"""A real browser, pages that remember what went wrong in them, and the folder where pictures are kept."""

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
"""Names the folder where screenshots are kept; without it they go with pytest's temporary folders."""

TIMEOUT_MS = 60_000
UNREACHED = "MathJax is not defined"
"""What nbgrader's pages say where its server of MathJax is not reached."""

HERE = "http://127.0.0.1:"
WIDE = (1280, 900)
NARROW = (700, 900)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless: no browser is ever downloaded."""
    sync_api = pytest.importorskip("playwright.sync_api", reason='install it with: pip install -e ".[dev]"')
    require("chromium", "chromium")
    sync_api.expect.set_options(timeout=TIMEOUT_MS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, picture_folder, request) -> Iterator[Callable[..., Page]]:
    """Return a function that opens an address in a window; the test fails where a page had errors."""
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
    """Whether what a page said on its console is an error, but for the two kinds of nbgrader's feedback.

    It loads MathJax from a server, which no test may reach; and JupyterLab shows it without running its scripts.
    """
    outside = said.text.startswith("Failed to load resource") and said.location["url"].startswith("https://cdnjs.")
    unrun = said.text.startswith("Blocked script execution in 'blob:")
    return said.type == "error" and not outside and not unrun


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory) -> Path:
    """Where screenshots are kept."""
    folder = Path(os.environ.get(SCREENSHOTS) or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def keep(picture_folder) -> Callable[..., None]:
    """Return a function that keeps a picture of a page, or of one thing on it."""

    def kept(what: object, name: str, **options: object) -> None:
        what.screenshot(path=picture_folder / f"{name}.png", **options)

    return kept


@pytest.fixture
def assert_accessible() -> Callable[..., None]:
    """Return a function that fails where axe finds that a page, or a part of it, shuts people out.

    It looks at contrast, names, roles and order, among others: https://github.com/dequelabs/axe-core
    """
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason='install it with: pip install -e ".[dev]"'
    )

    def accessible(page: Page, within: str | None = None) -> None:
        found = axe.Axe().run(page, context=within).response["violations"]
        told = [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
        assert not told, "\n".join(told)

    return accessible


@pytest.fixture(scope="module")
def exchange(tmp_path_factory) -> Path:
    """nbgrader's exchange, as its manual wants it: everybody may write to it."""
    folder = tmp_path_factory.mktemp("exchange")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory, exchange) -> Person:
    """Who has the course folder."""
    return Person(tmp_path_factory.mktemp("teacher"), exchange).move_in()


@pytest.fixture(scope="session")
def built_course(tmp_path_factory) -> Path:
    """A course of one exercise, with its releases built; for reading only."""
    root = make_course(tmp_path_factory.mktemp("built"))
    Person(tmp_path_factory.mktemp("author"), root).move_in().run(root, "autograder", "build")
    return root


@pytest.fixture(scope="module")
def course(tmp_path_factory, browser, built_course) -> Path:
    """A course of one's own. It asks for the browser first, so that nothing is built where there is none."""
    return Path(shutil.copytree(built_course, tmp_path_factory.mktemp("teaching") / "course"))
