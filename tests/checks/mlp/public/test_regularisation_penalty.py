"""Public checks of `regularisation_penalty`: its value for a small network."""

from functools import partial

import pytest
import torch

from autograder.checking import assert_tensor, send_function

from .penalties import penalised_model, penalty_mistakes

pytestmark = pytest.mark.hints(
    "Which parameters count? Look at their number of dimensions.",
    "Sum tensors, starting from a zero tensor: `.item()` would cut the graph.",
)


@pytest.mark.points(0.5)
def test_small_network(submission):
    """Weights 1, −2, 3, 0, −4, 2: Σ|w| = 12 and Σw² = 34; the biases do not count."""
    model = send_function(submission, penalised_model)()
    weights, biases = torch.tensor([1.0, -2, 3, 0, -4, 2]), torch.tensor([5.0, 5, 7])
    for call, l1, l2, expected in (
        ("regularisation_penalty(model, l1=0.5)", 0.5, 0.0, 6.0),
        ("regularisation_penalty(model, l2=0.1)", 0.0, 0.1, 3.4),
        ("regularisation_penalty(model, l1=0.5, l2=0.1)", 0.5, 0.1, 9.4),
        ("regularisation_penalty(model)", 0.0, 0.0, 0.0),
    ):
        mistakes = partial(penalty_mistakes, weights, biases, l1, l2)
        penalty = submission.regularisation_penalty(model, l1=l1, l2=l2)
        assert_tensor(penalty, torch.tensor(expected), what=call, mistakes=mistakes)
