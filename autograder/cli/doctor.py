"""``autograder doctor``: what this machine offers for grading, and what to do about what is missing."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from autograder import pythons
from autograder.cli.common import console, course_option, json_option, print_json
from autograder.cli.main import EXIT_FAILED
from autograder.errors import AutograderError, explained

_PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "matplotlib",
    "pytest",
    "nbgrader",
    "jupytext",
    "IPython",
    "msgpack",
)
_TIERS = {
    "A": "namespaces, a root of its own, seccomp, limits",
    "B": "Landlock, seccomp, limits",
    "C": "only a user of its own for every process, and limits",
    "D": "only processes with limits",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``advice`` says what to do when it is not fine."""

    what: str
    fine: bool
    found: str
    advice: str = ""


@click.command("doctor", short_help="Say what this machine offers for grading.")
@json_option
@course_option
def command(as_json: bool, course: Path | None) -> None:
    """Say what this machine offers: sandbox tier, Python, packages, data, course; and what to do about what is missing.

    Exit code 1 when something has to be done before grading.

    \b
    Example:
      autograder doctor
    """
    findings = list(_examine(course))
    if as_json:
        print_json({"fine": all(finding.fine for finding in findings), "findings": [asdict(each) for each in findings]})
    else:
        _print(findings)
    if not all(finding.fine for finding in findings):
        raise SystemExit(EXIT_FAILED)


def _print(findings: Sequence[Finding]) -> None:
    out = console()
    for finding in findings:
        mark = "[green]✓[/]" if finding.fine else "[red]✗[/]"
        out.print(f"{mark} [bold]{finding.what:12}[/] {finding.found}", soft_wrap=True)
        if finding.advice:
            out.print(f"               → {finding.advice}", soft_wrap=True)


def _examine(course: Path | None) -> Iterator[Finding]:
    yield _sandbox()
    yield _python()
    yield from _packages()
    yield _torch()
    yield _machine()
    yield _data()
    yield _course(course)


def _sandbox() -> Finding:
    from autograder.cli.better_tier import advice
    from autograder.sandbox.tiers import TIERS, WALLED, best_tier, probe

    tier = best_tier()
    stronger = [probe(other) for other in TIERS[: TIERS.index(tier)]]
    found = "; ".join((f"tier {tier}: {_TIERS[tier]}", *(f"no {probed.tier}: {probed.problem}" for probed in stronger)))
    return Finding("sandbox", fine=tier in WALLED, found=found, advice=advice(tier))


def _python() -> Finding:
    fault = pythons.fault(".".join(platform.python_version_tuple()[:2]))
    found = f"{platform.python_version()} in {sys.prefix}"
    return Finding("Python", not fault, found, f"{fault} Use one of those." if fault else "")


def _packages() -> Iterator[Finding]:
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    yield Finding("packages", not missing, ", ".join(found))
    if missing:
        advice = 'pip install "medical-image-autograder[staff]"'
        yield Finding("missing", fine=False, found=", ".join(missing), advice=advice)


def _torch() -> Finding:
    """Import torch in a process of its own: this one stays quick, and a crash there is a finding here."""
    code = "import torch; print(torch.__version__, 'with CUDA' if torch.cuda.is_available() else 'on the CPU')"
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Finding("torch", fine=True, found=f"{done.stdout.strip()}; graded on one CPU thread")
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    advice = "Install it again, in the course's folder: pip install --force-reinstall -c requirements.lock torch"
    return Finding("torch", fine=False, found=lines[-1], advice=advice)


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    fine = memory >= 2 * cores
    advice = "" if fine else f"Grade fewer at once: --jobs {max(1, int(memory / 2))}"
    return Finding("machine", fine, f"{cores} cores, {memory:.0f} GiB of memory", advice)


def _data() -> Finding:
    """Say which data sets are there. None has to be: the phantoms are built in, and grading needs no other."""
    try:
        from autograder.datasets.medmnist import archives, data_folder

        folder = data_folder()
        there = archives(folder)
    except ModuleNotFoundError as error:
        missing = explained(error)
        if missing is None:
            raise
        return Finding("data", fine=False, found="phantom (built in); no MedMNIST", advice=str(missing))
    if there:
        return Finding("data", fine=True, found=f"phantom (built in); in {folder}: {', '.join(there)}")
    advice = (
        "MedMNIST sets are downloaded when first loaded. Offline, put their .npz files there, or set AUTOGRADER_DATA."
    )
    return Finding("data", fine=True, found=f"phantom (built in); nothing in {folder}", advice=advice)


def _course(root: Path | None) -> Finding:
    from autograder.course import load_course

    try:
        course = load_course(root)
    except AutograderError as error:
        return Finding("course", fine=False, found=str(error))
    points = sum(exercise.max_score for exercise in course.exercises)
    names = ", ".join(exercise.name for exercise in course.exercises)
    return Finding("course", fine=True, found=f"{course.root}: {names} ({points:g} points)")
