# %% [markdown]
# Right and wrong answers to `MLP`.


# %% right="a ModuleList and functions"
import torch.nn.functional as F
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        self.dropout = dropout
        sizes = [in_features, *hidden_features, out_features]
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))

    def forward(self, x):
        x = x.reshape(len(x), -1)
        for linear in self.linears[:-1]:
            x = F.dropout(F.relu(linear(x)), self.dropout, training=self.training)
        x = self.linears[-1](x)
        return x.squeeze(-1) if x.size(-1) == 1 else x


# %% right="the last layer is made first, He initialisation, dropout before the ReLU"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        self.head = nn.Linear([in_features, *hidden_features][-1], out_features)
        nn.init.zeros_(self.head.weight)
        blocks = []
        for n in hidden_features:
            linear = nn.Linear(in_features, n)
            nn.init.kaiming_normal_(linear.weight)
            blocks.append(nn.Sequential(linear, nn.Dropout(dropout), nn.ReLU()))
            in_features = n
        self.body = nn.Sequential(nn.Flatten(), *blocks)
        self.out_features = out_features

    def forward(self, x):
        logits = self.head(self.body(x))
        return logits.flatten() if self.out_features == 1 else logits


# %% right="lazy layers, one by one by name"
import torch
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        self.depth = len(hidden_features)
        for place, n in enumerate((*hidden_features, out_features)):
            self.add_module(f"layer{place}", nn.LazyLinear(n))
        self.drop = nn.Dropout(p=dropout) if dropout > 0 else nn.Identity()
        self(torch.zeros(1, in_features))

    def forward(self, x):
        x = torch.flatten(x, start_dim=1)
        for place in range(self.depth):
            x = self.drop(torch.clamp(getattr(self, f"layer{place}")(x), min=0))
        x = getattr(self, f"layer{self.depth}")(x)
        if x.shape[1] == 1:
            x = x.squeeze(1)
        return x


# %% wrong="no ReLU" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="ReLU after the last layer" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        layers.append(nn.ReLU())
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="sigmoid after the last layer" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        layers.append(nn.Sigmoid())
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="sigmoid as the activation" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.Sigmoid())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="tanh as the activation" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.Tanh())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="leaky ReLU" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.LeakyReLU(0.1))
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="ReLU on the input too" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1).relu())
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="softmax for several outputs" caught_by="forward"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits.softmax(1)


# %% wrong="shape (N, 1)" caught_by="logits"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits


# %% wrong="squeeze of all axes" caught_by="batch_of_one"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits.squeeze()


# %% wrong="not flattened" caught_by="logits"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x)
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="flattened to 784 whatever in_features says" caught_by="logits"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.reshape(-1, 784))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="view of images that are not contiguous" caught_by="batch_of_one"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.view(len(x), -1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="out_features ignored" caught_by="logits"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, 1))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="hidden_features ignored" caught_by="layers"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in (128, 64):
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="always two hidden layers" caught_by="layers, no_hidden_layer"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        first, second = hidden_features[0], hidden_features[1]
        self.layers = nn.Sequential(
            nn.Linear(in_features, first),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(first, second),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(second, out_features),
        )

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="no biases" caught_by="layers"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n, bias=False))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="layers in a plain list" caught_by="layers"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        sizes = (in_features, *hidden_features, out_features)
        self.linears = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]

    def forward(self, x):
        x = x.flatten(1)
        for linear in self.linears[:-1]:
            x = linear(x).relu()
        x = self.linears[-1](x)
        return x[:, 0] if x.shape[1] == 1 else x


# %% wrong="dropout ignored" caught_by="dropout"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="nn.Dropout's own default" caught_by="dropout"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout())
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="the share that is kept" caught_by="dropout"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(1 - dropout if dropout else 0.0))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="dropout after the last layer too" caught_by="dropout"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = []
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="dropout of the input" caught_by="dropout"
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        layers = [nn.Dropout(dropout)]
        for n in hidden_features:
            layers.append(nn.Linear(in_features, n))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            in_features = n
        layers.append(nn.Linear(in_features, out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        logits = self.layers(x.flatten(1))
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="dropout in eval mode too" caught_by="dropout"
import torch.nn.functional as F
from torch import nn


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(128, 64), out_features=1, dropout=0.0):
        super().__init__()
        self.dropout = dropout
        sizes = (in_features, *hidden_features, out_features)
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        x = x.flatten(1)
        for linear in self.linears[:-1]:
            x = F.dropout(linear(x).relu(), self.dropout)
        x = self.linears[-1](x)
        return x[:, 0] if x.shape[1] == 1 else x
