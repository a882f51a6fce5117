"""Build an assignment's image from its zip and grade in it, as Gradescope does, starting from a bare system.

``python -m benchmarks.contained.bare_root noble`` makes such a system with debootstrap (or takes a folder that holds
one), unpacks the zip of ``autograder build`` below ``/autograder``, runs its ``setup.sh`` as root, submits the
exercise's solution, a half right answer and the untouched notebook, and runs ``run_autograder`` on each, with
namespaces refused. The points must be those of ``autograder grade``; otherwise the exit code is 1. Of this machine,
only what ``--lend`` names is visible inside. Needs Linux with overlayfs, root, the network, and 3 GB of disk, or 10 GB
if pip finds only the default build of torch.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autograder.course import Exercise, load_course
from autograder.errors import CourseError
from autograder.release.platform_bundles import write_bundle
from benchmarks.contained.cases import KINDS, Case, expected_points, write_honest
from tests.integrations.gradescope import spec

COURSE = Path(__file__).resolve().parents[2]
PYTHON = "/usr/local/autograder/venv/bin/python"
KINDS_HANDED_IN = KINDS[:-1]

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSED_ON = ("PIP_", "UV_")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")

_ENTER = 'exec unshare --mount --pid --ipc --uts --fork --kill-child --propagation private sh -euc "$INSIDE" root "$@"'
_INSIDE = """
mount -t overlay overlay -o "lowerdir=$BARE,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$FOLDER/root"
cd "$FOLDER/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o size=64m,mode=1777 tmpfs dev/shm
mount -t sysfs -o ro sysfs sys
rm -f etc/resolv.conf
cp -L /etc/resolv.conf etc/resolv.conf
for lent in $LENT; do
  mkdir -p ".$lent"
  mount --rbind "$lent" ".$lent"
  mount -o remount,bind,ro ".$lent"
done
pivot_root . .
umount -l .
cd /autograder
env -i $PASSED_ON "$@" </dev/null || exit $?
exit 0  # this shell stays the first process
"""


class BareRoot:
    """A bare system, and a layer above it that takes every change."""

    def __init__(self, bare: Path, folder: Path, lent: Sequence[Path]) -> None:
        self._bare, self._folder, self._lent = bare.resolve(), folder, lent
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(parents=True)
        self.autograder = folder / "upper" / "autograder"
        self.autograder.mkdir()

    def run(self, *command: str) -> int:
        """Run a command inside as root and show its output; return its exit code."""
        own = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"}
        environment = {
            "PATH": os.environ["PATH"],
            "INSIDE": _INSIDE,
            "BARE": str(self._bare),
            "FOLDER": str(self._folder),
            "LENT": " ".join(map(str, self._lent)),
            "PASSED_ON": " ".join(f"{name}={value}" for name, value in (own | _passed_on()).items()),
        }
        return subprocess.run(["sh", "-euc", _ENTER, "enter", *command], env=environment, check=False).returncode

    def size_mb(self) -> int:
        """Return the size of all changes."""
        files = (path.lstat() for path in (self._folder / "upper").rglob("*"))
        return sum(status.st_blocks * 512 for status in files) >> 20


def _passed_on() -> dict[str, str]:
    """Return this environment's settings of pip, uv and proxies, except values with spaces, which `env` would split."""
    return {
        name: value
        for name, value in os.environ.items()
        if (name.startswith(_PASSED_ON) or name.lower() in _PROXIES) and not set(value) & set(" \t\n")
    }


def main() -> None:
    """Try one exercise's zip in each system; exit with 1 if any of them gives other points."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.contained.bare_root",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "systems", nargs="+", help="suites of Debian or Ubuntu for debootstrap, or folders with a bare system"
    )
    parser.add_argument("--exercise", default="convolution", help="the exercise of the zip (default: convolution)")
    parser.add_argument(
        "--lend", action="append", default=[], type=Path, help="a folder of this machine to show inside, read-only"
    )
    parser.add_argument("--scratch", type=Path, help="where to work (default: the folder of temporary files)")
    options = parser.parse_args()
    try:
        exercise = load_course(COURSE).exercise(options.exercise)
    except CourseError as error:
        parser.error(str(error))
    faults = []
    for system in options.systems:
        with tempfile.TemporaryDirectory(dir=options.scratch) as name:
            Path(name).chmod(0o755)
            faults += [f"{system}: {fault}" for fault in tried(exercise, system, options.lend, Path(name))]
    print("\nAll points are right." if not faults else "\nNot as expected:\n")
    for fault in faults:
        print(f"- {fault}")
    sys.exit(1 if faults else 0)


def tried(exercise: Exercise, system: str, lent: Sequence[Path], folder: Path) -> list[str]:
    """Build the image and grade in it; return the faults."""
    print(f"=== {exercise.name} in {system}", flush=True)
    root = BareRoot(bare_system(system, folder), folder / "container", lent)
    write_bundle(exercise, folder / "bundle.zip")
    shutil.unpack_archive(folder / "bundle.zip", root.autograder / "source")
    program = root.autograder / "run_autograder"
    shutil.copy(root.autograder / "source" / "run_autograder", program)
    program.chmod(0o755)
    began = time.monotonic()
    status = root.run("bash", "/autograder/source/setup.sh")
    print(f"setup.sh: exit code {status}, {time.monotonic() - began:.0f} s, {root.size_mb()} MB", flush=True)
    if status:
        return [f"setup.sh ended with exit code {status}"]
    root.run(PYTHON, "-VV")
    course = replace(load_course(COURSE), exercises=(exercise,))
    cases = write_honest(course, KINDS_HANDED_IN, folder / "handed_in")
    expected = expected_points(course, cases)
    shutil.copy(COURSE / "tests" / "sandbox" / "elsewhere.py", root.autograder.parent / "elsewhere.py")
    return [fault for case in cases for fault in graded(root, case, expected[case.name])]


def bare_system(system: str, folder: Path) -> Path:
    """Return a folder with a bare system: the one named, or a new one of the suite named."""
    if Path(system).is_dir():
        return Path(system)
    if subprocess.run(["debootstrap", "--variant=minbase", system, folder / "bare"], check=False).returncode:
        sys.exit(f"debootstrap could not make {system}, see above. Or name a folder with an unpacked system.")
    return folder / "bare"


def graded(root: BareRoot, case: Case, expected: dict[str, float]) -> list[str]:
    """Submit a case and run ``run_autograder``, as Gradescope's harness does; return the faults."""
    for name in ("submission", "results"):
        shutil.rmtree(root.autograder / name, ignore_errors=True)
    shutil.copytree(case.folder, root.autograder / "submission")
    (root.autograder / "results").mkdir()
    user = {"email": "ada@example.org", "id": 1, "name": case.name}
    metadata = {"id": 1, "users": [user], "previous_submissions": []}
    (root.autograder / "submission_metadata.json").write_text(json.dumps(metadata))
    began = time.monotonic()
    status = root.run(PYTHON, "/elsewhere.py", "--without", "namespaces", "--", "/autograder/run_autograder")
    if status:
        return [f"{case.name}: run_autograder ended with exit code {status}"]
    try:
        content = spec.results(root.autograder / "results" / "results.json")
    except (AssertionError, OSError, ValueError) as error:
        return [f"{case.name}: no valid results.json: {error}"]
    tier, points = content["extra_data"].get("tier"), f"{content['score']:g} of {case.exercise.max_score:g}"
    print(f"{case.name}: {points}, tier {tier}, {time.monotonic() - began:.0f} s", flush=True)
    got = spec.by_question(content)
    return [
        f"{case.name}: {question} got {got.get(question)} points, expected {points:g}"
        for question, points in expected.items()
        if got.get(question) != points
    ]


if __name__ == "__main__":
    main()
