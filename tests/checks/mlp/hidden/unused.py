"""TODO unused"""

from autograder.checking import Experiment

from .helpers import majority_class, train_given_mlp

# On these images a linear model is as good as an MLP: they show that an answer trains at all.
FIT_ON_PNEUMONIA = Experiment(
    "fit_on_pneumonia",
    train_given_mlp,
    dataset="pneumoniamnist",
    metric="accuracy",
    baselines={"majority class": majority_class},
)
