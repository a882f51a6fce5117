"""What ``autograder new`` writes: a small exercise that works, with a TODO wherever its author has to write.

In every question a weighted mean stands for what students will write: few enough lines to be replaced, and enough to
show a likely mistake, a hidden check and different right answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import Template

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
