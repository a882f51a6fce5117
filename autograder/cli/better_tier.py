"""How to get a better sandbox tier on this machine: read from its settings, and only given as advice.

Whether a tier works is never read from settings: `autograder.sandbox.tiers` tries it.
"""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
# Settings that switch user namespaces off: the file, the value that does, and how to set it otherwise.
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
        return "Grade on Linux (a virtual machine will do). For code that you trust: --allow-weak-sandbox."
    sentences = [*_for_users(), f"For tier A: {'; '.join(_for_namespaces())}."]
    if tier in ("C", "D"):
        sentences.append(f"For tier B: {'; '.join(_for_landlock())}.")
        sentences.append("For code that you trust: --allow-weak-sandbox.")
    return " ".join(sentences)


def _for_users() -> Iterator[str]:
    """Say what to move where other users cannot reach what a student's process needs.

    Started by root, each such process runs as a user of its own. Only tier A does without: it has another root folder.
    """
    if os.getuid() != 0:
        return
    if folder := closed_folder(Path(__file__), Path(sysconfig.get_path("purelib"))):
        yield (
            f"Move the course out of {folder}, for instance to /srv, and set it up there again: each student's process "
            f"runs as a user of its own, and other users may not enter {folder}."
        )
    elif folder := closed_folder(Path(os.path.realpath(sys.executable))):
        yield (
            f"Use a Python outside {folder}, such as the system's (make PYTHON=/usr/bin/python3 demo, in a new copy of "
            f"the course): each student's process runs as a user of its own, and other users may not enter {folder}."
        )


def closed_folder(*paths: Path) -> Path | None:
    """Return the outermost folder above these paths that other users may not enter; None where they may enter all."""
    above = sorted({folder for path in paths for folder in path.resolve().parents}, key=lambda path: len(path.parts))
    return next((folder for folder in above if not folder.stat().st_mode & stat.S_IXOTH), None)


def _for_namespaces() -> Iterator[str]:
    container = _container()
    if container:
        yield f"start the container as {_IN_CONTAINER[container]}, or grade outside of it"
    for file, setting in _SWITCHES:
        if _read(file) == "0":
            yield f"user namespaces are switched off; as root: sysctl -w {setting}"
    if _read(_APPARMOR) not in ("", "0"):
        yield (
            "AppArmor keeps ordinary programs from user namespaces; as root, allow them to this Python: put "
            f"`{_profile()}` into /etc/apparmor.d/autograder and load it with `apparmor_parser -r "
            "/etc/apparmor.d/autograder` (or, for all programs: sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0)"
        )
    if not container:
        yield "where `bwrap --unshare-all --ro-bind / / true` (package bubblewrap) works, tier A should too"


def _for_landlock() -> Iterator[str]:
    """Say what Landlock needs. What this machine lacks of it, the failed try has said."""
    yield "Linux 5.13 or newer with `landlock` among the security modules (boot with lsm=landlock,…)"
    if _container():
        yield "a container runtime of 2022 or newer: older ones refuse Landlock's system calls"


def _profile() -> str:
    """Return an AppArmor profile that changes nothing but that namespaces are allowed."""
    program = os.path.realpath(sys.executable)
    return f"abi <abi/4.0>, profile autograder {program} flags=(unconfined) {{ userns, }}"


def _container() -> str:
    """Return what kind of container this is, if any."""
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    if Path("/run/.containerenv").exists():
        return "podman"
    return "docker" if Path("/.dockerenv").exists() else ""


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
