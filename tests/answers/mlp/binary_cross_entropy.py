# %% [markdown]
# Right and wrong answers to `binary_cross_entropy`.


# %% right="PyTorch's own"
import math

import torch.nn.functional as F


def binary_cross_entropy(y_hat, y, base=math.e):
    return F.binary_cross_entropy(y_hat, y, reduction="none") / math.log(base)


# %% right="a small number is added inside the logarithms"
import math

import torch


def binary_cross_entropy(y_hat, y, base=math.e):
    small = 1e-7
    losses = -y * torch.log(y_hat + small) - (1 - y) * torch.log(1 - y_hat + small)
    return losses / torch.log(torch.tensor(base, dtype=y_hat.dtype))


# %% right="the probability of the true class"
import math

import torch


def binary_cross_entropy(y_hat, y, base=math.e):
    of_truth = torch.where(y == 1, y_hat, 1 - y_hat)
    return -torch.log2(of_truth.clamp(min=1e-12)) / math.log2(base)


# %% right="from logits, sample by sample"
import math

import torch


def binary_cross_entropy(y_hat, y, base=math.e):
    losses = []
    for probability, label in zip(y_hat, y):
        logit = torch.logit(probability, eps=1e-7)
        losses.append(torch.nn.functional.softplus(logit if label == 0 else -logit) / math.log(base))
    return torch.stack(losses)


# %% right="the logarithm is bounded below"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    yes, no = y_hat.log().clamp(min=-50), (1 - y_hat).log().clamp(min=-50)
    return -(y * yes + (1 - y) * no) / math.log(base)


# %% wrong="log of zero" caught_by="certain_predictions"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="a margin that float32 rounds away" caught_by="certain_predictions"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-12, 1 - 1e-12)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="NaN becomes 0 and so do infinite losses" caught_by="certain_predictions"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat
    losses = -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
    return losses.nan_to_num(0.0, posinf=0.0)


# %% wrong="a margin that is too wide" caught_by="other_values"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-2, 1 - 1e-2)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="the mean" caught_by="lecture_base_10, natural_logarithm"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return (-(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)).mean()


# %% wrong="the sum" caught_by="lecture_base_10"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return (-(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)).sum()


# %% wrong="base ignored" caught_by="lecture_base_10"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return -(y * p.log() + (1 - y) * (1 - p).log())


# %% wrong="always base 10" caught_by="natural_logarithm"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(10)


# %% wrong="multiplied with the logarithm of the base" caught_by="lecture_base_10"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return -(y * p.log() + (1 - y) * (1 - p).log()) * math.log(base)


# %% wrong="sign" caught_by="natural_logarithm"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return (y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="labels the wrong way round" caught_by="natural_logarithm"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return -((1 - y) * p.log() + y * (1 - p).log()) / math.log(base)


# %% wrong="only the term of y = 1" caught_by="natural_logarithm"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return -(y * p.log()) / math.log(base)


# %% wrong="a sigmoid too many" caught_by="natural_logarithm"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.sigmoid()
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="a table of every sample against every label" caught_by="lecture_base_10"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6).unsqueeze(1)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="ŷ changed in place" caught_by="inputs"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp_(1e-6, 1 - 1e-6)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="through NumPy" caught_by="gradients"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.detach().clamp(1e-6, 1 - 1e-6)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="cast to float32" caught_by="other_values"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    y_hat, y = y_hat.float(), y.float()
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="squared error" caught_by="natural_logarithm"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return (y_hat - y).square()
