"""Public checks of `sgd_step`: one step, with and without gradients."""

import pytest
import torch

from .sgd_steps import assert_stepped

pytestmark = pytest.mark.hints(
    "Write the new value into the existing tensor: `p = …` only binds a new name.",
    "Inside `torch.no_grad()`, `p -= learning_rate * p.grad`; skip parameters whose gradient is None.",
)


@pytest.mark.points(0.5)
def test_step(submission):
    """θ = (1, −2) with the gradient (3, 4) and α = 0.1 becomes (0.7, −2.4)."""
    values = [torch.tensor([1.0, -2]), torch.tensor([[2.0], [0.5]])]
    assert_stepped(submission, values, [torch.tensor([3.0, 4]), torch.tensor([[-1.0], [2]])], 0.1)


@pytest.mark.points(0.5)
def test_without_gradient(submission):
    """Parameters whose gradient is None do not change, and those after them still take their step."""
    values = [torch.tensor([1.0]), torch.tensor([5.0, 6]), torch.tensor([2.0])]
    assert_stepped(submission, values, [None, torch.tensor([1.0, -1]), None], 0.5)
