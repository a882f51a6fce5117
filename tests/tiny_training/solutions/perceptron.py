# %% [markdown]
# # A perceptron
#
# Two clouds of points in the plane, and a line between them.

# %%
import torch
from torch import Tensor

# %% [markdown]
# ## Fitting


# %% question="fit"
def fit(points: Tensor, labels: Tensor, epochs: int) -> Tensor:
    """Return the weights ``(w1, w2, b)`` of a perceptron trained from a random start.

    Shapes: points ``(N, 2)``, labels ``(N,)`` of zeros and ones; the result ``(3,)``.
    """
    ### BEGIN SOLUTION
    weights = torch.randn(3)
    for _ in range(epochs):
        for i in torch.randperm(len(points)):
            extended = torch.cat([points[i], torch.ones(1)])
            predicted = (extended @ weights > 0).float()
            weights = weights + (labels[i] - predicted) * extended
    return weights
    ### END SOLUTION
