# %% right="a Sequential around it"
from torch import nn
from torchvision.models import resnet18


def adapt_resnet18(n_outputs=1, in_channels=1, weights=None):
    model = resnet18(weights=None)
    if weights is not None:
        model.load_state_dict(weights)
    model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
    model.fc = nn.Linear(512, n_outputs)
    return nn.Sequential(model, nn.Flatten(0)) if n_outputs == 1 else model


# %% right="a class of its own, with the head outside"
import torch
from torch import nn
from torchvision import models


class _Adapted(nn.Module):
    def __init__(self, backbone, in_channels, n_outputs):
        super().__init__()
        old = backbone.conv1
        geometry = {key: getattr(old, key) for key in ("kernel_size", "stride", "padding", "dilation")}
        backbone.conv1 = nn.Conv2d(in_channels, old.out_channels, bias=False, **geometry)
        self.n_outputs = n_outputs
        self.head = nn.Linear(backbone.fc.in_features, n_outputs)
        backbone.fc = nn.Identity()
        self.backbone = backbone

    def forward(self, x):
        logits = self.head(self.backbone(x))
        return logits.squeeze(1) if self.n_outputs == 1 else logits


def adapt_resnet18(n_outputs=1, in_channels=1, weights=None):
    backbone = models.resnet18()
    if weights:
        backbone.load_state_dict({name: value.clone() for name, value in weights.items()})
    return _Adapted(backbone, in_channels, n_outputs)


# %% right="layers exchanged first, then what fits is loaded"
from torch import nn
from torchvision.models import resnet18


def adapt_resnet18(n_outputs=1, in_channels=1, weights=None):
    model = resnet18(num_classes=n_outputs)
    model.conv1 = nn.Conv2d(in_channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    if weights is not None:
        kept = {k: v for k, v in weights.items() if not k.startswith(("conv1", "fc"))}
        missing, unexpected = model.load_state_dict(kept, strict=False)
        assert not unexpected and set(missing) == {"conv1.weight", "fc.weight", "fc.bias"}
    if n_outputs == 1:
        model.fc = nn.Sequential(model.fc, nn.Flatten(start_dim=0))
    return model


# %% right="old kernels averaged over their channels, a hook for the shape"
from torch import nn
from torchvision.models import resnet18


def adapt_resnet18(n_outputs=1, in_channels=1, weights=None):
    model = resnet18()
    if weights is not None:
        model.load_state_dict(weights)
    grey = model.conv1.weight.detach().mean(1, keepdim=True)
    model.conv1 = nn.Conv2d(in_channels, 64, (7, 7), (2, 2), (3, 3), bias=False)
    model.conv1.weight.data = grey.repeat(1, in_channels, 1, 1)
    model.fc = nn.Linear(model.fc.in_features, n_outputs)
    if n_outputs == 1:
        model.register_forward_hook(lambda module, inputs, output: output.view(-1))
    return model


# %% wrong="shape (N, 1)" from="a Sequential around it" caught_by="logits"
# -     return nn.Sequential(model, nn.Flatten(0)) if n_outputs == 1 else model
# +     return model

# %% wrong="squeeze loses a batch of one image" from="a Sequential around it" caught_by="logits"
# + class _Squeeze(nn.Module):
# +     def forward(self, x):
# +         return x.squeeze()
# +
# +
#   def adapt_resnet18(n_outputs=1, in_channels=1, weights=None):
# -     model = resnet18(weights=None)
# +     model = resnet18()

# -     return nn.Sequential(model, nn.Flatten(0)) if n_outputs == 1 else model
# +     return nn.Sequential(model, _Squeeze())

# %% wrong="flattened for several outputs too" from="a Sequential around it" caught_by="logits"
# -     return nn.Sequential(model, nn.Flatten(0)) if n_outputs == 1 else model
# +     return nn.Sequential(model, nn.Flatten(0))

# %% wrong="first convolution not exchanged" from="a Sequential around it" caught_by="logits"
# -     model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)


# %% wrong="grey images repeated to three channels" caught_by="logits, new_layers"
from torch import nn
from torchvision.models import resnet18


class _Repeat(nn.Module):
    def forward(self, x):
        return x.expand(-1, 3, -1, -1)


def adapt_resnet18(n_outputs=1, in_channels=1, weights=None):
    model = resnet18()
    if weights is not None:
        model.load_state_dict(weights)
    model.fc = nn.Linear(512, n_outputs)
    flatten = [nn.Flatten(0)] if n_outputs == 1 else []
    return nn.Sequential(_Repeat(), model, *flatten)


# %% wrong="last layer added, not exchanged" from="a Sequential around it" caught_by="new_layers"
# -     model.fc = nn.Linear(512, n_outputs)
# +     model.fc = nn.Sequential(model.fc, nn.Linear(1000, n_outputs))

# %% wrong="sigmoid after the last layer" from="a Sequential around it" caught_by="weights"
# -     return nn.Sequential(model, nn.Flatten(0)) if n_outputs == 1 else model
# +     return nn.Sequential(model, nn.Flatten(0), nn.Sigmoid()) if n_outputs == 1 else model

# %% wrong="first convolution with a bias" from="a Sequential around it" caught_by="new_layers"
# -     model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
# +     model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3)

# %% wrong="first convolution 3×3" from="a Sequential around it" caught_by="new_layers"
# -     model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
# +     model.conv1 = nn.Conv2d(in_channels, 64, 3, 1, 1, bias=False)

# %% wrong="stride of the first convolution forgotten" from="a Sequential around it" caught_by="weights"
# -     model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
# +     model.conv1 = nn.Conv2d(in_channels, 64, 7, padding=3, bias=False)

# %% wrong="padding of the first convolution forgotten" from="a Sequential around it" caught_by="weights"
# -     model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
# +     model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, bias=False)

# %% wrong="pooling after the stem removed" from="a Sequential around it" caught_by="weights"
#       model.fc = nn.Linear(512, n_outputs)
# +     model.maxpool = nn.Identity()

# %% wrong="weights ignored" from="a Sequential around it" caught_by="weights"
# -         model.load_state_dict(weights)
# +         pass


# %% wrong="loaded after the layers were exchanged, the error swallowed" caught_by="weights"
from torch import nn
from torchvision.models import resnet18


def adapt_resnet18(n_outputs=1, in_channels=1, weights=None):
    model = resnet18()
    model.fc = nn.Linear(512, n_outputs)
    model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
    try:
        if weights is not None:
            model.load_state_dict({k: v for k, v in weights.items() if k.startswith("layer1")}, strict=True)
    except RuntimeError:
        pass
    return nn.Sequential(model, nn.Flatten(0)) if n_outputs == 1 else model


# %% wrong="loaded although shapes differ" from="a Sequential around it" caught_by="weights, colour"
# -     model = resnet18(weights=None)
# -     if weights is not None:
# -         model.load_state_dict(weights)
# +     model = resnet18()

#       model.fc = nn.Linear(512, n_outputs)
# +     if weights is not None:
# +         model.load_state_dict(weights, strict=False)

# %% wrong="running statistics not loaded" from="a Sequential around it" caught_by="weights"
# -         model.load_state_dict(weights)
# +         model.load_state_dict({k: v for k, v in weights.items() if "running" not in k}, strict=False)


# %% wrong="given weights emptied" from="loaded although shapes differ" caught_by="weights_stay"
# -     model = resnet18()
# +     model = resnet18(num_classes=n_outputs)
#       model.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
# -     model.fc = nn.Linear(512, n_outputs)
#       if weights is not None:
# +         for name in ("conv1.weight", "fc.weight", "fc.bias"):
# +             weights.pop(name)

# %% wrong="memory shared with the given weights" from="a Sequential around it" caught_by="weights_stay"
# -         model.load_state_dict(weights)
# +         model.load_state_dict(weights, assign=True)
