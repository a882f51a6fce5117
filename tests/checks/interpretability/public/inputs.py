"""Images and maps whose largest values are at known positions."""

import torch


def bright_pixels(places, shape):
    """Return dark single-channel images, each with bright pixels: (strength, row, column)."""
    images = 0.01 * torch.rand(len(places), 1, *shape)
    for image, pixels in zip(images, places, strict=True):
        for strength, row, column in pixels:
            image[0, row, column] = strength
    return images


def single_maximum(n, shape, places):
    """Return maps with values below 0.5, and a single 1 each."""
    maps = 0.5 * torch.rand(n, *shape)
    for heat, (row, column) in zip(maps, places, strict=True):
        heat[row, column] = 1.0
    return maps
