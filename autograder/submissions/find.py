"""Find submissions: one notebook or module per student and exercise.

The files are the students', so nothing is opened here and links are never followed; `autograder.submissions.read` reads
the content. Every path that belongs to no submission is listed with a reason, so that none is lost silently.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course
from autograder.errors import FileError, UsageError
from autograder.text import name_fault, printable, resembles

ANONYMOUS = "anonymous"
"""The student of a single file whose path does not name one."""

# The last two are not the students': `collect` and nbgrader's exchange write them.
_IGNORED = {"__macosx", "__pycache__", "desktop.ini", "thumbs.db", "timestamp.txt", "students.csv"}


@dataclass(frozen=True)
class SubmissionFile:
    """The submission of one student for one exercise.

    ``path`` is the file to grade, or None if ``problem`` tells the student what is wrong with the folder. ``note``
    tells the student about the choice of a file: its unusual name, another one that was ignored.
    """

    student: str
    exercise: str
    path: Path | None
    problem: str = ""
    note: str = ""


@dataclass(frozen=True)
class Stray:
    """A path that belongs to no submission, and a sentence that says why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Collected:
    """The submissions, by student and then in the order of the course, and the paths that belong to none."""

    found: tuple[SubmissionFile, ...]
    strays: tuple[Stray, ...] = ()


def collect(submitted: Path, course: Course, *, exercise: str | None = None, student: str | None = None) -> Collected:
    """Find ``<student>/<exercise>/<exercise>.ipynb`` (or ``.py``) in a folder, or take a single file.

    ``exercise`` and ``student`` restrict a folder; for a single file, they replace what its path says. Raises
    `UsageError` for an unknown name or an unsuitable path, and `FileError` for a folder that cannot be opened.
    """
    if exercise is not None:
        course.exercise(exercise)  # raises `UsageError` for an unknown name
    if student is not None and (fault := name_fault(student)):  # also keeps `..` and slashes out of the path below
        raise UsageError(f"{printable(student)!r} cannot be a student's name: {fault}.")
    # Resolved, because the names of the folders above tell the student and the exercise.
    if submitted.is_dir():
        return _collect_folder(submitted.resolve(), course, exercise, student)
    if submitted.is_file():
        return _collect_file(submitted.resolve(), course, exercise, student)
    raise UsageError(f"There is no file or folder {submitted}. Check the path.")


def _collect_file(path: Path, course: Course, exercise: str | None, student: str | None) -> Collected:
    if path.suffix.lower() == ".zip":
        raise UsageError(
            f"{path.name} is an archive. Unpack it with `autograder collect {path.name}`, then grade the folder that "
            "this creates."
        )
    if path.suffix.lower() not in (".ipynb", ".py"):
        raise UsageError(f"{path.name} is neither a notebook (.ipynb) nor a module (.py). Name one of these.")
    name = exercise or _exercise_of(path, course)
    fits = path.parent.name == name and not name_fault(path.parent.parent.name)
    return Collected((SubmissionFile(student or (path.parent.parent.name if fits else ANONYMOUS), name, path),))


def _exercise_of(path: Path, course: Course) -> str:
    """Return the exercise of a single file, by its own name, else by that of its folder."""
    names = [exercise.name for exercise in course.exercises]
    if path.stem in names:
        return path.stem
    matching = [name for name in names if name == path.parent.name] or [
        name for name in names if resembles(path.name, name)
    ]
    if len(matching) == 1:
        return matching[0]
    raise UsageError(
        f"The name {printable(path.name)} matches no exercise. Name the exercise, for instance "
        f"--exercise {names[0]}; this course has: {', '.join(names)}."
    )


def _collect_folder(root: Path, course: Course, exercise: str | None, student: str | None) -> Collected:
    if student is not None and not (root / student).is_dir():
        raise UsageError(f"{root} has no folder for a student {printable(student)!r}. Check the name.")
    try:
        entries = [path for path in _entries(root) if student in (None, path.name)]
    except OSError as error:
        raise FileError(f"{root} cannot be opened ({error.strerror}). Fix this, then repeat the command.") from error
    found: list[SubmissionFile] = []
    strays: list[Stray] = []
    for path in entries:
        if why := _not_a_student(path, course):
            strays.append(Stray(path, why))
            continue
        one = _collect_student(path, course, exercise)
        found += one.found
        strays += one.strays
    return Collected(tuple(found), tuple(strays))


def _not_a_student(path: Path, course: Course) -> str:
    """Return why an entry of the submitted folder is not a student's folder; empty if it is."""
    match _kind(path):
        case "link":
            return "It is a link, and links are not followed. Put the folder itself here."
        case "folder":
            if path.name in [exercise.name for exercise in course.exercises]:
                return (
                    "It has the name of an exercise, where a student's folder is expected. "
                    f"If {printable(path.parent.name)} is a student's folder, name the folder that contains it."
                )
            fault = name_fault(path.name)
            return f"Its name cannot be a student's: {fault}. Rename the folder." if fault else ""
        case _:
            return "It is not a folder. Submissions must be in <student>/<exercise>/<exercise>.ipynb."


def _collect_student(folder: Path, course: Course, exercise: str | None) -> Collected:
    """Find the submissions of one student, in the order of the course."""
    try:
        entries = {path.name: path for path in _entries(folder)}
    except OSError as error:
        return Collected((), (Stray(folder, f"It cannot be opened ({error.strerror})."),))
    names = [known.name for known in course.exercises]
    # Links included: `pick` tells the student about them.
    folders = [name for name in names if name in entries and _kind(entries[name]) != "file"]
    found = tuple(pick(entries[name], folder.name, name) for name in folders if exercise in (None, name))
    strays = tuple(Stray(path, _not_an_exercise(path, names)) for name, path in entries.items() if name not in folders)
    return Collected(found, strays)


def _not_an_exercise(path: Path, names: Iterable[str]) -> str:
    """Return why an entry of a student's folder is not the folder of an exercise, and how to fix that."""
    like = next((name for name in names if resembles(path.name, name)), None)
    if _kind(path) == "folder":
        advice = f"Rename it to {like}." if like else f"This course has: {', '.join(names)}."
        return f"No exercise has this name. {advice}"
    where = f"{like}/{like}{path.suffix.lower()}" if like else "<exercise>/<exercise>.ipynb"
    return f"It is not in an exercise's folder. Move it to {printable(path.parent.name)}/{where}."


def pick(folder: Path, student: str, exercise: str) -> SubmissionFile:
    """Choose the file to grade in the folder of one exercise."""
    if _kind(folder) != "folder":
        return SubmissionFile(
            student, exercise, None, f"{exercise} is a link, not a folder. Hand in the folder itself."
        )
    try:
        entries = _entries(folder)
    except OSError as error:
        return SubmissionFile(student, exercise, None, f"The folder {exercise} cannot be opened ({error.strerror}).")
    files = [path for path in entries if _kind(path) == "file"]
    chosen = _choose(files, exercise)
    if chosen is None:
        return SubmissionFile(student, exercise, None, _nothing_to_grade(entries, files, exercise))
    return SubmissionFile(student, exercise, chosen, note=_remark(chosen, files, exercise))


def _choose(files: list[Path], exercise: str) -> Path | None:
    """Return the file with the right name, else the only plausible one, else None; notebooks before modules."""
    for ending in (".ipynb", ".py"):
        for path in files:
            if path.name == exercise + ending:
                return path
    for ending in (".ipynb", ".py"):
        others = [path for path in files if path.suffix.lower() == ending]
        likely = [path for path in others if resembles(path.name, exercise)] or others
        if others:
            return likely[0] if len(likely) == 1 else None  # a guess could grade the wrong attempt
    return None


def _remark(chosen: Path, files: list[Path], exercise: str) -> str:
    """Return what the student should know about the choice; empty if it was obvious."""
    remarks = []
    if chosen.stem != exercise:
        remarks.append(f"The file {printable(chosen.name, 60)} was graded as {exercise}{chosen.suffix}.")
    # Other modules (`utils.py`) may be helpers, so only those with the exercise's name are listed.
    ignored = [path for path in files if path != chosen and (path.suffix.lower() == ".ipynb" or path.stem == exercise)]
    if ignored:
        remarks.append(f"{printable(chosen.name, 60)} was graded; these files were ignored: {_listed(ignored)}.")
    return " ".join(remarks)


def _nothing_to_grade(entries: list[Path], files: list[Path], exercise: str) -> str:
    """Tell the student why no file of the folder can be graded, and what to do."""
    for path in entries:
        # The right name, but not a plain file: otherwise the student would read that the notebook is missing.
        if path.stem == exercise and path.suffix in (".ipynb", ".py") and path not in files:
            kind = {"folder": "a folder", "link": "a link"}.get(_kind(path), "something else")
            return f"{path.name} is {kind}, not a file. Hand in the notebook itself."
    notebooks = [path for path in files if path.suffix.lower() in (".ipynb", ".py")]
    if notebooks:
        return (
            f"None of these files is called {exercise}.ipynb, so it is not clear which one to grade: "
            f"{_listed(notebooks)}. Hand in one of them, called {exercise}.ipynb."
        )
    for path in files:
        if path.suffix.lower() in _SHORTCUTS:
            return f"{printable(path.name, 60)} is a shortcut to a file, not the file. Hand in {exercise}.ipynb itself."
    if deeper := _one_deeper(entries):
        folder, notebook = printable(deeper.parent.name, 60), printable(deeper.name, 60)
        return f"{notebook} is inside the folder {folder}, which is not opened. Hand in the file without that folder."
    content = f"it contains {_listed(entries)}" if entries else "it is empty"
    return f"The folder {exercise} has no notebook: {content}. Hand in {exercise}.ipynb."


_SHORTCUTS = {".lnk", ".url", ".webloc", ".desktop"}
_MOST_FOLDERS = 20


def _one_deeper(entries: list[Path]) -> Path | None:
    """Return a notebook or module in a folder inside the exercise's, so that the student can be told."""
    for folder in [path for path in entries if _kind(path) == "folder"][:_MOST_FOLDERS]:
        try:
            inside = _entries(folder)
        except OSError:
            continue
        for ending in (".ipynb", ".py"):
            for path in inside:
                if path.suffix.lower() == ending and _kind(path) == "file":
                    return path
    return None


def _listed(paths: list[Path]) -> str:
    names = [printable(path.name, 60) for path in paths]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _entries(folder: Path) -> list[Path]:
    """Return the entries of a folder, sorted, without those that systems and editors leave behind."""
    paths = sorted(folder.iterdir(), key=lambda path: path.name)
    return [path for path in paths if not path.name.startswith(".") and path.name.casefold() not in _IGNORED]


def _kind(path: Path) -> str:
    """Return ``file``, ``folder``, ``link`` or ``other`` without following links."""
    mode = path.lstat().st_mode  # not `is_file` and `is_dir`, which follow them
    kinds = ((stat.S_ISLNK, "link"), (stat.S_ISDIR, "folder"), (stat.S_ISREG, "file"))
    return next((kind for test, kind in kinds if test(mode)), "other")
