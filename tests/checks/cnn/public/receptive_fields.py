"""The receptive field of a stack of layers, and what typical mistakes give instead."""

import math


def right_field(layers):
    """Return the receptive field, walking back from one value of the last layer to the pixels it depends on."""
    size = 1
    for kernel_size, stride in reversed(layers):
        size = (size - 1) * stride + kernel_size
    return size


def field_mistakes(layers):
    """Return what receptive_field gives after each typical mistake: cause → value."""
    kernels, strides = [kernel for kernel, _ in layers], [stride for _, stride in layers]
    before = [math.prod(strides[:layer]) for layer in range(len(layers))]
    through = [math.prod(strides[: layer + 1]) for layer in range(len(layers))]
    nearest = [1, *strides][: len(layers)]
    return {
        "the strides are ignored": 1 + sum(kernel - 1 for kernel in kernels),
        "a layer's own stride is included; only those before it count": (
            1 + sum((kernel - 1) * jump for kernel, jump in zip(kernels, through, strict=True))
        ),
        "only the previous stride is used; multiply all strides before the layer": (
            1 + sum((kernel - 1) * stride for kernel, stride in zip(kernels, nearest, strict=True))
        ),
        "the layers are processed from last to first": right_field(layers[::-1]),
        "the strides are added; multiply them": (
            1 + sum((k - 1) * (1 + sum(s - 1 for s in strides[:i])) for i, k in enumerate(kernels))
        ),
        "k is used where the formula has k − 1": (
            1 + sum(kernel * jump for kernel, jump in zip(kernels, before, strict=True))
        ),
        "the initial 1 of the sum is missing": right_field(layers) - 1,
        "the kernel sizes are multiplied": math.prod(kernels),
        "the kernel sizes are summed": sum(kernels),
        "the result is a float; it must be an int": float(right_field(layers)),
    }
