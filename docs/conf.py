"""Configure the documentation's site, which ``make docs`` builds from these pages, docstrings and the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

project = "Medical image classification, auto-graded"
author = "the authors of the course"
copyright = "MIT licence"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
exclude_patterns = ["make_pictures.py"]

myst_heading_anchors = 4
myst_enable_extensions = ["tasklist"]
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
default_role = "code"

html_theme = "furo"
html_title = project
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"sidebar_hide_name": False}


def setup(app: Sphinx) -> None:
    """Copy the pictures that pages show in light or dark by themselves: Sphinx does not see them in HTML."""
    app.connect("build-finished", _copy_pictures)


def _copy_pictures(app: Sphinx, _error: Exception | None) -> None:
    shutil.copytree(Path(app.srcdir) / "pictures", Path(app.outdir) / "pictures", dirs_exist_ok=True)
