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


# %% right="a list of layers, one Sequential"
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
        return logits[:, 0] if logits.shape[1] == 1 else logits


# %% wrong="no ReLU" from="a list of layers, one Sequential" caught_by="forward"
# -             layers.append(nn.ReLU())

# %% wrong="ReLU after the last layer" from="a list of layers, one Sequential" caught_by="forward"
#           layers.append(nn.Linear(in_features, out_features))
# +         layers.append(nn.ReLU())

# %% wrong="sigmoid after the last layer" from="a list of layers, one Sequential" caught_by="forward"
#           layers.append(nn.Linear(in_features, out_features))
# +         layers.append(nn.Sigmoid())

# %% wrong="sigmoid as the activation" from="a list of layers, one Sequential" caught_by="forward"
# -             layers.append(nn.ReLU())
# +             layers.append(nn.Sigmoid())

# %% wrong="tanh as the activation" from="a list of layers, one Sequential" caught_by="forward"
# -             layers.append(nn.ReLU())
# +             layers.append(nn.Tanh())

# %% wrong="leaky ReLU" from="a list of layers, one Sequential" caught_by="forward"
# -             layers.append(nn.ReLU())
# +             layers.append(nn.LeakyReLU(0.1))

# %% wrong="ReLU on the input too" from="a list of layers, one Sequential" caught_by="forward"
# -         logits = self.layers(x.flatten(1))
# +         logits = self.layers(x.flatten(1).relu())

# %% wrong="softmax for several outputs" from="a list of layers, one Sequential" caught_by="forward"
# -         return logits[:, 0] if logits.shape[1] == 1 else logits
# +         return logits[:, 0] if logits.shape[1] == 1 else logits.softmax(1)

# %% wrong="shape (N, 1)" from="a list of layers, one Sequential" caught_by="logits"
# -         return logits[:, 0] if logits.shape[1] == 1 else logits
# +         return logits

# %% wrong="squeeze of all axes" from="a list of layers, one Sequential" caught_by="batch_of_one"
# -         return logits[:, 0] if logits.shape[1] == 1 else logits
# +         return logits.squeeze()

# %% wrong="not flattened" from="a list of layers, one Sequential" caught_by="logits"
# -         logits = self.layers(x.flatten(1))
# +         logits = self.layers(x)

# %% wrong="flattened to 784 whatever in_features says" from="a list of layers, one Sequential" caught_by="logits"
# -         logits = self.layers(x.flatten(1))
# +         logits = self.layers(x.reshape(-1, 784))

# %% wrong="view of images that are not contiguous" from="a list of layers, one Sequential" caught_by="batch_of_one"
# -         logits = self.layers(x.flatten(1))
# +         logits = self.layers(x.view(len(x), -1))

# %% wrong="out_features ignored" from="a list of layers, one Sequential" caught_by="logits"
# -         layers.append(nn.Linear(in_features, out_features))
# +         layers.append(nn.Linear(in_features, 1))

# %% wrong="hidden_features ignored" from="a list of layers, one Sequential" caught_by="layers"
# -         for n in hidden_features:
# +         for n in (128, 64):


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


# %% wrong="no biases" from="a list of layers, one Sequential" caught_by="layers"
# -             layers.append(nn.Linear(in_features, n))
# +             layers.append(nn.Linear(in_features, n, bias=False))


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


# %% wrong="dropout ignored" from="a list of layers, one Sequential" caught_by="dropout"
# -             layers.append(nn.Dropout(dropout))

# %% wrong="nn.Dropout's own default" from="a list of layers, one Sequential" caught_by="dropout"
# -             layers.append(nn.Dropout(dropout))
# +             layers.append(nn.Dropout())

# %% wrong="the share that is kept" from="a list of layers, one Sequential" caught_by="dropout"
# -             layers.append(nn.Dropout(dropout))
# +             layers.append(nn.Dropout(1 - dropout if dropout else 0.0))

# %% wrong="dropout after the last layer too" from="a list of layers, one Sequential" caught_by="dropout"
#           layers.append(nn.Linear(in_features, out_features))
# +         layers.append(nn.Dropout(dropout))

# %% wrong="dropout of the input" from="a list of layers, one Sequential" caught_by="dropout"
# -         layers = []
# +         layers = [nn.Dropout(dropout)]


# %% wrong="dropout in eval mode too" from="layers in a plain list" caught_by="dropout"
# + import torch.nn.functional as F
#   from torch import nn

# +         self.dropout = dropout
#           sizes = (in_features, *hidden_features, out_features)
# -         self.linears = [nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
# +         self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

# -             x = linear(x).relu()
# +             x = F.dropout(linear(x).relu(), self.dropout)
