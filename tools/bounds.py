"""Test the students' wheel with the oldest and the newest releases of its dependencies.

For each of the two, make an environment with the wheel and a Jupyter kernel and run all solved notebooks in it: every
public check must pass and every figure must be drawn. PyTorch is downloaded twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from autograder.course import load_course
from autograder.release.nbgrader_run import SOLUTION
from autograder.release.student_bundle import NEEDS, bundle_name, solution_bundle
from tools.scratch import ROOT, Environment

VERSION = "0.0.0"
KERNEL = ("nbclient", "ipykernel")
ENDS = ("oldest", "newest")


def oldest() -> list[str]:
    """Return the lower bounds of the wheel's dependencies as exact versions."""
    needs = [Requirement(need) for need in NEEDS]
    return [f"{need.name}=={bound.version}" for need in needs for bound in need.specifier]


def unpack(folder: Path) -> Path:
    """Write the files of the solution zip into ``folder``; return the folder that holds the exercises."""
    for name, content in solution_bundle(load_course(ROOT), VERSION, ROOT / "release", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / bundle_name(VERSION, SOLUTION)


def try_one(end: str, folder: Path) -> bool:
    """Install the wheel at one end of its bounds and run the notebooks; return whether all passed."""
    exercises = unpack(folder)
    environment = Environment(folder / "venv")
    wheel = next(exercises.glob("*.whl"))
    environment.install(wheel, *KERNEL, *(oldest() if end == "oldest" else ()))
    installed = environment.installed()
    names = [Requirement(need).name for need in NEEDS]
    found = ", ".join(f"{name} {installed[name]}" for name in names)
    print(f"{end}: Python {sys.version.split()[0]}, {found}", flush=True)
    folders = sorted(path for path in exercises.iterdir() if path.is_dir())
    script = Path(__file__).with_name("solved.py")
    done = environment.run("python", script, *folders, cwd=folder, show=True, CUDA_VISIBLE_DEVICES="")
    return done.returncode == 0


def main() -> None:
    """Test both ends, or the one named by ``--only``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=ENDS)
    only = parser.parse_args().only
    failed = []
    for end in [only] if only else ENDS:
        with tempfile.TemporaryDirectory(prefix="autograder-bounds-") as folder:
            if not try_one(end, Path(folder)):
                failed.append(end)
    if failed:
        sys.exit(f"Not everything passed with the {' and the '.join(failed)} versions; see above.")
    print(f"Every public check passes with the {only or ' and the '.join(ENDS)} versions.")


if __name__ == "__main__":
    main()
