"""Grade submissions as in Gradescope's smallest container: half a CPU, 768 MB, ten minutes.

``python -m benchmarks.contained`` submits each exercise's solution, a half right answer, the untouched notebook, and
the attacks of tests/attacks; each is graded by the exercise's bundle in a container of its own. The points must be
those of ``autograder grade``, or those that the attack states. Prints a Markdown table and every fault; exit code 1 if
there is any. Needs Linux with overlayfs, and root; takes most of an hour, half that with ``--jobs 2``.
"""

from __future__ import annotations

import argparse
import compileall
import json
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Exercise, load_course
from autograder.integrations.gradescope import OUTCOMES
from autograder.integrations.gradescope.container import NOT_FINISHED, OUT_OF_TIME
from autograder.release.platform_bundles import write_bundle
from autograder.results.model import Outcome
from benchmarks.contained.cases import KINDS, Case, expected_points, write_attacks, write_honest
from benchmarks.contained.cgroup import NoControlGroups
from benchmarks.contained.container import CPUS, LIMIT_S, MEMORY_MB, Container, Ended
from tests.integrations.gradescope import spec

COURSE = Path(__file__).resolve().parents[2]
INSTALLED = "usr/local/autograder"
"""Where ``setup.sh`` installs the grader and its Python."""

_UNFINISHED = (NOT_FINISHED, OUT_OF_TIME.partition("{")[0])


@dataclass(frozen=True)
class Measured:
    """The outcome of a case; ``content`` is that of ``results.json``, None if it is missing or invalid."""

    case: Case
    ended: Ended
    content: dict[str, Any] | None
    expected: dict[str, float]

    @property
    def unfinished(self) -> int:
        """The number of checks that were not run for lack of time, or because grading was killed."""
        tests = self.content["tests"] if self.content else []
        return sum(test["output"].startswith(_UNFINISHED) for test in tests)

    def faults(self) -> list[str]:
        """Return everything that is not as expected."""
        if self.ended.code is None:
            return [f"still running after {LIMIT_S:g} s"]
        if self.content is None:
            return [f"no valid results.json; exit code {self.ended.code}: {self.ended.output[-500:]}"]
        faults = [] if self.ended.code == 0 else [f"exit code {self.ended.code}: {self.ended.output[-500:]}"]
        got = spec.by_question(self.content)
        for question, points in self.expected.items():
            if got.get(question) != points:
                faults.append(
                    f"{question} got {got.get(question)} points, expected {points:g}: {self._outputs(question)}"
                )
        undecided = sum(test["output"].startswith("Could not be checked") for test in self.content["tests"])
        faults += [f"{undecided} checks had a grader error"] if undecided else []
        faults += [f"{self.unfinished} checks not finished"] if self.unfinished and not self.case.attack else []
        return faults + self._other_outcomes()

    def _outputs(self, question: str) -> list[str]:
        assert self.content is not None
        tests = self.content["tests"]
        return [test["output"][:200] for test in tests if question in test["tags"] and test["max_score"]]

    def _other_outcomes(self) -> list[str]:
        """Return the checks whose outcome is not one that the attack allows."""
        if self.case.attack is None or self.case.attack.file:
            return []
        faults = []
        for question, allowed in self.case.attack.outcomes.items():
            starts = tuple(OUTCOMES[Outcome(name)].capitalize() for name in (*allowed, "not_run"))
            outputs = self._outputs(question) if question else []
            faults += [
                f"{question}: expected {starts[0]!r}, got {text!r}" for text in outputs if not text.startswith(starts)
            ]
        return faults


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.contained", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[], help=f"names of submissions, or of: {', '.join(KINDS)}")
    parser.add_argument("--without-landlock", action="store_true", help="refuse Landlock, so that tier C is measured")
    parser.add_argument("--jobs", type=int, default=1, help="containers in parallel (default: 1)")
    options = parser.parse_args()
    refused = ["landlock"] if options.without_landlock else []
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            faults = measure(folder, options.only, refused, options.jobs)
    except NoControlGroups as error:
        sys.exit(f"Nothing was measured: {error}.")
    print("\nEverything is as expected." if not faults else "\nNot as expected:\n")
    for fault in faults:
        print(f"- {fault}")
    sys.exit(1 if faults else 0)


def measure(folder: Path, only: Sequence[str], refused: Sequence[str], jobs: int) -> list[str]:
    """Submit and grade every case, and print a row for each; return the faults."""
    course = load_course(COURSE)
    tier = tier_inside(folder / "tier", refused)
    wanted = set(only) or set(KINDS)
    cases = write_honest(course, [kind for kind in KINDS if kind in wanted or named(kind, wanted)], folder / "honest")
    cases += write_attacks(course, tier, folder / "attacks")
    cases = [case for case in cases if case.name in wanted or kind_of(case) in wanted]
    expected = expected_points(course, cases)
    installed = install(course.exercises, folder / "installed")
    print(f"{CPUS:g} CPU, {MEMORY_MB} MB, {LIMIT_S:g} s; tier {tier}; Python {sys.version.split()[0]}\n")
    print("| submission | points | tier | seconds | peak (MB) | killed for memory | results.json |")
    print("|---|---|---|---|---|---|---|", flush=True)

    def grade(case: Case) -> Measured:
        measured = grade_contained(case, folder / "containers" / case.name, installed, refused, expected[case.name])
        print_row(measured)
        return measured

    with ThreadPoolExecutor(jobs) as pool:
        return [f"{m.case.name}: {fault}" for m in pool.map(grade, cases) for fault in m.faults()]


def named(kind: str, wanted: set[str]) -> bool:
    """Whether a submission of this kind is wanted by its own name."""
    return any(name.startswith(f"{kind}-") for name in wanted)


def kind_of(case: Case) -> str:
    """Return which of `KINDS` a case is."""
    return "attack" if case.attack else next(kind for kind in KINDS if case.name.startswith(f"{kind}-"))


def tier_inside(folder: Path, refused: Sequence[str]) -> str:
    """Return the tier that the grader chooses in a container here; exit if no container can be made."""
    code = "from autograder.sandbox.isolation.tiers import best_tier; print(best_tier())"
    ended = Container(folder).run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(COURSE)!r}); {code}"], refused=refused
    )
    if ended.code != 0:
        sys.exit(f"No container can be made here; run this as root, on Linux with overlayfs:\n{ended.output}")
    return ended.output.split()[-1]


def install(exercises: Sequence[Exercise], folder: Path) -> Path:
    """Unpack every exercise's bundle and install the grader as ``setup.sh`` does; return the folder of both."""
    for exercise in exercises:
        write_bundle(exercise, folder / f"{exercise.name}.zip")
        zipfile.ZipFile(folder / f"{exercise.name}.zip").extractall(folder / exercise.name)
    shutil.copytree(folder / exercises[0].name / "autograder", folder / "site" / "autograder")
    compileall.compile_dir(folder / "site", quiet=1)
    return folder


def grade_contained(
    case: Case, folder: Path, installed: Path, refused: Sequence[str], points: dict[str, float]
) -> Measured:
    """Run ``run_autograder`` with all files where Gradescope's container has them."""
    container = Container(folder)
    root = container.changes / "autograder"
    shutil.copytree(installed / case.exercise.name, root / "source")
    shutil.copytree(installed / "site", container.changes / INSTALLED / "site")
    python = container.changes / INSTALLED / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH=/{INSTALLED}/site exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    case.folder.rename(root / "submission")
    (root / "results").mkdir()
    (root / "submission_metadata.json").write_text(json.dumps({"users": [{"name": case.name}]}))
    ended = container.run(["bash", "/autograder/source/run_autograder"], refused=refused)
    try:
        content = spec.results(root / "results" / "results.json")
    except (AssertionError, OSError, ValueError):
        content = None
    measured = Measured(case, ended, content, points)
    shutil.rmtree(folder)
    return measured


def print_row(measured: Measured) -> None:
    """Print a row; faults are in bold."""
    content, ended = measured.content, measured.ended
    points, tier, state = "none", "", "**invalid**"
    if content is not None:
        points = f"{content['score']:g} of {measured.case.exercise.max_score:g}"
        tier = content["extra_data"].get("tier", "")
        state = (
            f"{measured.unfinished} of {len(content['tests'])} checks not finished"
            if measured.unfinished
            else "complete"
        )
    if measured.faults():
        points = f"**{points}**"
    seconds = f"{ended.seconds:.0f}" if ended.code is not None else f"**killed after {ended.seconds:.0f}**"
    used = f"{ended.used.peak_mb:.0f} | {ended.used.killed}"
    print(f"| {measured.case.name} | {points} | {tier} | {seconds} | {used} | {state} |", flush=True)


if __name__ == "__main__":
    main()
