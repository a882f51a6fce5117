"""The global random number generators on the student's side, as other code uses them."""

import numpy as np
import torch


def draw_elsewhere(seed):
    """Seed the global random number generators, as other code may do between calls; runs on the student's side."""
    import random

    torch.default_generator.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
