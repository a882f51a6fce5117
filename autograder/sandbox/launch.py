"""Start a zygote inside the walls: ``python -m autograder.sandbox.launch REQUEST_FD``, with a JSON order on stdin:
``root`` (an empty folder that anybody may enter), ``protected``, ``preload``.

A program of its own, so that it is small and single-threaded when it leaves the grader's namespaces. It stays
as the zygote's parent, waits for it and dies with the grader.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from autograder.sandbox import jail, linux

PROBE = "probe"


def main() -> int:
    """Enter the root, start the zygote there, wait for it. With ``probe`` instead of a descriptor: only try."""
    order = json.load(sys.stdin)
    linux.die_with_parent()
    package = str(Path(__file__).resolve().parents[1])
    scratch = jail.scratch_folder()
    child = jail.enter_root(order["root"], package, order["protected"], scratch)
    if child == 0:
        _inside(sys.argv[1], order["preload"], scratch)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _inside(request_fd: str, preload: list[str], scratch: str) -> None:
    """In the new root: become the zygote, or try the second wall; never return."""
    try:
        if request_fd == PROBE:
            os.environ["TMPDIR"] = scratch
            _probe_cell()
            os._exit(0)
        environment = zygote_environment(jail.PACKAGE_ROOT, scratch)
        arguments = [sys.executable, "-m", "autograder.sandbox.zygote", request_fd, "A", ",".join(preload)]
        os.execve(sys.executable, arguments, environment)
    except BaseException as error:  # noqa: BLE001 - a fork must never return
        os.write(2, f"{error}\n".encode())
        os._exit(1)


def _probe_cell() -> None:
    """Do what each worker will do, in a throw-away child; raise when a step fails."""
    jail.enter_cell_outside()
    child = os.fork()
    if child == 0:
        try:
            jail.enter_cell_inside(file_mb=1)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - a fork must never return
            os.write(2, f"{error}\n".encode())
            os._exit(1)
    if os.waitpid(child, 0)[1]:
        os._exit(1)


def zygote_environment(package_root: str, scratch: str) -> dict[str, str]:
    """Return the whole environment of the zygote: one thread everywhere, nothing of the grader's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": scratch,
        "TMPDIR": scratch,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": package_root,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "IPYTHONDIR": f"{scratch}/.ipython",
        "AUTOGRADER_GRADING": "1",
    }


if __name__ == "__main__":
    sys.exit(main())
