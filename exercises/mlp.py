# generated from solutions/mlp.py by `autograder build`; do not edit

# %% [markdown]
# # From logistic regression to a multilayer perceptron
#
# Logistic regression weights all pixels, sums them and decides. A **multilayer perceptron** (MLP) puts layers in
# between, each with a nonlinear function, so it can bend the boundary between the two classes.
#
# In this exercise you build one and everything needed to train it: the loss that says how wrong a prediction is, the
# step that makes it less wrong, the loops around both, and what keeps the network from memorising its training images.
#
# | question | what you write | points |
# |---|---|---|
# | `binary_cross_entropy` | how wrong is a prediction? | 3 |
# | `sgd_step` | a step downhill | 2 |
# | `MLP` | the network | 3 |
# | `train_one_epoch` | one pass over the training data | 3 |
# | `evaluate` | accuracy, balanced accuracy, AUC | 3 |
# | `regularisation_penalty` | small weights, please | 1 |
# | `EarlyStopping` | when to stop | 1 |
# | `fit` | all of it combined, and how good the network gets | 4 |
#
# All of PyTorch is yours: `nn.Linear`, `nn.BCEWithLogitsLoss`, `torch.optim` and the rest.

# %%
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

# %% [markdown]
# ## 1. The loss
#
# Logistic regression turns a **logit** $z = \theta_0 + \sum_j \theta_j x_j$ into a probability $\hat y = \sigma(z)$
# that the label $y$ is 1. The lecture's loss of one sample, the **binary cross-entropy**, is
#
# $$ L(y, \hat y) \;=\; -\,y \log \hat y \;-\; (1 - y) \log (1 - \hat y) $$
#
# As $y$ is 0 or 1, only one of the two terms remains: minus the logarithm of the probability that the model gave the
# **true** class. Run the cell to see what that means.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
# import numpy as np
#
# # Colours that colour-blind readers can tell apart.
# BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#999999"
#
# probability = np.linspace(0.003, 0.997, 400)
# figure, panels = plt.subplots(1, 2, figsize=(8.5, 3.3), sharey=True, layout="constrained")
# for axes, truth in zip(panels, (1, 0)):
#     given = probability if truth else 1 - probability  # the probability of the true class
#     axes.plot(probability, -np.log(given), color=BLUE, label="natural logarithm")
#     axes.plot(probability, -np.log10(given), color=ORANGE, label="base 10, as in the lecture")
#     axes.axvspan(0.5, 1, color=GREEN if truth else PINK, alpha=0.15, linewidth=0)
#     axes.axvspan(0, 0.5, color=PINK if truth else GREEN, alpha=0.15, linewidth=0)
#     for place, word in ((0.25, "wrong" if truth else "right"), (0.75, "right" if truth else "wrong")):
#         axes.text(place, 5.3, word, ha="center")
#     axes.set(xlabel=r"predicted probability $\hat y$", title=f"true label y = {truth}", xlim=(0, 1), ylim=(0, 6))
# for probability_, base in ((0.01, 10), (0.01, math.e), (0.99, math.e)):
#     loss = -math.log(probability_, base)
#     panels[0].plot(probability_, loss, "o", color=ORANGE if base == 10 else BLUE)
#     shift = (8, 4) if probability_ < 0.5 else (-36, 8)
#     panels[0].annotate(f"{loss:.4f}", (probability_, loss), xytext=shift, textcoords="offset points")
# panels[0].set_ylabel("loss")
# panels[1].legend(loc="upper center", bbox_to_anchor=(0.42, 0.86))
# figure.suptitle("Sure and right costs almost nothing, sure and wrong costs a lot")
# plt.show()

# %% [markdown]
# **Two bases.** The lecture works with logarithms of base 10, PyTorch with natural ones, of base $e$. The two differ
# by a constant factor, $\log_b a = \ln a / \ln b$, so the best parameters are the same:
#
# | $y$ | $\hat y$ | base 10 | base $e$ |
# |---|---|---|---|
# | 1 | 0.01 | 2.0000 | 4.6052 |
# | 1 | 0.99 | 0.0044 | 0.0101 |
#
# **Zero and one.** A sigmoid rounds to exactly 0 or 1 when the logit is large. Then the formula contains
# $\log 0 = -\infty$, and multiplied by 0 that is NaN: one such sample ruins the whole training. So the loss must be
# finite there, near 0 for a correct prediction and large for a wrong one, and practically equal to the formula
# everywhere else. Mind how `float32` rounds: the largest number below 1 is about $1 - 6 \cdot 10^{-8}$.
#
# ### Question 1: `binary_cross_entropy`


# %% question="binary_cross_entropy"
def binary_cross_entropy(y_hat: Tensor, y: Tensor, base: float = math.e) -> Tensor:
    """Return the loss of each sample; the lecture's ``-y log(ŷ) - (1 - y) log(1 - ŷ)``.

    Parameters
    ----------
    y_hat
        Predicted probabilities from 0 to 1, both included, shape ``(N,)``; must not be modified.
    y
        Labels 0 and 1, shape ``(N,)``, the dtype of ``y_hat``.
    base
        Base of the logarithm: 10 in the lecture, e in PyTorch.

    Returns
    -------
    Tensor
        Shape ``(N,)``, one loss per sample, neither summed nor averaged. Finite even for predictions of exactly 0 and
        1; differentiable with respect to ``y_hat``.
    """
    # YOUR CODE HERE
    raise NotImplementedError("binary_cross_entropy is not implemented yet")


# %% [markdown]
# ## 2. A step downhill
#
# The loss of a model depends on its parameters $\theta$. Its **gradient** $\nabla L$ points to where the loss grows
# fastest, so gradient descent goes the opposite way, scaled by the **learning rate** $\alpha$:
#
# $$ \theta \;\leftarrow\; \theta - \alpha \, \nabla L(\theta) $$
#
# The figure shows eight steps with each of three learning rates.

# %% tags=["active-ipynb"]
# def valley(theta):
#     """A loss with one parameter, and its derivative."""
#     return theta**2 / 2 + 0.5, theta
#
#
# grid = np.linspace(-4.4, 4.4, 200)
# figure, panels = plt.subplots(1, 3, figsize=(8.5, 2.9), sharey=True, layout="constrained")
# for axes, rate, name in zip(panels, (0.1, 0.6, 2.05), ("too small", "good", "too large")):
#     places = [3.5]
#     for _ in range(8):
#         places.append(places[-1] - rate * valley(places[-1])[1])
#     places = np.array(places)
#     axes.plot(grid, valley(grid)[0], color=GREY)
#     axes.plot(places, valley(places)[0], "o-", color=BLUE, markersize=4, linewidth=1)
#     axes.plot(places[0], valley(places[0])[0], "o", color=ORANGE, label="start")
#     axes.set(xlabel=r"parameter $\theta$", title=f"$\\alpha$ = {rate}: {name}", xlim=(-5.6, 5.6), ylim=(0, 13))
# panels[0].set_ylabel(r"loss $L(\theta)$")
# panels[0].legend(loc="upper center")
# plt.show()

# %% [markdown]
# In PyTorch, `loss.backward()` stores the gradient in the `grad` of each parameter. The step changes the parameters
# **in place**: they belong to the network, and a new tensor would not change it. Three things to note:
#
# - The step is not part of the loss, so autograd must not record it.
# - A parameter that the loss does not depend on has no gradient: its `grad` is `None`. It does not change.
# - The parameters come from any iterable, such as `model.parameters()`, which can be iterated over only once.
#
# ### Question 2: `sgd_step`


# %% question="sgd_step"
def sgd_step(parameters: Iterable[Tensor], learning_rate: float) -> None:
    """Take a step of gradient descent in place: the lecture's ``θ ← θ - α∇L``.

    Parameters
    ----------
    parameters
        Leaves that require gradients. Those whose ``grad`` is None do not change; no ``grad`` is modified.
    learning_rate
        The lecture's α.
    """
    # YOUR CODE HERE
    raise NotImplementedError("sgd_step is not implemented yet")


# %% [markdown]
# ## 3. The network
#
# Logistic regression has one layer of weights. Its decision boundary, $z = 0$, is a straight line (in 784 dimensions: a
# hyperplane). An MLP puts **hidden layers** before it, each a linear function followed by a ReLU:
#
# $$
# h_1 = \max(0,\, W_1 x + b_1), \qquad h_2 = \max(0,\, W_2 h_1 + b_2), \qquad z = w_3 \cdot h_2 + b_3
# $$
#
# Without the ReLU between them, three linear layers in a row would be one linear layer. Nothing follows the last layer:
# the network returns the **logit**, which may be any number. The sigmoid belongs in the loss, `nn.BCEWithLogitsLoss`,
# which takes logits and computes both at once without rounding to 0 or 1.
#
# **Dropout** sets a random share of the hidden values to 0 while training, so that the network cannot rely on any
# single one of them. It is off in eval mode. `nn.Dropout` does both.
#
# **Shapes.** Images arrive as $(N, C, H, W)$ and are flattened to one row per sample. With one output, the logits have
# shape $(N,)$, like the labels. Leaving them as $(N, 1)$ is a common trap: subtracted from labels of shape $(N,)$, they
# broadcast to an $(N, N)$ table.
#
# ### Question 3: `MLP`


# %% question="MLP"
class MLP(nn.Module):
    """Fully connected network: Linear, ReLU (and dropout) for each hidden layer, then a last Linear.

    Parameters
    ----------
    in_features
        Numbers per sample, after flattening.
    hidden_features
        Units of each hidden layer. An empty tuple gives logistic regression.
    out_features
        Logits per sample.
    dropout
        Share of each hidden layer that is dropped in train mode; 0 for none.
    """

    def __init__(
        self,
        in_features: int = 784,
        hidden_features: Sequence[int] = (128, 64),
        out_features: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        # YOUR CODE HERE
        raise NotImplementedError("MLP is not implemented yet")

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits: shape ``(N,)`` for one output, ``(N, out_features)`` for more.

        ``x`` has shape ``(N, in_features)`` or any ``(N, …)`` with as many numbers per sample, such as images.
        """
        # YOUR CODE HERE
        raise NotImplementedError("MLP is not implemented yet")


# %% tags=["active-ipynb"]
# try:
#     with torch.no_grad():
#         example = MLP()(torch.rand(5, 1, 28, 28))
#     print(f"Five images give logits of shape {tuple(example.shape)}.")
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")

# %% [markdown]
# ## 4. The training loop
#
# One **epoch** goes through the training data once, in batches. For each batch, the lecture's loop does this:
#
# 1. the model predicts logits for the images;
# 2. the criterion compares them with the labels, and gives the mean loss of the batch;
# 3. the gradients of the previous batch are set to zero, because `backward()` **adds** to them;
# 4. `backward()` computes the gradients;
# 5. the optimizer takes its step.
#
# The model may have been in eval mode before, so it is put into train mode first. The function returns the mean loss
# over all **samples**. The last batch is often smaller, so that is not the mean of the batch means:
#
# | batch | samples | mean loss | sum |
# |---|---|---|---|
# | 1 | 64 | 0.50 | 32 |
# | 2 | 64 | 0.50 | 32 |
# | 3 | 2 | 2.00 | 4 |
# | all | 130 | mean of the means: 1.00 | mean over samples: 68 / 130 = **0.52** |
#
# ### Question 4: `train_one_epoch`


# %% question="train_one_epoch"
def train_one_epoch(
    model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer, criterion: nn.Module
) -> float:
    """Train for one epoch, with one step per batch, and leave the model in train mode.

    Parameters
    ----------
    model
        Returns logits of shape ``(N,)``; may arrive in either mode.
    loader
        Yields batches ``(images, labels)``; the last one may be smaller.
    optimizer
        Holds the model's parameters and the learning rate.
    criterion
        ``criterion(logits, labels)`` is the mean loss of a batch, such as ``nn.BCEWithLogitsLoss()``.

    Returns
    -------
    float
        The mean loss over the samples, each computed before the step of its batch.
    """
    # YOUR CODE HERE
    raise NotImplementedError("train_one_epoch is not implemented yet")


# %% [markdown]
# ## 5. How good is it?
#
# The prediction is 1 where the logit is **above 0**, which is where the probability is above one half.
#
# - **Accuracy**: the share of correct predictions. It says little when one class is rare: with 90 % healthy patients, a
#   model that calls everybody healthy reaches 0.9.
# - **Balanced accuracy**: the mean of the share of ill patients that are found (*sensitivity*) and the share of healthy
#   ones that are recognised (*specificity*). The model above reaches 0.5.
# - **AUC**, the area under the ROC curve: the probability that a random ill patient has a larger logit than a random
#   healthy one. It needs no threshold. A pair with equal logits counts half. If a class is missing there is no pair,
#   and the AUC is NaN.
#
# These are properties of **all** samples together, not means over batches. For the evaluation, the model is put into
# eval mode and no gradients are recorded. Afterwards everything must be as before: the parameters, the running
# statistics of a batch norm, and the mode of **each module**. Part of a network may be kept in eval mode on purpose
# while the rest trains.
#
# ### Question 5: `evaluate`


# %% question="evaluate"
def evaluate(model: nn.Module, loader: DataLoader) -> dict[str, float]:
    """Return accuracy, balanced accuracy and AUC over all samples of a loader.

    Parameters
    ----------
    model
        Returns logits of shape ``(N,)``. It is called in eval mode and without gradients; its parameters, buffers and
        the mode of each of its modules must not change.
    loader
        Yields batches ``(images, labels)``, labels 0 and 1 of shape ``(N,)``.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy`` and ``auc`` as floats from 0 to 1. Ties in the AUC count half; it is NaN if
        only one class is present.
    """
    # YOUR CODE HERE
    raise NotImplementedError("evaluate is not implemented yet")


# %% [markdown]
# ## 6. Overfitting
#
# A network with many parameters and few training images can memorise them: the training loss goes to 0, while the loss
# on other images, the **validation loss**, rises again. Two remedies from the lecture:
#
# **Regularisation** adds a penalty for large weights to the loss:
#
# $$ L_\text{total} \;=\; L \;+\; \lambda_1 \sum_k |w_k| \;+\; \lambda_2 \sum_k w_k^2 $$
#
# The sums run over all **weights**: parameters with two dimensions or more, such as the matrix of a linear layer or the
# kernels of a convolution. Biases have one dimension and are not penalised: they only shift, and penalising them makes
# the model worse without making it simpler. The penalty becomes part of the loss, so gradients must flow through it.
#
# ### Question 6: `regularisation_penalty`


# %% question="regularisation_penalty"
def regularisation_penalty(model: nn.Module, l1: float = 0.0, l2: float = 0.0) -> Tensor:
    """Return ``l1 · Σ|w| + l2 · Σw²`` over the weights of a model.

    Parameters
    ----------
    model
        Parameters with two dimensions or more are weights; others, such as biases, do not count.
    l1, l2
        The lecture's λ₁ and λ₂.

    Returns
    -------
    Tensor
        Shape ``()``, to be added to the loss; differentiable with respect to the weights.
    """
    # YOUR CODE HERE
    raise NotImplementedError("regularisation_penalty is not implemented yet")


# %% [markdown]
# **Early stopping** watches the validation loss and stops when it has not improved for a number of epochs in a row, the
# *patience*. A loss is an improvement if it is below the best one so far by more than `min_delta`; an equal loss or NaN
# is not. With a patience of 2:
#
# | step | validation loss | best | steps without improvement | returns |
# |---|---|---|---|---|
# | 1 | 1.00 | 1.00 | 0 | False |
# | 2 | 0.80 | 0.80 | 0 | False |
# | 3 | 0.90 | 0.80 | 1 | False |
# | 4 | 0.70 | 0.70 | 0 | False |
# | 5 | 0.75 | 0.70 | 1 | False |
# | 6 | 0.72 | 0.70 | 2 | **True** |
#
# ### Question 7: `EarlyStopping`


# %% question="EarlyStopping"
class EarlyStopping:
    """Detects when the validation loss has stopped improving.

    Parameters
    ----------
    patience
        Number of steps in a row without an improvement after which `step` returns True, at least 1.
    min_delta
        A loss is an improvement if it is below ``best - min_delta``.

    Attributes
    ----------
    best : float
        The loss of the last improvement.
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        # YOUR CODE HERE
        raise NotImplementedError("EarlyStopping is not implemented yet")

    def step(self, val_loss: float) -> bool:
        """Record an epoch's validation loss; return whether it is time to stop."""
        # YOUR CODE HERE
        raise NotImplementedError("EarlyStopping is not implemented yet")


# %% [markdown]
# ## 7. All of it together
#
# `fit` trains a given model for a number of epochs. It creates an optimizer with the given learning rate; in each epoch
# it trains on the training data and then evaluates on the validation data, **from which nothing is learnt**. It returns
# one record per epoch:
#
# | key | value |
# |---|---|
# | `train_loss` | mean loss over the training samples, during this epoch's training |
# | `val_loss` | mean loss over the validation samples, after this epoch's training |
# | `accuracy` | share of correct predictions on the validation samples, after this epoch's training |
#
# Losses are binary cross-entropies with natural logarithms. Further keys are welcome, and so is everything that
# improves the model: choose any optimizer, with `learning_rate` as its learning rate. Adam is a good start; in few
# epochs it gets further than the plain steps of section 2. Return a record for **every** requested epoch, so do not
# stop early here.
#
# **Requirement.** On the two rings of section 8, ten epochs with a learning rate of 0.02 must bring an MLP with hidden
# layers of 32 and 16 to an accuracy of at least 0.80 on points it has never seen. Logistic regression stays near 0.5.
#
# ### Question 8: `fit`


# %% question="fit"
def fit(
    model: nn.Module, train_loader: DataLoader, val_loader: DataLoader, epochs: int, learning_rate: float = 1e-3
) -> list[dict[str, float]]:
    """Train a model in place, and return one record per epoch.

    Parameters
    ----------
    model
        Returns logits of shape ``(N,)``; may arrive in either mode.
    train_loader, val_loader
        Yield batches ``(images, labels)``: float32, ``(N, …)`` and ``(N,)`` with labels 0 and 1.
    epochs
        Number of passes over the training data.
    learning_rate
        The learning rate of the optimizer.

    Returns
    -------
    list of dict
        For each epoch ``train_loss`` and ``val_loss``, the mean binary cross-entropy over the samples, and
        ``accuracy``, the share of correct predictions on the validation samples. All are floats.
    """
    # YOUR CODE HERE
    raise NotImplementedError("fit is not implemented yet")


# %% [markdown]
# ## 8. What the hidden layers are for
#
# Two classes in the plane: a ring around another one. No straight line can separate them. Both models below are trained
# by your `fit`; the background shows the probability they predict at each point, the black line where it is one half.

# %% tags=["active-ipynb"]
# from torch.utils.data import TensorDataset
#
#
# def draw_rings(n, seed):
#     """Return points of two noisy rings, shape (n, 2), and their labels, shape (n,)."""
#     generator = np.random.default_rng(seed)
#     label = np.arange(n) % 2
#     radius, angle = 1 + label + 0.3 * generator.normal(size=n), 2 * np.pi * generator.random(n)
#     points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
#     return torch.from_numpy(points).float(), torch.from_numpy(label).float()
#
#
# points, point_labels = draw_rings(1000, seed=1)
# other_points, other_labels = draw_rings(500, seed=2)
# ring_loader = DataLoader(TensorDataset(points, point_labels), batch_size=40, shuffle=True)
# other_loader = DataLoader(TensorDataset(other_points, other_labels), batch_size=500)
# try:
#     torch.manual_seed(0)
#     borders = {"logistic regression": MLP(2, ()), "MLP with hidden layers of 32 and 16": MLP(2, (32, 16))}
#     scores = {}
#     for name, model in borders.items():
#         scores[name] = fit(model, ring_loader, other_loader, epochs=10, learning_rate=0.02)[-1]["accuracy"]
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     axis = torch.linspace(-3.2, 3.2, 161)
#     places = torch.cartesian_prod(axis, axis)
#     figure, panels = plt.subplots(1, 2, figsize=(8.5, 4), sharey=True, layout="constrained")
#     for axes, (name, model) in zip(panels, borders.items()):
#         with torch.no_grad():
#             chance = model.eval()(places).sigmoid().reshape(161, 161).T
#         shown = axes.contourf(axis, axis, chance, levels=np.linspace(0, 1, 11), cmap="PuOr_r", alpha=0.75)
#         axes.contour(axis, axis, chance, levels=[0.5], colors="black", linewidths=2)
#         for label, colour, marker in ((0, "#542788", "o"), (1, "#B35806", "^")):
#             chosen = other_points[other_labels == label][:120].T
#             look = {"color": colour, "marker": marker, "linewidths": 0.3, "edgecolors": "white"}
#             axes.scatter(*chosen, s=16, label=f"label {label}", **look)
#         axes.set(title=f"{name}\naccuracy {scores[name]:.2f}", xlabel="$x_1$", aspect="equal")
#     panels[0].set_ylabel("$x_2$")
#     panels[0].legend(loc="lower left", framealpha=0.9)
#     figure.colorbar(shown, ax=panels, label=r"$\hat y$", shrink=0.8)
#     plt.show()

# %% [markdown]
# ## 9. Images
#
# Now the *phantom*: chest-like images that a program draws, half of them with soft shadows in the lungs. **It is
# synthetic, not medical data.** It is small and needs no download. Label 1 means that there is a shadow, 0 that there
# is none.
#
# We standardise the pixels with the mean and the standard deviation of the training images. To see overfitting, we
# train a large network on only 500 of them: once as it is, once with dropout and a penalty on the weights, which
# optimizers call *weight decay*.

# %% tags=["active-ipynb"]
# from autograder.datasets import load_dataset
#
# DATASET = "phantom"  # or "pneumoniamnist": real chest X-rays, which are downloaded the first time
# train_set, val_set = load_dataset(DATASET, "train"), load_dataset(DATASET, "val")
# pixel_mean, pixel_deviation = train_set.images.mean(), train_set.images.std()
#
#
# def as_tensors(dataset, n=None):
#     """Return the first n standardised images, shape (N, 1, H, W), and their labels, shape (N,), both float32."""
#     pixels = torch.from_numpy((dataset.images[:n] - pixel_mean) / pixel_deviation).float()
#     return pixels.unsqueeze(1), torch.from_numpy(dataset.labels[:n]).float()
#
#
# few = TensorDataset(*as_tensors(train_set, 500))
# train_loader = DataLoader(TensorDataset(*as_tensors(train_set)), batch_size=64, shuffle=True)
# val_images, val_labels = as_tensors(val_set)
# val_loader = DataLoader(TensorDataset(val_images, val_labels), batch_size=250)
#
# figure, panels = plt.subplots(1, 6, figsize=(8.5, 1.8), layout="constrained")
# for axes, image in zip(panels, [*np.flatnonzero(val_set.labels == 0)[:3], *np.flatnonzero(val_set.labels == 1)[:3]]):
#     axes.imshow(val_set.images[image], cmap="gray", vmin=0, vmax=255)
#     axes.set(xticks=[], yticks=[], title=f"label {val_set.labels[image]}")
#     if val_set.masks is not None and val_set.masks[image].any():
#         axes.contour(val_set.masks[image], levels=[0.5], colors=ORANGE, linewidths=1.2)
# plt.show()

# %% tags=["active-ipynb"]
# EPOCHS = 40
#
#
# class Penalised(nn.BCEWithLogitsLoss):
#     """The loss for logits plus a penalty on the weights of a model."""
#
#     def __init__(self, model, l2):
#         super().__init__()
#         self.model, self.l2 = [model], l2  # in a list, so that the model is not registered as part of the loss
#
#     def forward(self, logits, labels):
#         return super().forward(logits, labels) + regularisation_penalty(self.model[0], l2=self.l2)
#
#
# def loss_of(model, loader):
#     """Return the mean binary cross-entropy without a penalty, in eval mode."""
#     model.eval()
#     with torch.no_grad():
#         pairs = [(model(images), labels) for images, labels in loader]
#     logits, labels = (torch.cat(part) for part in zip(*pairs))
#     return nn.BCEWithLogitsLoss()(logits, labels).item()
#
#
# curves, stops = {}, {}
# try:
#     for name, dropout, l2 in (("as it is", 0.0, 0.0), ("with dropout and L2 penalty", 0.5, 3e-3)):
#         torch.manual_seed(0)
#         network = MLP(val_images[0].numel(), (256, 64), dropout=dropout)
#         steps = torch.optim.Adam(network.parameters(), lr=1e-3)
#         criterion, stopping = Penalised(network, l2), EarlyStopping(patience=5)
#         few_loader = DataLoader(few, batch_size=50, shuffle=True)
#         history = []
#         for epoch in range(1, EPOCHS + 1):
#             train_one_epoch(network, few_loader, steps, criterion)
#             history.append((loss_of(network, few_loader), loss_of(network, val_loader)))
#             if stopping.step(history[-1][1]) and name not in stops:
#                 stops[name] = epoch
#         curves[name] = history
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(1, 2, figsize=(8.5, 3.4), sharey=True, layout="constrained")
#     for axes, (name, history) in zip(panels, curves.items()):
#         train_losses, val_losses = zip(*history)
#         epochs = range(1, EPOCHS + 1)
#         axes.plot(epochs, train_losses, color=BLUE, linestyle="--", label="training")
#         axes.plot(epochs, val_losses, color=ORANGE, label="validation")
#         axes.plot(1 + int(np.argmin(val_losses)), min(val_losses), "o", color=GREEN, label="lowest validation loss")
#         if name in stops:
#             axes.axvline(stops[name], color=GREY, linestyle=":", label="early stopping, patience 5")
#         axes.set(xlabel="epoch", title=name, ylim=(0, 1.3))
#     panels[0].set_ylabel("binary cross-entropy")
#     panels[0].legend(fontsize=9)
#     figure.suptitle("500 training images: the gap between the curves is what was learnt by heart")
#     plt.show()

# %% [markdown]
# Where the two curves separate, the network has begun to memorise its training images. The remedies keep the training
# loss up and the validation loss down; early stopping avoids the epochs that only do harm.
#
# More data helps most. With all training images, your `fit` gives:

# %% tags=["active-ipynb"]
# try:
#     torch.manual_seed(0)
#     n_pixels = val_images[0].numel()
#     models = {"logistic regression": MLP(n_pixels, ()), "MLP": MLP(n_pixels)}
#     for name, model in models.items():
#         record = fit(model, train_loader, val_loader, epochs=5)[-1]
#         found = evaluate(model, val_loader)
#         print(f"{name}: " + ", ".join(f"{key} {found[key]:.3f}" for key in ("accuracy", "balanced_accuracy", "auc")))
# except NotImplementedError as todo:
#     models = {}
#     print(f"{todo}: write it, then run this cell again.")

# %% [markdown]
# The **confusion matrix** shows which of the two mistakes a model makes, and the **ROC curve** what happens with a
# threshold other than 0 on the logit: more shadows found, or fewer false alarms. The area under it is the AUC.

# %% tags=["active-ipynb"]
# if models:
#     from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay
#
#     with torch.no_grad():
#         logits = {name: model.eval()(val_images) for name, model in models.items()}
#     figure, (matrix, curve) = plt.subplots(1, 2, figsize=(8.5, 3.8), layout="constrained")
#     classes = ["no shadow", "shadow"] if DATASET == "phantom" else ["normal", "pneumonia"]
#     ConfusionMatrixDisplay.from_predictions(
#         val_labels.int(), (logits["MLP"] > 0).int(), display_labels=classes, ax=matrix, cmap="Blues", colorbar=False
#     )
#     matrix.set(title="MLP", xlabel="predicted", ylabel="true")
#     for (name, values), colour in zip(logits.items(), (ORANGE, BLUE)):
#         RocCurveDisplay.from_predictions(val_labels, values, name=name, ax=curve, curve_kwargs={"color": colour})
#     curve.plot([0, 1], [0, 1], color=GREY, linestyle=":")
#     curve.set(xlabel="false alarms (1 − specificity)", ylabel="found (sensitivity)", title="ROC curve")
#     plt.show()

# %% [markdown]
# The MLP is better than logistic regression, but not by much: it sees an image as a list of numbers, and learns
# separately for each pixel what a shadow there means. The next exercises teach networks about neighbours.
#
# <details><summary><b>Think about it:</b> why must the test set not be used for early stopping?</summary>
#
# Choosing the best of many epochs on a set of images fits to that set, a little: the chosen result looks better than it
# would on other images. So the choice is made on the validation set, and the test set is used once, at the end.
# </details>
