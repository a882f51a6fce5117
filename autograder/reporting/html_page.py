"""Render HTML pages that open from disk: one file each, with no server, no network, and no script but the page's own.

Templates escape every value, and a content security policy blocks everything that the page did not bring itself.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).with_name("templates")


def render(name: str, **values: Any) -> str:
    """Return the template ``<name>.html`` filled with ``values``, with the styles and the script of the same name."""
    from markupsafe import Markup

    styles = (_TEMPLATES / "base.css").read_text("utf-8") + (_TEMPLATES / f"{name}.css").read_text("utf-8")
    script_file = _TEMPLATES / f"{name}.js"
    script = script_file.read_text("utf-8") if script_file.is_file() else ""
    template = _environment().get_template(f"{name}.html")
    # Markup is not escaped: only for our own files, never for a value.
    return template.render(**values, styles=Markup(styles), script=Markup(script), policy=policy(script))


def policy(script: str) -> str:
    """Return the content security policy of a page: only this script, if any, may run.

    https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
    """
    # An injected script has another digest, so the browser refuses to run it.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = [f"script-src 'sha256-{digest}'"] if script else []
    # Styles are inline: the style sheet is in the page, and bars set their width in an attribute.
    parts = ["default-src 'none'", *allowed, "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'"]
    return "; ".join([*parts, "form-action 'none'"])


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from autograder.text import printable, visible

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,  # names and messages come from students
        undefined=StrictUndefined,  # a misspelt name in a template fails instead of printing nothing
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = lambda value: f"{value:g}"
    environment.filters["printable"] = printable
    environment.filters["visible"] = visible
    return environment
