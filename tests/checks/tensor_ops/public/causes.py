"""Likely causes that apply only to some results."""

import torch


def if_not_finite(result, cause):
    """Return ``cause`` if the result holds NaN or infinity: other differences have other causes."""
    return cause if isinstance(result, torch.Tensor) and not bool(torch.isfinite(result).all()) else ""


def if_several(result, cause):
    """Return ``cause`` if several values came back instead of one tensor."""
    return cause if isinstance(result, list | tuple) else ""
