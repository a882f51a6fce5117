"""One grader at a time on an output folder: two would do the same work, and write the same tables, twice.

The lock is the system's own (``flock``), so it is gone with the process that held it, however that ended. The file
that carries it stays behind, and means nothing by itself.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.errors import MachineError

LOCK = ".grading.lock"
_CANNOT = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def only_grader(
    output: Path, warn: Callable[[str], None] = lambda words: None, *, shared: bool = False
) -> Iterator[None]:
    """Hold the lock of an output folder, which is made where it is missing.

    Who holds it ``shared`` goes together with others who do: those that grade single submissions.

    Raises `MachineError` where another grader is at work, and ``OSError`` where nothing can be written. On a file
    system without locks it goes on, after a warning: results are replaced as a whole, so two graders there are a
    waste, but no harm.
    """
    output.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(output / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 200).decode(errors="replace").strip() or "another process"
            raise MachineError(
                f"{output} is being written by another grader ({holder}). Wait until it is done, or stop it; "
                "or name another folder with --output."
            ) from None
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            warn(f"{output} lies on a file system without locks: see that nobody else grades into it meanwhile.")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        os.close(descriptor)
