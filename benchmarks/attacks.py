"""Submit hostile and damaged notebooks to nbgrader, otter-grader and the autograder, and compare their points.

``python benchmarks/attacks.py --otter-python VENV/bin/python`` prints a Markdown table: one row per submission, one
column per grader, points of 10. otter-grader needs its own environment (``python -m venv VENV``, then
``VENV/bin/pip install otter-grader ipykernel``); without one its column is left out. The other graders run inside
bubblewrap, so this needs Linux with bubblewrap installed. It takes some minutes.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.attacked.cases import Case, cases
from benchmarks.attacked.graders import Autograder, Nbgrader, Otter, Verdict


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--otter-python", type=Path, help="the Python of an environment with otter-grader")
    parser.add_argument("--limit", type=float, default=90, help="seconds after which a grader is killed (default: 90)")
    parser.add_argument("--only", nargs="*", help="names of cases (default: all)")
    options = parser.parse_args()
    if shutil.which("bwrap") is None:
        sys.exit("Install bubblewrap first: without it, other graders would run hostile code on this machine.")
    chosen = [case for case in cases() if not options.only or case.name in options.only]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        graders = [Nbgrader(folder), *([Otter(folder, options.otter_python)] if options.otter_python else [])]
        graders.append(Autograder(folder, chosen))
        versions = [f"nbgrader {version('nbgrader')}", otter_version(options.otter_python), "autograder, tier A"]
        print(f"{'; '.join(filter(None, versions))}; Python {sys.version.split()[0]}; limit {options.limit:g} s\n")
        print_head([grader.name for grader in graders])
        for place, case in enumerate(chosen):
            verdicts = [grader.grade(case, folder / f"{place}-{grader.name}", options.limit) for grader in graders]
            print_row(case, verdicts)


def otter_version(python: Path | None) -> str:
    """Return the version of otter-grader in an environment."""
    if python is None:
        return ""
    code = "from importlib.metadata import version; print('otter-grader', version('otter-grader'))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def print_head(names: Sequence[str]) -> None:
    """Print the head of the table."""
    print(f"| submission | what it does | deserves | {' | '.join(names)} |")
    print(f"|---|---|---|{'---|' * len(names)}")


def print_row(case: Case, verdicts: Sequence[Verdict]) -> None:
    """Print the verdicts on a case; undeserved ones in bold."""
    cells = [describe(case, verdict) for verdict in verdicts]
    print(f"| {case.name.replace('_', ' ')} | {case.tries} | {case.deserves} | {' | '.join(cells)} |", flush=True)


def describe(case: Case, verdict: Verdict) -> str:
    """Return points and remarks as text, in bold unless deserved."""
    points = "no points" if verdict.points is None else f"{verdict.points:g}"
    text = "; ".join([points, *verdict.remarks])
    right = (verdict.points or 0) == case.deserves and verdict.remarks in ((), ("unreadable, says why",))
    return text if right and verdict.points is not None else f"**{text}**"


if __name__ == "__main__":
    main()
