# %% right="as in torchvision, with ReLUs in place"
import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


# %% right="without batch norms, with biases"
import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.same = (in_channels, 1) == (out_channels, stride)
        if not self.same:
            self.match = nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride)
        self.first = nn.Conv2d(
            in_channels, out_channels, kernel_size=3, stride=stride, padding="same" if stride == 1 else 1
        )
        self.second = nn.Conv2d(out_channels, out_channels, kernel_size=3, padding="same")
        nn.init.zeros_(self.second.weight)

    def forward(self, x):
        y = self.second(torch.clamp(self.first(x), min=0))
        return torch.clamp(y + (x if self.same else self.match(x)), min=0)


# %% right="pixels picked by slicing, then projected; last batch norm starts at zero"
import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.stride = stride
        self.layers = nn.ModuleList()
        for n, s in ((in_channels, stride), (out_channels, 1)):
            self.layers.append(
                nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(n, out_channels, 3, stride=s), nn.BatchNorm2d(out_channels))
            )
        nn.init.zeros_(self.layers[1][2].weight)
        keep = stride == 1 and in_channels == out_channels
        self.mix = nn.Identity() if keep else nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x):
        way_around = self.mix(x[:, :, :: self.stride, :: self.stride])
        for place, layer in enumerate(self.layers):
            x = layer(x) if place == 0 else layer(x.relu())
        return torch.maximum(x + way_around, torch.zeros(()))


# %% right="shortcut first, an empty Sequential as the identity, dropout in F"
import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.skip = nn.Sequential()
        if in_channels != out_channels or stride > 1:
            self.skip.append(nn.Conv2d(in_channels, out_channels, (1, 1), (stride, stride)))
        self.net = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, (3, 3), (stride, stride), (1, 1)),
            nn.BatchNorm2d(out_channels, momentum=0.05),
            nn.ReLU(inplace=True),
            nn.Dropout(0.05),
            nn.Conv2d(out_channels, out_channels, (3, 3), padding=(1, 1)),
            nn.BatchNorm2d(out_channels, momentum=0.05),
        )
        self.act = nn.ReLU()

    def forward(self, x):
        return self.act(self.skip(x).add(self.net(x)))


# %% right="two convolutions, then the shortcut" from="as in torchvision, with ReLUs in place"
# -         self.relu = nn.ReLU(inplace=True)

# -         identity = x
# -         out = self.relu(self.bn1(self.conv1(x)))
# +         shortcut = x if self.downsample is None else self.downsample(x)
# +         out = F.relu(self.bn1(self.conv1(x)))
#           out = self.bn2(self.conv2(out))
# -         if self.downsample is not None:
# -             identity = self.downsample(x)
# -         out += identity
# -         return self.relu(out)
# +         return F.relu(out + shortcut)

# %% wrong="no projection on the shortcut" from="two convolutions, then the shortcut" caught_by="shapes"
# -         if stride != 1 or in_channels != out_channels:
# +         if False:

# %% wrong="projection only where the channels change" from="two convolutions, then the shortcut" caught_by="shapes"
# -         if stride != 1 or in_channels != out_channels:
# +         if in_channels != out_channels:

# %% wrong="projection only where there is a stride" from="two convolutions, then the shortcut" caught_by="shapes"
# -         if stride != 1 or in_channels != out_channels:
# +         if stride != 1:

# %% wrong="projection everywhere" from="two convolutions, then the shortcut" caught_by="identity"
# -         if stride != 1 or in_channels != out_channels:
# +         if True:

# %% wrong="projection without the stride" from="two convolutions, then the shortcut" caught_by="shapes"
# -                 nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
# +                 nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)

# %% wrong="stride ignored" from="two convolutions, then the shortcut" caught_by="shapes"
# -         self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
# +         self.conv1 = nn.Conv2d(in_channels, out_channels, 3, 1, 1, bias=False)

# -                 nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
# +                 nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)

# %% wrong="stride in both convolutions" from="two convolutions, then the shortcut" caught_by="shapes"
# -         self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
# +         self.conv2 = nn.Conv2d(out_channels, out_channels, 3, stride, 1, bias=False)

# %% wrong="no padding" from="two convolutions, then the shortcut" caught_by="shapes"
# -         self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
# +         self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, bias=False)
#           self.bn1 = nn.BatchNorm2d(out_channels)
# -         self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
# +         self.conv2 = nn.Conv2d(out_channels, out_channels, 3, bias=False)

# %% wrong="ReLU before the addition" from="two convolutions, then the shortcut" caught_by="sum"
# -         out = self.bn2(self.conv2(out))
# +         out = F.relu(self.bn2(self.conv2(out)))

# %% wrong="ReLU before the addition instead of after it" from="two convolutions, then the shortcut" caught_by="identity"
# -         out = self.bn2(self.conv2(out))
# -         return F.relu(out + shortcut)
# +         out = F.relu(self.bn2(self.conv2(out)))
# +         return out + shortcut

# %% wrong="last ReLU missing" from="two convolutions, then the shortcut" caught_by="identity, projection"
# -         return F.relu(out + shortcut)
# +         return out + shortcut

# %% wrong="ReLU between the convolutions missing" from="two convolutions, then the shortcut" caught_by="not_linear"
# -         out = F.relu(self.bn1(self.conv1(x)))
# +         out = self.bn1(self.conv1(x))

# %% wrong="shortcut missing" from="two convolutions, then the shortcut" caught_by="identity, projection"
# -         return F.relu(out + shortcut)
# +         return F.relu(out)

# %% wrong="multiplied instead of added" from="two convolutions, then the shortcut" caught_by="identity"
# -         return F.relu(out + shortcut)
# +         return F.relu(out * shortcut)

# %% wrong="put side by side instead of added" from="two convolutions, then the shortcut" caught_by="shapes"
# -         return F.relu(out + shortcut)
# +         return F.relu(torch.cat([out, shortcut], dim=1))

# %% wrong="ReLU after the projection" from="two convolutions, then the shortcut" caught_by="sum"
# -                 nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
# +                 nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU()

# %% wrong="projection with a 3×3 kernel" from="two convolutions, then the shortcut" caught_by="projection"
# -                 nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
# +                 nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False), nn.BatchNorm2d(out_channels)


# %% wrong="projection replaced by pooling and zeros" caught_by="projection"
import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride = stride

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = x[:, :, :: self.stride, :: self.stride]
        shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, out.shape[1] - x.shape[1]))
        return F.relu(out + shortcut)


# %% wrong="input changed by += on the shortcut" from="two convolutions, then the shortcut" caught_by="inputs"
# -         return F.relu(out + shortcut)
# +         shortcut += out
# +         return F.relu(shortcut)

# %% wrong="ReLU in place on the input" from="two convolutions, then the shortcut" caught_by="inputs"
#           self.bn2 = nn.BatchNorm2d(out_channels)
# +         self.relu = nn.ReLU(inplace=True)

# -         out = F.relu(self.bn1(self.conv1(x)))
# +         out = F.relu(self.bn1(self.conv1(self.relu(x))))

# %% wrong="shortcut detached" from="two convolutions, then the shortcut" caught_by="gradients"
# -         return F.relu(out + shortcut)
# +         return F.relu(out + shortcut.detach())

# %% wrong="statistics of the batch in evaluation mode" from="two convolutions, then the shortcut" caught_by="alone"
# -         self.bn1 = nn.BatchNorm2d(out_channels)
# +         self.bn1 = nn.BatchNorm2d(out_channels, track_running_stats=False)

# %% wrong="a single convolution in F" from="two convolutions, then the shortcut" caught_by="neighbours, not_linear"
# -         out = F.relu(self.bn1(self.conv1(x)))
# -         out = self.bn2(self.conv2(out))
# +         out = self.bn1(self.conv1(x))


# %% wrong="layers in a plain list" caught_by="identity"
import torch
import torch.nn.functional as F
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.layers = [
            nn.Conv2d(in_channels, out_channels, 3, stride, 1),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1),
        ]
        self.keep = stride == 1 and in_channels == out_channels
        self.project = nn.Conv2d(in_channels, out_channels, 1, stride)

    def forward(self, x):
        y = x
        for layer in self.layers:
            y = layer(y)
        return F.relu(y + (x if self.keep else self.project(x)))
