"""Submissions from a release are graded by checks that fit it, even if the course has changed since."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest

from autograder.course import Course, load_course
from autograder.course.cells import interface_of
from autograder.course.manifest import ExerciseRecord, Manifest, path_of
from autograder.grading.one_submission import prepare
from autograder.grading.release_checks import Releases
from autograder.grading.whole_class import grade_class
from autograder.release.notebooks import source_notebook
from autograder.release.platform_bundles import write_bundle
from autograder.results.model import Outcome, Result, Status
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation.tiers import best_tier
from autograder.submissions.find import SubmissionFile

VERSION = "2026.1"
CHECKS = "tests/checks/greetings/{}/test_add.py"
SOLUTION = "solutions/greetings.py"


def edit(root: Path, name: str, *changes: tuple[str, str]) -> Course:
    """Edit a file of the course; return the changed course."""
    text = (root / name).read_text("utf-8")
    for old, new in changes:
        assert re.search(old, text), old
        text = re.sub(old, new, text)
    (root / name).write_text(text, "utf-8")
    return load_course(root)


def rename_add(root: Path) -> Course:
    """Rename a question; return the changed course."""
    checks = root / "tests/checks/greetings"
    for path in (root / SOLUTION, checks / "public/counting.py", *checks.glob("*/test_add.py")):
        path.write_text(re.sub(r"\badd\b", "total_of", path.read_text("utf-8")), "utf-8")
    for path in checks.glob("*/test_add.py"):
        path.rename(path.with_name("test_total_of.py"))
    return load_course(root)


@pytest.fixture
def course(tiny_course) -> Course:
    """The course, with one released version."""
    course = load_course(tiny_course)
    (exercise,) = course.exercises
    bundle = tiny_course / "release" / VERSION / "gradescope/greetings.zip"
    write_bundle(exercise, bundle)
    record = ExerciseRecord(False, interface_of(exercise), {}, {})
    files = {"gradescope/greetings.zip": hashlib.sha256(bundle.read_bytes()).hexdigest()}
    path_of(tiny_course, VERSION).write_bytes(
        Manifest(VERSION, "good-manners", "c0ffee", "3.11", {}, {"greetings": record}, {}, files).to_bytes()
    )
    return course


@pytest.fixture
def hand_in(tmp_path):
    """Return a function that hands in the solved notebook of a course, as a release contains it."""

    def write(course: Course, version: str, student: str = "ada", without: str = "") -> SubmissionFile:
        notebook = source_notebook(course.exercises[0], version)
        notebook.cells = [cell for cell in notebook.cells if cell.id != without]
        path = tmp_path / student / "greetings.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook), "utf-8")
        return SubmissionFile(student, "greetings", path)

    return write


def accept(course: Course) -> Course:
    """Add the release to those that the teacher accepts."""
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.Course.accepted_releases = [{VERSION!r}]\n")
    return load_course(course.root)


def chosen(course: Course, handed: SubmissionFile):
    with Releases(course) as releases:
        return prepare(handed, course.exercises[0], "A", releases)


def test_the_result_tells_the_release(course, hand_in):
    assert chosen(course, hand_in(course, VERSION)).template.release == VERSION
    assert chosen(course, hand_in(course, "unreleased")).template.release == "unreleased"
    assert chosen(course, hand_in(course, VERSION)).template.message == ""


def test_a_corrected_check_applies_to_earlier_releases(course, hand_in):
    handed = hand_in(course, VERSION)
    now = edit(course.root, CHECKS.format("public"), (r"5, what=", "6 - 1, what="))
    prepared = chosen(now, handed)
    assert prepared.exercise == now.exercises[0]
    assert prepared.template.checks_digest == now.exercises[0].check_files.digest
    assert prepared.template.message == ""


def test_an_unknown_release_is_graded_by_the_current_checks_with_a_note(course, hand_in):
    template = chosen(course, hand_in(course, "2031.4")).template
    assert template.checks_digest == course.exercises[0].check_files.digest
    assert (
        template.message
        == "This notebook was made from another release of the exercise, and graded by the current checks."
    )
    assert template.review.startswith(
        "Made from release 2031.4, but graded by the current checks, because that release is"
    )
    assert template.needs_review


def test_a_submission_does_not_choose_what_it_is_graded_by(course, hand_in):
    old = hand_in(course, VERSION)
    now = rename_add(course.root)
    prepared = chosen(now, old)
    assert prepared.exercise == now.exercises[0]
    assert "another release" in prepared.template.message
    assert prepared.template.review.endswith("because c.Course.accepted_releases does not list it.")


def test_what_students_read_names_no_commit_and_no_path(course, hand_in):
    old = hand_in(course, VERSION)
    now = accept(rename_add(course.root))
    (now.root / "release" / VERSION / "gradescope/greetings.zip").unlink()
    template = chosen(now, old).template
    assert "c0ffee" in template.review
    assert "c0ffee" not in template.message
    assert "/" not in template.message


@pytest.mark.parametrize("version", ["../../2026.1", "2026.1/..", "", "x" * 10_000, 7, None, {"a": 1}])
def test_the_release_in_a_notebook_is_only_used_as_a_name(course, hand_in, version):
    handed = hand_in(course, VERSION)
    notebook = json.loads(handed.path.read_text())
    notebook["metadata"]["autograder"]["release"] = version
    handed.path.write_text(json.dumps(notebook))
    prepared = chosen(course, handed)
    assert prepared.template.status is Status.GRADED
    assert len(prepared.template.release) <= 64
    assert "/" not in prepared.template.release


def test_a_deleted_locked_cell_is_reported(course, hand_in):
    message = chosen(course, hand_in(course, VERSION, without="add-code-1")).template.message
    assert message == "These cells must not be modified, so they ran as they were handed out: add-code-1."


@pytest.mark.slow
def test_with_changed_questions_each_release_is_graded_by_its_own_checks(course, hand_in, share):
    old = hand_in(course, VERSION, "old")
    now = accept(rename_add(course.root))
    new = hand_in(now, "unreleased", "new")
    results = grade(now, [old, new], share)
    assert results["old"].score == results["old"].max_score == 5.5
    assert [question.name for question in results["old"].questions] == ["add", "Greeter"]
    assert "Graded by the checks of its release, 2026.1." in results["old"].message
    assert [question.name for question in results["new"].questions] == ["total_of", "Greeter"]
    assert results["new"].score == 5.5
    assert not list((course.root / "release").glob(".grading-*"))


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["missing", "changed"])
def test_missing_files_of_a_release_affect_only_its_own_submissions(course, hand_in, share, fault):
    old = hand_in(course, VERSION, "old")
    now = accept(rename_add(course.root))
    bundle = course.root / "release" / VERSION / "gradescope/greetings.zip"
    if fault == "missing":
        bundle.unlink()
    else:
        bundle.write_bytes(bundle.read_bytes() + b"!")
    results = grade(now, [old, hand_in(now, "unreleased", "new")], share)
    assert results["new"].score == 5.5
    assert results["old"].status is Status.GRADER_ERROR
    assert "git worktree add ../2026.1 c0ffee" in results["old"].review
    outcomes = {check.outcome for question in results["old"].questions for check in question.checks}
    assert outcomes == {Outcome.GRADER_ERROR}


@pytest.mark.slow
def test_a_release_of_another_layout_needs_the_version_that_built_it(course, hand_in, share):
    old = hand_in(course, VERSION, "old")
    now = accept(rename_add(course.root))
    bundle = course.root / "release" / VERSION / "gradescope/greetings.zip"
    with zipfile.ZipFile(bundle) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if "tests/checks/" not in name}
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    record = course.root / "release" / f"{VERSION}.json"
    manifest = json.loads(record.read_text("utf-8"))
    manifest["files"]["gradescope/greetings.zip"] = hashlib.sha256(bundle.read_bytes()).hexdigest()
    record.write_text(json.dumps(manifest))
    result = grade(now, [old], share)["old"]
    assert result.status is Status.GRADER_ERROR
    assert "Grade these submissions with the version that built the release." in result.review


def grade(course: Course, handed: list[SubmissionFile], share) -> dict[str, Result]:
    tier = best_tier()
    with Engine(tier) as engine:
        run = grade_class(course, handed, course.root / "graded", lambda: share(engine), tier=tier)
    return {result.student: result for result in run.results}
