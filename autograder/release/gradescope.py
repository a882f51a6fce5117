"""Pack an exercise for Gradescope: one zip with the grader, all its checks, and a course that holds nothing else.

The same course and the same installed packages give the same bytes on every machine.
"""

from __future__ import annotations

from pathlib import Path

from autograder import pythons
from autograder.course import Exercise
from autograder.release.gradescope_text import RUN, SETUP
from autograder.release.packing import packed_course, write_zip
from autograder.release.pins import core_needs, installed

GRADER_NEEDS = ("ipython", "msgpack")
"""What grading needs beside what students have; a name without a version of ours."""

_LEFT_OUT = {"cli", "nbgrader", "release", "gradebook", "report", "proving", "otter"}

BROUGHT_ALONG = "3.12"
"""The Python that is downloaded where the image has none that the grader can run with."""


def write_bundle(exercise: Exercise, path: Path) -> None:
    """Write the zip that is uploaded to Gradescope as an exercise's autograder."""
    write_zip(path, bundle_files(exercise), programs=("setup.sh", "run_autograder"))


def bundle_files(exercise: Exercise) -> dict[str, bytes]:
    """Return what is in an exercise's bundle: name → content."""
    files = {
        "setup.sh": filled_in(SETUP).encode(),
        "run_autograder": RUN.encode(),
        "requirements.txt": requirements().encode(),
        **packed_course(exercise),
    }
    package = Path(__file__).resolve().parents[1]
    for source in package.rglob("*.py"):
        inside = source.relative_to(package)
        if inside.parts[0] not in _LEFT_OUT and inside.as_posix() != "__main__.py":
            files[f"autograder/{inside.as_posix()}"] = source.read_bytes()
    return files


def filled_in(script: str) -> str:
    """Return a script of `gradescope_text` with the versions of Python that the grader runs with."""
    versions = pythons.TESTED
    words = {
        "@NAMES@": " ".join(f"python{version}" for version in versions),
        "@VERSIONS@": " ".join(versions),
        "@LISTED@": ", ".join(versions),
        "@BROUGHT@": BROUGHT_ALONG,
    }
    for word, meaning in words.items():
        script = script.replace(word, meaning)
    return script


def requirements() -> str:
    """Return the packages that grading needs, in the versions that this machine built the course with."""
    versions = installed(["staff"])
    return "".join(f"{name}=={versions[name]}\n" for name in sorted({*core_needs(), *GRADER_NEEDS}))
