# generated from solutions/tensor_ops.py by `autograder build`; do not edit

# %% [markdown]
r"""
# 1. Introduction to PyTorch

A network that tells a chest X-ray with pneumonia from a normal one is built from few parts: arrays of
numbers, weighted sums, simple nonlinear functions, and derivatives. In this exercise you write each of them
in a line or two of [PyTorch](https://pytorch.org/docs/stable/) and combine them into a first deep network.

**How it works.** Write the body of each function where it says so; its docstring says what goes in and what
comes out. The cell below it checks your answer immediately, as often as you like. Cells that draw figures
use *your* functions, so run them again once a function works.

$N$ is always the number of samples (images) and $D$ the number of features (numbers that describe one
sample).
"""

# %%
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
#
# # Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
# BLUE, ORANGE, GREEN, RED, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#8C8C8C"
# plt.rcParams.update(
#     {
#         "figure.constrained_layout.use": True,
#         "figure.dpi": 110,
#         "axes.spines.top": False,
#         "axes.spines.right": False,
#         "axes.titlesize": "medium",
#         "legend.frameon": False,
#     }
# )

# %% [markdown]
r"""
## Tensors and their shapes

A **tensor** is an array of numbers with any number of axes. Three things describe it: its `shape` (the
length of each axis), its `dtype` (the kind of number, mostly `float32`), and its `device` (where it is
stored, the CPU or a GPU).

| what | shape |
|---|---|
| a number, such as a loss | `()` |
| the features of one patient | `(D,)` |
| a table: one row per sample, one column per feature | `(N, D)` |
| a grey image: channel, row, column | `(1, H, W)` |
| a batch of RGB images | `(N, 3, H, W)` |

The numbers are stored one after the other, and the last axis varies fastest. Many operations only change
how that memory is *read* and copy nothing: after `t = x.T`, both tensors share their numbers, and assigning
to one changes the other. Such a `t` is no longer **contiguous**: neighbours in a row are not neighbours in
memory. Some operations, such as `view`, can only read memory in its order and raise an error for such a
tensor; others make a copy.
"""

# %% tags=["active-ipynb"]
# x = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
# print("x has shape", tuple(x.shape), "and dtype", x.dtype)
# print("x.T has shape", tuple(x.T.shape), "and is contiguous:", x.T.is_contiguous())
# print("a step along each axis jumps over", x.stride(), "numbers for x, and", x.T.stride(), "for x.T")
# try:
#     x.T.view(6)
# except RuntimeError as error:
#     print("x.T.view(6) fails:", str(error).split(" (")[0])

# %% [markdown]
r"""
A fully connected network takes each sample as one long row of numbers, so images are **flattened** first:
an image of PneumoniaMNIST, $1 \times 28 \times 28$, becomes a row of $784$ features. The batch axis stays.
"""


# %% question="flatten_images"
def flatten_images(images: Tensor) -> Tensor:
    """Turn each image into one row: channel after channel, and within each, pixel row after pixel row.

    Parameters
    ----------
    images
        Shape (N, C, H, W), contiguous or not.

    Returns
    -------
    Tensor
        Shape (N, C·H·W), of the same dtype.
    """
    # YOUR CODE HERE
    raise NotImplementedError("flatten_images is not implemented yet")


# %% [markdown]
r"""
## Broadcasting

Tensors of different shapes can be added or multiplied without a loop. Shapes are compared **from the last
axis to the first**; two axes match if they have the same length or if one of them is 1 or missing; that one
is repeated, without a copy:

| | shape | | shape | | shape of the result |
|---|---|---|---|---|---|
| table | `(4, 3)` | + row | `(3,)` | = | `(4, 3)`: the row is added to every row |
| table | `(4, 3)` | + column | `(4, 1)` | = | `(4, 3)`: the column is added to every column |
| column | `(4, 1)` | + row | `(3,)` | = | `(4, 3)`: every pair |
| table | `(4, 3)` | + vector | `(4,)` | | an error: 3 does not match 4 |
| vector | `(4,)` | − column | `(4, 1)` | = | `(4, 4)`: no error, but rarely what you meant |

The last row is the most common silent mistake in PyTorch. When in doubt, print the shape. Reductions such
as `sum` and `mean` remove the axis given by `dim`; with `keepdim=True` it stays, with length 1.
"""

# %% tags=["active-ipynb"]
# table = torch.tensor([[1.0, 2.0, 3.0], [40.0, 50.0, 60.0]])
# largest = table.amax(dim=1, keepdim=True)
# print("the largest of each row, shape", tuple(largest.shape), "\n", largest)
# print("each row divided by its largest, shape", tuple((table / largest).shape), "\n", table / largest)

# %% [markdown]
r"""
Features have different units: age in years, a pixel between 0 and 1. Gradient descent works best when all
have a similar range, so each feature $j$ is **standardised** with its mean $\mu_j$ and its standard
deviation $\sigma_j$ over the samples:

$$z_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j}, \qquad
\mu_j = \frac{1}{N} \sum_{i=1}^{N} x_{ij}, \qquad
\sigma_j = \sqrt{\frac{1}{N} \sum_{i=1}^{N} (x_{ij} - \mu_j)^2}.$$

Dividing by $N$ gives the **population** deviation. PyTorch's `std` divides by $N - 1$ unless told otherwise
(the *sample* deviation). A feature that never varies, such as a corner pixel that is always black, has
$\sigma_j = 0$; a tiny $\varepsilon$ in the denominator avoids $0/0$.
"""


# %% question="standardise"
def standardise(x: Tensor, eps: float = 1e-8) -> Tensor:
    """Shift and scale each column to mean 0 and population standard deviation 1.

    Parameters
    ----------
    x
        Shape (N, D), one row per sample; must not be modified.
    eps
        Keeps the denominator above zero: a constant column becomes zeros, never NaN.

    Returns
    -------
    Tensor
        Shape (N, D).
    """
    # YOUR CODE HERE
    raise NotImplementedError("standardise is not implemented yet")


# %% tags=["active-ipynb"]
# age_and_pressure = torch.tensor([55.0, 120.0]) + torch.tensor([15.0, 9.0]) * torch.randn(
#     200, 2, generator=torch.Generator().manual_seed(0)
# )
# try:
#     standardised = standardise(age_and_pressure)
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.2))
#     axes[0].scatter(*age_and_pressure.T, s=12, color=BLUE, alpha=0.7)
#     axes[0].set(title="As measured", xlabel="age (years)", ylabel="blood pressure (mmHg)")
#     axes[0].set(xlim=(0, 160), ylim=(0, 160))
#     axes[1].scatter(*standardised.T, s=12, color=ORANGE, alpha=0.7)
#     axes[1].set(title="Standardised", xlabel="age, standardised", ylabel="blood pressure, standardised")
#     axes[1].set(xlim=(-5, 5), ylim=(-5, 5))
#     for axis in axes:
#         axis.set_aspect("equal")
#     plt.show()

# %% [markdown]
r"""
## The linear model

The simplest model gives each feature a weight and adds a bias $\theta_0$:

$$\hat y_i = \theta_0 + \sum_{j=1}^{D} x_{ij}\, \theta_j \qquad\text{or, for all samples at once,}\qquad
\hat{\mathbf y} = \theta_0 + X \boldsymbol\theta.$$

The result is one number per sample, shape `(N,)`. Mind the axis: with as many samples as features, a sum
over the wrong axis raises no error.
"""


# %% question="linear"
def linear(x: Tensor, theta: Tensor, theta_0: Tensor) -> Tensor:
    """Return the lecture's linear model, theta_0 + sum_j x_ij theta_j, for each sample.

    Parameters
    ----------
    x
        Samples, shape (N, D).
    theta
        Weights, shape (D,).
    theta_0
        Bias, shape ().

    Returns
    -------
    Tensor
        Shape (N,), even for a single sample; gradients flow to all three arguments.
    """
    # YOUR CODE HERE
    raise NotImplementedError("linear is not implemented yet")


# %% [markdown]
r"""
## Logistic regression

A diagnosis is a yes or a no, and a model should say how sure it is. The **sigmoid** (logistic function)
turns the linear model's output, now called the **logit** $z$, into a probability between 0 and 1:

$$\hat y = \sigma(z) = \frac{1}{1 + e^{-z}}, \qquad z = \theta_0 + \mathbf x^\top \boldsymbol\theta.$$

The prediction is *pneumonia* where $\hat y > \tfrac12$, which is where $z > 0$: the boundary $z = 0$ is a
straight line (in $D$ dimensions, a hyperplane). The longer $\boldsymbol\theta$ is, the steeper the step
across it.

On paper $\sigma$ is harmless. In `float32`, however, $e^{89}$ is already infinite, and quotients and
products of infinities and zeros are NaN, in the value or in its gradient. PyTorch's own functions are
written so that this does not happen.
"""


# %% question="logistic_regression"
def logistic_regression(x: Tensor, theta: Tensor, theta_0: Tensor) -> Tensor:
    """Return the probability of each sample: the sigmoid of `linear`.

    Parameters
    ----------
    x
        Samples, shape (N, D).
    theta
        Weights, shape (D,).
    theta_0
        Bias, shape ().

    Returns
    -------
    Tensor
        Shape (N,), between 0 and 1; for logits of ±1000 the value and its gradient are still finite.
    """
    # YOUR CODE HERE
    raise NotImplementedError("logistic_regression is not implemented yet")


# %% tags=["active-ipynb"]
# theta, theta_0 = torch.tensor([1.5, 1.0]), torch.tensor(-0.5)
# generator = torch.Generator().manual_seed(0)
# normal = torch.randn(40, 2, generator=generator) + torch.tensor([-1.0, -0.8])
# pneumonia = torch.randn(40, 2, generator=generator) + torch.tensor([1.4, 1.0])
# line = torch.linspace(-6, 6, 200)
# side = torch.linspace(-4, 4, 120)
# grid = torch.cartesian_prod(side, side)
# try:
#     zero = torch.tensor(0.0)
#     steps = {w: logistic_regression(line[:, None], torch.tensor([w]), zero) for w in (0.5, 1.0, 4.0)}
#     probability = logistic_regression(grid, theta, theta_0).reshape(len(side), len(side)).T
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.4), width_ratios=(1, 1.1))
#     for (w, step), colour, style in zip(steps.items(), (GREEN, BLUE, ORANGE), (":", "-", "--")):
#         left.plot(line, step, style, color=colour, label=f"$\\theta = {w:g}$")
#     left.axhline(0.5, color=GREY, linewidth=0.8)
#     left.set(title="One feature: the sigmoid of a line", xlabel="$x$", ylabel=r"$\sigma(\theta x)$")
#     left.legend()
#     shades = right.contourf(side, side, probability, levels=20, cmap="PuOr_r", vmin=0, vmax=1)
#     right.contour(side, side, probability, levels=[0.5], colors="black", linewidths=1.2)
#     right.scatter(*normal.T, s=16, color="white", edgecolor="black", linewidth=0.6, label="normal")
#     look = {"color": "black", "edgecolor": "white", "linewidth": 0.5, "marker": "^"}
#     right.scatter(*pneumonia.T, s=24, label="pneumonia", **look)
#     right.set(title="Two features: decision function", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
#     right.legend(loc="lower left", fontsize="small", frameon=True, facecolor="#cccccc")
#     figure.colorbar(shades, ax=right, label="probability of pneumonia", ticks=[0, 0.5, 1])
#     plt.show()

# %% [markdown]
r"""
## Activation functions

Two linear models in a row are just one linear model: $W_2 (W_1 \mathbf x) = (W_2 W_1)\, \mathbf x$. What
makes a network more than that is a nonlinear **activation function** after each layer, applied to each
number separately. The lecture's zoo:

| name | formula | remark |
|---|---|---|
| `sigmoid` | $\sigma(x) = \dfrac{1}{1 + e^{-x}}$ | between 0 and 1; flat, so no gradient, far from zero |
| `tanh` | $\tanh(x) = \dfrac{e^x - e^{-x}}{e^x + e^{-x}}$ | between −1 and 1, centred on zero; flat as well |
| `relu` | $\max(0, x)$ | not flat for $x > 0$; a unit that is always negative stops learning |
| `leaky_relu` | $\max(0.1\,x,\; x)$ | a small slope keeps such units alive |
| `elu` | $x$ if $x > 0$, else $\alpha\,(e^x - 1)$ | bends smoothly towards $-\alpha$ |
"""

# %%
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu")


# %% question="activation"
def activation(name: str, x: Tensor, *, slope: float = 0.1, alpha: float = 1.0) -> Tensor:
    """Apply one of the lecture's activation functions to every element.

    Parameters
    ----------
    name
        One of `ACTIVATIONS`.
    x
        Any shape; must not be modified.
    slope
        Factor of `leaky_relu` for negative values, between 0 and 1.
    alpha
        Where `elu` levels off: at −alpha.

    Returns
    -------
    Tensor
        The shape of `x`; finite wherever `x` is.

    Raises
    ------
    ValueError
        If the name is unknown; the message lists the known ones.
    """
    # YOUR CODE HERE
    raise NotImplementedError("activation is not implemented yet")


# %% tags=["active-ipynb"]
# z = torch.linspace(-4, 4, 401)
# try:
#     curves = {name: activation(name, z) for name in ACTIVATIONS}
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, axes = plt.subplots(1, len(curves), figsize=(11, 2.5), sharex=True)
#     for axis, (name, curve), colour in zip(axes, curves.items(), (BLUE, GREEN, RED, ORANGE, PINK)):
#         axis.axhline(0, color=GREY, linewidth=0.8)
#         axis.axvline(0, color=GREY, linewidth=0.8)
#         axis.plot(z, curve, color=colour, linewidth=2)
#         axis.set(title=name, xlabel="$x$", xticks=(-4, 0, 4))
#         axis.set_ylim(-1.3, 4.2 if curve.max() > 2 else 1.3)
#     axes[0].set_ylabel("activation")
#     plt.show()

# %% [markdown]
r"""
### Maxout

**Maxout** does not fix a curve in advance. It takes the larger of two linear models and learns both:

$$\max\left(\mathbf w_1^\top \mathbf x + b_1,\;\; \mathbf w_2^\top \mathbf x + b_2\right).$$

ReLU, leaky ReLU and $|x|$ are special cases of it. The price is twice as many parameters.
"""


# %% question="maxout"
def maxout(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """Return the larger of two linear models, max(w1ᵀx + b1, w2ᵀx + b2), for each sample.

    Parameters
    ----------
    x
        Samples, shape (N, D).
    w1, w2
        Weights, shape (D,) each.
    b1, b2
        Biases, shape () each.

    Returns
    -------
    Tensor
        Shape (N,).
    """
    # YOUR CODE HERE
    raise NotImplementedError("maxout is not implemented yet")


# %% [markdown]
r"""
## A deep network

A layer is a matrix of weights and an activation function; a **deep network** is a stack of layers. The
lecture's example has five:

$$\hat{\mathbf y} = W_5\, \sigma\Big(W_4 \tanh\big(W_3 \max(0,\; W_2 \max(0,\; W_1 \mathbf x))\big)\Big).$$

Read it from the inside out: $W_1$ comes first, and nothing follows $W_5$. A weight has the shape
`(out, in)`: its row $j$ holds the weights of neuron $j$. The formula is for one sample, a column
$\mathbf x$; in a batch `x` of shape `(N, D)`, samples are **rows**.

| | `x` | after $W_1$ | after $W_2$ | after $W_3$ | after $W_4$ | after $W_5$ |
|---|---|---|---|---|---|---|
| shape, for example | `(N, 784)` | `(N, 128)` | `(N, 64)` | `(N, 32)` | `(N, 16)` | `(N, K)` |
"""


# %% question="deep_network"
def deep_network(x: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """Return the lecture's network, W5 σ(W4 tanh(W3 max(0, W2 max(0, W1 x)))), for each sample.

    Parameters
    ----------
    x
        Samples, shape (N, D).
    weights
        W1 to W5 in this order, each of shape (out, in).

    Returns
    -------
    Tensor
        Shape (N, K), where K is the number of rows of W5.
    """
    # YOUR CODE HERE
    raise NotImplementedError("deep_network is not implemented yet")


# %% tags=["active-ipynb"]
# generator = torch.Generator().manual_seed(3)
# sizes = (3, 32, 32, 32, 32, 1)
# weights = [
#     4 * torch.randn(n_out, n_in, generator=generator) / n_in**0.5 for n_in, n_out in zip(sizes, sizes[1:])
# ]
# weights[-1] -= weights[-1].mean()  # some logits on either side of zero
# side = torch.linspace(-2, 2, 160)
# # The third feature is always 1, so that its weights are the biases of the first layer.
# grid = torch.nn.functional.pad(torch.cartesian_prod(side, side), (0, 1), value=1.0)
# try:
#     logits = deep_network(grid, weights).reshape(len(side), len(side)).T
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     limit = float(logits.abs().max())
#     figure, axis = plt.subplots(figsize=(4.4, 3.5))
#     shades = axis.contourf(side, side, logits, levels=21, cmap="PuOr_r", vmin=-limit, vmax=limit)
#     axis.contour(side, side, logits, levels=[0], colors="black", linewidths=1.2)
#     axis.set(title="A deep network with random weights", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
#     figure.colorbar(shades, ax=axis, label="logit (black line: 0)")
#     plt.show()

# %% [markdown]
r"""
The boundary is no longer a straight line, even though nothing has been learnt yet.

## Autograd

Learning means following the derivative of the loss downhill, and a network is a long chain of simple
functions. PyTorch records each operation on a tensor that has `requires_grad` set, then applies the chain
rule to this record from end to beginning. There are two ways to ask:

- `y.backward()` **adds** $\partial y / \partial x$ to the attribute `grad` of every tensor that $y$ was
  computed from. That is what training uses, and why gradients must be set to zero between steps.
- `torch.autograd.grad` **returns** the derivatives and leaves no trace in `grad`.
"""

# %% tags=["active-ipynb"]
# a = torch.tensor(3.0, requires_grad=True)
# for call in (1, 2):
#     y = a**2
#     y.backward()
#     print(f"y = a² has the derivative 2a = 6; after call {call} of backward(), a.grad is {a.grad:g}")

# %% [markdown]
r"""
For a function $f$ that returns one number, the gradient has the shape of $\mathbf x$:
$\left(\nabla f\right)_j = \partial f / \partial x_j$. It points in the direction in which $f$ rises
fastest.
"""


# %% question="gradient"
def gradient(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return df/dx at `x`, by automatic differentiation.

    Parameters
    ----------
    f
        Maps a tensor to a single number, a tensor of shape ().
    x
        Any shape, floating point. Its values, `requires_grad` and `grad` must not be modified.

    Returns
    -------
    Tensor
        The shape of `x`.
    """
    # YOUR CODE HERE
    raise NotImplementedError("gradient is not implemented yet")


# %% [markdown]
r"""
The derivatives below show why the zoo has more than one animal: the sigmoid's is never above $\tfrac14$ and
vanishes on both sides, so little of it is left after a few layers; the ReLU's is 1 wherever a unit is
active. On the right, every arrow points against the gradient, and small steps along the arrows lead down
into the valley. This is how the networks of the next exercises learn.
"""

# %% tags=["active-ipynb"]
# def valley(p):
#     """Return the height of a long valley, summed over the points p."""
#     return (0.25 * p[..., 0] ** 2 + (p[..., 1] - 0.5 * torch.sin(1.5 * p[..., 0])) ** 2).sum()
#
#
# z = torch.linspace(-5, 5, 401)
# side = torch.linspace(-2.5, 2.5, 81)
# heights = torch.stack([torch.stack([valley(torch.stack([u, v])) for u in side]) for v in side])
# arrows = torch.cartesian_prod(side[4::9], side[4::9])
# try:
#     # Every element of the sum depends on one element of z alone, so this is the derivative at each.
#     names = ("sigmoid", "tanh", "relu")
#     slopes = {name: gradient(lambda t: activation(name, t).sum(), z) for name in names}
#     uphill = gradient(valley, arrows)
#     path = [torch.tensor([-1.6, 2.2])]
#     for _ in range(40):
#         path.append(path[-1] - 0.2 * gradient(valley, path[-1]))
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.3))
#     for (name, slope), colour, style in zip(slopes.items(), (BLUE, GREEN, RED), ("-", "--", ":")):
#         left.plot(z, activation(name, z), style, color=colour, linewidth=2, label=name)
#         middle.plot(z, slope, style, color=colour, linewidth=2, label=name)
#     left.set(title="Functions", xlabel="$x$", ylabel="$f(x)$", ylim=(-1.3, 2.2))
#     middle.set(title="Their derivatives", xlabel="$x$", ylabel="$df/dx$", ylim=(-0.1, 1.2))
#     middle.legend(loc="center left", fontsize="small")
#     right.contour(side, side, heights, levels=14, cmap="cividis", linewidths=1)
#     right.quiver(*arrows.T, *-uphill.T, color=GREY, width=0.005)
#     right.plot(*torch.stack(path).T, "o-", color=RED, markersize=3, linewidth=1.2)
#     right.set(title="Gradient descent in a valley", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
#     plt.show()
