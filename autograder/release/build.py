"""Make what is handed out from what authors write: stubs, and the releases of each exercise.

Everything is made in a scratch folder, scanned for leaks, and only then moved into place; a build that fails
leaves all as it was.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.course import CONFIG_NAME, Course, Exercise
from autograder.course.manifest import UNRELEASED
from autograder.errors import CourseError
from autograder.release import nbgrader_run
from autograder.release.nbgrader_run import SOLUTION, SOURCE, STUDENT, normalise, require_success
from autograder.release.notebooks import source_notebook
from autograder.release.platform_bundles import STUDENT_FILES, write_assignment, write_bundle
from autograder.release.scan import require_no_leaks
from autograder.release.stubs import GENERATED, cleared, stub_module

GRADESCOPE = "gradescope"
"""The release that is uploaded to Gradescope: one zip for each exercise."""

OTTER = "otter"
"""The release for otter-grader: a folder for students and a zip for graders, for each exercise."""

KINDS = (SOURCE, STUDENT, SOLUTION, GRADESCOPE, OTTER)


@dataclass(frozen=True)
class Drift:
    """A file in ``exercises/`` that is not what the solutions make: where, and what is the matter."""

    path: Path
    problem: str


def stubs_of(course: Course) -> dict[Path, str]:
    """Return what belongs into ``exercises/``: path → text."""
    return {course.root / "exercises" / f"{exercise.name}.py": stub_module(exercise) for exercise in course.exercises}


def find_drift(course: Course) -> list[Drift]:
    """Compare ``exercises/`` with what the solutions make; nothing is written."""
    stubs = stubs_of(course)
    drift = []
    for path, text in stubs.items():
        if not path.is_file():
            drift.append(Drift(path, "is missing"))
        elif path.read_text("utf-8", "replace") != text:
            drift.append(Drift(path, f"is not what solutions/{path.name} makes"))
    for path in sorted((course.root / "exercises").glob("*.py")):
        if path not in stubs:
            drift.append(Drift(path, f"has no solution: delete it, or write solutions/{path.name}"))
    return drift


def build(
    course: Course,
    release: str = UNRELEASED,
    *,
    only: Collection[str] = (),
    complete: Callable[[Path], None] = lambda made: None,
) -> None:
    """Build the stubs and releases of a course; on any error nothing has changed.

    With ``only``, the releases of the other exercises stay as they are; the stubs, which cost nothing, are all made.
    ``complete`` is given the folder of the releases before they are moved into place; what it raises stops the build.

    Raises `CourseError` where the course's files are not as they must be, and its kind `LeakError` where
    the student release would hold what students must not have.
    """
    stubs = stubs_of(course)
    target = course.root / "release"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".build-") as folder:
        scratch = Path(folder)
        made = scratch / "made"
        chosen = tuple(exercise for exercise in course.exercises if not only or exercise.name in only)
        _generate(replace(course, exercises=chosen), release, scratch / "work", made)
        for exercise in chosen:
            write_bundle(exercise, made / GRADESCOPE / f"{exercise.name}.zip")
            write_assignment(exercise, made / STUDENT / exercise.name, made / OTTER / exercise.name)
        _keep_others(course, target, made)
        stubs_made = _write_stubs(stubs, scratch / "exercises")
        require_no_leaks([*_student_files(made), *((path.stem, path) for path in stubs_made)], course)
        complete(made)
        _move_into_place(made, target, scratch / "old")
        _install_stubs(stubs_made, course.root / "exercises")


def _generate(course: Course, release: str, work: Path, made: Path) -> None:
    """Make the three releases below ``made``, with one worker for each core."""
    jobs = min(os.cpu_count() or 1, len(course.exercises))
    shares = [course.exercises[job::jobs] for job in range(jobs)]
    sources = {exercise.name: source_notebook(exercise, release) for exercise in course.exercises}
    roots = []
    for job, share in enumerate(shares):
        root = work / str(job)
        for exercise in share:
            write_source(exercise, sources[exercise.name], root / SOURCE / exercise.name)
        shutil.copyfile(course.root / CONFIG_NAME, root / CONFIG_NAME)
        roots.append((root, [exercise.name for exercise in share]))
    nbgrader_run.generate(roots)
    for root, names in roots:
        for name in names:
            _collect(root, name, sources[name], made)


def write_source(exercise: Exercise, notebook: Any, folder: Path) -> None:
    """Write what nbgrader starts from; it copies the public checks into both releases by itself."""
    folder.mkdir(parents=True)
    _write_notebook(notebook, folder / f"{exercise.name}.ipynb")
    exercise.check_files.public().write_to(folder / "checks")


def _collect(root: Path, name: str, source: Any, made: Path) -> None:
    """Move the releases of one exercise below ``made``, checked and made the same on every machine."""
    for kind in (SOURCE, STUDENT, SOLUTION):
        destination = made / kind / name
        shutil.copytree(root / kind / name, destination, copy_function=shutil.copyfile)
        path = destination / f"{name}.ipynb"
        notebook = _read_notebook(path)
        if kind == STUDENT:
            _require_cleared(notebook, source, name)
        elif kind == SOLUTION:
            require_success(notebook, f"solutions/{name}.py")
        _write_notebook(normalise(notebook), path)


def _keep_others(course: Course, target: Path, made: Path) -> None:
    """Copy the releases of exercises that were not made anew."""
    for kind in (SOURCE, STUDENT, SOLUTION, OTTER):
        for exercise in course.exercises:
            if not (made / kind / exercise.name).exists() and (target / kind / exercise.name).is_dir():
                shutil.copytree(target / kind / exercise.name, made / kind / exercise.name)
    for exercise in course.exercises:
        bundle = Path(GRADESCOPE, f"{exercise.name}.zip")
        if not (made / bundle).exists() and (target / bundle).is_file():
            shutil.copyfile(target / bundle, made / bundle)


def _require_cleared(student: Any, source: Any, name: str) -> None:
    """The notebook must start students where the stub does."""
    if [cell.source for cell in student.cells] != [cell.source for cell in cleared(source).cells]:
        raise CourseError(
            f"nbgrader's student version of {name} is not what exercises/{name}.py holds: {CONFIG_NAME} must "
            "name autograder.release.preprocessors.NamedStubs in c.GenerateAssignment.preprocessors."
        )


def _student_files(made: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files that students get, each with its exercise."""
    handed_out = [(folder.name, folder) for folder in sorted((made / STUDENT).iterdir())]
    handed_out += [(folder.name, folder / STUDENT_FILES) for folder in sorted((made / OTTER).iterdir())]
    for exercise, folder in handed_out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield exercise, path


def _move_into_place(made: Path, target: Path, old: Path) -> None:
    """Replace the releases in ``target``, all or none: on an error the old ones come back."""
    old.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for kind in KINDS:
            if (target / kind).exists():
                moved.append(((target / kind).rename(old / kind), target / kind))
            moved.append(((made / kind).rename(target / kind), made / kind))
    except OSError:
        for now, before in reversed(moved):
            now.rename(before)
        raise


def _write_stubs(stubs: dict[Path, str], folder: Path) -> list[Path]:
    folder.mkdir()
    for path, text in stubs.items():
        _write_text(text, folder / path.name)
    return [folder / path.name for path in stubs]


def _install_stubs(made: list[Path], folder: Path) -> None:
    """Put new stubs in place, and take away those that were made from solutions which are gone."""
    folder.mkdir(exist_ok=True)
    for path in made:
        path.replace(folder / path.name)
    current = {path.name for path in made}
    for path in folder.glob("*.py"):
        if path.name not in current and path.read_text("utf-8", "replace").startswith(GENERATED):
            path.unlink()


def _read_notebook(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def _write_notebook(notebook: Any, path: Path) -> None:
    import nbformat

    _write_text(nbformat.writes(notebook) + "\n", path)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
