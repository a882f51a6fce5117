"""TODO unused"""

from autograder.checking import Experiment

from .helpers import _pixels, majority_class, train_given_resnet

# Real X-rays need a download, and a linear model does as well on them as a ResNet: measured, but not used by a check.
FIT_RESNET_ON_PNEUMONIA = Experiment(
    "fit_resnet_on_pneumonia",
    train_given_resnet,
    dataset="pneumoniamnist",
    metric="auc",
    data=_pixels,
    baselines={"majority class": majority_class},
)
