"""``autograder doctor``: check whether this machine is ready for grading, and say what to do about what is missing.

System settings are read only for advice. Whether a tier works is decided by trying it
(`autograder.sandbox.isolation.tiers`).
"""

from __future__ import annotations

import os
import platform
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from autograder.cli.common import console, course_option, json_option, print_json
from autograder.cli.main import EXIT_FAILED
from autograder.errors import AutograderError, explained
from autograder.runtime import versions

# Ubuntu since 23.10. Below, the first switch is a patch of Debian's, the second is in every kernel.
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
# Settings that switch user namespaces off when they are 0, and the command that switches them on.
_SWITCHES = (
    (Path("/proc/sys/kernel/unprivileged_userns_clone"), "kernel.unprivileged_userns_clone=1"),
    (Path("/proc/sys/user/max_user_namespaces"), "user.max_user_namespaces=15000"),
)
_IN_CONTAINER = {
    "docker": "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined",
    "podman": "podman run --security-opt seccomp=unconfined --security-opt label=disable --security-opt unmask=ALL",
    "kubernetes": "a pod with hostUsers: false and a securityContext with seccompProfile.type: Unconfined, "
    "appArmorProfile.type: Unconfined, procMount: Unmasked",
}


def advice(tier: str) -> str:
    """Return what to do for a better tier than this one; empty for tier A."""
    if tier == "A":
        return ""
    if sys.platform != "linux":
        return "Grade on Linux (a virtual machine will do). If you trust the code, use --allow-weak-sandbox."
    sentences = [*_for_users(), f"For tier A: {'; '.join(_for_namespaces())}."]
    if tier in ("C", "D"):
        sentences.append(f"For tier B: {'; '.join(_for_landlock())}.")
        sentences.append("If you trust the code, use --allow-weak-sandbox.")
    return " ".join(sentences)


def _for_users() -> Iterator[str]:
    """Say what to move if other users cannot reach the files that a student's process needs.

    Started by root, every such process runs as a user of its own. Tier A works all the same, as it has its own root.
    """
    if os.getuid() != 0:
        return
    if folder := closed_folder(Path(__file__), Path(sysconfig.get_path("purelib"))):
        yield (
            f"Move the course out of {folder}, for instance to /srv, and set it up there again: each student's process "
            f"runs as a user of its own, and other users cannot enter {folder}."
        )
    elif folder := closed_folder(Path(os.path.realpath(sys.executable))):
        yield (
            f"Use a Python outside {folder}, such as the system's (make PYTHON=/usr/bin/python3 demo, in a new copy of "
            f"the course): each student's process runs as a user of its own, and other users cannot enter {folder}."
        )


def closed_folder(*paths: Path) -> Path | None:
    """Return the outermost folder above these paths that other users cannot enter; None if they can enter all."""
    above = sorted({folder for path in paths for folder in path.resolve().parents}, key=lambda path: len(path.parts))
    return next((folder for folder in above if not folder.stat().st_mode & stat.S_IXOTH), None)


def _for_namespaces() -> Iterator[str]:
    container = _container()  # it may forbid namespaces that its host allows
    if container:
        yield f"start the container as {_IN_CONTAINER[container]}, or grade outside it"
    for file, setting in _SWITCHES:
        if _read(file) == "0":
            yield f"user namespaces are switched off; as root: sysctl -w {setting}"
    if _read(_APPARMOR) not in ("", "0"):
        yield (
            "AppArmor denies user namespaces to ordinary programs; as root, allow them for this Python: put "
            f"`{_profile()}` into /etc/apparmor.d/autograder and load it with `apparmor_parser -r "
            "/etc/apparmor.d/autograder` (or, for all programs: sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0)"
        )
    if not container:
        yield "where `bwrap --unshare-all --ro-bind / / true` (package bubblewrap) works, tier A should too"


def _for_landlock() -> Iterator[str]:
    """Say what Landlock needs; the failed attempt has said which of it is missing here."""
    yield "Linux 5.13 or newer with `landlock` among the security modules (boot with lsm=landlock,…)"
    if _container():
        yield "a container runtime of 2022 or newer: older ones refuse Landlock's system calls"


def _profile() -> str:
    """Return an AppArmor profile that only allows user namespaces to this Python."""
    program = os.path.realpath(sys.executable)
    return f"abi <abi/4.0>, profile autograder {program} flags=(unconfined) {{ userns, }}"


def _container() -> str:
    """Return the kind of container that this is, a key of `_IN_CONTAINER`; empty outside containers."""
    if "KUBERNETES_SERVICE_HOST" in os.environ:  # first: a pod may run in any of the others
        return "kubernetes"
    if Path("/run/.containerenv").exists():
        return "podman"
    return "docker" if Path("/.dockerenv").exists() else ""


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


# --- doctor -------------------------------------------------------------------------------------------------------
_PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "pytest", "nbgrader", "jupytext", "IPython", "msgpack")
_TIERS = {
    "A": "namespaces, a root folder of its own, seccomp, limits",
    "B": "Landlock, seccomp, limits",
    "C": "only a separate user per process, and limits",
    "D": "only separate processes with limits",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was examined. ``advice`` says what to do if it is not fine."""

    what: str
    fine: bool
    found: str
    advice: str = ""


@click.command("doctor")
@json_option
@course_option
def doctor_command(as_json: bool, course: Path | None) -> None:
    """Check sandbox, Python, packages, data and course, and say what to do about what is missing.

    Exit code 1 if something must be fixed before grading.

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
    from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, TIERS, best_tier, probe

    tier = best_tier()
    stronger = [probe(other) for other in TIERS[: TIERS.index(tier)]]
    found = "; ".join((f"tier {tier}: {_TIERS[tier]}", *(f"no {probed.tier}: {probed.problem}" for probed in stronger)))
    return Finding("sandbox", fine=tier in ISOLATING_TIERS, found=found, advice=advice(tier))


def _python() -> Finding:
    fault = versions.fault(".".join(platform.python_version_tuple()[:2]))
    found = f"{platform.python_version()} in {sys.prefix}; submissions are graded with this one"
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
    """Import torch in a process of its own, so that a crash there becomes a finding here."""
    code = "import torch; print(torch.__version__, 'with CUDA' if torch.cuda.is_available() else 'on the CPU')"
    command = [sys.executable, "-P", "-c", code]  # -P: not a torch.py of the current folder
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Finding("torch", fine=True, found=f"{done.stdout.strip()}; graded on one CPU thread")
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    advice = "Install it again, in the course's folder: pip install --force-reinstall -c requirements.lock torch"
    return Finding("torch", fine=False, found=lines[-1], advice=advice)


def _machine() -> Finding:
    # In a container these may be fewer than the machine's.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    fine = memory >= 2 * cores
    advice = "" if fine else f"Grade fewer submissions in parallel: --jobs {max(1, int(memory / 2))}"
    return Finding("machine", fine, f"{cores} cores, {memory:.0f} GiB of memory", advice)


def _data() -> Finding:
    """List the data sets on this machine. Grading needs none of them: the phantoms are built in."""
    try:
        from autograder.datasets.images import archives, data_folder

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
