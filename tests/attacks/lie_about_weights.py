"""Submits a network whose parameters, state and gradients are whatever the reader wants to see.

Must happen: weights cross as tensors or not at all; the network's output is compared with them.
"""

# %% place="first"
import torch


# %% question="MLP" outcome="failed crashed timed_out"
class MLP:
    training = True

    def __init__(self, *arguments, **keywords):
        pass

    def __call__(self, x):
        return x.sum().expand(len(x))

    def parameters(self):
        while True:
            yield torch.nn.Parameter(torch.zeros(1))

    def state_dict(self):
        return {f"layers.{n}.weight": torch.empty(0, 2**40) for n in range(100)}

    def named_parameters(self):
        return {"weight": float("nan")}

    named_modules = modules = children = parameters

    def __getattr__(self, name):
        return lambda *arguments, **keywords: self

    def __len__(self):
        return 10**18
