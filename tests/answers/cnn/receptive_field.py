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


# %% right="from the image on, with a running jump"
def receptive_field(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


# %% wrong="strides ignored" caught_by="pooling_between, strides_accumulate"
def receptive_field(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


# %% wrong="a layer's own stride multiplied in" from="from the image on, with a running jump" caught_by="pooling_between, strides_accumulate"
# +         jump *= stride
#           field += (kernel - 1) * jump
# -         jump *= stride


# %% wrong="only the stride of the layer before" caught_by="strides_accumulate"
def receptive_field(layers):
    field, before = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * before
        before = stride
    return field


# %% wrong="strides added up" from="from the image on, with a running jump" caught_by="strides_accumulate"
# -         jump *= stride
# +         jump += stride - 1


# %% wrong="additive, kernel sizes summed" caught_by="stride_one"
def receptive_field(layers):
    return sum(kernel for kernel, _ in layers) if layers else 1


# %% wrong="k in place of k - 1" from="from the image on, with a running jump" caught_by="stride_one"
# -         field += (kernel - 1) * jump
# +         field += kernel * jump

# %% wrong="starts at 0" from="from the image on, with a running jump" caught_by="stride_one, no_layers"
# -     field, jump = 1, 1
# +     field, jump = 0, 1

# %% wrong="the last layer first" from="from the image on, with a running jump" caught_by="pooling_between, strides_accumulate"
# -     for kernel, stride in layers:
# +     for kernel, stride in layers[::-1]:

# %% wrong="fails without layers" from="from the image on, with a running jump" caught_by="no_layers"
# -     field, jump = 1, 1
# -     for kernel, stride in layers:
# +     field, jump = layers[0]
# +     for kernel, stride in layers[1:]:

# %% wrong="a float" from="from the image on, with a running jump" caught_by="stride_one"
# -     field, jump = 1, 1
# +     field, jump = 1.0, 1.0
