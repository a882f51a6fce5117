"""Fixes all random numbers, so that hidden inputs would be known, and answers with what it saw first.

Must happen: inputs are drawn in another process; what repeats is only the answer, which is wrong.
"""

# %% place="first"
import random

import numpy as np
import torch

for name in ("manual_seed", "seed", "initial_seed", "set_rng_state"):
    setattr(torch, name, lambda *arguments: None)
torch.randn = torch.rand = lambda *shape, **keywords: torch.zeros(*shape)
torch.randint = lambda low, high, shape, **keywords: torch.zeros(shape)
random.seed = np.random.seed = lambda *arguments: None
random.random = np.random.random = lambda *arguments: 0.5
first = {}


# %% question="maxout" outcome="failed"
def maxout(x, w1, b1, w2, b2):
    return first.setdefault("maxout", torch.zeros(len(x)))
