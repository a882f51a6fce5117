"""Small models, built on the student's side, whose maps can be computed by hand or independently."""

import torch


def weighted_sum(weight):
    """Return a model whose logit is the sum of all pixels, each times its weight of shape (C, H, W)."""

    class WeightedSum(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(weight.clone())

        def forward(self, images):
            return (images * self.weight).sum((1, 2, 3))

    return WeightedSum()


# Gradients of the two feature maps of `two_maps`: their means are 1 and −1.
CAM_GRADIENTS = torch.tensor([[[4.0, 0], [0, 0]], [[0, -8], [2, 2]]])


def two_maps(gradients, stride):
    """Return a model with two feature maps A, the pixels and 3 minus the pixels, and the logit sum(gradients · A)."""

    class TwoMaps(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(1, 2, 1, stride=stride)
            self.layer.weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
            self.layer.bias.data = torch.tensor([0.0, 3.0])
            self.gradients = torch.nn.Parameter(gradients.clone())

        def forward(self, images):
            return (self.layer(images) * self.gradients).sum((1, 2, 3))

    return TwoMaps()


def network(in_channels, in_place):
    """Return a small convolutional network in evaluation mode, always with the same weights.

    It takes images of any size; ``in_place`` is for its first ReLU.
    """

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.features = torch.nn.Sequential(
                torch.nn.Conv2d(in_channels, 4, 3, padding=1),
                torch.nn.BatchNorm2d(4),
                torch.nn.ReLU(inplace=in_place),
                torch.nn.MaxPool2d(2),
                torch.nn.Conv2d(4, 5, 3, padding=1),
                torch.nn.Tanh(),
                torch.nn.Dropout(0.4),
            )
            self.classifier = torch.nn.Linear(5, 1)

        def head(self, features):
            return 10 * self.classifier((features + features**2).mean((2, 3))).squeeze(1)

        def forward(self, images):
            return self.head(self.features(images))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(31)
        model = Network()
        normalisation = model.features[1]
        normalisation.running_mean.normal_()
        normalisation.running_var.uniform_(0.2, 2.0)
    return model.eval()


def pixel_maps():
    """Return a model with one layer of two feature maps: the image, and its negative."""
    layer = torch.nn.Conv2d(1, 2, 1, bias=False)
    layer.weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
    rest = torch.nn.AdaptiveMaxPool2d(1), torch.nn.Flatten(), torch.nn.Linear(2, 1), torch.nn.Flatten(0)
    return torch.nn.Sequential(layer, *rest)
