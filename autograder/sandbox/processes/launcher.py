"""Start a zygote inside the sandbox: ``python -m autograder.sandbox.processes.launcher REQUEST_FD``.

It reads a JSON object from stdin: ``tier``, ``root`` (an empty folder that any user may enter), ``protected`` and
``preload``. It is a separate program because only a single-threaded process can enter a user namespace, and it dies
with the grader.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from autograder.runtime import python
from autograder.sandbox.isolation import isolation_of, linux, self_test
from autograder.sandbox.isolation.unconfined import Isolation

PROBE = "probe"


def main() -> int:
    """Enter the sandbox and become the zygote, or wait for the child that does. With ``probe``, only test the tier."""
    request = json.load(sys.stdin)
    if sys.platform == "linux":
        linux.die_with_parent()
    isolation = isolation_of(request["tier"])
    child = isolation.enter(request["root"], request["protected"])
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) & 0xFF  # negative after a signal
    try:
        _inside(sys.argv[1], request, isolation)
    except BaseException as error:  # noqa: BLE001 - this may be a fork, which must never return
        os.write(2, f"{error}\n".encode())
    finally:
        os._exit(1)


def _inside(request_fd: str, request: dict[str, Any], isolation: Isolation) -> None:
    """Become the zygote, or run the self-test; never return."""
    environment = _zygote_environment(isolation)
    if request_fd == PROBE:
        os.environ |= environment
        self_test.self_test(isolation, self_test.Outside(**request["outside"]))
        os._exit(0)
    preload = ",".join(request["preload"])
    command = python("autograder.sandbox.processes.zygote", request_fd, isolation.tier, preload)
    os.execve(command[0], command, environment)  # a fresh interpreter: nothing imported outside comes along


_KEEP_FREED_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
    "MALLOC_TOP_PAD_": str(16 << 20),
}
"""Settings of glibc's allocator. Training frees and allocates the same tensors over and over; by default, glibc may
return each to the system, which cost a third of a small network's CPU time in some processes and nothing in others."""


def _zygote_environment(isolation: Isolation) -> dict[str, str]:
    """Return the zygote's whole environment: one thread in every library, and no variable of the grader's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": isolation.temporary,
        "TMPDIR": isolation.temporary,
        "LANG": "C.UTF-8",
        "TZ": "UTC",  # results must not depend on the machine
        "PYTHONPATH": isolation.package_root,
        "PYTHONHASHSEED": "0",  # sets of strings iterate in the same order in every run
        "PYTHONDONTWRITEBYTECODE": "1",  # libraries are read-only in tiers A and B
        "PYTHONNOUSERSITE": "1",
        "OMP_NUM_THREADS": "1",  # read on import; a process with threads cannot fork safely
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        **_KEEP_FREED_MEMORY,
        "MPLBACKEND": "Agg",  # there is no display
        "IPYTHONDIR": f"{isolation.temporary}/.ipython",
        "AUTOGRADER_GRADING": "1",  # `check` in a cell does nothing: checks come from outside
    }


if __name__ == "__main__":
    sys.exit(main())
