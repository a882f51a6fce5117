"""``autograder lock``."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.common import course_option
from autograder.course import load_course


@click.command("lock", short_help="Pin the installed versions in requirements.lock.")
@course_option
def command(course: Path | None) -> None:
    """Write requirements.lock from the versions installed here: all that the course is built, graded and tested with.

    What PyTorch brings along for itself (CUDA, triton) is left out: it differs between the builds of one version.
    Commit the file; releases are refused where other versions are installed.

    \b
    Example:
      autograder lock
    """
    from autograder.release.pins import LOCK, write_lock

    lock = write_lock(load_course(course).root)
    click.echo(f"{LOCK}: {len(lock.versions)} versions.")
    if lock.kept:
        click.echo(f"Packages for tests are missing here, so these lines stay as they were: {', '.join(lock.kept)}.")
