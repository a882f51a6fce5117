"""The engine with real processes: whatever a submission does, the next one is graded as if nothing had happened."""

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

from .conftest import ALL_PASSED, HONEST, Grader

PR_SET_NAME = 15


def test_an_honest_answer_passes(grader):
    assert grader.outcomes(HONEST) == ALL_PASSED
    assert grader.graded.complete


def test_public_checks_run_first_so_that_their_messages_cannot_leak_hidden_input(grader):
    stash = """
        import torch
        seen = []
        def double(x):
            seen.append(x.clone())
            raise ValueError("I saw " + str([s.tolist() for s in seen]))
        def triple(x):
            raise ValueError("I saw " + str([s.tolist() for s in seen]))
    """
    results = grader(stash)
    assert next(check.name for _, check in grader.graded.checks) == "public"
    assert not any("41.5" in result.message for result in results.values())
    assert "I saw [[1.0, 2.0]]" in results["public"].message
    assert "I saw [" not in results["hidden"].message


def test_a_hidden_failure_names_neither_input_nor_expected_value(grader):
    results = grader("def double(x):\n    return x + 100\n")
    assert results["hidden"].outcome is Outcome.FAILED
    assert "wrong values" in results["hidden"].message
    assert not any(number in results["hidden"].message for number in ("41.5", "83", "141.5"))
    assert "expected 2, got 101" in results["public"].message


def test_class_names_of_exceptions_and_results_leak_nothing(grader):
    leak = """
        def double(x):
            kind = type("Leak" + str(x.tolist()).translate(str.maketrans("[]., ", "_____")), (Exception,), {})
            raise kind("x")
        def triple(x):
            return type("Leak", (), {})()
    """
    results = grader(leak)
    assert not any("Leak" in result.message for name, result in results.items() if name != "public")


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("while True: pass", "timed_out"),
        ("import time; time.sleep(1000)", "timed_out"),
        ("while True:\n        try:\n            while True: pass\n        except BaseException: pass", "timed_out"),
        ("import os; os._exit(0)", "crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV); import ctypes; ctypes.string_at(0)", "crashed"),
        ("import os; os.closerange(3, 256); import time; time.sleep(1000)", "crashed"),
        ("import sys; sys.exit(1)", "failed"),
        ("raise KeyboardInterrupt", "failed"),
        ("return torch.zeros(10**12)", "crashed"),
        ("x = []\n    while True: x.append(bytearray(10**7))", "crashed"),
        ("x = []; x.append(x); return x", "failed"),
        ("return 'x' * 10**9", "crashed"),
        ("return 'x' * 3 * 10**6", "failed"),
        ("def f(): return f()\n    return f()", "failed"),
        ("return (i for i in iter(int, 1))", "failed"),
    ],
)
def test_one_death_costs_one_check(grader, body, outcome):
    answer = f"import torch\ndef double(x):\n    {body}\n\ndef triple(x):\n    return 3 * x\n"
    limits = Limits(check_s=2 if "bytearray" in body else 0.3, memory_mb=400)
    assert grader.outcomes(answer, limits=limits) == {"public": outcome, "hidden": outcome, "triples": "passed"}
    assert grader.outcomes(HONEST) == ALL_PASSED


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [
        ("while True: pass", Outcome.TIMED_OUT),
        ("import os; os._exit(3)", Outcome.CRASHED),
        ("def broken(:", Outcome.FAILED),
        ("1 / 0", Outcome.FAILED),
        ("raise NotImplementedError('triple is not implemented yet')", Outcome.NOT_ATTEMPTED),
    ],
)
def test_a_bad_cell_does_not_stop_the_next(grader, cell, outcome):
    assert grader.outcomes(cell, HONEST, limits=Limits(cell_s=0.5)) == ALL_PASSED
    first, second = grader.graded.cells
    assert (first.outcome, second.outcome) == (outcome, Outcome.PASSED)
    assert first.message


def test_a_cell_that_fails_is_the_reason_for_the_missing_name(grader):
    results = grader("def double(x):\n    return 2 *\n", "def triple(x):\n    return 3 * x\n")
    assert results["hidden"].outcome is Outcome.FAILED
    assert "SyntaxError" in results["hidden"].message
    assert results["triples"].outcome is Outcome.PASSED


def test_a_stub_with_another_name_leaks_nothing(grader):
    leak = """
        def double(x):
            raise NotImplementedError(f"seen_{int(x[0].item() * 10)} is not implemented yet")
        def triple(x):
            raise NotImplementedError("double is not implemented yet")
    """
    results = grader(leak)
    assert results["hidden"].outcome is Outcome.NOT_ATTEMPTED
    assert "seen" not in results["hidden"].message
    assert results["triples"].message == "This needs `double`, which is not implemented yet."


def test_deaths_in_one_question_cost_no_other_a_point(grader):
    many = "".join(
        f'@pytest.mark.points(1)\ndef test_number_{n}(submission):\n    """Number {n}."""\n'
        "    submission.double(torch.ones(1))\n\n"
        for n in range(12)
    )
    checks = CHECKS_TEXT.replace("\n\n# %% hidden/test_triple.py", f"\n\n{many}\n# %% hidden/test_triple.py")
    outcomes = grader.outcomes(
        "import os\ndef double(x):\n    os._exit(1)\ndef triple(x):\n    return 3 * x\n", checks=checks
    )
    assert outcomes.pop("triples") == "passed"
    assert set(outcomes.values()) == {"crashed"}
    assert len(outcomes) == 14


def test_a_missing_name_is_not_attempted(grader):
    assert grader.outcomes("x = 1") == dict.fromkeys(ALL_PASSED, "not_attempted")


def test_an_error_in_a_check_is_a_grader_error(grader):
    checks = (
        "# %% hidden/test_double.py\nimport pytest\n\n@pytest.mark.points(1)\n"
        "def test_broken(submission):\n    'Broken.'\n    1 / 0\n"
    )
    result = grader(HONEST, checks=checks)["broken"]
    assert result.outcome is Outcome.GRADER_ERROR
    assert "not your mistake" in result.message


def test_checks_that_do_not_import_are_a_grader_error(grader):
    checks = CHECKS_TEXT.replace("hidden/test_double.py\n", "hidden/test_double.py\nimport nonsense_module\n")
    assert grader.outcomes(HONEST, checks=checks) == {**ALL_PASSED, "hidden": "grader_error"}


CHECKS_TEXT = (Path(__file__).parent / "conftest.py").read_text().split("'''")[1]


def test_floods_of_output_are_dropped(grader):
    flood = """
        import os
        for stream in (1, 2):
            where = os.fstat(stream)
            assert where.st_rdev == os.stat("/dev/null").st_rdev == os.makedev(1, 3), where
        for _ in range(20000): print("x" * 1000)
        os.write(2, b"y" * 10**6)
    """
    assert grader.outcomes(flood, HONEST) == ALL_PASSED
    assert grader.graded.cells[0].outcome is Outcome.PASSED, grader.graded.cells[0].message


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


def test_patching_the_students_own_process_changes_no_verdict(grader):
    patch = """
        import torch, builtins
        for module in list(__import__("sys").modules.values()):
            for name in ("assert_tensor", "judge", "_difference", "run_checks"):
                if hasattr(module, name):
                    setattr(module, name, lambda *a, **k: None)
        torch.allclose = torch.equal = torch.isclose = lambda *a, **k: torch.tensor(True)
        torch.Tensor.__eq__ = lambda self, other: torch.tensor(True)
        builtins.AssertionError = Exception
        def double(x):
            return x
        def triple(x):
            class Liar(torch.Tensor):
                shape = (2,)
            return torch.zeros(2).as_subclass(Liar)
    """
    assert set(grader.outcomes(patch).values()) <= {"failed", "crashed"}


@pytest.mark.parametrize("answer", ["'x' * 2**21", "[[[[0] * 60] * 60] * 60]"])
def test_an_answer_too_large_to_be_checked_says_what_to_do(grader, answer):
    result = grader(f"import torch\ndef double(x): return {answer}")["public"]
    assert result.outcome == "failed"
    assert "the answer cannot be checked: " in result.message
    assert "Return a smaller value." in result.message


def test_the_same_work_gives_the_same_messages(grader):
    answer = "import torch\ndef double(x):\n    return torch.randn(3) + object().__hash__() * 0\n"
    assert grader(answer) == grader(answer)


def test_many_at_once_do_not_mix(engine):
    from concurrent.futures import ThreadPoolExecutor

    def one(place: int) -> tuple[int, dict[str, str]]:
        bad = place % 2
        return bad, Grader(engine).outcomes("def double(x):\n    return x\n" if bad else HONEST)

    with ThreadPoolExecutor(4) as pool:
        for bad, outcomes in pool.map(one, range(12)):
            assert (outcomes == ALL_PASSED) is not bool(bad)
