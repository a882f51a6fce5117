"""Public checks of `evaluate`: the three metrics, computed in eval mode."""

import pytest
import torch

from autograder.checking import assert_true, send_function

from .metrics import assert_metrics, evaluated, mean_model

pytestmark = pytest.mark.hints(
    "Collect logits and labels of all batches first, then count. A probability above ½ is a logit above 0.",
    "AUC: the share of pairs, one of each class, where class 1 has the larger logit. Save all modes before `eval()`.",
)


@pytest.mark.points(0.75)
def test_metrics(submission):
    """Five of eight are correct (accuracy 0.625), 3 of 5 and 2 of 3 of each class are found, and the AUC is 11/15."""
    logits = torch.tensor([2.0, -1, 0.25, -0.5, -2, -1.5, 0.75, 0.5])
    labels = torch.tensor([1.0, 0, 1, 1, 0, 0, 0, 0])
    assert_metrics(submission, logits, labels, 4)


@pytest.mark.points(0.5)
@pytest.mark.after("metrics")
def test_eval_mode(submission):
    """The model is called in eval mode and without gradients."""
    model = send_function(submission, mean_model)()
    model.train()
    evaluated(submission, model, torch.linspace(-1, 1, 6), torch.tensor([0.0, 1, 0, 1, 0, 1]), 3)
    for noted, problem, cause in (
        (model.modes, "The model is in train mode during evaluation.", "call `model.eval()` before the loop"),
        (
            model.with_gradients,
            "Gradients are on during evaluation.",
            "put `with torch.no_grad():` around the loop; it saves memory and time",
        ),
    ):
        assert_true(type(noted) is list and len(noted) > 0, "The model was not called.", cause="call the model itself")
        assert_true(not any(noted), problem, cause=cause)
