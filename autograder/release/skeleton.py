"""What ``autograder new`` writes: a small exercise that works, with a TODO wherever its author has to write.

In every question a weighted mean stands for what students will write: few enough lines to be replaced, and enough to
show a likely mistake, a hidden check and different right answers.

Start an exercise in a course: names that can be used, files that were not there, one more name in the settings.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template

from autograder.course import CONFIG_NAME, Course, find_root, load_course
from autograder.course.check_files import parsed
from autograder.errors import CourseError, UsageError, reading, writing

_SOLUTION = Template("""\
# %% [markdown]
# # $title
#
# TODO: Say in a paragraph what this exercise is about, and what it is good for.

# %%
import torch
from torch import Tensor
""")

_SOLUTION_QUESTION = Template('''
# %% [markdown]
# ## `$question`
#
# TODO: Explain what `$question` is to compute, with its formula. This one is the mean of values $$x_i$$ with weights
# $$w_i$$:
#
# $$$$ \\bar{x} = \\frac{\\sum_i w_i x_i}{\\sum_i w_i} $$$$


# %% question="$question"
def $question(values: Tensor, weights: Tensor) -> Tensor:
    """Return the mean of the values, each counted with its weight.

    TODO: Write arguments, types and this docstring anew. All outside the solution region is given to students.

    Shapes: values ``(N,)``, weights ``(N,)``; the result ``()``.
    """
    ### BEGIN SOLUTION
    # TODO: Write the solution. Students get `raise NotImplementedError` in its place.
    return torch.dot(values, weights) / weights.sum()
    ### END SOLUTION


# %% tags=["active-ipynb"]
# # TODO: Show what $question gives, in a figure for instance. This cell is not run when an answer is graded.
# try:
#     print("$question:", $question(torch.tensor([1.0, 3.0]), torch.tensor([3.0, 1.0])))
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
''')

_PUBLIC_CHECKS = Template('''\
"""Public checks of `$question`: students get this file."""

import pytest
import torch

from autograder.checking import assert_tensor

pytestmark = pytest.mark.hints(
    "TODO: a first idea, for students who do not know how to begin.",
    "TODO: the step that most of them miss.",
)


# TODO: Write the public checks of $question: an example that students can follow with pencil and paper.
@pytest.mark.points(1)
@pytest.mark.hint("Add up the products of values and weights, then divide. TODO: write the hint for your question.")
def test_small_example(submission):
    """Three values, the last with double weight, have the mean 3.75."""
    # TODO: Name the likely mistakes, each with the value that it gives: the student reads the cause.
    assert_tensor(
        submission.$question(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([1.0, 1.0, 2.0])),
        torch.tensor(3.75),
        what="$question(values, weights)",
        mistakes={
            "the weights are ignored": torch.tensor(3.0),
            "the sum is not divided by the sum of the weights": torch.tensor(15.0),
        },
    )
''')

_HIDDEN_CHECKS = Template('''\
"""Hidden checks of `$question`: no student sees this file."""

import pytest
import torch

from autograder.checking import assert_tensor, unchanged


# TODO: Write the hidden checks of $question: other shapes, extreme values, inputs that must not be modified.
@pytest.mark.points(1)
@pytest.mark.hint("Write into no tensor that you were given. TODO: write the hint for your question.")
def test_other_values(submission):
    """Any values and weights have their mean, and stay as they were."""
    values, weights = torch.randn(7), torch.rand(7) + 0.5
    expected = torch.dot(values, weights / weights.sum())
    with unchanged(values, weights, what="$question"):
        result = submission.$question(values, weights)
    assert_tensor(result, expected, what="$question(values, weights)", atol=1e-5)
''')

_ANSWERS = Template("""\
# %% right="product and sum"
# ruff: noqa - the answers of a question stand side by side
# TODO: Replace these by at least three right answers in different styles and by every mistake that you have seen.
# Each cell defines `$question` anew; `caught_by` names the checks that are meant for the mistake. Where a mistake is
# a small change of an answer above, name that answer in `from` and write only the lines that go (-) and come (+).
def $question(values, weights):
    return (values * weights).sum() / weights.sum()


# %% right="a loop"
def $question(values, weights):
    total = torch.zeros(())
    for value, weight in zip(values, weights):
        total = total + value * weight
    return total / sum(weights)


# %% right="shares of the weights"
def $question(values, weights):
    return ((weights / weights.sum()) * values).sum()


# %% wrong="the weights are ignored" caught_by="small_example"
def $question(values, weights):
    return values.mean()


# %% wrong="the sum is not divided" from="a loop" caught_by="small_example, other_values"
# -     return total / sum(weights)
# +     return total


# %% wrong="the caller's weights are overwritten" caught_by="other_values"
def $question(values, weights):
    weights /= weights.sum()
    return (values * weights).sum()
""")


def skeleton(exercise: str, questions: Sequence[str]) -> dict[str, str]:
    """Return the files of a new exercise: path in the course → text."""
    title = exercise.replace("_", " ").capitalize()
    solution = _SOLUTION.substitute(title=title)
    files = {}
    for question in questions:
        solution += _SOLUTION_QUESTION.substitute(question=question)
        for folder, template in (
            (f"tests/checks/{exercise}/public/test_", _PUBLIC_CHECKS),
            (f"tests/checks/{exercise}/hidden/test_", _HIDDEN_CHECKS),
            (f"tests/answers/{exercise}/", _ANSWERS),
        ):
            files[f"{folder}{question}.py"] = template.substitute(question=question)
    return {f"solutions/{exercise}.py": solution, **files}


# --- Writing it ---------------------------------------------------------------------------------------------------


SETTING = "c.Course.exercises"
# What the skeleton, a build or the checks mean by these.
_TAKEN = {"check", "submission", "torch", "Tensor", "pytest"}


def start_exercise(folder: Path | None, exercise: str, questions: Sequence[str] = ()) -> list[str]:
    """Write the skeleton of an exercise; return what was written, by its path in the course.

    Raises `AutograderError` where that cannot be done; then nothing has changed.
    """
    root = find_root(folder)
    course = load_course(root) if any((root / "solutions").glob("*.py")) else Course(root, ())
    questions = list(questions) or [f"{exercise}_question"]
    _require_exercise_name(course, exercise)
    _require_question_names(course, exercise, questions)
    files = skeleton(exercise, questions)
    _require_free(root, _places(exercise))
    config = root / CONFIG_NAME
    with reading(config, CourseError):
        before = config.read_bytes()
        before.decode()
    after = with_exercise(before, exercise)
    made: list[Path] = []
    try:
        for name, text in files.items():
            _write_new(root / name, text, made)
        if after != before:
            _replace(config, after)
    except BaseException:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()
        raise
    return [*files, *([CONFIG_NAME] if after != before else [])]


def with_exercise(config: bytes, exercise: str) -> bytes:
    """Return the settings with one more exercise at the end of the list, and all else byte for byte.

    Settings without the list stay as they are: every solution is an exercise then.
    """
    by_hand = f"{CONFIG_NAME} cannot be edited safely. Add {exercise!r} to {SETTING} by hand, as in"
    example = f'{SETTING} = ["…", "{exercise}"]: one list of names in quotes. Nothing has changed.'
    refusal = CourseError(f"{by_hand} {example} Before that, write its line so, and run this command again.")
    found = _lists(config)
    if not found:
        return config
    if len(found) > 1 or not isinstance(found[0], ast.List):
        raise refusal
    names = [node.value if isinstance(node, ast.Constant) else None for node in found[0].elts]
    lines = config.splitlines(keepends=True)
    if found[0].elts:
        last = found[0].elts[-1]
        line, column, text = last.end_lineno, last.end_col_offset, f', "{exercise}"'
    else:
        line, column, text = found[0].lineno, found[0].col_offset + 1, f'"{exercise}"'
    if line is None or column is None:
        raise refusal
    lines[line - 1] = lines[line - 1][:column] + text.encode() + lines[line - 1][column:]
    after = b"".join(lines)
    try:
        (edited,) = _lists(after)
        if ast.literal_eval(edited) != [*names, exercise]:
            raise refusal
    except (CourseError, ValueError):
        raise refusal from None
    return after


def _lists(config: bytes) -> list[ast.expr]:
    """Return what the settings assign to the list of exercises."""
    return [
        node.value
        for node in parsed(config, CONFIG_NAME).body
        if isinstance(node, ast.Assign) and SETTING in map(ast.unparse, node.targets)
    ]


def _require_exercise_name(course: Course, name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} cannot name an exercise, which is a Python module too: take small letters a to z, digits and _, "
            "a letter first, as in image_filters."
        )
    if name in sys.stdlib_module_names or name in _TAKEN:
        raise UsageError(f"{name!r} is a module that Python code imports; take another name, as in {name}_exercise.")
    if name in {exercise.name for exercise in course.exercises}:
        raise UsageError(f"There is an exercise {name!r} already; take another name.")


def _require_question_names(course: Course, exercise: str, names: Sequence[str]) -> None:
    where = {question.name: other.name for other in course.exercises for question in other.questions}
    chosen: dict[str, str] = {}
    for name in names:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
            raise UsageError(
                f"{name!r} cannot name a question, which is a Python function: take letters a to z, digits and _, a "
                "letter first, as in moving_average."
            )
        if name in _TAKEN or hasattr(builtins, name) or name in (exercise, *(e.name for e in course.exercises)):
            raise UsageError(f"{name!r} means something else already; take another name for the question.")
        if name in where:
            raise UsageError(f"{where[name]} has a question {name!r} already; take another name.")
        if name.lower() in chosen:  # some file systems do not tell them apart
            other = chosen[name.lower()]
            raise UsageError(f"The questions {other!r} and {name!r} would share a file; take another name for one.")
        chosen[name.lower()] = name


def _places(exercise: str) -> list[str]:
    """Return the files and folders of an exercise."""
    modules = (f"{folder}/{exercise}.py" for folder in ("solutions", "exercises"))
    return [*modules, *(f"tests/{folder}/{exercise}" for folder in ("checks", "answers"))]


def _require_free(root: Path, names: Iterable[str]) -> None:
    there = [name for name in names if os.path.lexists(root / name)]
    if there:
        raise UsageError(f"{', '.join(there)} is there already. Move it away, or take another name for the exercise.")


def _write_new(path: Path, text: str, made: list[Path]) -> None:
    """Write a file that is not there, and note it and the folders that it needed."""
    with writing(path):
        for folder in reversed([parent for parent in path.parents if not parent.exists()]):
            folder.mkdir()
            made.append(folder)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            made.append(path)
            file.write(text)


def _replace(path: Path, content: bytes) -> None:
    """Write a file anew as a whole or not at all; one that is linked to stays linked to."""
    path = path.resolve()
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(path, scratch)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
