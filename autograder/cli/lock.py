"""``autograder lock``."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.cli.common import course_option, open_course
from autograder.cli.main import UserError


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
    from autograder.course import CourseError
    from autograder.release.pins import LOCK, write_lock

    try:
        lock = write_lock(open_course(course).root)
    except CourseError as error:
        raise UserError(str(error)) from None
    click.echo(f"{LOCK}: {len(lock.versions)} versions.")
    if lock.kept:
        click.echo(f"Packages for tests are missing here, so these lines stay as they were: {', '.join(lock.kept)}.")
