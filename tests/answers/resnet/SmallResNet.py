# %% right="one Sequential"
import torch
import torch.nn.functional as F
from torch import nn


class SmallResNet(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, widths=(8, 16, 32)):
        super().__init__()
        layers = [nn.Conv2d(in_channels, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]
        before = widths[0]
        for stage, width in enumerate(widths):
            layers.append(ResidualBlock(before, width, 1 if stage == 0 else 2))
            before = width
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(before, n_outputs)

    def forward(self, images):
        x = self.pool(self.features(images)).flatten(1)
        x = self.fc(x)
        return x[:, 0] if x.shape[1] == 1 else x


# %% right="two blocks per stage, average over the flattened positions"
import torch
import torch.nn.functional as F
from torch import nn


class SmallResNet(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, widths=(8, 16, 32)):
        super().__init__()
        self.n_outputs = n_outputs
        self.stem = nn.Conv2d(in_channels, widths[0], kernel_size=3, padding=1)
        self.stages = nn.ModuleList()
        for i in range(len(widths)):
            first = ResidualBlock(widths[max(i - 1, 0)], widths[i], stride=2 if i else 1)
            self.stages.append(nn.Sequential(first, ResidualBlock(widths[i], widths[i])))
        self.out = nn.Linear(widths[-1], n_outputs)

    def forward(self, images):
        x = torch.relu(self.stem(images))
        for stage in self.stages:
            x = stage(x)
        x = self.out(x.flatten(2).mean(-1))
        return x.reshape(-1) if self.n_outputs == 1 else x


# %% right="head first, functional pooling, zero-initialised"
import torch
import torch.nn.functional as F
from torch import nn


class SmallResNet(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, widths=(8, 16, 32)):
        super().__init__()
        widths = list(widths)
        self.head = nn.Linear(widths[-1], n_outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        strides = [1] + [2] * (len(widths) - 1)
        pairs = zip([widths[0]] + widths[:-1], widths, strides)
        self.body = nn.ModuleDict({f"stage{i}": ResidualBlock(*pair) for i, pair in enumerate(pairs)})
        self.begin = nn.Sequential(nn.Conv2d(in_channels, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]))

    def forward(self, images):
        maps = F.relu(self.begin(images))
        for stage in self.body.values():
            maps = stage(maps)
        means = F.adaptive_avg_pool2d(maps, (1, 1))[..., 0, 0]
        logits = means @ self.head.weight.T + self.head.bias
        return logits.squeeze(-1)


# %% wrong="flattened, so only one image size works" from="one Sequential" caught_by="image_sizes"
# -         self.fc = nn.Linear(before, n_outputs)
# +         self.fc = nn.Linear(before * (28 // 2 ** (len(widths) - 1)) ** 2, n_outputs)

# -         x = self.pool(self.features(images)).flatten(1)
# +         x = self.features(images).flatten(1)

# %% wrong="pooled with a fixed window of 7" from="one Sequential" caught_by="image_sizes"
# -         self.pool = nn.AdaptiveAvgPool2d(1)
# +         self.pool = nn.AvgPool2d(7)

# %% wrong="pooled to 2×2 places" from="one Sequential" caught_by="pooling"
# -         self.pool = nn.AdaptiveAvgPool2d(1)
# -         self.fc = nn.Linear(before, n_outputs)
# +         self.pool = nn.AdaptiveAvgPool2d(2)
# +         self.fc = nn.Linear(4 * before, n_outputs)

# %% wrong="global maximum pooling" from="one Sequential" caught_by="pooling"
# -         self.pool = nn.AdaptiveAvgPool2d(1)
# +         self.pool = nn.AdaptiveMaxPool2d(1)

# %% wrong="sum over the places of one axis" from="one Sequential" caught_by="logits"
# -         x = self.pool(self.features(images)).flatten(1)
# +         x = self.features(images).mean(-1)

# %% wrong="stride 2 in the first stage too" from="one Sequential" caught_by="stages"
# -             layers.append(ResidualBlock(before, width, 1 if stage == 0 else 2))
# +             layers.append(ResidualBlock(before, width, 2))

# %% wrong="no stride at all" from="one Sequential" caught_by="stages"
# -             layers.append(ResidualBlock(before, width, 1 if stage == 0 else 2))
# +             layers.append(ResidualBlock(before, width, 1))

# %% wrong="stem with stride 2" from="one Sequential" caught_by="stages"
# -         layers = [nn.Conv2d(in_channels, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]
# +         layers = [nn.Conv2d(in_channels, widths[0], 3, stride=2, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]

# %% wrong="maximum pooling after the stem" from="one Sequential" caught_by="stages"
# -         layers = [nn.Conv2d(in_channels, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]
# +         layers = [
# +             nn.Conv2d(in_channels, widths[0], 3, padding=1),
# +             nn.BatchNorm2d(widths[0]),
# +             nn.ReLU(),
# +             nn.MaxPool2d(2),
# +         ]


# %% wrong="always three stages" caught_by="stages"
import torch
import torch.nn.functional as F
from torch import nn


class SmallResNet(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, widths=(8, 16, 32)):
        super().__init__()
        a, b, c = widths[:3]
        self.stem = nn.Conv2d(in_channels, a, 3, padding=1)
        self.stages = nn.Sequential(ResidualBlock(a, a), ResidualBlock(a, b, 2), ResidualBlock(b, c, 2))
        self.fc = nn.Linear(c, n_outputs)

    def forward(self, images):
        x = self.fc(self.stages(F.relu(self.stem(images))).mean((2, 3)))
        return x.squeeze(1) if x.shape[1] == 1 else x


# %% wrong="widths ignored" from="one Sequential" caught_by="stages"
#           super().__init__()
# +         widths = (8, 16, 32)

# %% wrong="no block in the first stage" from="one Sequential" caught_by="stages"
# -             layers.append(ResidualBlock(before, width, 1 if stage == 0 else 2))
# +             if stage:
# +                 layers.append(ResidualBlock(before, width, 2))

# %% wrong="plain convolutions instead of blocks" from="one Sequential" caught_by="shortcuts"
# -             layers.append(ResidualBlock(before, width, 1 if stage == 0 else 2))
# +             layers += [
# +                 nn.Conv2d(before, width, 3, 2 if stage else 1, 1),
# +                 nn.ReLU(),
# +                 nn.Conv2d(width, width, 3, 1, 1),
# +                 nn.ReLU(),
# +             ]

# %% wrong="sigmoid at the end" from="one Sequential" caught_by="unbounded"
# -         x = self.fc(x)
# +         x = torch.sigmoid(self.fc(x))

# %% wrong="ReLU at the end" from="one Sequential" caught_by="unbounded"
# -         x = self.fc(x)
# +         x = F.relu(self.fc(x))

# %% wrong="softmax at the end for several outputs" from="one Sequential" caught_by="unbounded"
# -         return x[:, 0] if x.shape[1] == 1 else x
# +         return x[:, 0] if x.shape[1] == 1 else x.softmax(1)

# %% wrong="shape (N, 1)" from="one Sequential" caught_by="logits"
# -         return x[:, 0] if x.shape[1] == 1 else x
# +         return x

# %% wrong="only the first output returned" from="one Sequential" caught_by="logits"
# -         return x[:, 0] if x.shape[1] == 1 else x
# +         return x[:, 0]

# %% wrong="squeeze loses a batch of one image" from="one Sequential" caught_by="batch_of_one"
# -         return x[:, 0] if x.shape[1] == 1 else x
# +         return x.squeeze()

# %% wrong="n_outputs ignored" from="one Sequential" caught_by="logits"
# -         self.fc = nn.Linear(before, n_outputs)
# +         self.fc = nn.Linear(before, 1)

# %% wrong="in_channels ignored" from="one Sequential" caught_by="logits"
# -         layers = [nn.Conv2d(in_channels, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]
# +         layers = [nn.Conv2d(1, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]

# %% wrong="only the first channel used" from="one Sequential" caught_by="channels"
# -         layers = [nn.Conv2d(in_channels, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]
# +         layers = [nn.Conv2d(1, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]

# -         x = self.pool(self.features(images)).flatten(1)
# +         x = self.pool(self.features(images[:, :1])).flatten(1)

# %% wrong="channels averaged" from="one Sequential" caught_by="channels"
# -         layers = [nn.Conv2d(in_channels, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]
# +         layers = [nn.Conv2d(1, widths[0], 3, padding=1), nn.BatchNorm2d(widths[0]), nn.ReLU()]

# -         x = self.pool(self.features(images)).flatten(1)
# +         x = self.pool(self.features(images.mean(1, keepdim=True))).flatten(1)

# %% wrong="a layer that is not used" from="one Sequential" caught_by="gradients"
#           self.pool = nn.AdaptiveAvgPool2d(1)
# +         self.extra = nn.Linear(before, before)

# %% wrong="images normalised with the batch, in every mode" from="one Sequential" caught_by="batch_of_one"
#       def forward(self, images):
# +         images = (images - images.mean()) / (images.std() + 1e-6)

# %% wrong="two linear layers of a thousand" from="one Sequential" caught_by="stages"
# -         self.fc = nn.Linear(before, n_outputs)
# +         self.fc = nn.Sequential(
# +             nn.Linear(before, 1000), nn.ReLU(), nn.Linear(1000, 1000), nn.ReLU(), nn.Linear(1000, n_outputs)
# +         )
