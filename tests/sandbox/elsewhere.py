"""Run a command as if on another machine: ``python -m tests.sandbox.elsewhere [OPTION ...] -- COMMAND ...``

``--without namespaces`` and ``--without landlock`` make the kernel refuse them, as in containers, by a filter on system
calls. ``--as-nobody`` runs the command as an ordinary user (needs root). As root, a Python below a home folder that
other users may not enter is made reachable first, in a mount namespace of the command's own.
"""

from __future__ import annotations

import argparse
import os
import sys
import sysconfig
import tempfile
from pathlib import Path

from autograder.sandbox.isolation import linux, seccomp

NOBODY = 65534
CALLS = {"namespaces": ["unshare", "setns", "mount", "pivot_root"], "landlock": ["landlock_create_ruleset"]}


def main() -> None:
    """Set up this process and execute the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", action="append", default=[], choices=CALLS)
    parser.add_argument("--as-nobody", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    if os.getuid() == 0:
        make_python_reachable()
    if options.as_nobody:
        os.environ["HOME"] = "/nonexistent"
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if options.without:
        linux.prctl("NO_NEW_PRIVS", linux.PR_SET_NO_NEW_PRIVS, 1)
        refuse([call for what in options.without for call in CALLS[what]])
    os.execvp(options.command[0], options.command)


def make_python_reachable() -> None:
    """Replace closed home folders above this Python with open ones that contain nothing but the path to it."""
    for python in {Path(os.path.realpath(sys.executable)).parents[1], Path(sysconfig.get_path("purelib"))}:
        closed = [folder for folder in python.parents if not folder.stat().st_mode & 0o001]
        if closed:
            linux.unshare(linux.CLONE_NEWNS)
            linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
            with tempfile.TemporaryDirectory() as aside:
                linux.mount(str(python), aside, None, linux.MS_BIND | linux.MS_REC)
                linux.mount("tmpfs", str(closed[-1]), "tmpfs", linux.MS_NOSUID, "mode=755")
                python.mkdir(parents=True)
                linux.mount(aside, str(python), None, linux.MS_BIND | linux.MS_REC)
                linux.check(linux.libc.umount2(os.fsencode(aside), linux.MNT_DETACH), "umount2")


def refuse(calls: list[str]) -> None:
    """Make the kernel refuse these calls from now on, and new namespaces by ``clone`` if ``unshare`` is among them."""
    rules = seccomp.Filter()
    rules.refuse(calls)
    if "unshare" in calls:
        rules.refuse(["clone3"], seccomp.ENOSYS)
        rules.refuse_bits("clone", 0, linux.ALL_NAMESPACES)
    rules.install()


if __name__ == "__main__":
    main()
