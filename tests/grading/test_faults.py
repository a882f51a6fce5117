"""After any failure, the same command continues the run and ends with the results of an undisturbed one."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from tests.conftest import TINY_COURSE
from tests.events import Ends, until
from tests.grading.processes import RIGHT, SLOW, TIER, WRONG, Grader, descendants, end, kill, roles

pytestmark = pytest.mark.slow

CLASS = {"ada": SLOW, "bob": WRONG, "cleo": RIGHT, "dan": ""} | dict.fromkeys(("eve", "fay", "gus", "hal"), SLOW)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Grader:
    """A class that was graded without a failure; for reading only."""
    grader = Grader(tmp_path_factory.mktemp("undisturbed"), TINY_COURSE, CLASS)
    code, said = grader.finish()
    assert code == 0, said
    return grader


@pytest.fixture
def grader(tmp_path, undisturbed) -> Grader:
    """The same class, not graded, with an empty gradebook, whose creation takes nbgrader seconds."""
    fresh = Grader(tmp_path / "class", TINY_COURSE, CLASS)
    database = fresh.course / "gradebook.db"
    shutil.copy(undisturbed.course / "gradebook.db", database)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in set(tables) - {"alembic_version", "course"}:
            connection.execute(f"delete from {table}")
    return fresh


@pytest.fixture
def nearly_done(grader, undisturbed) -> Grader:
    """The class, graded except for one student; tables and gradebook are not written yet."""
    shutil.copytree(undisturbed.output, grader.output)
    for path in [*grader.output.glob("*.csv"), grader.output / "dan" / "greetings.json"]:
        path.unlink()
    return grader


# --- Killed processes -------------------------------------------------------------------------------


def any_of(running: subprocess.Popen[str], role: str) -> int:
    """Return a process of this role, as soon as a submission is being graded."""

    def look() -> int | None:
        found = roles(running.pid)
        return found.get(role) if "worker" in found else None

    return until(look)  # polling: processes in the sandbox cannot notify the test


@pytest.mark.skipif(TIER != "A", reason="tells processes apart by their namespaces")
def test_any_process_below_the_grader_may_be_killed_and_nobody_loses_a_point(grader, undisturbed):
    """With one job at a time, each submission loses at most one process: after a second, it is a grader error."""
    running = grader.start("--jobs", "1")
    for role in ("worker", "monitor", "checker", "collector", "zygote", "launcher"):
        victim = any_of(running, role)
        ends = Ends([victim])
        kill(victim)
        ends.wait()
    code, said = end(running)
    assert code == 0, said
    assert grader.state() == undisturbed.state()


@pytest.mark.skipif(TIER != "A", reason="tells processes apart by their namespaces")
def test_a_stopped_run_goes_on_with_the_same_command_and_leaves_no_process(grader, undisturbed):
    for number, code, everything in (
        (signal.SIGKILL, -9, False),
        (signal.SIGKILL, -9, True),
        (signal.SIGTERM, 143, False),
        (signal.SIGINT, 130, False),
        (signal.SIGHUP, 129, False),
    ):
        running = grader.start()
        any_of(running, "worker")
        below = [pid for pid, _ in descendants(running.pid)]
        ends = Ends(below)
        for pid in [*(below if everything else ()), running.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        stopped, said = end(running)
        assert stopped == code
        assert ("repeat the command to resume" in said) == (code > 0), said
        assert "Traceback" not in said
        ends.wait()
    assert grader.finish()[0] == 0
    assert grader.state() == undisturbed.state()


def test_nohup_outlives_the_terminal(nearly_done, undisturbed):
    (nearly_done.output / "ada" / "greetings.json").unlink()
    # The terminal is closed before anything is done, and again while a submission is graded.
    hang_up = (
        "import os, signal\n"
        "from autograder.sandbox.engine import Engine\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "os.kill(os.getpid(), signal.SIGHUP)\n"
        "run = Engine.run\n"
        "def run_and_hang_up(*arguments):\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('hung up', flush=True)\n"
        "    return run(*arguments)\n"
        "Engine.run = run_and_hang_up"
    )
    code, said = nearly_done.finish(before=hang_up)
    assert code == 0, said
    assert said.count("hung up") == 1, said
    assert nearly_done.state() == undisturbed.state()


# --- Full disks, locks and leftovers ----------------------------------------------------------------


@pytest.mark.parametrize("limit", [1000, 20_000], ids=["results", "gradebook"])
def test_a_full_disk_is_reported_and_leaves_no_partial_file(nearly_done, undisturbed, limit):
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))"
    before = nearly_done.snapshot()
    code, said = nearly_done.finish(before=full)
    assert code == 2, said
    assert "repeat the" in said
    assert "Traceback" not in said, said
    assert before.items() <= nearly_done.snapshot().items() <= undisturbed.snapshot().items()
    assert nearly_done.scores() == []
    assert nearly_done.finish()[0] == 0
    assert nearly_done.state() == undisturbed.state()


def test_an_output_that_cannot_be_written_is_reported(nearly_done, undisturbed):
    shutil.rmtree(nearly_done.output / "dan")
    (nearly_done.output / "dan").write_text("a file where the folder should be")  # permissions do not stop root
    code, said = nearly_done.finish()
    assert (code, "Fix this" in said, "Traceback" in said) == (2, True, False), said
    (nearly_done.output / "dan").unlink()
    assert nearly_done.finish()[0] == 0
    assert nearly_done.state() == undisturbed.state()


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a file system takes root")
@pytest.mark.parametrize(
    ("hinder", "fix", "words"),
    [
        ("mount -t tmpfs -o size=12k tmpfs {0}", "mount -o remount,size=16m {0}", "No space left on device"),
        (
            "mount --bind {0} {0} && mount -o remount,ro,bind {0}",
            "mount -o remount,rw,bind {0}",
            "Read-only file system",
        ),
    ],
    ids=["full", "read-only"],
)
def test_an_unwritable_file_system_is_reported(grader, undisturbed, hinder, fix, words):
    grader.output.mkdir()
    command = shlex.join(grader.command())
    script = (
        f"{hinder}; {command} > first.txt 2>&1; echo $? >> first.txt; {fix}; {command}; echo $? > second.txt; "
        "cp -a {0}/. copy; umount {0}; cp -a copy/. {0}"
    ).format(shlex.quote(str(grader.output)))
    subprocess.run(["unshare", "--mount", "sh", "-c", script], cwd=grader.root, env=grader.environment(), check=True)
    said = (grader.root / "first.txt").read_text()
    assert said.split()[-1] == "2", said
    assert words in said
    assert "repeat the" in " ".join(said.split())
    assert "Traceback" not in said, said
    assert (grader.root / "second.txt").read_text() == "0\n"
    assert grader.state() == undisturbed.state()


def test_a_locked_gradebook_is_reported_and_results_are_stored(nearly_done, undisturbed):
    impatient = "from autograder.gradebook import nbgrader_db as db; db.update_gradebook.__kwdefaults__['wait_s'] = 0.5"
    with contextlib.closing(sqlite3.connect(nearly_done.course / "gradebook.db")) as other:
        other.execute("begin exclusive")
        code, said = nearly_done.finish(before=impatient)
    assert code == 2, said
    assert "another program is writing to it" in said
    assert "repeat the command" in said
    assert nearly_done.snapshot() == undisturbed.snapshot()
    assert nearly_done.finish()[0] == 0
    assert nearly_done.state() == undisturbed.state()


def test_temporary_files_of_a_killed_grader_are_removed(nearly_done, undisturbed):
    for name in ("ada/.greetings.json.k3_x9abc", "ada/.greetings.durations.json.01234567", ".grades.csv.abcdefgh"):
        (nearly_done.output / name).write_text('{"student": "ad')
    assert nearly_done.finish()[0] == 0
    assert nearly_done.state() == undisturbed.state()


def test_a_second_grader_is_refused_until_the_first_is_gone(nearly_done, undisturbed):
    hold = (
        "import sys, time; from pathlib import Path; from autograder.results.store import only_grader\n"
        "with only_grader(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(600)"
    )
    command = [sys.executable, "-c", hold, str(nearly_done.output)]
    before = nearly_done.snapshot()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        code, said = nearly_done.finish()
        assert code == 2
        assert f"another grader (process {first.pid} on " in said
        assert nearly_done.snapshot() == before
        kill(first.pid)
    assert nearly_done.finish()[0] == 0
    assert nearly_done.state() == undisturbed.state()
