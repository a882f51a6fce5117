"""Grading on a real dask cluster: the same results even if processes die, and student code finds no scheduler."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import main
from autograder.course import Course, load_course
from autograder.errors import MachineError
from autograder.grading.whole_class import Run, grade_class
from autograder.results.model import Outcome, Result, Status
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import probe
from autograder.submissions.find import SubmissionFile
from tests.events import PATIENCE_S, Ends

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

from autograder.grading import cluster as cluster_module
from autograder.grading.cluster import Cluster, common_tier, survey
from autograder.grading.dask_worker import Capabilities
from autograder.grading.one_submission import environment

ROOT = Path(__file__).parents[2]
RIGHT = (Path(__file__).parents[1] / "tiny_course" / "solutions" / "greetings.py").read_text()
SLOW = "# %%\nimport time\ntime.sleep(0.7)\n\n" + RIGHT
WRONG = "# %%\ndef add(numbers):\n    return 7\n"
DEADLY = "# %%\nimport os\n\ndef add(numbers):\n    os._exit(3)\n"

# Searches everywhere for addresses and puts those that it found in an error message, which the result contains. It
# plants one address itself, to show that the search works.
SEARCH = r"""
# %%
def add(numbers):
    import os, re, sys
    planted = "tcp://" + "192.0.2.7" + ":4321"
    places = [repr(dict(os.environ)), repr(sys.argv), planted]
    for name in os.listdir("/proc"):
        for part in ("environ", "cmdline", "net/tcp", "net/unix"):
            try:
                places.append(open(f"/proc/{name}/{part}", "rb").read().decode("latin-1"))
            except OSError:
                pass
    for descriptor in range(256):
        try:
            places.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:
            pass
    found = set(re.findall(r"tcp://[\d.]+:\d+|0100007F:[0-9A-F]{4} [0-9A-F]{8}:[0-9A-F]{4}", "\n".join(places)))
    memory = open("/proc/self/mem", "rb")
    for line in open("/proc/self/maps"):
        begin, _, end = line.split()[0].partition("-")
        if "r" in line.split()[1] and "[v" not in line:
            try:
                memory.seek(int(begin, 16))
                data = memory.read(int(end, 16) - int(begin, 16))
            except (OSError, OverflowError, ValueError):
                continue
            found |= {match.decode() for match in re.findall(rb"tcp://[\d.]+:\d+", data)}
    raise ValueError(" ".join(sorted(found))[:480])
"""


class RealCluster:
    """A scheduler and its workers, each in its own process with one thread."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._folder = folder
        self._workers = workers
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._run("dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        for _ in range(self._workers):
            self._run(
                "dask_worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0",
                "--death-timeout", "60",
            )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_SCHEDULER_ADDRESS": self.address}
        command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.{program}", *arguments]
        with (self._folder / f"log-{len(self.processes)}").open("wb") as log:
            process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=log, stderr=log)
        self.processes.append(process)

    def kill(self, which: slice) -> None:
        for process in self.processes[which]:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def stop(self) -> None:
        self.kill(slice(None))
        self.processes.clear()


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not probe("A").works, reason=f"no tier A here: {probe('A').problem}"),
    # dask itself warns when its peers are killed.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@contextlib.contextmanager
def running(folder: Path, workers: int = 2) -> Iterator[RealCluster]:
    cluster = RealCluster(folder, workers)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """A cluster for tests that kill none of its processes."""
    with running(tmp_path_factory.mktemp("cluster")) as started:
        wait_for_workers(started, 2)
        yield started


@pytest.fixture
def course(tiny_course: Path) -> Course:
    return load_course(tiny_course)


def hand_in(folder: Path, texts: dict[str, str]) -> list[SubmissionFile]:
    handed = []
    for student, text in texts.items():
        path = folder / "submitted" / student / "greetings" / "greetings.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        handed.append(SubmissionFile(student, "greetings", path))
    return handed


def wait_for_workers(cluster: RealCluster, number: int) -> None:
    import distributed

    with distributed.Client(cluster.address, timeout=PATIENCE_S, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=PATIENCE_S)


def grade_on(address: str, course: Course, handed: list[SubmissionFile], output: Path, **options: object) -> Run:
    return grade_class(
        course, handed, output, lambda: Cluster(address, "A", course.exercises), tier="A", jobs=4, **options
    )


def snapshot(output: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(output.rglob("*.json")) if "durations" not in path.name]
    return {str(path.relative_to(output)): path.read_bytes() for path in paths}


def test_results_are_those_of_one_machine(cluster, course, tmp_path):
    texts = {"ada": RIGHT, "ben": WRONG, "cid": DEADLY, "eve": "", "dan": SLOW}
    handed = hand_in(tmp_path, texts)
    there = grade_on(cluster.address, course, handed, tmp_path / "there")
    grade_class(course, handed, tmp_path / "here", lambda: Engine("A"), tier="A")
    assert snapshot(tmp_path / "there") == snapshot(tmp_path / "here")
    assert len(snapshot(tmp_path / "there")) == len(texts)
    assert {result.tier for result in there.results} == {"A"}
    assert Outcome.CRASHED in {
        check.outcome for result in there.results for q in result.questions for check in q.checks
    }


def test_a_worker_that_is_killed_costs_a_retry(course, tmp_path):
    handed = hand_in(tmp_path, {f"s{number}": SLOW for number in range(8)})
    with running(tmp_path, workers=3) as cluster:
        wait_for_workers(cluster, 3)
        killed: list[Result] = []

        def kill_one(result: Result) -> None:
            if not killed:
                cluster.kill(slice(1, 2))
            killed.append(result)

        run = grade_on(cluster.address, course, handed, tmp_path / "there", notify=kill_one)
        assert cluster.processes[1].returncode == -signal.SIGKILL
    grade_class(course, handed, tmp_path / "here", lambda: Engine("A"), tier="A")
    assert snapshot(tmp_path / "there") == snapshot(tmp_path / "here")
    assert [result.status for result in run.results] == [Status.GRADED] * 8


def test_a_scheduler_that_is_killed_and_comes_back_costs_a_retry(course, tmp_path):
    handed = hand_in(tmp_path, {f"s{number}": SLOW for number in range(5)})
    with running(tmp_path) as cluster:
        wait_for_workers(cluster, 2)
        seen: list[Result] = []

        def restart(result: Result) -> None:
            if not seen:
                cluster.stop()
                cluster.start()
            seen.append(result)

        run = grade_on(cluster.address, course, handed, tmp_path / "there", notify=restart)
    grade_class(course, handed, tmp_path / "here", lambda: Engine("A"), tier="A")
    assert snapshot(tmp_path / "there") == snapshot(tmp_path / "here")
    assert len(run.results) == len(seen) == 5


def test_a_lost_scheduler_ends_the_run_and_the_same_command_continues_it(cluster, course, tmp_path, monkeypatch):
    handed = hand_in(tmp_path, {f"s{number}": SLOW for number in range(5)})
    with running(tmp_path) as gone:
        wait_for_workers(gone, 2)
        monkeypatch.setattr(cluster_module, "CONNECT_TIMEOUT_S", 2.0)
        with pytest.raises(MachineError, match="No dask scheduler answers"):
            grade_on(gone.address, course, handed, tmp_path / "there", notify=lambda _result: gone.stop())
    kept = snapshot(tmp_path / "there")
    assert 0 < len(kept) < 5
    monkeypatch.undo()
    again = grade_on(cluster.address, course, handed, tmp_path / "there")
    assert again.reused == len(kept)
    grade_class(course, handed, tmp_path / "here", lambda: Engine("A"), tier="A")
    assert snapshot(tmp_path / "there") == snapshot(tmp_path / "here")


def test_student_code_finds_no_address_of_the_scheduler(cluster, course, tmp_path):
    run = grade_on(cluster.address, course, hand_in(tmp_path, {"mallory": SEARCH}), tmp_path / "out")
    messages = [check.message for question in run.results[0].questions for check in question.checks]
    told = next(message for message in messages if "tcp://" in message)
    assert "tcp://192.0.2.7:4321" in told, "the search does not see"
    port = cluster.port
    assert str(port) not in told
    assert f":{port:04X}" not in told


def test_sandboxes_end_with_the_run_and_those_of_a_killed_grader_with_the_next(cluster, course, tmp_path):
    killed = Cluster(cluster.address, "A", course.exercises).__enter__()
    assert killed._client is not None
    killed._client.close()  # without telling the workers, as when the process is killed
    sandboxes = [children_of(process.pid) for process in cluster.processes[1:]]
    assert all(sandboxes)
    ends = Ends(pid for children in sandboxes for pid in children)
    grade_on(cluster.address, course, hand_in(tmp_path, {"ada": RIGHT}), tmp_path / "out")
    ends.wait()
    left = Ends(pid for process in cluster.processes for pid in children_of(process.pid))
    left.wait()
    assert not [pid for process in cluster.processes for pid in children_of(process.pid)]


def children_of(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def test_the_command_grades_on_a_cluster(cluster, tiny_course, tmp_path):
    hand_in(tmp_path, {"ada": RIGHT})
    options = ["--course", str(tiny_course), "--output", str(tmp_path / "out"), "--gradebook", "none"]
    command = ["grade", str(tmp_path / "submitted"), "--dask", cluster.address, "--require-tier", "A", *options]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert list(snapshot(tmp_path / "out")) == ["ada/greetings.json"]


def test_a_worker_with_another_environment_is_refused(cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "environment", lambda: "python 2.7, torch 0.1")
    with pytest.raises(MachineError) as caught:
        survey(cluster.address)
    assert "The dask worker tcp://127.0.0.1:" in str(caught.value)
    assert environment() in str(caught.value)
    assert "python 2.7, torch 0.1" in str(caught.value)


def test_a_worker_that_joins_later_is_checked_as_well(cluster, course, tmp_path, monkeypatch):
    """The sandbox checks its worker when it starts, because the survey does not see workers that join later."""
    monkeypatch.setattr(cluster_module, "environment", lambda: "python 2.7, torch 0.1")
    with pytest.raises(Exception, match="has another environment"):
        grade_on(cluster.address, course, hand_in(tmp_path, {"ada": RIGHT}), tmp_path / "out")


def test_the_weakest_worker_counts_and_open_networks_are_refused():
    here = environment()
    assert common_tier({"one": Capabilities("A", here), "two": Capabilities("B", here)}, here) == "B"
    for open_tier in ("C", "D"):
        with pytest.raises(MachineError, match=r"two only offers .* doctor"):
            common_tier({"one": Capabilities("A", here), "two": Capabilities(open_tier, here)}, here)
    with pytest.raises(MachineError, match=r"two cannot grade .* Install"):
        common_tier({"one": Capabilities("A", here), "two": ModuleNotFoundError("No module named 'autograder'")}, here)
    assert "offers sandbox tier B" in Capabilities("B", here).fault(Capabilities("A", here))
    assert replace(Capabilities("A", here), tier="B").fault(Capabilities("B", here)) == ""


def test_a_missing_scheduler_and_a_missing_package_are_reported(tiny_course, tmp_path, monkeypatch):
    hand_in(tmp_path, {"ada": RIGHT})
    command = ["grade", str(tmp_path / "submitted"), "--course", str(tiny_course), "--dask", "tcp://127.0.0.1:9"]
    monkeypatch.setattr(cluster_module, "CONNECT_TIMEOUT_S", 1.0)
    nobody = CliRunner().invoke(main, command)
    assert nobody.exit_code == 2
    assert "No dask scheduler answers at tcp://127.0.0.1:9" in nobody.output
    monkeypatch.setitem(sys.modules, "distributed", None)
    missing = CliRunner().invoke(main, command)
    assert missing.exit_code == 2
    assert 'pip install "medical-image-autograder[cluster]"' in " ".join(missing.output.split())
