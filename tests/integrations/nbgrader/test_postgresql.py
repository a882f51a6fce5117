"""A gradebook in PostgreSQL, written to by nbgrader and the autograder at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.events import until
from tests.integrations.nbgrader.conftest import HALF, RIGHT, api_of, autograde, hand_in, scores

psycopg = pytest.importorskip("psycopg", reason="needs psycopg: pip install 'psycopg[binary]'")
pytestmark = pytest.mark.slow

NOBODY = 65534
FULL = {"check-add": (3.0, False), "check-Greeter": (2.5, False)}
HALF_SCORES = {"check-add": (1.0, False), "check-Greeter": (0.0, False)}


def program(name: str) -> str:
    """Return the path of a PostgreSQL program; Debian keeps the server's outside the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"needs {name}: apt-get install postgresql")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """Start a server as an ordinary user; return the folder of its socket."""
    # The path of a socket must be short, and other users must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    if user:
        os.chown(folder, NOBODY, NOBODY)

    def run(name: str, *arguments: str) -> None:
        command = [program(name), "-D", str(folder / "data"), *arguments]
        with (folder / f"{name}.txt").open("w") as log:
            subprocess.run(command, stdout=log, stderr=log, cwd=folder, check=True, timeout=120, **user)

    try:
        run("initdb", "--auth=trust", "--username=grader", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "start", "--wait", "--log", str(folder / "log"), "-o", f"-c listen_addresses='' -F -k {folder}")
        yield folder
        run("pg_ctl", "stop", "--mode=immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def url(server, request) -> str:
    """Return the URL of a new, empty database."""
    name = f"gradebook_{abs(hash(request.node.name))}"
    with psycopg.connect(host=str(server), user="grader", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return f"postgresql+psycopg://grader@/{name}?host={server}"


@pytest.fixture
def course(course, url):
    """Return the course with its gradebook in that database, as nbgrader_config.py names it."""
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
    (course / "gradebook.db").unlink()
    done = api_of(course).generate_assignment("greetings", force=True)
    assert done["success"], done
    return course


def start(name: str, *arguments: str) -> subprocess.Popen[str]:
    command = [Path(sys.executable).with_name(name), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(*processes: subprocess.Popen[str]) -> None:
    ends = [(process.communicate(timeout=300)[0], process.returncode) for process in processes]
    assert [code for _, code in ends] == [0] * len(processes), "\n".join(words for words, _ in ends)


def test_nbgrader_and_the_autograder_write_the_same(course, url):
    hand_in(course, "ada", HALF)
    autograde(api_of(course), "ada")
    assert scores(course, "ada", url) == HALF_SCORES
    hand_in(course, "ada", RIGHT)
    hand_in(course, "bob", RIGHT)
    finish(start("autograder", "grade", "submitted"))
    assert scores(course, "ada", url) == scores(course, "bob", url) == FULL
    assert not (course / "gradebook.db").exists()


def test_two_graders_at_once(course, url):
    """Each grades half of the class; the gradebook knows none of the students yet."""
    names = [f"student-{number}" for number in range(8)]
    for number, name in enumerate(names):
        hand_in(course, name, HALF if number % 2 else RIGHT)
    halves = [start("nbgrader", "autograde", "greetings", "--student", f"student-[{part}]") for part in ("0-3", "4-7")]
    finish(*halves)
    expected = {name: HALF_SCORES if number % 2 else FULL for number, name in enumerate(names)}
    assert {name: scores(course, name, url) for name in names} == expected


def test_a_second_run_that_adds_the_same_students_waits_for_the_first(course, url, server):
    """The second run starts writing after the first has added a student, and before it ends."""
    from autograder.gradebook.nbgrader_db import _open

    hand_in(course, "ada", RIGHT)
    with _open(url, "good-manners", 30) as book:
        book.add_student("ada")
        second = start("autograder", "grade", "submitted")
        wait_for_a_waiting_writer(server, second)
    finish(second)
    assert scores(course, "ada", url) == FULL


def wait_for_a_waiting_writer(server: Path, process: subprocess.Popen[str]) -> None:
    """Return once a connection waits for a lock; PostgreSQL has no notification for this, so poll."""
    with psycopg.connect(host=str(server), user="grader", dbname="postgres", autocommit=True) as connection:

        def waits() -> bool:
            assert process.poll() is None, f"it ended without waiting:\n{process.communicate()[0]}"
            return bool(connection.execute("select 1 from pg_stat_activity where wait_event_type = 'Lock'").fetchall())

        until(waits)


def test_a_teacher_grades_by_hand_while_a_class_is_graded(course, url):
    from nbgrader.api import Gradebook

    for number in range(4):
        hand_in(course, f"student-{number}", HALF)
    finish(start("autograder", "grade", "submitted"))
    for number in range(4):
        hand_in(course, f"student-{number}", RIGHT)
    grader = start("autograder", "grade", "submitted")
    while grader.poll() is None:
        with Gradebook(url) as book:
            for number in range(4):
                book.find_comment("add", "greetings", "greetings", f"student-{number}").manual_comment = "Fine."
                book.db.commit()
    finish(grader)
    with Gradebook(url) as book:
        comments = [book.find_comment("add", "greetings", "greetings", f"student-{n}").comment for n in range(4)]
    assert comments == ["Fine."] * 4
    assert all(scores(course, f"student-{number}", url) == FULL for number in range(4))
