"""The global random states on the student's side, which an answer must not change."""

from contextlib import contextmanager

import numpy as np
import torch

from autograder.checking import fail, phrase, send_function


def random_states():
    """Return a digest of each global random state; runs on the student's side."""
    import hashlib
    import random

    states = {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": repr([part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()]).encode(),
        "random": repr(random.getstate()).encode(),
    }
    return {name: hashlib.sha256(state).hexdigest() for name, state in states.items()}


@contextmanager
def global_randomness_kept(submission, what):
    """Fail if the block seeds or draws from a global random number generator."""
    read = send_function(submission, random_states)
    before = read()
    yield
    after = read()
    for name, function in (("torch", "torch.manual_seed"), ("numpy", "np.random.seed"), ("random", "random.seed")):
        if before[name] != after[name]:
            problem = phrase("{what} changes the global random state of {name}.", what=what, name=name)
            cause = "`{function}`, or random numbers drawn without your own `torch.Generator`"
            fail(problem, cause=phrase(cause, function=function))
