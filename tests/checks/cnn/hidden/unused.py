"""TODO unused"""

from autograder.checking import Experiment

from .helpers import _pixels, majority_class, train_given_cnn

# Real X-rays need a download, and a linear model does as well on them as a CNN: measured, but not used by a check.
FIT_CNN_ON_PNEUMONIA = Experiment(
    "fit_cnn_on_pneumonia",
    train_given_cnn,
    dataset="pneumoniamnist",
    metric="auc",
    data=_pixels,
    baselines={"majority class": majority_class},
)
