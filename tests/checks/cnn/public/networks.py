"""A student's SimpleCNN, and the shape of its logits."""

import torch

from autograder.checking import assert_has, fail, phrase

from ...shared.public.outputs import assert_logits_shape

SIZE_CAUSE = "the number of inputs of the first linear layer depends on image_size: do not hard-code it"


def new_network(submission, call, **arguments):
    """Return a student's network; fail unless it is a module."""
    try:
        network = submission.SimpleCNN(**arguments)
    except NotImplementedError:
        raise
    except RuntimeError as error:  # the constructor may try out its layers
        fail(phrase("{call} raises RuntimeError.", call=call), details=str(error), cause=SIZE_CAUSE)
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause="SimpleCNN must be an nn.Module")
    return network


def assert_logits(logits, shape, what):
    """Check the shape of logits; any values are accepted."""
    n = shape[0]
    mistakes = {
        "the feature maps are not flattened": torch.zeros(n, 7, 7),
        "there must be one output per sample, but there are two": torch.zeros(n, 2),
    }
    assert_logits_shape(logits, shape, what, mistakes)
