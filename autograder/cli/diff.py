"""``autograder diff``: what changed between two releases."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.common import console, course_option, json_option, print_json
from autograder.course import load_course


@click.command("diff", short_help="Show what changed from one release to another.")
@click.argument("old")
@click.argument("new")
@json_option
@course_option
def command(old: str, new: str, as_json: bool, course: Path | None) -> None:
    """Show what changed from release OLD to release NEW: for students, for graders, in points and thresholds.

    \b
    Example:
      autograder diff 2026.1 2026.2
    """
    from rich.markup import escape

    from autograder.manifest import read_manifest
    from autograder.release.difference import compare

    root = load_course(course).root
    sections = compare(read_manifest(root, old), read_manifest(root, new))
    if as_json:
        changed = {section.title: list(section.lines) for section in sections if section.lines}
        print_json({"old": old, "new": new, "changed": changed})
        return
    out = console()
    for section in sections:
        if section.lines:
            out.print(f"[bold]{escape(section.title)}[/]")
            for line in section.lines:
                out.print(f"  {escape(line)}", soft_wrap=True)
    if not any(section.lines for section in sections):
        out.print(f"Nothing that students, graders or scores would notice changed from {old} to {new}.")
    elif any(section.lines for section in sections if section.title in ("For graders", "Thresholds", "Points")):
        out.print("\nWho moves, before anything is stored: autograder grade submitted --dry-run")
