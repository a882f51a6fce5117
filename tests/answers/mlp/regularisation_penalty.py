# %% right="norms in a loop"
import torch


def regularisation_penalty(model, l1=0.0, l2=0.0):
    penalty = torch.zeros(())
    for parameter in model.parameters():
        if parameter.ndim > 1:
            penalty = penalty + l1 * parameter.norm(1) + l2 * (parameter**2).sum()
    return penalty


# %% right="one row of all weights"
import torch


def regularisation_penalty(model, l1=0.0, l2=0.0):
    row = torch.nn.utils.parameters_to_vector([p for p in model.parameters() if len(p.shape) >= 2])
    return (l1 * row.abs() + l2 * row * row).sum()


# %% right="products and a stack"
import torch


def regularisation_penalty(model, l1=0.0, l2=0.0):
    flat = [w.reshape(-1) for _, w in model.named_parameters() if w.dim() not in (0, 1)]
    return torch.stack([l1 * w.sign() @ w + l2 * w @ w for w in flat]).sum()


# %% wrong="biases too" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters()]
    return l1 * sum(w.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)


# %% wrong="only biases" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() < 2]
    return l1 * sum(w.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)


# %% wrong="swapped" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l2 * sum(w.abs().sum() for w in weights) + l1 * sum(w.square().sum() for w in weights)


# %% wrong="the root of the squares" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l1 * sum(w.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights) ** 0.5


# %% wrong="means" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l1 * sum(w.abs().mean() for w in weights) + l2 * sum(w.square().mean() for w in weights)


# %% wrong="no absolute value" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l1 * sum(w.sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)


# %% wrong="l1 ignored" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l2 * sum(w.square().sum() for w in weights)


# %% wrong="halved squares" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l1 * sum(w.abs().sum() for w in weights) + l2 / 2 * sum(w.square().sum() for w in weights)


# %% wrong="a number without a gradient" caught_by="small_network"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l1 * sum(w.abs().sum().item() for w in weights) + l2 * sum(w.square().sum().item() for w in weights)


# %% wrong="detached" caught_by="differentiable"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p.detach() for p in model.parameters() if p.dim() >= 2]
    return l1 * sum(w.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)


# %% wrong="the data of the parameters" caught_by="differentiable"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return l1 * sum(w.data.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)


# %% wrong="matrices only" caught_by="other_layers"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for p in model.parameters() if p.dim() == 2]
    return l1 * sum(w.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)


# %% wrong="by the name of the parameter" caught_by="other_layers"
def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [p for name, p in model.named_parameters() if "bias" not in name]
    return l1 * sum(w.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)


# %% wrong="linear layers only" caught_by="other_layers"
from torch import nn


def regularisation_penalty(model, l1=0.0, l2=0.0):
    weights = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
    return l1 * sum(w.abs().sum() for w in weights) + l2 * sum(w.square().sum() for w in weights)
