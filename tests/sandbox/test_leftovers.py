"""What a student's code leaves where all users may write is gone when the next submission is graded."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox.isolation.leftovers import remove_leftovers
from autograder.sandbox.isolation.tiers import scratch_folder
from tests.events import until

from .conftest import ALL_PASSED, HONEST

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is about Linux")

FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", "..")
MARK = f"left-{os.getpid()}"

LEAVE = f"""
import ctypes, os
from multiprocessing import shared_memory, resource_tracker
for folder in {FOLDERS!r}:
    try:
        os.makedirs(folder + "/{MARK}/deep/er")
        open(folder + "/{MARK}/deep/er/answers", "w").write("for the next")
        os.chmod(folder + "/{MARK}/deep", 0)
        open(folder + "/{MARK}-file", "w").write("for the next")
        os.symlink("/etc/passwd", folder + "/{MARK}-link")
        os.mkfifo(folder + "/{MARK}-pipe")
    except OSError:
        pass
try:
    fd = os.open("/dev/shm/sem.{MARK}", os.O_CREAT | os.O_WRONLY)
except OSError:
    pass
libc = ctypes.CDLL(None)
made = [libc.shmget(n, 4096, 0o1666) for n in range(41000, 41004)]
made += [libc.semget(n, 1, 0o1666) for n in range(41000, 41004)]
made += [libc.msgget(n, 0o1666) for n in range(41000, 41004)]
queue = libc.mq_open(b"/{MARK}", os.O_CREAT | os.O_RDWR, 0o666, None)
"""

LOOK = f"""
import os

def double(x):
    found = [f for f in {FOLDERS!r} if os.path.lexists(f + "/{MARK}") or os.path.lexists(f + "/{MARK}-file")]
    if found or queue >= 0 or any(n >= 0 for n in ids):
        raise RuntimeError("found something")
    return 2 * x

def triple(x):
    return 3 * x

import ctypes
libc = ctypes.CDLL(None)
ids = [libc.shmget(41000, 0, 0), libc.semget(41000, 0, 0), libc.msgget(41000, 0)]
queue = libc.mq_open(b"/{MARK}", os.O_RDWR)
"""


def left() -> list[str]:
    files = [str(path) for folder in FOLDERS[:-1] for path in Path(folder).glob(f"*{MARK}*")]
    keys = [
        f"{kind} {line.split()[0]}"
        for kind in ("shm", "sem", "msg")
        for line in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]
        if line.split()[0].isdigit() and int(line.split()[0]) in range(41000, 41004)
    ]
    return files + keys


def test_nothing_outside_the_temporary_folder_is_left_for_the_next(grader):
    if grader.engine.tier == "D":
        pytest.skip("tier D has the user of the grader")
    assert grader.outcomes(LEAVE, HONEST) == ALL_PASSED
    assert grader.outcomes(LOOK) == ALL_PASSED
    until(lambda: not left())


def test_a_message_queue_is_refused(grader):
    code = "import ctypes, os\n"
    code += f"assert ctypes.CDLL(None).mq_open(b'/{MARK}', os.O_CREAT | os.O_RDWR, 0o666, None) < 0\n"
    outcomes = grader.outcomes(code, HONEST)
    assert grader.graded.cells[0].outcome == "passed", grader.graded.cells[0].message
    assert outcomes == ALL_PASSED


USER = 65_023
"""A user of no process: the one below those that tier C takes."""


@pytest.fixture
def public() -> Iterator[Path]:
    """Yield an empty folder like ``/tmp``."""
    with scratch_folder() as folder:
        Path(folder).chmod(0o1777)
        yield Path(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_only_what_the_user_owns_is_removed(public):
    for name in ("open", "theirs", "mine"):
        (public / name).mkdir()
    (public / "open").chmod(0o1777)
    for name in ("theirs/file", "mine/file", "scratch", "open/theirs", "open/mine"):
        (public / name).write_text("x")
    (public / "mine/link").symlink_to(public / "theirs")
    for name in ("mine", "mine/file", "mine/link", "scratch", "open/mine"):
        os.chown(public / name, USER, USER, follow_symlinks=False)
    (public / "mine").chmod(0)
    code = "import ctypes, os\n"
    code += f"assert ctypes.CDLL(None).mq_open(b'/{MARK}', os.O_CREAT | os.O_RDWR, 0o666, None) < 0\n"
    made = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code, str(USER)], capture_output=True, text=True, check=False
    )
    own = ctypes.CDLL(None).shmget(41006, 4096, 0o1600)
    try:
        remove_leftovers(USER, [str(public)], spare=str(public / "scratch"))
        found = sorted(str(path.relative_to(public)) for path in public.rglob("*"))
        assert found == ["open", "open/theirs", "scratch", "theirs", "theirs/file"]
        numbers = [line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
        assert str(own) in numbers
        assert made.stdout.strip() not in numbers or made.returncode
    finally:
        ctypes.CDLL(None).shmctl(own, 0, None)
