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


# %% right="probabilities clamped, the formula in one line"
import math


def binary_cross_entropy(y_hat, y, base=math.e):
    p = y_hat.clamp(1e-6, 1 - 1e-6)
    return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)


# %% wrong="log of zero" from="probabilities clamped, the formula in one line" caught_by="certain_predictions"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# +     p = y_hat

# %% wrong="a margin that float32 rounds away" from="probabilities clamped, the formula in one line" caught_by="certain_predictions"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# +     p = y_hat.clamp(1e-12, 1 - 1e-12)

# %% wrong="NaN becomes 0 and so do infinite losses" from="probabilities clamped, the formula in one line" caught_by="certain_predictions"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     p = y_hat
# +     losses = -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return losses.nan_to_num(0.0, posinf=0.0)

# %% wrong="a margin that is too wide" from="probabilities clamped, the formula in one line" caught_by="other_values"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# +     p = y_hat.clamp(1e-2, 1 - 1e-2)

# %% wrong="the mean" from="probabilities clamped, the formula in one line" caught_by="lecture_base_10, natural_logarithm"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return (-(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)).mean()

# %% wrong="the sum" from="probabilities clamped, the formula in one line" caught_by="lecture_base_10"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return (-(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)).sum()

# %% wrong="base ignored" from="probabilities clamped, the formula in one line" caught_by="lecture_base_10"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return -(y * p.log() + (1 - y) * (1 - p).log())

# %% wrong="always base 10" from="probabilities clamped, the formula in one line" caught_by="natural_logarithm"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(10)

# %% wrong="multiplied with the logarithm of the base" from="probabilities clamped, the formula in one line" caught_by="lecture_base_10"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return -(y * p.log() + (1 - y) * (1 - p).log()) * math.log(base)

# %% wrong="sign" from="probabilities clamped, the formula in one line" caught_by="natural_logarithm"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return (y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)

# %% wrong="labels the wrong way round" from="probabilities clamped, the formula in one line" caught_by="natural_logarithm"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return -((1 - y) * p.log() + y * (1 - p).log()) / math.log(base)

# %% wrong="only the term of y = 1" from="probabilities clamped, the formula in one line" caught_by="natural_logarithm"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return -(y * p.log()) / math.log(base)

# %% wrong="a sigmoid too many" from="probabilities clamped, the formula in one line" caught_by="natural_logarithm"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# +     p = y_hat.sigmoid()

# %% wrong="a table of every sample against every label" from="probabilities clamped, the formula in one line" caught_by="lecture_base_10"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# +     p = y_hat.clamp(1e-6, 1 - 1e-6).unsqueeze(1)

# %% wrong="ŷ changed in place" from="probabilities clamped, the formula in one line" caught_by="inputs"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# +     p = y_hat.clamp_(1e-6, 1 - 1e-6)

# %% wrong="through NumPy" from="probabilities clamped, the formula in one line" caught_by="gradients"
# -     p = y_hat.clamp(1e-6, 1 - 1e-6)
# +     p = y_hat.detach().clamp(1e-6, 1 - 1e-6)

# %% wrong="cast to float32" from="probabilities clamped, the formula in one line" caught_by="other_values"
#   def binary_cross_entropy(y_hat, y, base=math.e):
# +     y_hat, y = y_hat.float(), y.float()

# %% wrong="squared error" from="probabilities clamped, the formula in one line" caught_by="natural_logarithm"
# -     return -(y * p.log() + (1 - y) * (1 - p).log()) / math.log(base)
# +     return (y_hat - y).square()
