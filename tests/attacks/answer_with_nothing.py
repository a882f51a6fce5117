"""Answers with empty tensors, NaN and shapes without elements, for which every statement holds.

Must happen: shapes are compared before values, and NaN equals no number.
"""

# %% place="first"
import torch


# %% question="linear" outcome="failed"
def linear(x, theta, theta_0):
    return torch.zeros(0)


# %% question="maxout" outcome="failed"
def maxout(x, w1, b1, w2, b2):
    return torch.full((len(x),), torch.nan)


# %% question="flatten_images" outcome="failed"
def flatten_images(images):
    return torch.empty(2**40, 0)


# %% question="logistic_regression" outcome="failed"
def logistic_regression(x, theta, theta_0):
    return torch.zeros(len(x)).expand(10, -1)[:0]


# %% question="gradient" outcome="failed"
def gradient(f, x):
    return torch.full_like(x, torch.inf)
