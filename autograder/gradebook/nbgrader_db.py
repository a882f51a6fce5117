"""Write results to nbgrader's gradebook, so that ``nbgrader export`` and the formgrader show the same scores.

Everything goes through ``nbgrader.api.Gradebook``. What teachers entered is never changed: manual scores, extra credit,
comments, extensions and late penalties.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.course import Course, Exercise
from autograder.course.cells import cell_metadata, check_id, check_source
from autograder.errors import FileError
from autograder.gradebook.entries import comment_of, folder_of, not_recorded, score_of, time_handed_in
from autograder.results.model import QuestionResult, Result, Status
from autograder.runtime import large_libraries

WAIT_S = 30.0
"""How long to wait, in seconds, for another process to release the lock of an SQLite gradebook."""

_WAIT_FOR_WRITERS = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "LOCK TABLE student, assignment, submitted_assignment IN SHARE ROW EXCLUSIVE MODE",
}
"""The statement that waits for other writers before any work: otherwise two that add the same student fail at the end.

PostgreSQL's mode allows others to read, but keeps nbgrader and other graders from writing until this transaction ends.
"""

SourceOf = Callable[[Exercise], Any]


def update_gradebook(
    db_url: str,
    course: Course,
    results: Iterable[Result],
    *,
    course_id: str,
    submitted: Path | None = None,
    source_of: SourceOf | None = None,
    wait_s: float = WAIT_S,
) -> None:
    """Record results in nbgrader's gradebook: all of them or, if that fails, none.

    ``submitted`` is nbgrader's folder of submissions, which contains the time of each. ``source_of`` returns an
    exercise's instructor notebook without solutions; its cells are recorded if nbgrader does not know them, so that a
    later ``generate_assignment`` agrees. Without it, only the questions' cells are recorded. In nbgrader, points of
    optional exercises count like all others. Raises `FileError` if the gradebook cannot be written.
    """
    from sqlalchemy.engine import make_url

    by_exercise: dict[str, list[Result]] = {}
    with _errors_explained(db_url):
        url = make_url(db_url)
    wanted = list(results)
    for result in not_recorded(url, course, wanted, submitted):
        by_exercise.setdefault(course.exercise(result.exercise).name, []).append(result)
    if wanted and not by_exercise:  # everything is recorded already: do not lock the gradebook
        return
    with _errors_explained(db_url), _open(db_url, course_id, wait_s) as gradebook:
        students = {student.id for student in gradebook.students}
        for student in sorted({r.student for group in by_exercise.values() for r in group} - students):
            gradebook.add_student(student)
        for exercise in course.exercises:
            if exercise.name in by_exercise:
                _record_cells(gradebook, exercise, source_of)
                _record_results(gradebook, exercise, by_exercise[exercise.name], submitted)


# --- The database ---------------------------------------------------------------------------------
@contextmanager
def _open(db_url: str, course_id: str, wait_s: float) -> Iterator[Any]:
    """Open the gradebook with all of nbgrader's commits joined into one transaction.

    nbgrader commits after every record. Binding its session to a connection with an open transaction makes these
    commits part of it, so that a class is written completely or not at all, and a thousand times faster.
    https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#joining-a-session-into-an-external-transaction-such-as-for-test-suites
    """
    gradebook = _connected(_with_timeout(db_url, wait_s), course_id)
    with gradebook, gradebook.engine.connect() as connection, connection.begin():
        if start := _WAIT_FOR_WRITERS.get(connection.dialect.name):
            connection.exec_driver_sql(start)
        gradebook.db.remove()
        # Only after `remove`: a session that exists already would keep its binding.
        gradebook.db.configure(
            bind=connection,
            join_transaction_mode="rollback_only",  # commits of the session do not end the outer transaction
            expire_on_commit=False,  # otherwise each of nbgrader's commits would reload every record
            autoflush=False,  # nbgrader's commits flush; flushing incomplete records before only causes warnings
        )
        yield gradebook
        gradebook.db.commit()
        gradebook.db.remove()


def _connected(db_url: str, course_id: str) -> Any:
    """Return nbgrader's gradebook; if its ``__init__`` fails, close the connection that it leaves open."""
    kind = large_libraries.nbgrader().api.Gradebook
    gradebook = kind.__new__(kind)
    try:
        gradebook.__init__(db_url, course_id)
    except BaseException:
        if hasattr(gradebook, "db"):
            gradebook.close()
        raise
    return gradebook


def _with_timeout(db_url: str, wait_s: float) -> str:
    from sqlalchemy.engine import make_url

    url = make_url(db_url)
    if url.get_backend_name() == "sqlite":
        url = url.update_query_dict({"timeout": str(wait_s)})
    # `str(url)` would replace the password by ***.
    return url.render_as_string(hide_password=False)


@contextmanager
def _errors_explained(db_url: str) -> Iterator[None]:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    # Both (the second is nbgrader's) log the tracebacks of errors that they also raise.
    for name in ("sqlalchemy", "tornado.application"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    try:
        yield
    except (ArgumentError, SQLAlchemyError, large_libraries.nbgrader().api.InvalidEntry) as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        if "locked" in reason:
            reason = "another program is writing to it"
        try:
            name = make_url(db_url).render_as_string(hide_password=True)
        except ArgumentError:
            name = "named by c.CourseDirectory.db_url"
        raise FileError(
            f"The gradebook {name} was not changed: {reason}. Close nbgrader and the formgrader, then repeat the "
            "command: the result files contain every grade, and nothing is graded twice."
        ) from error


# --- The exercise ---------------------------------------------------------------------------------
def _record_cells(gradebook: Any, exercise: Exercise, source_of: SourceOf | None) -> None:
    """Record the exercise as nbgrader's SaveCells does, but keep what ``generate_assignment`` recorded."""
    name = exercise.name
    gradebook.update_or_create_assignment(name)
    try:
        notebook = gradebook.find_notebook(name, name)
    except large_libraries.nbgrader().api.MissingEntry:
        notebook = gradebook.add_notebook(name, name, kernelspec="{}")
    sources = {cell.name for cell in notebook.source_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    if not sources.issuperset(check_id(question.name) for question in exercise.questions):
        for cell in (source_of or _bare_notebook)(exercise).cells:
            _record_source(gradebook, name, cell, sources)
    for question in exercise.questions:
        gradebook.update_or_create_grade_cell(
            check_id(question.name), name, name, max_score=question.max_score, cell_type="code"
        )
        if question.name not in solutions:  # nbgrader raises for a cell that exists
            gradebook.add_solution_cell(question.name, name, name)


def _bare_notebook(exercise: Exercise) -> Any:
    """Return a notebook with only two cells per question: an empty one for the answer, and the graded one."""
    from nbformat.v4 import new_code_cell, new_notebook

    cells = []
    for question in exercise.questions:
        cells.append(new_code_cell("", metadata=cell_metadata(question.name)))
        source = check_source(question.name)
        cells.append(new_code_cell(source, metadata=cell_metadata(question.name, question.max_score)))
    return new_notebook(cells=cells)


def _record_source(gradebook: Any, exercise: str, cell: Any, known: set[str]) -> None:
    utils = large_libraries.nbgrader().utils
    # As in SaveCells, which records the source of no other cell.
    if not (utils.is_grade(cell) or utils.is_solution(cell) or utils.is_locked(cell)):
        return
    grade_id = cell.metadata["nbgrader"]["grade_id"]
    if grade_id in known:
        return
    gradebook.add_source_cell(
        grade_id,
        exercise,
        exercise,
        cell_type=cell.cell_type,
        locked=utils.is_locked(cell),
        source=cell.source,
        checksum=utils.compute_checksum(cell),
    )


# --- The results ----------------------------------------------------------------------------------
def _record_results(gradebook: Any, exercise: Exercise, results: list[Result], submitted: Path | None) -> None:
    notebook = gradebook.find_notebook(exercise.name, exercise.name)
    cells = {cell.name: cell for cell in notebook.grade_cells}
    known = {entry.student_id: entry for entry in gradebook.assignment_submissions(exercise.name)}
    for result in sorted(results, key=lambda result: result.student):
        submission = known.get(result.student) or gradebook.add_submission(exercise.name, result.student)
        if folder := folder_of(submitted, result):  # without a folder, a time that nbgrader recorded stays
            submission.timestamp = time_handed_in(folder)
        (entry,) = (entry for entry in submission.notebooks if entry.notebook_id == notebook.id)
        _record_grades(gradebook, entry, cells, exercise, result)
        _record_comments(entry, exercise, result)


def _record_grades(gradebook: Any, entry: Any, cells: dict[str, Any], exercise: Exercise, result: Result) -> None:
    names = {cell.id: name for name, cell in cells.items()}
    grades = {names.get(grade.cell_id): grade for grade in entry.grades}
    questions = {question.name: question for question in result.questions}
    for question in exercise.questions:
        cell = cells[check_id(question.name)]
        grade = grades.get(cell.name)
        if grade is None:  # the question came after the submission
            grade = large_libraries.nbgrader().api.Grade(cell_id=cell.id, notebook=entry)
            gradebook.db.add(grade)
        _set_score(grade, result.status, questions.get(question.name))


def _set_score(grade: Any, status: Status, question: QuestionResult | None) -> None:
    """Set the automatic score of one question; if it is unknown, the question needs review.

    A manual score is kept, but needs review when the automatic score below it changes.
    """
    score, needs_review = score_of(status, question)
    changed = grade.auto_score != score
    grade.auto_score = score
    if grade.manual_score is None:
        grade.needs_manual_grade = needs_review
    elif changed:  # the teacher decided by an automatic score that no longer holds
        grade.needs_manual_grade = True


def _record_comments(entry: Any, exercise: Exercise, result: Result) -> None:
    comments = {comment.cell.name: comment for comment in entry.comments}
    for question in exercise.questions:
        if question.name in comments:
            comments[question.name].auto_comment = comment_of(question, result)
