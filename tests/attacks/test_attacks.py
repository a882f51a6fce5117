"""Grade every attack in this folder, each followed by an honest submission, in one run on two cores.

The class is graded once; every test examines a part of the outcome: results, tables, files, processes, and sockets that
would notice an escape.
"""

from __future__ import annotations

import ctypes
import hashlib
import io
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.course import Exercise, load_course
from autograder.course.manifest import UNRELEASED
from autograder.gradebook.graded_notebooks import write_autograded
from autograder.grading.scheduler import modules_to_preload
from autograder.grading.whole_class import grade_class
from autograder.lms.spreadsheet import write_grades
from autograder.release.make import cleared
from autograder.release.notebooks import source_notebook
from autograder.reporting.feedback_page import feedback_page
from autograder.reporting.terminal import GradingProgress, print_summary
from autograder.results.model import CheckResult, Outcome, QuestionResult, Result, Status
from autograder.results.pictures import Picture, make_picture
from autograder.results.rendering import as_html
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import ISOLATING_TIERS, best_tier
from autograder.sandbox.protocol.messages import Limits
from autograder.submissions.find import SubmissionFile, collect
from demo.attacks import Attack, read_attacks
from demo.make_class import EXERCISES, Notebook, Submission, Worth, attack_submission, attacked_exercise, model, right
from tests.events import Ends

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
TIER = best_tier()
ATTACKS = read_attacks(tier=TIER)
LIMITS = Limits(check_s=1, cell_s=2, memory_mb=400, wall_factor=6)
MARK = "autograder-breach*"
HOSTILE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\ud800-\udfff]")
"""Characters that affect a terminal or break a file."""


# --- The class ------------------------------------------------------------------------------------


@cache
def _released(exercise: Exercise) -> str:
    return json.dumps(cleared(source_notebook(exercise, UNRELEASED)))


def notebook(exercise: Exercise) -> Notebook:
    """Return the notebook that students start from, made without a build."""
    return Notebook(exercise, json.loads(_released(exercise)))


def hand_in(folder: Path, place: int, attack: Attack) -> dict[str, Submission]:
    """Write an attack and the honest submission after it; return both by kind."""
    attacked = attacked_exercise(COURSE.exercises, attack)
    hostile = attack_submission(notebook(attacked), attack, f"{place:03}-attack-{attack.name}")
    exercise = COURSE.exercise(EXERCISES[place % len(EXERCISES)])
    answers = model(exercise) if place % 4 < 2 else right(exercise, 0)
    honest = notebook(exercise).answer(answers).submission(f"{place:03}-honest")
    for submission in (hostile, honest):
        submission.write(folder)
    return {"attack": hostile, "honest": honest}


@dataclass
class Graded:
    """The class after grading."""

    folder: Path
    submissions: dict[str, dict[str, Submission]] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    files: dict[str, SubmissionFile] = field(default_factory=dict)
    screen: str = ""
    left_running: int = 0
    left_behind: int = 0
    changed: set[str] = field(default_factory=set)
    callers: list[str] = field(default_factory=list)

    def result(self, attack: Attack, kind: str = "attack") -> Result:
        return self.results[self.submissions[attack.name][kind].student]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, share: Callable[[Engine], Engine]) -> Iterator[Graded]:
    """Submit, grade, and write everything that a teacher looks at."""
    a_class = Graded(tmp_path_factory.mktemp("class"))
    submitted = a_class.folder / "submitted"
    for place, attack in enumerate(ATTACKS):
        a_class.submissions[attack.name] = hand_in(submitted, place, attack)
    for attack in ATTACKS:
        if attack.hand_in is not None:
            submission = a_class.submissions[attack.name]["attack"]
            attack.hand_in(submitted / submission.student / submission.exercise / f"{submission.exercise}.ipynb")
    before, processes = fingerprints(submitted), descendants()
    adopt_orphans()
    with Witnesses() as witnesses:
        grade(a_class, submitted, processes, share)
        a_class.callers = witnesses.callers()
    a_class.left_behind = settled(processes, 0)
    a_class.changed = {name for name, digest in fingerprints(submitted).items() if before.get(name) != digest}
    yield a_class
    for name in marks(a_class.folder):
        Path(name).unlink(missing_ok=True)


def grade(a_class: Graded, submitted: Path, processes: set[int], share: Callable[[Engine], Engine]) -> None:
    """Grade as ``autograder grade`` does, with limits that keep the test short."""
    from rich.console import Console

    screen, output = io.StringIO(), a_class.folder / "graded"
    console = Console(file=screen, width=100)
    collected = collect(submitted, COURSE)
    engine = Engine(TIER, protected=[ROOT, a_class.folder], preload=modules_to_preload(COURSE.exercises))
    with GradingProgress(len(collected.found), console) as progress, engine:
        shared = share(engine)
        run = grade_class(
            COURSE, collected.found, output, lambda: shared, jobs=2, limits=LIMITS, tier=TIER, notify=progress.advance
        )
        idle = (2 if TIER == "A" else 1) + len({item.exercise for item in collected.found})
        a_class.left_running = settled(processes, idle) - idle
    print_summary(console, run.results, COURSE)
    a_class.screen = screen.getvalue()
    a_class.results = {result.student: result for result in run.results}
    a_class.files = {item.student: item for item in collected.found}
    write_grades(output, run.results, COURSE)
    for result in run.results:
        exercise = COURSE.exercise(result.exercise)
        write_autograded(a_class.folder / "autograded", exercise, result, a_class.files[result.student].path)


# --- Witnesses ------------------------------------------------------------------------------------


class Witnesses:
    """Listening sockets that code outside the sandbox's network could reach."""

    def __enter__(self) -> Witnesses:
        self.sockets = {"tcp": socket.socket(), "abstract": socket.socket(socket.AF_UNIX)}
        self.sockets["tcp"].bind(("127.0.0.1", 0))
        self.sockets["abstract"].bind(f"\0autograder-witness-{os.getpid()}")
        for each in self.sockets.values():
            each.listen()
            each.setblocking(False)
        return self

    def callers(self) -> list[str]:
        """Return the names of the sockets that received a connection."""
        called = []
        for name, each in self.sockets.items():
            try:
                each.accept()[0].close()
                called.append(name)
            except BlockingIOError:
                continue
        return called

    def __exit__(self, *_error: object) -> None:
        for each in self.sockets.values():
            each.close()


def fingerprints(submitted: Path) -> dict[str, str]:
    """Return a digest of every file of the course and of the submissions."""
    folders = [ROOT / "solutions", ROOT / "tests" / "checks", ROOT / "autograder", submitted]
    paths = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".ipynb", ".json")]
    plain = [path for path in paths if path.is_file() and not path.is_symlink() and path.stat().st_size < 2**30]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in plain}


def marks(folder: Path) -> list[str]:
    """Return the files that attacks leave outside the sandbox if they escape."""
    anywhere = [Path(name) for name in ("/", "/tmp", "/var/tmp", "/dev/shm", Path.home(), Path.cwd(), ROOT)]
    return [str(path) for place in anywhere for path in place.glob(MARK)] + [str(p) for p in folder.rglob(MARK)]


def adopt_orphans() -> None:
    """Become the subreaper of all descendants, so that no orphan goes unnoticed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def descendants() -> set[int]:
    """Return the descendants of this process that have not ended."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(path.parent.name)] = int(parent)
    found: set[int] = set()
    level = {os.getpid()}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level}
        found |= level
    return found


def settled(before: set[int], wanted: int) -> int:
    """Return the number of processes that are not in ``before``, after waiting for those being killed."""
    while len(ours := descendants() - before) > wanted and Ends(ours).wait_for_one():
        pass
    return len(ours)


# --- Tests ----------------------------------------------------------------------------------------


def test_there_are_at_least_forty():
    assert len(read_attacks()) >= 40


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_has_the_expected_outcome(graded, attack):
    result = graded.result(attack)
    if attack.file == "unreadable":
        assert (result.status, result.score) == (Status.UNREADABLE, 0)
        assert result.message
        return
    assert result.status is Status.GRADED, result.message
    worth = graded.submissions[attack.name]["attack"].worth
    for question in result.questions:
        told = [(check.name, check.outcome.value, check.message) for check in question.checks]
        assert question.score == (question.max_score if worth[question.name] is Worth.FULL else 0), told
        allowed = attack.outcomes.get(question.name)
        if allowed:
            assert {check.outcome for check in question.checks if check.max_points} <= {*allowed, Outcome.NOT_RUN}, told
    if attack.first and TIER == "A":
        cell = next(cell for cell in result.cells if cell.id == "my-own-cell")
        assert cell.outcome in attack.outcomes.get("", ("passed",)) or attack.in_demo, cell.message


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_honest_submission_after_it_gets_full_points(graded, attack):
    result = graded.result(attack, "honest")
    lost = [c for q in result.questions for c in q.checks if c.outcome is not Outcome.PASSED]
    assert (result.status, result.score) == (Status.GRADED, result.max_score), lost


def test_no_question_needs_review(graded):
    undecided = [r.student for r in graded.results.values() if any(q.needs_review for q in r.questions)]
    assert not undecided
    assert len(graded.results) == 2 * len(ATTACKS)


def test_no_file_is_written_outside(graded):
    assert not marks(graded.folder)


def test_no_file_of_the_course_or_of_a_classmate_is_changed(graded):
    assert not graded.changed


def test_no_process_of_a_submission_outlives_it(graded):
    assert graded.left_running == 0


def test_no_process_outlives_the_run(graded):
    assert graded.left_behind == 0


@pytest.mark.skipif(TIER not in ISOLATING_TIERS, reason="only tiers A and B isolate the network")
def test_no_connection_was_made(graded):
    assert graded.callers == []


def test_no_message_under_a_hidden_check_contains_what_the_answer_remembered(graded):
    messages = [
        check.message
        for result in graded.results.values()
        for question in result.questions
        for check in question.checks
        if check.visibility == "hidden"
    ]
    assert not [message for message in messages if "REMEMBERED" in message.partition(" (line ")[0]]


def test_no_output_affects_a_terminal_or_a_page(graded):
    shown = {"screen": graded.screen}
    for path in [*(graded.folder / "graded").rglob("*.*"), *(graded.folder / "autograded").rglob("*.ipynb")]:
        shown[str(path.relative_to(graded.folder))] = path.read_text("utf-8")
    shown |= {f"feedback for {key}": feedback_page(result) for key, result in graded.results.items()}
    assert len(shown) > 4 * len(ATTACKS)
    for name, text in shown.items():
        assert not HOSTILE.search(text), name
    for name in ("grades.csv", "questions.csv"):
        assert not re.search(r'(^|,)"?[=+@-]', shown[f"graded/{name}"], re.MULTILINE)


def test_notebooks_for_the_formgrader_hold_our_tables_and_no_markup_of_a_student(graded):
    made, tables = set(), set()
    for path in (graded.folder / "autograded").rglob("*.ipynb"):
        for cell in json.loads(path.read_bytes())["cells"]:
            assert cell["cell_type"] == "code", path
            for output in cell["outputs"]:
                made |= {output["output_type"], *output["data"]}
                tables |= Elements(output["data"].get("text/html", "")).found
    assert made == {"display_data", "execute_result", "text/html", "text/plain"}
    ours = QuestionResult("every_outcome", tuple(check_with(outcome, *PICTURES) for outcome in Outcome))
    assert tables
    assert tables <= Elements(as_html("every outcome", ours)).found


PICTURES = [
    make_picture("difference", "small", [(name, [[1.0]]) for name in ("expected", "yours", "wrong")]),
    make_picture("difference", "large", [(name, [[1.0] * 9]) for name in ("expected", "yours", "wrong")]),
    make_picture("curves", "the loss", [("training", [[1.0, 2.0]]), ("validation", [[2.0, 1.0]])]),
    make_picture("confusion", "at the end", [("yours", [[1, 2], [3, 4]])]),
]
PNG = "data:image/png;base64,"
SAID = {"alt": "", "aria-label": "", "points": "", "src": PNG}
"""Attributes whose values depend on a picture; sources must be images embedded in the page."""


def check_with(outcome: Outcome, *pictures: Picture) -> CheckResult:
    return CheckResult("check", "a `title`", "hidden", outcome, 0.0, 1.0, "a message", pictures=pictures)


class Elements(HTMLParser):
    """The elements of an HTML text with their attributes, except for values that depend on pictures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = [
            (name, SAID[name]) if (value or "").startswith(SAID.get(name, "\0")) else (name, value)
            for name, value in attrs
        ]
        self.found.add((tag, repr(said)))
