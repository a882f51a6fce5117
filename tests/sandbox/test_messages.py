"""The engine trusts a checker only about results, and no message of a checker can stop the grading of a class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgpack
import pytest

from autograder.checking.verdict import result_of
from autograder.course import Check, CheckFiles
from autograder.results.model import CellResult, Cost, Outcome
from autograder.results.pictures import make_picture, to_record
from autograder.sandbox.engine import Engine
from autograder.sandbox.protocol import messages as reports
from autograder.sandbox.protocol.frames import ProtocolError, unpack
from autograder.sandbox.protocol.messages import Graded, Job, Limits

CHECK = Check("adds", "add", "Adds.", 2.0, public=False, hint="Think.")
JOB = Job(CheckFiles((), ()), (CHECK,), (("one", "x = 1"),), Limits())


def take(*messages: Any) -> Graded:
    graded = Graded()
    for message in messages:
        Engine("D")._record(message, JOB, graded)
    return graded


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.FAILED, Outcome.GRADER_ERROR])
def test_reports_are_read_as_they_were_sent(outcome):
    result = result_of(CHECK, outcome, "So.")
    cells = [CellResult("one", Outcome.CRASHED, "Gone.")]
    graded = take(
        reports.cells_message(cells), reports.check_message(CHECK, result, Cost(0.25, 3.5)), ["done", False, []]
    )
    assert graded == Graded(cells, [("add", result)], {"add.adds": Cost(0.25, 3.5)}, complete=True)


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        ["nonsense"],
        ["done"],
        ["done", 1],
        ["done", False],
        ["done", False, "q"],
        ["cells"],
        ["cells", 3],
        ["cells", [["two", "passed", ""]]],
        ["cells", [["one", "excellent", ""]]],
        ["cells", [["one", "passed", ""]] * 2],
        ["cells", [["one", "passed", None]]],
        ["cells", [["one", ["passed"], ""]]],
        ["check", "add", "adds", "passed", "", [], "soon", 0.0],
        ["check", "add", "adds", "passed", "", [], float("nan"), 0.0],
        ["check", "add", "adds", "passed", "", [], 0.1, float("inf")],
        ["check", "add", "adds", "excellent", "", [], 0.1, 0.0],
        ["check", "add", "subtracts", "passed", "", [], 0.1, 0.0],
        ["check", "add", "adds", "passed", {}, [], 0.1, 0.0],
        ["check", "add", "adds", "passed", "", [], 0.1, 0.0, 100],
        ["check", "add", "adds", "passed", "", 0.1, 0.0],
        ["check", "add", "adds", "passed", "", None, 0.1, 0.0],
        ["check", "add", "adds", "passed", "", ["image"], 0.1, 0.0],
        ["check", "add", "adds", "passed", "", [["images", "It", [["yours", ["1 x"]]]]], 0.1, 0.0],
        ["check", "add", "adds", "passed", "", [["images", "It", [["yours", ["1 2", "3"]]]]], 0.1, 0.0],
        ["check", "add", "adds", "passed", "", [["images", "It", [["yours", ["1 " * 10**6]]]]], 0.1, 0.0],
        ["check", "add", "adds", "passed", "", [["images", "It", [["yours", ["1"]]]]] * 4, 0.1, 0.0],
    ],
)
def test_malformed_reports_are_refused(message):
    with pytest.raises(ProtocolError):
        take(message)


def test_pictures_come_with_public_checks_and_never_with_hidden_ones():
    picture = make_picture("images", "It", [("yours", [[1.0, 0.25], [float("nan"), 1e-9]])])
    public = replace(CHECK, public=True)
    told = reports.check_message(public, result_of(public, Outcome.PASSED, "", (picture,)), Cost(0.1, 0.0))
    assert len(told[5]) == 1
    job = replace(JOB, checks=(public,))
    (_, shown, _) = reports.read_check(told[1:], job)
    assert [to_record(one) for one in shown.pictures] == told[5]
    (_, hidden, _) = reports.read_check(told[1:], JOB)
    assert hidden.pictures == ()
    assert result_of(CHECK, Outcome.FAILED, "", (picture,)).pictures == ()


def test_a_check_is_reported_once():
    message = ["check", "add", "adds", "failed", "", [], 0.1, 0.0]
    with pytest.raises(ProtocolError, match="twice"):
        take(message, message)


def test_texts_can_be_stored():
    cells, check = (
        ["cells", [["one", "failed", "\ud800" * 9999]]],
        ["check", "add", "adds", "failed", "a\udfff", [], 0.1, 0.0],
    )
    graded = take(cells, check)
    assert graded.checks[0][1].message == "a?"
    assert graded.cells[0].message == "?" * reports.MAX_MESSAGE


@pytest.mark.parametrize(
    ("reason", "status", "words"),
    [
        (reports.TIME, -9, "took too long"),
        (reports.MEMORY, -9, "ran out of memory"),
        (reports.FILES, -9, "wrote too many files"),
        (reports.EXITED, -11, "crashed its process (SIGSEGV)"),
        (reports.EXITED, -99, "crashed its process (signal 99)"),
        (reports.EXITED, 3, "exit code 3"),
        (reports.EXITED, 0, "exit code 0"),
    ],
)
def test_students_read_why_their_code_ended(reason, status, words):
    assert words in str(reports.explain(reason, status))


def test_a_job_is_read_as_it_was_sent():
    checks = (CHECK, Check("more", "add", "Adds more.", 1.0, public=True, after=("adds",), timeout_s=2.0, memory_mb=9))
    job = replace(JOB, checks=checks, limits=Limits(check_s=1.5), reused=(("add", "first", True),), key="0a")
    read = reports.read_job(unpack(msgpack.packb(job.to_message())))
    assert read == (checks, job.cells, job.limits, {("add", "first"): True}, b"\x0a")


def test_check_files_arrive_with_what_python_compiles_them_to(tmp_path):
    files = CheckFiles((("sums/public/test_add.py", b"x = 1\n"), ("sums/a.json", b"{}")), ("sums/public/test_add.py",))
    assert reports.lay_down(reports.check_files_message(files), tmp_path) == [tmp_path / "sums/public/test_add.py"]
    assert (tmp_path / "sums/a.json").read_bytes() == b"{}"
    (cached,) = (tmp_path / "sums/public/__pycache__").iterdir()
    assert cached.read_bytes() == reports.compiled(b"x = 1\n", "sums/public/test_add.py")


@pytest.mark.parametrize("source", [b"x =", b"x = '\0'", b"\xff"])
def test_what_is_no_python_is_not_compiled(source):
    assert reports.compiled(source, "a.py") == b""
