"""Make PyPI's page from README.md; everything else about the package is in pyproject.toml.

PyPI shows no file of the repository, so a relative link there leads nowhere and a relative picture is broken. Where
pyproject.toml names the repository (``[project.urls]``, ``Repository``), links and pictures get its address; where it
names none, a link becomes its text and a picture its description. See docs/maintaining.md.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).resolve().parent

_ELSEWHERE = r"(?!https?://|mailto:|#)"  # what follows is relative
_THEMED = re.compile(r"<picture>.*?</picture>", re.DOTALL)
_TAG = re.compile(r"<img\b[^>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_PICTURE = re.compile(rf"!\[([^\]]*)\]\({_ELSEWHERE}([^)\s]+)\)")
_LINK = re.compile(rf"(?<!!)\[([^\]]*)\]\({_ELSEWHERE}([^)\s]+)\)")


def page(readme: str, repository: str | None) -> str:
    """Return a README as PyPI can show it. The addresses are those that GitHub, GitLab and Forgejo understand."""
    text = _THEMED.sub(lambda found: (_TAG.search(found[0]) or found)[0], readme)  # PyPI knows no dark theme
    text = _TAG.sub(_as_markdown, text)
    if repository is None:
        return _LINK.sub(r"\1", _PICTURE.sub(r"*\1*", text))
    address = repository.rstrip("/")
    text = _PICTURE.sub(rf"![\1]({address}/raw/HEAD/\2)", text)
    return _LINK.sub(rf"[\1]({address}/blob/HEAD/\2)", text)


def _as_markdown(tag: re.Match[str]) -> str:
    attributes = dict(_ATTRIBUTE.findall(tag[0]))
    return f"![{attributes.get('alt', '')}]({attributes['src']})"


def main() -> None:
    """Build, install or describe the package, as setuptools asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    repository = project.get("urls", {}).get("Repository")
    readme = (ROOT / "README.md").read_text("utf-8")
    setup(long_description=page(readme, repository), long_description_content_type="text/markdown")


if __name__ == "__main__":
    main()
