"""Grad-CAM computed from its definition on the checker's models, and after typical mistakes."""

import torch
import torch.nn.functional as F

from ..public.maps import scaled


def activations_and_gradients(model, layer, image):
    """Return the output of ``model.features[layer]`` for an image, and the gradient of the logit with respect to it."""
    with torch.no_grad():
        activations = model.features[: layer + 1](image[None])
    activations.requires_grad_()
    (gradients,) = torch.autograd.grad(model.head(model.features[layer + 1 :](activations)).sum(), activations)
    return activations.detach(), gradients


def cam_of(activations, gradients, size, *, mode=""):
    """Return the Grad-CAM from activations and gradients of shape (1, K, h, w); ``mode`` makes a typical mistake."""
    weights = gradients.mean((2, 3), keepdim=True)
    if mode == "unweighted":
        weights = torch.ones_like(weights)
    elif mode == "not averaged":
        weights = gradients
    elif mode == "absolute":
        weights = weights.abs()
    heat = (weights * activations).sum(1, keepdim=True)
    if mode not in ("no relu", "relu last"):
        heat = heat.relu()
    if mode == "scaled first":
        heat = scaled(heat)
    if mode == "nearest":
        heat = F.interpolate(heat, size, mode="nearest")
    elif mode != "not resized":
        heat = F.interpolate(heat, size, mode="bilinear", align_corners=mode == "corners")
    heat = heat[0, 0].relu() if mode == "relu last" else heat[0, 0]
    if mode in ("scaled first", "unscaled"):
        return heat
    if mode == "sum":
        return heat / heat.sum()
    if mode == "range":
        return (heat - heat.min()) / (heat.max() - heat.min())
    return scaled(heat)


def cam_mistakes(activations, gradients, size):
    """Return what grad_cam gives after each typical mistake: cause → value."""
    named = {
        "the activations are not weighted by the gradients": "unweighted",
        "the gradients are not averaged over positions: each map has one weight": "not averaged",
        "the absolute value of the weights is taken; evidence against the finding is negative": "absolute",
        "the ReLU is missing: only what speaks for the finding is shown": "no relu",
        "the ReLU comes after resizing; apply it before": "relu last",
        "the map is not resized to the image": "not resized",
        "the map is resized by nearest neighbour, not bilinearly": "nearest",
        "`align_corners` is True; it must be False": "corners",
        "the map is divided by its maximum before resizing; divide after it": "scaled first",
        "the map is not divided by its maximum": "unscaled",
        "the map is divided by its sum, not by its maximum": "sum",
        "the minimum is subtracted too; only divide by the maximum": "range",
    }
    mistakes = {cause: cam_of(activations, gradients, size, mode=mode) for cause, mode in named.items()}
    right = cam_of(activations, gradients, size)
    return mistakes | {
        "rows and columns are swapped": right.T,
        "there is an axis too many: the map has two": right[None],
        "batch and channel axes are still there: the map has two axes": right[None, None],
    }


def telling_image(model, layer, n_channels, size, *, transposed=False):
    """Draw an image whose map has both zeros and other values: a map of zeros would hide most mistakes."""
    for _ in range(1000):
        image = torch.randn(n_channels, *reversed(size)).mT if transposed else torch.randn(n_channels, *size)
        activations, gradients = activations_and_gradients(model, layer, image)
        share = (cam_of(activations, gradients, size, mode="not resized") > 0).float().mean()
        if 0.2 < share < 0.8:
            return image
    raise ValueError("this network sees nothing in any image")
