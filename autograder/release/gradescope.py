"""Pack an exercise for Gradescope: one zip with the grader, all its checks, and a course that holds nothing else.

The same course and the same installed packages give the same bytes on every machine.
"""

from __future__ import annotations

from pathlib import Path

from autograder.course import Exercise
from autograder.release.packing import packed_course, write_zip
from autograder.release.pins import core_needs, installed

GRADER_NEEDS = ("ipython", "msgpack")
"""What grading needs beside what students have; a name without a version of ours."""

_LEFT_OUT = {"cli", "nbgrader", "release", "gradebook", "report", "proving", "otter"}

SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image of this assignment.
set -euo pipefail
trap 'echo "setup.sh failed in line $LINENO: read the lines above it, then build the image again." >&2' ERR
# Everything that student code may read lies below HERE: the checks, below /autograder, are closed to it.
HERE=/usr/local/autograder
mkdir -p "$HERE"
export UV_PYTHON_INSTALL_DIR=$HERE/python UV_CACHE_DIR=/tmp/uv-cache
apt-get update -q
apt-get install -qy python3-venv
apt-get install -qy bubblewrap || echo "bubblewrap is not to be had; grading goes on without it."
python3 -m venv "$HERE/uv"
"$HERE/uv/bin/pip" install -q uv
# Ubuntu 22.04 has Python 3.10; the grader needs 3.11 or later, and is tested with the one named here.
"$HERE/uv/bin/uv" venv --python @PYTHON@ "$HERE/venv"
"$HERE/uv/bin/uv" pip install --python "$HERE/venv/bin/python" --torch-backend cpu \\
    -r /autograder/source/requirements.txt
SITE=$("$HERE/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -r /autograder/source/autograder "$SITE/"
chmod -R a+rX "$HERE"
rm -rf /tmp/uv-cache
cd / && "$HERE/venv/bin/python" -c 'import torch, autograder.gradescope.run'
echo "The grader is installed."
"""

RUN = """\
#!/usr/bin/env bash
# Gradescope runs this, as root, for each submission.
cd / && exec /usr/local/autograder/venv/bin/python -m autograder.gradescope
"""

PYTHON = "3.12"


def write_bundle(exercise: Exercise, path: Path) -> None:
    """Write the zip that is uploaded to Gradescope as an exercise's autograder."""
    write_zip(path, bundle_files(exercise), programs=("setup.sh", "run_autograder"))


def bundle_files(exercise: Exercise) -> dict[str, bytes]:
    """Return what is in an exercise's bundle: name → content."""
    files = {
        "setup.sh": SETUP.replace("@PYTHON@", PYTHON).encode(),
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


def requirements() -> str:
    """Return the packages that grading needs, in the versions that this machine built the course with."""
    versions = installed(["staff"])
    return "".join(f"{name}=={versions[name]}\n" for name in sorted({*core_needs(), *GRADER_NEEDS}))
