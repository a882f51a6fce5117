# %% [markdown]
# Right and wrong answers to `receptive_field`.

# %% right="the formula as it is written"
import math


def receptive_field(layers):
    strides = [stride for _, stride in layers]
    return 1 + sum((kernel - 1) * math.prod(strides[:place]) for place, (kernel, _) in enumerate(layers))


# %% right="from the last layer back to the image"
def receptive_field(layers):
    size = 1
    for kernel_size, stride in reversed(layers):
        size = (size - 1) * stride + kernel_size
    return size


# %% right="recursion"
def receptive_field(layers):
    if not layers:
        return 1
    (kernel_size, stride), *rest = layers
    return stride * (receptive_field(rest) - 1) + kernel_size


# %% right="itertools"
from itertools import accumulate
from operator import mul


def receptive_field(layers):
    jumps = accumulate((stride for _, stride in layers), mul, initial=1)
    return 1 + sum((layer[0] - 1) * jump for layer, jump in zip(layers, jumps))


# %% right="numpy"
import numpy as np


def receptive_field(layers):
    if len(layers) == 0:
        return 1
    table = np.array(layers, dtype=object)  # object: exact integers of any size
    jumps = np.concatenate([[1], np.cumprod(table[:, 1])[:-1]])
    return int(1 + ((table[:, 0] - 1) * jumps).sum())


# %% wrong="strides ignored" caught_by="pooling_between, strides_accumulate"
def receptive_field(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


# %% wrong="a layer's own stride multiplied in" caught_by="pooling_between, strides_accumulate"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        jump *= stride
        field += (kernel - 1) * jump
    return field


# %% wrong="only the stride of the layer before" caught_by="strides_accumulate"
def receptive_field(layers):
    field, before = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * before
        before = stride
    return field


# %% wrong="strides added up" caught_by="strides_accumulate"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump += stride - 1
    return field


# %% wrong="additive, kernel sizes summed" caught_by="stride_one"
def receptive_field(layers):
    return sum(kernel for kernel, _ in layers) if layers else 1


# %% wrong="k in place of k - 1" caught_by="stride_one"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += kernel * jump
        jump *= stride
    return field


# %% wrong="starts at 0" caught_by="stride_one, no_layers"
def receptive_field(layers):
    field, jump = 0, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


# %% wrong="the last layer first" caught_by="pooling_between, strides_accumulate"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel, stride in layers[::-1]:
        field += (kernel - 1) * jump
        jump *= stride
    return field


# %% wrong="fails without layers" caught_by="no_layers"
def receptive_field(layers):
    field, jump = layers[0]
    for kernel, stride in layers[1:]:
        field += (kernel - 1) * jump
        jump *= stride
    return field


# %% wrong="a float" caught_by="stride_one"
def receptive_field(layers):
    field, jump = 1.0, 1.0
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field
