# %% right="a class of its own, functional"
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.filters = nn.Conv2d(in_channels, out_channels, 3, padding="same")

    def forward(self, x):
        return F.max_pool2d(F.relu(self.filters(x)), 2)


def conv_block(in_channels, out_channels):
    return Block(in_channels, out_channels)


# %% right="pooling before the ReLU: they commute"
from torch import nn


def conv_block(in_channels, out_channels):
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, 1, 1), nn.MaxPool2d(2), nn.ReLU(inplace=True))


# %% right="without bias, with a batch norm"
from torch import nn


def conv_block(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=2, stride=2),
    )


# %% right="named layers, initialised after He"
from collections import OrderedDict

from torch import nn


def conv_block(in_channels, out_channels):
    convolution = nn.Conv2d(in_channels, out_channels, (3, 3), padding=(1, 1))
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    nn.init.zeros_(convolution.bias)
    return nn.Sequential(OrderedDict(convolution=convolution, activation=nn.ReLU(), pool=nn.MaxPool2d(2)))


# %% right="a zero frame, pooling by reshaping"
import torch
from torch import nn


class conv_block(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.frame = nn.ZeroPad2d(1)
        self.conv = nn.Conv2d(in_channels, out_channels, 3)

    def forward(self, x):
        y = torch.clamp(self.conv(self.frame(x)), min=0)
        n, c, h, w = y.shape
        y = y[:, :, : h // 2 * 2, : w // 2 * 2].reshape(n, c, h // 2, 2, w // 2, 2)
        return y.amax((3, 5))


# %% right="with dropout of whole maps"
from torch import nn


def conv_block(in_channels, out_channels):
    layers = [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(0.1)]
    return nn.Sequential(*layers)


# %% right="three layers in a Sequential"
from torch import nn


def conv_block(in_channels, out_channels):
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))


# %% right="a class of its own, padding as a number" from="a class of its own, functional"
# -         self.filters = nn.Conv2d(in_channels, out_channels, 3, padding="same")
# +         self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)

# -         return F.max_pool2d(F.relu(self.filters(x)), 2)
# +         return F.max_pool2d(F.relu(self.conv(x)), 2)

# %% wrong="ReLU missing" from="three layers in a Sequential" caught_by="values"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.MaxPool2d(2))

# %% wrong="average instead of max pooling" from="three layers in a Sequential" caught_by="values"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2))

# %% wrong="average pooling, then the ReLU" from="three layers in a Sequential" caught_by="values"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.AvgPool2d(2), nn.ReLU())

# %% wrong="stride 2 instead of pooling" from="three layers in a Sequential" caught_by="values"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, stride=2, padding=1), nn.ReLU())

# %% wrong="no padding" from="three layers in a Sequential" caught_by="halves"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3), nn.ReLU(), nn.MaxPool2d(2))

# %% wrong="no pooling" from="three layers in a Sequential" caught_by="halves"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU())

# %% wrong="overlapping pooling" from="three layers in a Sequential" caught_by="values"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1))

# %% wrong="5×5 kernels" from="three layers in a Sequential" caught_by="one_convolution"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))


# %% wrong="two convolutions" caught_by="one_convolution"
from torch import nn


def conv_block(in_channels, out_channels):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


# %% wrong="only the first channel used" from="a class of its own, padding as a number" caught_by="one_convolution"
# -         self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
# +         self.conv = nn.Conv2d(1, out_channels, 3, padding=1)

# -         return F.max_pool2d(F.relu(self.conv(x)), 2)
# +         return F.max_pool2d(F.relu(self.conv(x[:, :1])), 2)

# %% wrong="odd sizes rounded up" from="three layers in a Sequential" caught_by="other_shapes"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True))

# %% wrong="leaky ReLU" from="three layers in a Sequential" caught_by="values"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.LeakyReLU(), nn.MaxPool2d(2))

# %% wrong="the border repeated" from="three layers in a Sequential" caught_by="values"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1, padding_mode="replicate")
# +     return nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))

# %% wrong="the gradient cut off" from="a class of its own, padding as a number" caught_by="gradients"
# -         return F.max_pool2d(F.relu(self.conv(x)), 2)
# +         return F.max_pool2d(F.relu(self.conv(x)).detach(), 2)

# %% wrong="a list of layers" from="three layers in a Sequential" caught_by="halves"
# -     return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
# +     return [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]

# %% wrong="the layer not registered" from="a class of its own, padding as a number" caught_by="one_convolution"
# -         self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
# +         self.layers = [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]

# -         return F.max_pool2d(F.relu(self.conv(x)), 2)
# +         for layer in self.layers:
# +             x = layer(x)
# +         return x

# %% wrong="an axis lost with squeeze" from="a class of its own, padding as a number" caught_by="other_shapes"
# -         return F.max_pool2d(F.relu(self.conv(x)), 2)
# +         return F.max_pool2d(F.relu(self.conv(x)), 2).squeeze()
