"""PyPI's page: the README without relative links and pictures, which only the repository can resolve."""

import runpy
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ADDRESS = "https://forge.example/course/kit"

page = runpy.run_path(str(ROOT / "setup.py"), run_name="setup")["page"]


def targets(text):
    """Return the targets of links and pictures in a Markdown text."""
    inline = (child for token in MarkdownIt().parse(text) for child in token.children or ())
    return [child.attrGet("href") or child.attrGet("src") for child in inline if child.type in ("link_open", "image")]


def test_the_readme_has_what_pypi_cannot_show():
    assert "docs/pictures/check.png" in targets(README)
    assert "<picture>" in README


@pytest.mark.parametrize("repository", [None, ADDRESS])
def test_nothing_relative_is_left(repository):
    text = page(README, repository)
    assert all(target.startswith("https://") for target in targets(text))
    assert "<picture" not in text
    assert "<img" not in text


def test_with_a_repository_all_links_and_pictures_are_there():
    found = targets(page(README, ADDRESS + "/"))
    assert len(found) == len(targets(README)) + 1  # and the picture that was HTML
    assert f"{ADDRESS}/raw/HEAD/docs/pictures/check.png" in found
    assert f"{ADDRESS}/raw/HEAD/docs/pictures/pipeline.svg" in found
    assert f"{ADDRESS}/blob/HEAD/docs/student.md" in found
    assert "https://nbgrader.readthedocs.io" in found


def test_without_a_repository_text_and_descriptions_stay():
    text = "See ![a curve](docs/curve.png), [the guide](docs/guide.md), [it](https://it.example) and [below](#below)."
    assert page(text, None) == "See *a curve*, the guide, [it](https://it.example) and [below](#below)."


def test_a_picture_for_two_themes_becomes_the_light_one():
    themed = '<picture>\n <source srcset="dark.svg">\n <img alt="a pipe" src="light.svg">\n</picture>'
    assert page(themed, ADDRESS) == f"![a pipe]({ADDRESS}/raw/HEAD/light.svg)"
    assert page(themed, None) == "*a pipe*"
