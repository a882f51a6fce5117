# %% right="all layers written out, functional forward"
import torch
import torch.nn.functional as F
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        self.n_outputs = n_outputs
        self.conv1 = nn.Conv2d(in_channels, 8, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=3, padding=1)
        self.fc1 = nn.Linear(16 * (image_size // 4) * (image_size // 4), 100)
        self.fc2 = nn.Linear(100, n_outputs)

    def forward(self, images):
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        x = self.fc2(x)
        return x[:, 0] if self.n_outputs == 1 else x


# %% right="three blocks, batch norm, dropout"
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        layers, channels, size = [], in_channels, image_size
        for width in (8, 16, 32):
            layers += [
                nn.Conv2d(channels, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
            ]
            channels, size = width, size // 2
        self.net = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(channels * size * size, n_outputs))
        self.single = n_outputs == 1

    def forward(self, images):
        output = self.net(images)
        return output.flatten() if self.single else output


# %% right="the size found by a forward pass, a last layer of zeros"
import torch
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        self.body = nn.Sequential(conv_block(in_channels, 12), conv_block(12, 12))
        with torch.no_grad():
            features = self.body(torch.zeros(1, in_channels, image_size, image_size)).numel()
        self.hidden, self.last = nn.Linear(features, 48), nn.Linear(48, n_outputs)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, images):
        logits = self.last(self.hidden(self.body(images).flatten(start_dim=1)).relu())
        return logits.squeeze(-1) if logits.size(-1) == 1 else logits


# %% right="any size by adaptive pooling, leaky and ELU"
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(in_channels, 16, 3, padding=1),
                nn.LeakyReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(16, 16, 3, padding=1),
                nn.ELU(),
                nn.AdaptiveMaxPool2d(7),
                nn.Flatten(),
                nn.Linear(16 * 49, 64),
                nn.ReLU(),
                nn.Linear(64, n_outputs),
            ]
        )

    def forward(self, images):
        x = images
        for layer in self.layers:
            x = layer(x)
        return x.reshape(len(x)) if x.shape[1] == 1 else x


# %% right="strided convolutions in place of pooling, He's initialisation"
from torch import nn


class SimpleCNN(nn.Sequential):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__(
            nn.Conv2d(in_channels, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * (image_size // 4) ** 2, 64),
            nn.ReLU(),
            nn.Linear(64, n_outputs),
        )
        for module in self:
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, images):
        logits = super().forward(images)
        return logits.squeeze(1) if logits.shape[1] == 1 else logits


# %% right="global max-pooling and batch norm"
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(in_channels, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.second = nn.Sequential(nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2))
        self.third = nn.Sequential(nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU())
        self.decide = nn.Linear(24, n_outputs)

    def forward(self, images):
        maps = self.third(self.second(self.first(images)))
        logits = self.decide(maps.amax(dim=(2, 3)))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% right="5×5 kernels, average pooling, tanh, Xavier's initialisation, as in LeNet" held_out=true
import torch
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        side = image_size // 4
        self.c1 = nn.Conv2d(in_channels, 6, 5, padding=2)
        self.s2 = nn.AvgPool2d(2)
        self.c3 = nn.Conv2d(6, 16, 5, padding=2)
        self.s4 = nn.AvgPool2d(2)
        self.f5 = nn.Linear(16 * side * side, 60)
        self.out = nn.Linear(60, n_outputs)
        for layer in (self.c1, self.c3, self.f5):
            nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))
            nn.init.zeros_(layer.bias)

    def forward(self, images):
        maps = self.s2(torch.tanh(self.c1(images)))
        maps = self.s4(torch.tanh(self.c3(maps)))
        scores = self.out(torch.tanh(self.f5(maps.flatten(1))))
        return scores[:, 0] if scores.size(1) == 1 else scores


# %% right="deeper and narrow, group norm, global average pooling, orthogonal initialisation" held_out=true
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        widths = [in_channels, 12, 12, 24, 24]
        body = []
        for place, (before, after) in enumerate(zip(widths, widths[1:])):
            body += [nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(4, after), nn.SiLU()]
            if place in (1, 3):
                body.append(nn.MaxPool2d(2))
        self.body = nn.ModuleList(body)
        self.classifier = nn.Linear(widths[-1], n_outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.orthogonal_(module.weight, gain=2**0.5)

    def forward(self, x):
        for part in self.body:
            x = part(x)
        x = self.classifier(x.mean(dim=(2, 3)))
        return x.squeeze(1) if x.shape[1] == 1 else x


# %% right="two blocks, one linear layer" held_out=true
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
        self.head = nn.Linear(16 * (image_size // 4) ** 2, n_outputs)

    def forward(self, images):
        logits = self.head(self.features(images))
        return logits.squeeze(1) if logits.shape[1] == 1 else logits


# %% right="two blocks, a hidden layer" from="two blocks, one linear layer" held_out=true
# -         self.head = nn.Linear(16 * (image_size // 4) ** 2, n_outputs)
# +         self.head = nn.Sequential(nn.Linear(16 * (image_size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, n_outputs))

# %% wrong="image size hard-coded" from="two blocks, a hidden layer" caught_by="logits, image_sizes"
# -         self.head = nn.Sequential(nn.Linear(16 * (image_size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, n_outputs))
# +         self.head = nn.Sequential(nn.Linear(16 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, n_outputs))

# -         logits = self.head(self.features(images))
# -         return logits.squeeze(1) if logits.shape[1] == 1 else logits
# +         return self.head(self.features(images)).squeeze(1)

# %% wrong="image size written down for 28 and 32" from="two blocks, a hidden layer" caught_by="image_sizes"
# -         self.head = nn.Sequential(nn.Linear(16 * (image_size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, n_outputs))
# +         self.head = nn.Sequential(nn.Linear(784 if image_size == 28 else 1024, 64), nn.ReLU(), nn.Linear(64, n_outputs))

# %% wrong="shape (N, 1)" from="two blocks, one linear layer" caught_by="logits"
# -         logits = self.head(self.features(images))
# -         return logits.squeeze(1) if logits.shape[1] == 1 else logits
# +         return self.head(self.features(images).relu())

# %% wrong="squeeze of every axis" from="two blocks, one linear layer" caught_by="batch_of_one"
# -         logits = self.head(self.features(images))
# -         return logits.squeeze(1) if logits.shape[1] == 1 else logits
# +         return self.head(self.features(images)).squeeze()

# %% wrong="sigmoid after the last layer" from="two blocks, one linear layer" caught_by="unbounded"
# + import torch
#   from torch import nn

# -         logits = self.head(self.features(images))
# -         return logits.squeeze(1) if logits.shape[1] == 1 else logits
# +         return torch.sigmoid(self.head(self.features(images)).squeeze(1))

# %% wrong="sigmoid for one output, softmax for more" from="two blocks, one linear layer" caught_by="unbounded"
# -         return logits.squeeze(1) if logits.shape[1] == 1 else logits
# +         return logits[:, 0].sigmoid() if logits.shape[1] == 1 else logits.softmax(1)

# %% wrong="log-softmax for more than one output" from="two blocks, one linear layer" caught_by="unbounded"
# -         return logits.squeeze(1) if logits.shape[1] == 1 else logits
# +         return logits[:, 0] if logits.shape[1] == 1 else logits.log_softmax(1)

# %% wrong="ReLU after the last layer" from="two blocks, one linear layer" caught_by="unbounded"
# + import torch.nn.functional as F
#   from torch import nn

# -         logits = self.head(self.features(images))
# +         logits = F.relu(self.head(self.features(images)))


# %% wrong="no ReLU" caught_by="not_linear"
import torch.nn.functional as F
from torch import nn


class SimpleCNN(nn.Module):
    def __init__(self, in_channels=1, n_outputs=1, image_size=28):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * (image_size // 4) ** 2, 64)
        self.fc2 = nn.Linear(64, n_outputs)

    def forward(self, images):
        x = F.max_pool2d(self.conv1(images), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        logits = self.fc2(self.fc1(x.flatten(1)))
        return logits.squeeze(1) if logits.shape[1] == 1 else logits


# %% wrong="only the first channel used" from="two blocks, one linear layer" caught_by="channels"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# +         self.features = nn.Sequential(conv_block(1, 8), conv_block(8, 16), nn.Flatten())

# -         logits = self.head(self.features(images))
# +         logits = self.head(self.features(images[:, :1]))

# %% wrong="channels averaged" from="two blocks, one linear layer" caught_by="channels"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# +         self.features = nn.Sequential(conv_block(1, 8), conv_block(8, 16), nn.Flatten())

# -         logits = self.head(self.features(images))
# +         logits = self.head(self.features(images.mean(1, keepdim=True)))

# %% wrong="in_channels ignored" from="two blocks, one linear layer" caught_by="channels"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# +         self.features = nn.Sequential(conv_block(1, 8), conv_block(8, 16), nn.Flatten())

# %% wrong="too many parameters" from="two blocks, a hidden layer" caught_by="layers"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# -         self.head = nn.Sequential(nn.Linear(16 * (image_size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, n_outputs))
# +         self.features = nn.Sequential(conv_block(in_channels, 16), conv_block(16, 32), nn.Flatten())
# +         self.head = nn.Sequential(nn.Linear(32 * (image_size // 4) ** 2, 128), nn.ReLU(), nn.Linear(128, n_outputs))


# %% wrong="an MLP" from="two blocks, one linear layer" caught_by="layers"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# -         self.head = nn.Linear(16 * (image_size // 4) ** 2, n_outputs)
# +         self.net = nn.Sequential(
# +             nn.Flatten(), nn.Linear(in_channels * image_size**2, 64), nn.ReLU(), nn.Linear(64, n_outputs)
# +         )

# -         logits = self.head(self.features(images))
# +         logits = self.net(images)

# %% wrong="one convolution" from="two blocks, a hidden layer" caught_by="layers"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# -         self.head = nn.Sequential(nn.Linear(16 * (image_size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, n_outputs))
# +         self.features = nn.Sequential(conv_block(in_channels, 8), nn.MaxPool2d(2), nn.Flatten())
# +         self.head = nn.Sequential(nn.Linear(8 * (image_size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, n_outputs))

# %% wrong="blocks in a plain list" from="two blocks, one linear layer" caught_by="layers"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# +         self.blocks = [conv_block(in_channels, 8), conv_block(8, 16)]

# -         logits = self.head(self.features(images))
# +         for block in self.blocks:
# +             images = block(images)
# +         logits = self.head(images.flatten(1))

# %% wrong="an MLP with unused convolutions" from="an MLP" caught_by="gradients"
#           super().__init__()
# +         self.convolutions = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16))

#       def forward(self, images):
# +         self.convolutions(images)

# %% wrong="features detached" from="two blocks, a hidden layer" caught_by="gradients"
# + import torch
#   from torch import nn

# -         logits = self.head(self.features(images))
# +         with torch.no_grad():
# +             features = self.features(images)
# +         logits = self.head(features)

# %% wrong="images of a batch mixed by normalising over it" from="two blocks, a hidden layer" caught_by="batch_of_one"
#       def forward(self, images):
# +         images = (images - images.mean()) / (images.std() + 1e-6)


# %% wrong="dropout also in evaluation mode" from="ReLU after the last layer" caught_by="batch_of_one"
# -         self.head = nn.Linear(16 * (image_size // 4) ** 2, n_outputs)
# +         self.hidden = nn.Linear(16 * (image_size // 4) ** 2, 64)
# +         self.last = nn.Linear(64, n_outputs)

# -         logits = F.relu(self.head(self.features(images)))
# +         x = F.dropout(self.hidden(self.features(images)).relu(), 0.5)
# +         logits = self.last(x)

# %% wrong="n_outputs ignored" from="two blocks, one linear layer" caught_by="logits"
# -         self.head = nn.Linear(16 * (image_size // 4) ** 2, n_outputs)
# +         self.head = nn.Linear(16 * (image_size // 4) ** 2, 1)

# -         logits = self.head(self.features(images))
# -         return logits.squeeze(1) if logits.shape[1] == 1 else logits
# +         return self.head(self.features(images)).squeeze(1)

# %% wrong="too little of the image is left: one number a map" from="two blocks, one linear layer" caught_by="beats_the_mlp"
# -         self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16), nn.Flatten())
# -         self.head = nn.Linear(16 * (image_size // 4) ** 2, n_outputs)
# +         self.features = nn.Sequential(conv_block(in_channels, 2), conv_block(2, 2))
# +         self.head = nn.Linear(2, n_outputs)

# -         logits = self.head(self.features(images))
# +         logits = self.head(self.features(images).mean((2, 3)))
