# %% right="sum of shifted images, weight by weight"
def conv2d_single(image, kernel, bias=0.0):
    k_h, k_w = kernel.shape
    rows, columns = image.shape[0] - k_h + 1, image.shape[1] - k_w + 1
    return sum(kernel[i, j] * image[i : i + rows, j : j + columns] for i in range(k_h) for j in range(k_w)) + bias


# %% right="loops over the places, rows stacked"
import torch


def conv2d_single(image, kernel, bias=0.0):
    height, width = kernel.shape
    rows = []
    for r in range(image.shape[0] - height + 1):
        row = []
        for c in range(image.shape[1] - width + 1):
            row.append((image[r : r + height, c : c + width] * kernel).sum() + bias)
        rows.append(torch.stack(row))
    return torch.stack(rows)


# %% right="loops that fill a tensor"
def conv2d_single(image, kernel, bias=0.0):
    rows = output_size(image.shape[0], kernel.shape[0])
    columns = output_size(image.shape[1], kernel.shape[1])
    output = image.new_zeros(rows, columns)
    for r in range(rows):
        for c in range(columns):
            window = image[r : r + kernel.shape[0], c : c + kernel.shape[1]]
            output[r, c] = (window * kernel).sum() + bias
    return output


# %% right="four nested loops, value by value"
import torch


def conv2d_single(image, kernel, bias=0.0):
    H, W = image.shape
    kH, kW = kernel.shape
    y = torch.zeros(H - kH + 1, W - kW + 1, dtype=image.dtype)
    for r in range(y.shape[0]):
        for c in range(y.shape[1]):
            total = bias
            for i in range(kH):
                for j in range(kW):
                    total = total + kernel[i, j] * image[r + i, c + j]
            y[r, c] = total
    return y


# %% right="Tensor.unfold and einsum"
import torch


def conv2d_single(image, kernel, bias=0.0):
    windows = image.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
    return torch.einsum("rcij,ij->rc", windows, kernel) + bias


# %% right="functional unfold"
import torch.nn.functional as F


def conv2d_single(image, kernel, bias=0.0):
    columns = F.unfold(image[None, None], kernel.shape)[0]
    return (kernel.reshape(1, -1) @ columns + bias).reshape(-1, image.shape[1] - kernel.shape[1] + 1)


# %% wrong="kernel flipped" from="Tensor.unfold and einsum" caught_by="cross_correlation"
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     return torch.einsum("rcij,ij->rc", windows, kernel.flip(0, 1)) + bias

# %% wrong="kernel flipped along its columns" from="Tensor.unfold and einsum" caught_by="cross_correlation"
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     return torch.einsum("rcij,ij->rc", windows, kernel.flip(1)) + bias

# %% wrong="kernel transposed" from="Tensor.unfold and einsum" caught_by="cross_correlation"
# -     windows = image.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     windows = image.unfold(0, kernel.shape[1], 1).unfold(1, kernel.shape[0], 1)
# +     return torch.einsum("rcij,ij->rc", windows, kernel.T) + bias


# %% wrong="matrix product instead of elementwise product" caught_by="whole_output, first_output"
import torch


def conv2d_single(image, kernel, bias=0.0):
    k_h, k_w = kernel.shape
    rows, columns = image.shape[0] - k_h + 1, image.shape[1] - k_w + 1
    return torch.stack(
        [
            torch.stack([(image[r : r + k_h, c : c + k_w] @ kernel).sum() + bias for c in range(columns)])
            for r in range(rows)
        ]
    )


# %% wrong="bias forgotten" from="Tensor.unfold and einsum" caught_by="bias, other_shapes"
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     return torch.einsum("rcij,ij->rc", windows, kernel)

# %% wrong="bias once per weight" from="sum of shifted images, weight by weight" caught_by="bias, other_shapes"
# -     return sum(kernel[i, j] * image[i : i + rows, j : j + columns] for i in range(k_h) for j in range(k_w)) + bias
# +     return sum(kernel[i, j] * image[i : i + rows, j : j + columns] + bias for i in range(k_h) for j in range(k_w))

# %% wrong="bias to the first value only" from="Tensor.unfold and einsum" caught_by="bias"
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     output = torch.einsum("rcij,ij->rc", windows, kernel)
# +     output[0, 0] += bias
# +     return output

# %% wrong="the slide's 0: a bias of -1 built in" from="Tensor.unfold and einsum" caught_by="whole_output, first_output"
# - def conv2d_single(image, kernel, bias=0.0):
# + def conv2d_single(image, kernel, bias=-1.0):

# %% wrong="padded to the size of the image" from="Tensor.unfold and einsum" caught_by="first_output, whole_output"
#   import torch
# + import torch.nn.functional as F

#   def conv2d_single(image, kernel, bias=0.0):
# +     image = F.pad(image, (kernel.shape[1] // 2,) * 2 + (kernel.shape[0] // 2,) * 2)


# %% wrong="output one too small" caught_by="first_output, whole_output"
import torch


def conv2d_single(image, kernel, bias=0.0):
    rows, columns = image.shape[0] - kernel.shape[0], image.shape[1] - kernel.shape[1]
    output = torch.zeros(rows, columns)
    for r in range(rows):
        for c in range(columns):
            output[r, c] = (image[r : r + kernel.shape[0], c : c + kernel.shape[1]] * kernel).sum() + bias
    return output


# %% wrong="rows and columns of the output swapped" from="Tensor.unfold and einsum" caught_by="whole_output, other_shapes"
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     return torch.einsum("rcij,ij->cr", windows, kernel) + bias


# %% wrong="image taken for square" caught_by="other_shapes"
import torch


def conv2d_single(image, kernel, bias=0.0):
    size = image.shape[0] - kernel.shape[0] + 1
    output = image.new_zeros(size, size)
    for r in range(size):
        for c in range(size):
            output[r, c] = (image[r : r + kernel.shape[0], c : c + kernel.shape[1]] * kernel).sum() + bias
    return output


# %% wrong="kernel taken for square" from="Tensor.unfold and einsum" caught_by="other_shapes"
# -     windows = image.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
# +     k = kernel.shape[0]
# +     windows = image.unfold(0, k, 1).unfold(1, k, 1)


# %% wrong="kernel of 3x3 hard-coded" caught_by="other_shapes"
def conv2d_single(image, kernel, bias=0.0):
    rows, columns = image.shape[0] - 2, image.shape[1] - 2
    return sum(kernel[i, j] * image[i : i + rows, j : j + columns] for i in range(3) for j in range(3)) + bias


# %% wrong="view of a tensor that is not contiguous" from="functional unfold" caught_by="other_shapes"
# -     return (kernel.reshape(1, -1) @ columns + bias).reshape(-1, image.shape[1] - kernel.shape[1] + 1)
# +     return (kernel.view(1, -1) @ columns + bias).view(-1, image.shape[1] - kernel.shape[1] + 1)


# %% wrong="downcast to float32" caught_by="inputs"
import torch


def conv2d_single(image, kernel, bias=0.0):
    k_h, k_w = kernel.shape
    output = torch.zeros(image.shape[0] - k_h + 1, image.shape[1] - k_w + 1)
    for r in range(output.shape[0]):
        for c in range(output.shape[1]):
            output[r, c] = (image[r : r + k_h, c : c + k_w] * kernel).sum() + bias
    return output


# %% wrong="float64 computed in float32" from="Tensor.unfold and einsum" caught_by="inputs"
# -     windows = image.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     windows = image.float().unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
# +     return (torch.einsum("rcij,ij->rc", windows, kernel.float()) + bias).to(image.dtype)

# %% wrong="output written into the image" from="Tensor.unfold and einsum" caught_by="inputs"
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     output = torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     image[: output.shape[0], : output.shape[1]] = output
# +     return output


# %% wrong="no gradient: through .item()" from="downcast to float32" caught_by="gradients"
# -     output = torch.zeros(image.shape[0] - k_h + 1, image.shape[1] - k_w + 1)
# +     output = torch.zeros(image.shape[0] - k_h + 1, image.shape[1] - k_w + 1, dtype=image.dtype)

# -             output[r, c] = (image[r : r + k_h, c : c + k_w] * kernel).sum() + bias
# +             output[r, c] = (image[r : r + k_h, c : c + k_w] * kernel).sum().item() + bias

# %% wrong="no gradient: through NumPy" caught_by="gradients"
import numpy as np
import torch


def conv2d_single(image, kernel, bias=0.0):
    windows = np.lib.stride_tricks.sliding_window_view(image.numpy(), tuple(kernel.shape))
    return torch.from_numpy((windows * kernel.numpy()).sum((-2, -1)) + image.numpy().dtype.type(bias))


# %% wrong="no gradient for the kernel" from="Tensor.unfold and einsum" caught_by="gradients"
# -     return torch.einsum("rcij,ij->rc", windows, kernel) + bias
# +     return torch.einsum("rcij,ij->rc", windows, kernel.detach()) + bias


# %% wrong="backward fails: the weights are overwritten after use" caught_by="gradients"
def conv2d_single(image, kernel, bias=0.0):
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    weight, output = kernel[0, 0].clone(), bias
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            weight.copy_(kernel[i, j])
            output = output + weight * image[i : i + rows, j : j + columns]
    return output


# %% wrong="image set to zero, so that the bias alone would seem right" caught_by="whole_output, cross_correlation, other_shapes, inputs"
def conv2d_single(image, kernel, bias=0.0):
    image.data.zero_()
    return image.new_full((image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1), bias)


# %% wrong="PyTorch's convolution" caught_by="by_hand"
import torch.nn.functional as F


def conv2d_single(image, kernel, bias=0.0):
    return F.conv2d(image[None, None], kernel[None, None])[0, 0] + bias


# %% wrong="PyTorch's convolution under another name" caught_by="by_hand"
from torch.nn.functional import conv2d as harmless


def conv2d_single(image, kernel, bias=0.0):
    return harmless(image[None, None], kernel[None, None])[0, 0] + bias


# %% wrong="numpy.convolve row by row" caught_by="by_hand"
import numpy as np


def conv2d_single(image, kernel, bias=0.0):
    rows = []
    for r in range(image.shape[0] - kernel.shape[0] + 1):
        parts = [np.convolve(image[r + i], kernel[i].flip(0), "valid") for i in range(kernel.shape[0])]
        rows.append(torch.tensor(sum(parts)) + bias)
    return torch.stack(rows)
