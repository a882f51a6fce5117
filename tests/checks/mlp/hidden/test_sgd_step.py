"""Hidden checks of `sgd_step`: side effects, any iterable, and several steps."""

import pytest
import torch

from autograder.checking import assert_tensor, assert_true

from ..public.sgd_steps import assert_stepped


@pytest.mark.points(0.5)
@pytest.mark.after("step")
def test_nothing_recorded(submission):
    """The parameters are still the same leaves with the same gradients, and autograd is still on."""
    values, grads = [torch.randn(3, 2), torch.randn(2)], [torch.randn(3, 2), torch.randn(2)]
    reply = assert_stepped(submission, values, grads, 0.2)
    cause = "step inside `with torch.no_grad():`, and change the parameter in place (`-=`, `sub_`)"
    assert_true(not reply["recorded"], "Autograd has recorded the step.", cause=cause)
    problem = "Autograd is off after the step."
    assert_true(reply["gradients are on"], problem, cause="`with torch.no_grad():` ends by itself")
    assert_true(reply["returned None"], "sgd_step must return None.", cause="the parameters change in place")
    cause = "the step only uses the gradients; the training loop sets them to zero separately"
    for grad, new in zip(grads, reply["grads"], strict=True):
        assert_tensor(new, grad, what="a gradient after the step", cause=cause)


@pytest.mark.points(0.25)
@pytest.mark.after("step")
def test_any_iterable(submission):
    """The parameters may come from a generator, such as `model.parameters()`."""
    values, grads = (
        [torch.randn(4, 3), torch.randn(()), torch.randn(2, 1, 2)],
        [torch.randn(4, 3), torch.randn(()), None],
    )
    assert_stepped(submission, values, grads, 0.3, as_generator=True)


@pytest.mark.points(0.25)
@pytest.mark.after("step")
def test_several_steps(submission):
    """Two steps with the same gradient go twice as far as one: there is no momentum and no decay."""
    values, grads = [torch.randn(5, 2), torch.randn(3).double()], [torch.randn(5, 2), torch.randn(3).double()]
    assert_stepped(submission, values, grads, 0.05, n_steps=2)
