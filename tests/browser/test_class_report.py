"""The class report in a real browser: a thousand students, sorting, search, keyboard, and no script of students."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder.reporting.class_page import Surroundings, class_page
from autograder.reporting.similarity import similar_pairs
from autograder.results.model import Cost
from tests.browser.conftest import NARROW, WIDE
from tests.reporting.pages import HOSTILE, SCRIPT
from tests.reporting.test_class_page import code, student

STUDENTS = 1000


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write the report of a large class whose last student uses hostile text everywhere."""
    shapes = ["pfp", "ppp", "ffp", "uuu", "tpf"]
    results = [student(f"s{n:04}", shapes[n % 5], shapes[n * 7 % 5], cause=f"cause {n % 3}") for n in range(STUDENTS)]
    pairs = similar_pairs({SCRIPT: code("a") + f"# {SCRIPT}", "s0001": code("b")}, "")
    around = {"mlp": Surroundings((), [{"q0.c0": Cost(0.5, 3.0)}], pairs)}
    path = tmp_path_factory.mktemp("report") / "class.html"
    path.write_text(class_page([*results, replace(HOSTILE, student=SCRIPT)], ["mlp"], around), "utf-8")
    return path


@pytest.fixture
def page(written, open_page):
    return open_page(written.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW, (400, 800)], ids=["wide", "narrow", "phone"])
def test_it_can_be_read_everywhere(page, scheme, size, keep, assert_accessible):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    keep(page, f"class-{scheme}-{size[0]}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.evaluate("[...document.querySelectorAll('#all tbody tr')].slice(20).forEach((row) => row.remove())")
    assert_accessible(page)


def names(page) -> list[str]:
    return page.locator("#all tbody tr:not([hidden]) td:first-child").all_text_contents()


def test_tables_are_sorted_by_number_and_by_name(page):
    table = page.locator("#all")
    total = table.get_by_role("button", name="total")
    assert len(names(page)) == STUDENTS + 1

    def totals() -> list[float]:
        return [float(text) for text in table.locator("tbody tr td:last-child").all_text_contents()]

    total.click()
    assert totals() == sorted(totals())
    total.press("Enter")
    assert totals() == sorted(totals(), reverse=True)
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    table.get_by_role("button", name="student").click()
    assert names(page)[1:] == sorted(names(page)[1:])


def test_a_student_is_found(page):
    page.get_by_label("Find a student").fill("S0042")
    assert names(page) == ["s0042"]
    assert page.get_by_role("status").text_content() == f"1 of {STUDENTS + 1}"
    page.get_by_label("Find a student").fill("")
    assert len(names(page)) == STUDENTS + 1


def test_similar_code_stands_side_by_side(page):
    pair = page.locator("details.pair")
    pair.locator("summary").press("Enter")
    assert pair.locator("pre").count() == 2
    first, second = (pair.locator("pre").nth(n).bounding_box() for n in (0, 1))
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] <= second["x"]
    assert pair.locator("mark").count() >= 2


def test_text_of_students_is_never_markup(page):
    assert page.title() == "Class report"
    assert page.locator("script").count() == 1
    assert page.locator("img").count() == 0
    assert page.get_by_text(SCRIPT).count() >= 2
