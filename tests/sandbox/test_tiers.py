"""Each tier where it is the best one: as root and as an ordinary user, with stronger tiers refused by the kernel."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.sandbox.isolation import landlock, linux, seccomp
from autograder.sandbox.isolation.hardening import remove_tree, without
from autograder.sandbox.isolation.linux import descendants
from autograder.sandbox.isolation.tiers import TIERS, probe
from tests.events import Ends, until

ROOT = Path(__file__).parents[2]
AS_ROOT = os.getuid() == 0
ELSEWHERE = [sys.executable, "-m", "tests.sandbox.elsewhere"]
NO_NAMESPACES = ["--without", "namespaces"]
NO_LANDLOCK = [*NO_NAMESPACES, "--without", "landlock"]

needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can be another user")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="it is a feature of Linux")


def run_elsewhere(options: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*ELSEWHERE, *options, "--", sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


# --- Choosing a tier ------------------------------------------------------------------------------


@needs_root
@pytest.mark.parametrize(
    ("options", "tier"),
    [
        (NO_NAMESPACES, "B"),
        (NO_LANDLOCK, "C"),
        (["--as-nobody", *NO_NAMESPACES], "B"),
        (["--as-nobody", *NO_LANDLOCK], "D"),
    ],
)
def test_the_best_tier_is_the_strongest_that_is_not_refused(options, tier):
    if tier == "B":
        needs_landlock()
    done = run_elsewhere(options, "-c", "from autograder.sandbox.isolation.tiers import best_tier; print(best_tier())")
    assert done.stdout.strip() == tier, done.stderr


@needs_root
def test_tier_a_is_recognized_by_the_first_process_of_a_container():
    """Its process id also occurs inside the sandbox."""
    if not probe("A").works:
        pytest.skip(f"tier A does not work here: {probe('A').problem}")
    code = "import os; from autograder.sandbox.isolation.tiers import probe; print(os.getpid(), probe('A'))"
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1 Probe(tier='A', works=True, problem='')", done.stderr


def needs_landlock() -> None:
    try:
        landlock.version()
    except OSError as error:
        pytest.skip(f"no Landlock here: {error}")


@pytest.mark.parametrize(
    ("best", "allowed", "required", "chosen"),
    [
        ("A", False, None, "A"),
        ("B", False, None, "B"),
        ("B", False, "B", "B"),
        ("B", True, "A", None),
        ("C", False, None, None),
        ("C", True, None, "C"),
        ("C", True, "B", None),
        ("D", False, "D", None),
        ("D", True, "D", "D"),
    ],
)
def test_what_the_command_line_allows(monkeypatch, best, allowed, required, chosen):
    from autograder.cli.common import choose_tier
    from autograder.errors import MachineError
    from autograder.sandbox.isolation import tiers

    monkeypatch.setattr(tiers, "probe", lambda tier: tiers.Probe(tier, works=tier >= best, problem="is [refused]"))
    if chosen is None:
        with pytest.raises(MachineError, match=r"tier A fails: is \[refused\].*autograder doctor"):
            choose_tier(allow_weak_sandbox=allowed, required=required)
    else:
        assert choose_tier(allow_weak_sandbox=allowed, required=required) == chosen


@pytest.mark.parametrize("tier", TIERS)
def test_the_doctor_says_how_to_get_a_better_tier(monkeypatch, tier):
    from autograder.cli import doctor

    monkeypatch.setattr(doctor, "_container", lambda: "podman")
    monkeypatch.setattr(doctor, "_read", lambda file: "1" if file.name.startswith("apparmor") else "0")
    said = doctor.advice(tier)
    assert ("unmask=ALL" in said) is (tier != "A")
    assert ("userns, }" in said) is (tier != "A")
    assert ("user.max_user_namespaces=15000" in said) is (tier != "A")
    assert ("landlock" in said) is (tier in ("C", "D"))


def test_the_doctor_says_what_to_move_where_students_processes_cannot_reach_it(monkeypatch):
    """As root, each of them runs as another user, who cannot enter /root, for example."""
    from autograder.cli import doctor

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder).resolve() / "autograder" / "cli" / "better_tier.py"
        monkeypatch.setattr(doctor, "__file__", str(package))
        monkeypatch.setattr(doctor.sysconfig, "get_path", lambda name: f"{folder}/.venv/lib")
        monkeypatch.setattr(doctor.sys, "executable", "/bin/sh")
        monkeypatch.setattr(doctor.os, "getuid", lambda: 0)
        for made in (package.parent, Path(folder, ".venv")):
            made.mkdir(parents=True)
        Path(folder).chmod(0o755)
        if (closed := doctor.closed_folder(package)) is not None:
            pytest.skip(f"temporary files lie in {closed}, which other users may not enter")
        assert "Move the course" not in doctor.advice("D")
        Path(folder).chmod(0o700)
        assert f"Move the course out of {Path(folder).resolve()}" in doctor.advice("D")
        assert "Move the course" not in doctor.advice("A")
        monkeypatch.setattr(doctor.os, "getuid", lambda: 1000)
        assert "Move the course" not in doctor.advice("D")


@pytest.mark.slow
@needs_root
@pytest.mark.parametrize(
    ("options", "tier"),
    [
        (["--as-nobody"], "A"),
        (NO_NAMESPACES, "B"),
        (["--as-nobody", *NO_NAMESPACES], "B"),
        (NO_LANDLOCK, "C"),
        (["--as-nobody", *NO_LANDLOCK], "D"),
    ],
)
def test_the_engine_works_as_another_user_and_without_what_is_refused(options, tier):
    if tier == "B":
        needs_landlock()
    wanted = f"[{tier} and (honest or no_way_out or out_of_sight or orphans or signals or checker or files)"
    if options in (NO_NAMESPACES, NO_LANDLOCK):  # tiers that may not be the best one here
        wanted += f" or outlives and [{tier}"
    files = [f"tests/sandbox/test_{name}.py" for name in ("engine", "isolation", "tiers")]
    done = run_elsewhere(options, "-m", "pytest", "-q", "-r", "f", "-p", "no:cacheprovider", *files, "-k", wanted)
    if done.returncode != 0 or " passed" not in done.stdout:
        pytest.fail(f"{done.stdout}\n{done.stderr}", pytrace=False)


# --- Nothing outlives its supervisor --------------------------------------------------------------

GRADER = """
import sys
import tempfile
from autograder.sandbox.engine import Engine
from autograder.course import CheckFiles
from autograder.sandbox.protocol.messages import Job, Limits

def main(tier, name):
    cell = f'''
import ctypes, os, time
ctypes.CDLL(None).prctl(15, b"{name}")
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
time.sleep(600)
'''
    name = "x/hidden/test_x.py"
    job = Job(CheckFiles(((name, b""),), (name,)), (), (("cell", cell),), Limits(cell_s=200))
    with Engine(tier) as engine:
        engine.run(job)

main(*sys.argv[1:])
"""


@needs_linux
@pytest.mark.slow
@pytest.mark.parametrize("victim", ["grader", "zygote", "checker"])
@pytest.mark.parametrize("tier", TIERS)
def test_no_process_outlives_its_supervisor(tier, victim):
    if not probe(tier).works:
        pytest.skip(probe(tier).problem)
    name = f"orphan-{os.getpid() % 10_000}{TIERS.index(tier)}"
    grader = subprocess.Popen([sys.executable, "-c", GRADER, tier, name], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        # Processes inside cannot report to the outside, so wait until the worker and its three orphans appear.
        family = until(lambda: pids if len(pids := named(name)) == 4 else None)
        ends = Ends(family)
        os.kill(find(victim, grader.pid, name), signal.SIGKILL)
        ends.wait()
        until(lambda: not named(name))  # a fork on its way when the four were counted is not among them
    finally:
        for pid in (*descendants(grader.pid), grader.pid, *named(name)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        grader.wait()


def find(victim: str, grader: int, name: str) -> int:
    """Return the process id of the grader, its zygote, or the submission's checker."""
    if victim == "grader":
        return grader
    family = [pid for pid in descendants(grader) if "sandbox.processes.zygote" in text_of(pid, "cmdline")]
    zygote = family[0]
    if victim == "zygote":
        return zygote
    families = {pid: descendants(pid) for pid in family if pid != zygote}
    # The checker that collected has one child, which grades; the orphans are descendants of the monitor.
    return next(
        children[0]
        for children in families.values()
        if len(children) == 1 and not any(text_of(pid, "comm").strip() == name for pid in children)
    )


def named(name: str) -> list[int]:
    """Return the ids of processes with this name that are not dead."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if text_of(pid, "comm").strip() == name and ") Z " not in text_of(pid, "stat")]


def text_of(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


# --- Tier B ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def fork_that(prepare: Callable[[], None]) -> Iterator[Callable[[Callable[[], object]], str]]:
    """Return a function that runs another in a prepared fork and returns the name of its error, or "fine"."""

    def tried(attempt: Callable[[], object]) -> str:
        read, write = os.pipe()
        with warnings.catch_warnings():
            # Earlier tests may have left threads in this process; the child must not wait for them.
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            said = "fine"
            try:
                prepare()
                attempt()
            except BaseException as error:
                said = type(error).__name__
            os.write(write, said.encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as answer:
            said = answer.read()
        os.waitpid(pid, 0)
        return said

    yield tried


@needs_linux
def test_the_filter_for_a_shared_user_lets_a_process_reach_only_itself(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")

    def prepare() -> None:
        linux.drop_capabilities()
        seccomp.filter_among_others(process=os.getpid(), same_user=True, signals=True).install()

    parent = os.getpid()
    with fork_that(prepare) as tried:
        for attempt in (
            lambda: os.kill(parent, 0),
            lambda: os.kill(-1, 0),
            lambda: signal.pidfd_send_signal(os.pidfd_open(parent), 0),
            lambda: resource.prlimit(parent, resource.RLIMIT_CPU),
            lambda: os.sched_setaffinity(parent, {0}),
            lambda: os.nice(1),
            lambda: file.chmod(0o600),
            lambda: os.utime(file),
            lambda: os.truncate(file, 0),
            lambda: os.open(file, os.O_RDONLY | os.O_TRUNC),
            lambda: fcntl.fcntl(0, fcntl.F_SETOWN, parent),
            lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
            lambda: socket.socket(socket.AF_UNIX),
            lambda: socket.socket(),
            lambda: os.memfd_create("hoard"),
            lambda: linux.prctl("PDEATHSIG", linux.PR_SET_PDEATHSIG, 0),
            lambda: linux.set_dumpable(dumpable=False),
        ):
            assert tried(attempt) == "PermissionError", attempt.__code__.co_names
        for attempt in (
            lambda: os.kill(os.getpid(), 0),
            lambda: os.kill(0, signal.SIGWINCH),
            lambda: resource.getrlimit(resource.RLIMIT_CPU),
            lambda: file.write_text("y"),
            lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0),
            lambda: socket.socketpair(),
            linux.die_with_parent,
        ):
            assert tried(attempt) == "fine", attempt
    assert file.read_text() == "y"


@needs_linux
def test_a_protected_folder_inside_a_readable_one_cannot_be_read(tmp_path):
    needs_landlock()
    for name in ("lib/python", "lib/course/tests", "lib/other"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text("x")
    (tmp_path / "lib" / "link").symlink_to(tmp_path / "lib" / "course")
    visible = list(without([str(tmp_path / "lib")], [str(tmp_path / "lib" / "course")]))
    assert sorted(visible) == [str(tmp_path / "lib" / "other"), str(tmp_path / "lib" / "python")]

    def prepare() -> None:
        linux.drop_capabilities()
        landlock.restrict(visible, [str(tmp_path / "lib" / "other")])

    with fork_that(prepare) as tried:
        assert tried(lambda: (tmp_path / "lib/python/file").read_text()) == "fine"
        assert tried(lambda: (tmp_path / "lib/python/file").write_text("y")) == "PermissionError"
        assert tried(lambda: (tmp_path / "lib/other/new").write_text("y")) == "fine"
        for hidden in ("lib/course/tests/file", "lib/link/tests/file"):
            assert tried((tmp_path / hidden).read_text) == "PermissionError"
        if landlock.keeps_signals():
            assert tried(lambda: os.kill(os.getppid(), 0)) == "PermissionError"


def test_a_folder_is_removed_whatever_its_depth_and_permissions(tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    here = Path.cwd()
    os.chdir(top)
    try:
        for _ in range(2000):
            Path("a" * 100).mkdir()
            os.chdir("a" * 100)
        Path("file").write_text("x")
        Path().chmod(0)
    finally:
        os.chdir(here)
    (top / "link").symlink_to("/")
    (top / "forbidden" / "below").mkdir(parents=True)
    (top / "forbidden").chmod(0)
    remove_tree(str(top))
    assert not top.exists()
