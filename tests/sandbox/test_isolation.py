"""What students' code and checks cannot reach: other processes, files, networks, other submissions."""

from __future__ import annotations

import os
import socket
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.results.model import Outcome
from autograder.sandbox.protocol.messages import Limits
from tests.events import Ends

from .conftest import ALL_PASSED, HONEST

PR_SET_NAME = 15


def test_students_code_shares_no_process_with_checks_or_grader(grader):
    """No process finds a mark that another left in its interpreter."""
    sys.left_by_the_grader = True
    checks = """
        # %% hidden/test_double.py
        import sys
        import pytest
        from autograder.checking import assert_equal

        sys.left_by_the_checks = True

        @pytest.mark.points(1)
        def test_apart(submission):
            "Nothing is shared."
            assert submission.double("student") is True, "the student's own mark is not there"
            assert submission.double("checks") is False
            assert submission.double("grader") is False
            assert_equal(submission.double("modules"), [], what="modules")
            assert not hasattr(sys, "left_by_the_student")
            assert not hasattr(sys, "left_by_the_grader")
        """
    student = """
        import sys
        sys.left_by_the_student = True
        def double(whose):
            if whose == "modules":
                private = ("test_double", "hidden", "autograder.gradebook", "autograder.grading", "autograder.cli")
                return [name for name in sys.modules if name.startswith(private)]
            return hasattr(sys, f"left_by_the_{whose}")
    """
    try:
        results = grader(student, checks=textwrap.dedent(checks))
    finally:
        del sys.left_by_the_grader
    assert results["apart"].outcome is Outcome.PASSED, results["apart"].message
    assert not hasattr(sys, "left_by_the_student")
    assert not hasattr(sys, "left_by_the_checks")


def test_nothing_of_one_submission_is_left_for_the_next(isolated):
    isolated(
        "import os; open(os.environ['TMPDIR'] + '/note', 'w').write('x')\nimport torch\ntorch.special_note = 1\n"
        + HONEST
    )
    spy = """
        import os, torch
        def double(x):
            if os.path.exists(os.environ["TMPDIR"] + "/note") or hasattr(torch, "special_note"):
                raise RuntimeError("found something")
            return 2 * x
        def triple(x):
            return 3 * x
    """
    assert isolated.outcomes(spy) == ALL_PASSED


def test_the_size_of_files_is_limited(isolated):
    fill = "import os\nwith open(os.environ['TMPDIR'] + '/flood', 'wb') as f:\n    while True: f.write(b'x' * 2**20)\n"
    assert isolated.outcomes(fill, HONEST, limits=Limits(cell_s=30)) == ALL_PASSED
    assert isolated.graded.cells[0].outcome in (Outcome.FAILED, Outcome.CRASHED)


@pytest.mark.parametrize(
    "fill",
    [
        "for n in range(10**9): open(f'{n}', 'wb').write(b'x' * 2**20)",
        "for n in range(10**9): os.mkdir(f'{n}')",
        "while True: os.mkdir('a' * 200); os.chdir('a' * 200)",
    ],
)
def test_the_number_of_files_is_limited(isolated, fill):
    cell = f"import os\nos.chdir(os.environ['TMPDIR'])\n{fill}\n"
    assert isolated.outcomes(cell, HONEST, limits=Limits(cell_s=30)) == ALL_PASSED
    assert isolated.graded.cells[0].outcome in (Outcome.FAILED, Outcome.CRASHED), isolated.graded.cells[0]


def test_the_number_of_processes_is_limited_and_no_orphans_remain(isolated):
    name = f"bomb-{os.getpid()}"  # unlike the sleeping processes of other tests
    bomb = f"""
        import ctypes, os, time
        assert ctypes.CDLL(None).prctl({PR_SET_NAME}, b"{name}", 0, 0, 0) == 0
        made = 0
        try:
            while made < 500:
                if os.fork() == 0:
                    os.setsid()
                    time.sleep(1000)
                made += 1
        except OSError:
            pass
        assert made < 100, made
    """
    assert isolated.outcomes(bomb, HONEST, limits=Limits(cell_s=30)) == ALL_PASSED
    assert isolated.graded.cells[0].outcome is Outcome.PASSED, isolated.graded.cells[0].message
    Ends(_named(name)).wait()  # wait for those being killed; a survivor would go on sleeping
    assert not _named(name)


def _named(name: str) -> list[int]:
    """Return the ids of processes with this name that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == name and ") Z " not in (path.parent / "stat").read_text():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_the_course_the_home_and_other_processes_are_out_of_sight(isolated):
    root = Path(__file__).parents[2]
    # On a shared file system, student code can find out that a guessed path exists, but nothing else.
    sees = "os.path.exists" if isolated.engine.tier == "A" else "can_read"
    look = f"""
        import os, pathlib
        def can_read(path):
            try:
                return bool(os.listdir(path) if os.path.isdir(path) else open(path).read())
            except OSError:
                return False
        def processes():
            try:
                return [p for p in os.listdir("/proc") if p.isdigit() and p != str(os.getpid())]
            except PermissionError:
                return []
        def double(x):
            seen = [p for p in ({str(root / "tests")!r}, {str(root / "solutions")!r}, {str(Path.home() / ".ssh")!r},
                                {str(root / "pyproject.toml")!r}, {str(Path.home() / ".bashrc")!r},
                                "/etc/shadow", "/etc/hostname", "/var/log", "/sys/kernel")
                    if {sees}(p)]
            seen += processes()
            seen += [name for name in os.environ if name in ("HOSTNAME", "USER", "SSH_AUTH_SOCK")]
            seen += [str(p) for p in pathlib.Path("/").rglob("test_*.py")
                     if "checks" in str(p) and "/lib/python" not in str(p)]
            if seen:
                raise RuntimeError(str(seen))
            return 2 * x
        def triple(x):
            return 3 * x
    """
    results = isolated(look, limits=Limits(check_s=20))
    assert {name: str(result.outcome) for name, result in results.items()} == ALL_PASSED, results


@pytest.mark.parametrize(
    "attempt",
    [
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "import ctypes; assert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
        "import ctypes; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0",
        "import os; os.setuid(0)",
        "import os; os.chroot('/tmp')",
        "open('/usr/note', 'w')",
        "import autograder.results; open(autograder.results.model.__file__, 'a')",
        "import os; os.mknod('device', 0o20666, os.makedev(1, 1))",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "open('/proc/sys/kernel/hostname', 'w').write('x')",
        "import os, signal; os.kill(os.getppid() or -2, signal.SIGKILL)",
    ],
)
def test_there_is_no_way_out(isolated, attempt):
    assert isolated.outcomes(f"{attempt}\nescaped = True", HONEST) == ALL_PASSED
    assert isolated.graded.cells[0].outcome is Outcome.FAILED, f"{attempt} worked"


@pytest.fixture
def listening() -> Iterator[dict[str, Any]]:
    """Yield addresses of this machine that accept connections, so that a failure to connect means isolation."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0autograder-test-{os.getpid()}")
        abstract.listen()
        for each, family in ((tcp, socket.AF_INET), (abstract, socket.AF_UNIX)):
            with socket.socket(family) as caller:
                caller.connect(each.getsockname())
        yield {"AF_INET": tcp.getsockname(), "AF_UNIX": abstract.getsockname()}


@pytest.mark.parametrize("family", ["AF_INET", "AF_UNIX"])
def test_servers_on_this_machine_cannot_be_reached(isolated, listening, family):
    call = f"import socket\nsocket.socket(socket.{family}).connect({listening[family]!r})\n"
    assert isolated.outcomes(call, HONEST) == ALL_PASSED
    assert isolated.graded.cells[0].outcome is Outcome.FAILED


def test_a_checker_is_isolated_too(isolated, listening):
    checks = """
        # %% hidden/test_double.py
        import os, pathlib, socket
        import pytest

        @pytest.mark.points(1)
        def test_network(submission):
            "No network."
            with pytest.raises(OSError):
                socket.create_connection(@LISTENING@)

        @pytest.mark.points(1)
        def test_files(submission):
            "No files."
            for path in ("@/pyproject.toml", "/etc/hostname"):
                with pytest.raises(OSError):
                    pathlib.Path(path).read_text()
            with pytest.raises(OSError):
                pathlib.Path("/usr/note").write_text("here")

        @pytest.mark.points(1)
        def test_scratch(submission):
            "A folder of its own."
            pathlib.Path(os.environ["TMPDIR"], "note").write_text("mine")
        """
    checks = (
        textwrap.dedent(checks)
        .replace("@/", f"{Path(__file__).parents[2]}/")
        .replace("@LISTENING@", repr(listening["AF_INET"]))
    )
    assert isolated.outcomes(HONEST, checks=checks) == dict.fromkeys(("network", "files", "scratch"), "passed")


def test_signals_to_all_processes_reach_only_the_sender(grader):
    if grader.engine.tier == "D":
        pytest.skip("tier D does not keep a student from signalling their own user's processes")
    kill = """
        import os, signal
        for target in (0, -1):
            try: os.kill(target, signal.SIGTERM)
            except OSError: pass
    """
    assert set(grader.outcomes(kill, HONEST).values()) == {"passed"}
    assert grader.outcomes(HONEST) == ALL_PASSED
