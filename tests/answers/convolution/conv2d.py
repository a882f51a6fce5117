# %% right="functional unfold and a matrix product"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    N, C, H, W = images.shape
    O, _, kH, kW = weight.shape
    columns = F.unfold(images, (kH, kW), padding=padding, stride=stride)
    output = torch.matmul(weight.flatten(1), columns)
    if bias is not None:
        output = output + bias[:, None]
    return output.reshape(N, O, (H + 2 * padding - kH) // stride + 1, (W + 2 * padding - kW) // stride + 1)


# %% right="loop over the weights of the kernel, einsum over the channels"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    rows = output_size(images.shape[2], weight.shape[2], stride, padding)
    columns = output_size(images.shape[3], weight.shape[3], stride, padding)
    padded = F.pad(images, (padding,) * 4)
    output = 0
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            shifted = padded[:, :, i::stride, j::stride][:, :, :rows, :columns]
            output = output + torch.einsum("nchw,oc->nohw", shifted, weight[:, :, i, j])
    return output if bias is None else output + bias[None, :, None, None]


# %% right="Tensor.unfold and einsum"
import torch
from torch.nn.functional import pad


def conv2d(images, weight, bias=None, stride=1, padding=0):
    images = pad(images, (padding, padding, padding, padding))
    windows = images.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
    output = torch.einsum("ncrsij,ocij->nors", windows, weight)
    if bias is not None:
        output += bias.view(-1, 1, 1)
    return output


# %% right="padded by hand, loop over the places"
import torch


def conv2d(images, weight, bias=None, stride=1, padding=0):
    n, channels, height, width = images.shape
    padded = torch.zeros(n, channels, height + 2 * padding, width + 2 * padding, dtype=images.dtype)
    padded[:, :, padding : padding + height, padding : padding + width] = images
    k_h, k_w = weight.shape[-2:]
    rows = []
    for top in range(0, padded.shape[2] - k_h + 1, stride):
        row = []
        for left in range(0, padded.shape[3] - k_w + 1, stride):
            window = padded[:, None, :, top : top + k_h, left : left + k_w]
            row.append((window * weight).sum((2, 3, 4)))
        rows.append(torch.stack(row, dim=-1))
    output = torch.stack(rows, dim=-2)
    return output if bias is None else output + bias.reshape(1, -1, 1, 1)


# %% right="conv2d_single for every image, kernel and channel"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4)
    batch = []
    for image in padded:
        maps = []
        for o, kernel in enumerate(weight):
            total = sum(conv2d_single(channel, table) for channel, table in zip(image, kernel))
            maps.append(total[::stride, ::stride] + (0 if bias is None else bias[o]))
        batch.append(torch.stack(maps))
    return torch.stack(batch)


# %% right="windows by as_strided, tensordot"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4).contiguous()
    n, channels, height, width = padded.shape
    k_h, k_w = weight.shape[2:]
    size = (n, channels, (height - k_h) // stride + 1, (width - k_w) // stride + 1, k_h, k_w)
    s_n, s_c, s_h, s_w = padded.stride()
    windows = padded.as_strided(size, (s_n, s_c, s_h * stride, s_w * stride, s_h, s_w))
    output = torch.tensordot(windows, weight, dims=([1, 4, 5], [1, 2, 3]))
    if bias is not None:
        output = output + bias
    return output.permute(0, 3, 1, 2)


# %% right="loops over the places and the kernels, filling a tensor"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4)
    k_h, k_w = weight.shape[2:]
    rows = (padded.shape[2] - k_h) // stride + 1
    columns = (padded.shape[3] - k_w) // stride + 1
    output = images.new_zeros(images.shape[0], weight.shape[0], rows, columns)
    for r in range(rows):
        for c in range(columns):
            window = padded[:, :, r * stride : r * stride + k_h, c * stride : c * stride + k_w]
            for o in range(weight.shape[0]):
                value = (window * weight[o]).sum(dim=(1, 2, 3))
                output[:, o, r, c] = value if bias is None else value + bias[o]
    return output


# %% right="windows and einsum"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
    output = torch.einsum("ncrsij,ocij->nors", windows, weight)
    return output if bias is None else output + bias[:, None, None]


# %% right="columns times a matrix of kernels"
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    output = weight.flatten(1) @ F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
    if bias is not None:
        output = output + bias[:, None]
    rows = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    return output.reshape(images.shape[0], weight.shape[0], rows, -1)


# %% wrong="kernel flipped" from="windows and einsum" caught_by="channels_and_kernels, rows_and_columns"
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# +     output = torch.einsum("ncrsij,ocij->nors", windows, weight.flip(2, 3))

# %% wrong="padding forgotten left and right" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     padded = F.pad(images, (0, 0, padding, padding))
# +     windows = padded.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="padding forgotten above and below" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     padded = F.pad(images, (padding, padding))
# +     windows = padded.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="padding ignored" from="windows and einsum" caught_by="stride_and_padding, settings"
# - import torch.nn.functional as F

# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     windows = images.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="border repeated instead of zeros" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     padded = F.pad(images, (padding,) * 4, mode="replicate")
# +     windows = padded.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="padding with ones" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     padded = F.pad(images, (padding,) * 4, value=1.0)
# +     windows = padded.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="padding on the right and below only" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     padded = F.pad(images, (0, 2 * padding, 0, 2 * padding))
# +     windows = padded.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="the output is padded instead of the images" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# +     windows = images.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     output = F.pad(torch.einsum("ncrsij,ocij->nors", windows, weight), (padding,) * 4)

# %% wrong="stride ignored" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], 1).unfold(3, weight.shape[3], 1)

# %% wrong="stride along the rows only" from="windows and einsum" caught_by="stride_and_padding, settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], 1)


# %% wrong="output of the right size, but the windows do not step by the stride" caught_by="stride_and_padding, settings"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4)
    rows = (padded.shape[2] - weight.shape[2]) // stride + 1
    columns = (padded.shape[3] - weight.shape[3]) // stride + 1
    output = 0
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            shifted = padded[:, :, i : i + rows, j : j + columns]
            output = output + torch.einsum("nchw,oc->nohw", shifted, weight[:, :, i, j])
    return output if bias is None else output + bias[:, None, None]


# %% wrong="dilation instead of stride" from="columns times a matrix of kernels" caught_by="stride_and_padding, settings"
# -     output = weight.flatten(1) @ F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
# +     columns = F.unfold(images, weight.shape[2:], padding=padding, dilation=stride)
# +     output = weight.flatten(1) @ columns

# -     rows = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
# +     rows = images.shape[2] + 2 * padding - stride * (weight.shape[2] - 1)

# %% wrong="bias forgotten" from="columns times a matrix of kernels" caught_by="lecture_example, bias"
# -     if bias is not None:
# -         output = output + bias[:, None]

# %% wrong="bias once per weight" from="loop over the weights of the kernel, einsum over the channels" caught_by="lecture_example, bias"
# -     return output if bias is None else output + bias[None, :, None, None]
# +             if bias is not None:
# +                 output = output + bias[:, None, None]
# +     return output

# %% wrong="bias once per channel" from="conv2d_single for every image, kernel and channel" caught_by="bias, settings"
# -             total = sum(conv2d_single(channel, table) for channel, table in zip(image, kernel))
# -             maps.append(total[::stride, ::stride] + (0 if bias is None else bias[o]))
# +             b = 0.0 if bias is None else bias[o]
# +             maps.append(sum(conv2d_single(x, w) + b for x, w in zip(image, kernel))[::stride, ::stride])

# %% wrong="bias along the columns" from="windows and einsum" caught_by="bias, settings"
# -     return output if bias is None else output + bias[:, None, None]
# +     return output if bias is None else output + bias

# %% wrong="the first bias for all kernels" from="windows and einsum" caught_by="bias, settings"
# -     return output if bias is None else output + bias[:, None, None]
# +     return output if bias is None else output + bias[0]

# %% wrong="only the first channel" from="windows and einsum" caught_by="channels_and_kernels, settings"
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# +     output = torch.einsum("nrsij,oij->nors", windows[:, 0], weight[:, 0])

# %% wrong="only the first kernel" from="windows and einsum" caught_by="channels_and_kernels, settings"
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# -     return output if bias is None else output + bias[:, None, None]
# +     output = torch.einsum("ncrsij,cij->nrs", windows, weight[0])[:, None]
# +     return output if bias is None else output + bias[0]

# %% wrong="channels not summed" from="windows and einsum" caught_by="channels_and_kernels, settings"
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# -     return output if bias is None else output + bias[:, None, None]
# +     output = torch.einsum("ncrsij,ocij->nocrs", windows, weight)
# +     return output if bias is None else output + bias[:, None, None, None]

# %% wrong="mean over the channels" from="windows and einsum" caught_by="channels_and_kernels, settings"
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# +     output = torch.einsum("ncrsij,ocij->nors", windows, weight) / images.shape[1]

# %% wrong="only the first image of the batch" from="windows and einsum" caught_by="channels_and_kernels"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     windows = F.pad(images[:1], (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="output one too small" from="loop over the weights of the kernel, einsum over the channels" caught_by="lecture_example, channels_and_kernels"
# -     rows = output_size(images.shape[2], weight.shape[2], stride, padding)
# -     columns = output_size(images.shape[3], weight.shape[3], stride, padding)
#       padded = F.pad(images, (padding,) * 4)
# +     rows = (padded.shape[2] - weight.shape[2]) // stride
# +     columns = (padded.shape[3] - weight.shape[3]) // stride

# -     return output if bias is None else output + bias[None, :, None, None]
# +     return output if bias is None else output + bias[:, None, None]

# %% wrong="output size rounded up" from="windows and einsum" caught_by="settings"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     padded = F.pad(images, (padding,) * 4)
# +     extra_rows = -(padded.shape[2] - weight.shape[2]) % stride
# +     extra_columns = -(padded.shape[3] - weight.shape[3]) % stride
# +     padded = F.pad(padded, (0, extra_columns, 0, extra_rows))
# +     windows = padded.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)

# %% wrong="rows and columns of the output swapped" from="windows and einsum" caught_by="rows_and_columns, channels_and_kernels"
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# +     output = torch.einsum("ncrsij,ocij->nosr", windows, weight)

# %% wrong="rows and columns of the kernel swapped" from="windows and einsum" caught_by="rows_and_columns, channels_and_kernels"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# +     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[3], stride).unfold(3, weight.shape[2], stride)
# +     output = torch.einsum("ncrsij,ocji->nors", windows, weight)

# %% wrong="output taken for square" from="columns times a matrix of kernels" caught_by="rows_and_columns"
# -     rows = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
# -     return output.reshape(images.shape[0], weight.shape[0], rows, -1)
# +     size = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
# +     return output.reshape(images.shape[0], weight.shape[0], size, size)

# %% wrong="kernel taken for square" from="windows and einsum" caught_by="rows_and_columns"
# -     windows = F.pad(images, (padding,) * 4).unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
# +     k = weight.shape[2]
# +     windows = F.pad(images, (padding,) * 4).unfold(2, k, stride).unfold(3, k, stride)

# %% wrong="rows and columns exchanged in the final reshape" from="columns times a matrix of kernels" caught_by="rows_and_columns"
# -     rows = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
# -     return output.reshape(images.shape[0], weight.shape[0], rows, -1)
# +     columns = (images.shape[3] + 2 * padding - weight.shape[3]) // stride + 1
# +     return output.reshape(images.shape[0], weight.shape[0], columns, -1)

# %% wrong="view of a tensor that is not contiguous" from="columns times a matrix of kernels" caught_by="rows_and_columns"
# -     output = weight.flatten(1) @ F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
# +     output = weight.view(weight.shape[0], -1) @ F.unfold(images, weight.shape[2:], padding=padding, stride=stride)

# -     return output.reshape(images.shape[0], weight.shape[0], rows, -1)
# +     return output.view(images.shape[0], weight.shape[0], rows, -1)

# %% wrong="batch of one squeezed" from="windows and einsum" caught_by="batch_of_one, lecture_example"
# -     return output if bias is None else output + bias[:, None, None]
# +     return (output if bias is None else output + bias[:, None, None]).squeeze(0)

# %% wrong="inner axes squeezed where the kernel fits once" from="windows and einsum" caught_by="batch_of_one"
# -     output = torch.einsum("ncrsij,ocij->nors", windows, weight)
# +     output = torch.einsum("ncrsij,ocij->nors", windows, weight).squeeze(3).squeeze(2)


# %% wrong="downcast to float32" caught_by="inputs"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4)
    k_h, k_w = weight.shape[2:]
    rows, columns = (padded.shape[2] - k_h) // stride + 1, (padded.shape[3] - k_w) // stride + 1
    output = torch.zeros(images.shape[0], weight.shape[0], rows, columns)
    for r in range(rows):
        for c in range(columns):
            window = padded[:, None, :, r * stride : r * stride + k_h, c * stride : c * stride + k_w]
            output[:, :, r, c] = (window * weight).sum((2, 3, 4))
    return output if bias is None else output + bias.float()[:, None, None]


# %% wrong="float64 computed in float32" from="columns times a matrix of kernels" caught_by="inputs"
# -     output = weight.flatten(1) @ F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
# +     columns = F.unfold(images.float(), weight.shape[2:], padding=padding, stride=stride)
# +     output = (weight.float().flatten(1) @ columns).to(images.dtype)

# %% wrong="bias negated in place" from="columns times a matrix of kernels" caught_by="inputs"
# -         output = output + bias[:, None]
# +         output = output - bias.neg_()[:, None]

# %% wrong="border of the images set to zero in place" from="columns times a matrix of kernels" caught_by="inputs, channels_and_kernels"
#   def conv2d(images, weight, bias=None, stride=1, padding=0):
# +     images[:, :, 0] = images[:, :, -1] = 0

# %% wrong="no gradient: torch.tensor copies the result" from="columns times a matrix of kernels" caught_by="gradients"
# + import torch
#   import torch.nn.functional as F

# -     return output.reshape(images.shape[0], weight.shape[0], rows, -1)
# +     return torch.tensor(output.reshape(images.shape[0], weight.shape[0], rows, -1).tolist(), dtype=images.dtype)


# %% wrong="no gradient: through NumPy" caught_by="gradients"
import numpy as np
import torch


def conv2d(images, weight, bias=None, stride=1, padding=0):
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, tuple(weight.shape[2:]), axis=(2, 3))
    output = np.einsum("ncrsij,ocij->nors", windows[:, :, ::stride, ::stride], weight.numpy())
    return torch.from_numpy(output if bias is None else output + bias.numpy()[:, None, None])


# %% wrong="no gradient for the weights" from="columns times a matrix of kernels" caught_by="gradients"
# -     output = weight.flatten(1) @ F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
# +     columns = F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
# +     output = weight.data.flatten(1) @ columns


# %% wrong="no gradient for the bias: .item()" caught_by="gradients"
import torch
import torch.nn.functional as F


def conv2d(images, weight, bias=None, stride=1, padding=0):
    padded = F.pad(images, (padding,) * 4)
    windows = padded.unfold(2, weight.shape[2], stride).unfold(3, weight.shape[3], stride)
    maps = []
    for o in range(weight.shape[0]):
        maps.append(torch.einsum("ncrsij,cij->nrs", windows, weight[o]))
        if bias is not None:
            maps[o] = maps[o] + bias[o].item()
    return torch.stack(maps, dim=1)


# %% wrong="six nested loops: too slow" caught_by="speed"
import torch


def conv2d(images, weight, bias=None, stride=1, padding=0):
    n_images, channels, height, width = images.shape
    n_kernels, _, k_h, k_w = weight.shape
    padded = torch.zeros(n_images, channels, height + 2 * padding, width + 2 * padding, dtype=images.dtype)
    padded[:, :, padding : padding + height, padding : padding + width] = images
    rows, columns = (padded.shape[2] - k_h) // stride + 1, (padded.shape[3] - k_w) // stride + 1
    output = torch.zeros(n_images, n_kernels, rows, columns, dtype=images.dtype)
    for n in range(n_images):
        for o in range(n_kernels):
            for r in range(rows):
                for c in range(columns):
                    total = 0.0 if bias is None else bias[o]
                    for i in range(k_h):
                        for j in range(k_w):
                            pixels = padded[n, :, r * stride + i, c * stride + j]
                            total = total + pixels @ weight[o, :, i, j]
                    output[n, o, r, c] = total
    return output


# %% wrong="inputs set to zero, so that zeros would seem right" caught_by="channels_and_kernels, stride_and_padding, rows_and_columns, settings, bias, inputs"
def conv2d(images, weight, bias=None, stride=1, padding=0):
    for x in (images, weight, bias):
        if x is not None:
            x.data.zero_()
    rows = output_size(images.shape[2], weight.shape[2], stride, padding)
    columns = output_size(images.shape[3], weight.shape[3], stride, padding)
    return images.new_zeros(images.shape[0], weight.shape[0], rows, columns)


# %% wrong="PyTorch's convolution" caught_by="by_hand"
def conv2d(images, weight, bias=None, stride=1, padding=0):
    return torch.nn.functional.conv2d(images, weight, bias, stride, padding)


# %% wrong="a layer of PyTorch that is given the weights" caught_by="by_hand"
def conv2d(images, weight, bias=None, stride=1, padding=0):
    layer = torch.nn.Conv2d(
        weight.shape[1], weight.shape[0], tuple(weight.shape[2:]), stride=stride, padding=padding, bias=bias is not None
    )
    values = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return torch.func.functional_call(layer, values, images)
