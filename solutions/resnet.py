# %% [markdown]
# # Residual networks
#
# More layers see more of the image and can express more. Yet when people simply stacked them, networks of fifty layers
# became *worse* than those of twenty, even on the **training** images: they did not overfit, they could not be trained.
# Residual networks (ResNets) solved this in 2015 with one addition, and are still the first thing to try on medical
# images. In this exercise you build one, train it, and adapt a large one to a new task:
#
# | question | what you write | points |
# |---|---|---|
# | `ResidualBlock` | two convolutions and a way around them | 6 |
# | `SmallResNet` | a network of such blocks | 5 |
# | `adapt_resnet18` | torchvision's ResNet-18, with another input and output | 3 |
# | `freeze_backbone` | train the last layer, keep the rest | 2 |
# | `fit_resnet` | the training, and how good the network gets | 6 |
#
# All of PyTorch is yours.

# %%
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.models import resnet18

# %% [markdown]
# The images are those of the *phantom*: chest-like pictures that a program draws, half of them with one soft shadow in
# the lungs. **It is synthetic, not medical data.** Label 1 means that there is a shadow. As always, they are
# standardised with the mean and the standard deviation of the training images.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
# import numpy as np
# from torch.utils.data import TensorDataset
#
# from autograder.datasets import load_dataset
#
# # Colours that colour-blind readers can tell apart.
# BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#999999"
#
# DATASET = "phantom"  # or "pneumoniamnist": real chest X-rays, which are downloaded the first time
# train_set, val_set = load_dataset(DATASET, "train"), load_dataset(DATASET, "val")
# pixel_mean, pixel_deviation = train_set.images.mean(), train_set.images.std()
#
#
# def as_tensors(dataset):
#     """Return standardised images, shape (N, 1, H, W), and labels, shape (N,), both float32."""
#     pixels = torch.from_numpy((dataset.images - pixel_mean) / pixel_deviation).float()
#     return pixels.unsqueeze(1), torch.from_numpy(dataset.labels).float()
#
#
# def make_loader(images, labels, shuffle=False):
#     """Return batches of 64."""
#     return DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=shuffle)
#
#
# train_images, train_labels = as_tensors(train_set)
# val_images, val_labels = as_tensors(val_set)
# print(f"{len(train_images)} training and {len(val_images)} validation images, {train_labels.mean():.0%} with label 1")

# %% [markdown]
# ## 1. Learn the difference
#
# Why should a deeper network be worse? It could copy a shallower one if its other layers just passed their input on.
# But learning the **identity**, $H(x) = x$, is hard for a stack of convolutions with ReLUs in between. And the gradient
# has to flow back through all of them: by the chain rule it is a *product* with one factor per layer. If the factors
# are a little below 1, it vanishes on its way to the first layers; if they are a little above 1, it explodes.
#
# In a **residual block**, the convolutions learn the difference from the input instead, the *residual*
# $F(x) = H(x) - x$, and the input is added back:
#
# $$ \text{block}(x) \;=\; \text{ReLU}\big( F(x) + \text{shortcut}(x) \big) $$
#
# - Passing the input on is now easy: if all weights of $F$ are zero, the block is $\text{ReLU}(\text{shortcut}(x))$.
# - The derivative of $F(x) + x$ is $F'(x) + 1$. That $1$ is a way back for the gradient around each block.
#
# **$F$** is a 3×3 convolution, ReLU, and another 3×3 convolution, both with a padding of 1, and with a batch norm after
# each convolution if you like (see below). Only the first has the **stride**. There is **no** ReLU at the end of $F$: a
# residual that cannot be negative could only make values larger. The ReLU comes after the addition.
#
# **The shortcut** must have the shape of $F(x)$:
#
# | | shortcut |
# |---|---|
# | `in_channels == out_channels` and `stride == 1`: shapes agree | the input itself; nothing is learnt |
# | otherwise: channels or size change | a 1×1 convolution with this stride, the *projection*, and no ReLU |
#
# The projection may have a batch norm too. A 1×1 convolution sees no neighbours: at each position, it mixes the
# channels into a new number of channels.

# %% tags=["active-ipynb"]
# from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
#
#
# def draw_block(axes, title, shortcut, colour):
#     """Draw a residual block; `shortcut` is the label of its shortcut."""
#     steps = ["3×3 convolution", "ReLU", "3×3 convolution", "+", "ReLU"]
#     heights = [8.2, 6.6, 5.0, 3.0, 1.4]
#     arrow = {"arrowstyle": "-|>", "mutation_scale": 12, "color": "black", "linewidth": 1.2}
#     for top, bottom in zip([9.8, *heights], [*heights, -0.2]):
#         axes.add_patch(FancyArrowPatch((3, top - (top < 9) * 0.45), (3, bottom + 0.45), **arrow))
#     for step, height in zip(steps, heights):
#         inside = step not in ("+", "ReLU") or height > 5
#         width = 0.4 if step == "+" else 1.5
#         style = {"boxstyle": "round,pad=0.1", "facecolor": "#DCEBF5" if inside else "white", "edgecolor": BLUE}
#         axes.add_patch(FancyBboxPatch((3 - width, height - 0.35), 2 * width, 0.7, **style))
#         axes.text(3, height, step, ha="center", va="center", fontsize=10)
#     axes.plot([3, 6.4, 6.4, 6.4], [9.4, 9.4, 9.4, 3], color=colour, linewidth=2)
#     axes.add_patch(FancyArrowPatch((6.4, 3), (3.5, 3), **{**arrow, "color": colour, "linewidth": 2}))
#     axes.text(6.4, 6.6, shortcut, ha="center", va="center", fontsize=10, backgroundcolor="white", color=colour)
#     axes.text(0.9, 6.6, "F", ha="center", va="center", fontsize=14, style="italic", color=BLUE)
#     axes.text(3, 10.0, "x", ha="center", va="bottom", fontsize=12, style="italic")
#     axes.set(xlim=(0, 8.4), ylim=(-0.4, 10.9), title=title)
#     axes.axis("off")
#
#
# figure, panels = plt.subplots(1, 2, figsize=(7.5, 4.4), layout="constrained")
# draw_block(panels[0], "Channels and size stay", "x itself", "#C05000")
# draw_block(panels[1], "Another number of channels, or a stride", "1×1\nconvolution", "#C05000")
# plt.show()

# %% [markdown]
# **Batch norm.** A batch norm subtracts from each channel its mean and divides by its standard deviation, then
# multiplies by a weight and adds a bias, both learnt. So the values keep a reasonable scale through a deep stack, and
# larger learning rates work. Which mean? In **training mode** that of the batch, over images and positions, of which it
# also keeps a running average. In **evaluation mode** it uses these *running statistics*, so that the result for an
# image does not depend on the rest of its batch. They are in the `state_dict`, but they are not parameters: each
# forward pass in training mode changes them, without any optimiser. A convolution before a batch norm needs no bias.
#
# ### Question 1: `ResidualBlock`


# %% question="ResidualBlock"
class ResidualBlock(nn.Module):
    """``ReLU(F(x) + shortcut(x))``, the building block of a ResNet (He et al., 2015).

    ``F`` is a 3×3 convolution, ReLU and another 3×3 convolution, with or without batch norms. The shortcut is the input
    itself if its shape agrees with that of ``F(x)``, and a 1×1 convolution otherwise. If all weights of ``F`` are zero,
    the block is ``ReLU(shortcut(x))``.

    Parameters
    ----------
    in_channels, out_channels
        Channels before and after.
    stride
        Stride of the first 3×3 convolution and of the shortcut: 2 halves height and width, rounding up.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        if in_channels == out_channels and stride == 1:
            self.shortcut = nn.Identity()
        else:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """Return feature maps of shape ``(N, out_channels, ⌈H / stride⌉, ⌈W / stride⌉)``.

        ``x`` has shape ``(N, in_channels, H, W)`` and must not be modified.
        """
        ### BEGIN SOLUTION
        return nn.functional.relu(self.residual(x) + self.shortcut(x))
        ### END SOLUTION


# %% [markdown]
# Does it help? Here are stacks of up to 32 of **your** blocks, and the same stacks without shortcuts: the *plain*
# networks. Both are trained for 30 steps on the same batches. The left figure shows the gradient that reaches the first
# layer of the untrained networks.

# %% tags=["active-ipynb"]
# def plain_block(channels):
#     """Return two convolutions in a row: a block without a shortcut."""
#     layers = []
#     for _ in range(2):
#         layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()]
#     return nn.Sequential(*layers)
#
#
# def stack(block, n_blocks):
#     """Return a network of n blocks with 8 channels, at a quarter of the image's resolution."""
#     start = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ReLU())
#     end = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 1), nn.Flatten(0))
#     return nn.Sequential(start, *[block() for _ in range(n_blocks)], end)
#
#
# def train_stack(network, steps=30):
#     """Return the norm of the first layer's gradient before training, and the mean loss of the last ten steps."""
#     optimizer, losses, first_norm = torch.optim.Adam(network.parameters(), lr=3e-3), [], None
#     for images, labels in zip(train_images.split(64)[:steps], train_labels.split(64)):
#         loss = nn.functional.binary_cross_entropy_with_logits(network(images), labels)
#         optimizer.zero_grad()
#         loss.backward()
#         first_norm = first_norm or network[0][1].weight.grad.norm().item()
#         optimizer.step()
#         losses.append(loss.item())
#     return first_norm, np.mean(losses[-10:])
#
#
# depths = [1, 4, 16, 32]
# try:
#     results = {}
#     for name, block in (("residual", lambda: ResidualBlock(8, 8)), ("plain", lambda: plain_block(8))):
#         torch.manual_seed(0)
#         results[name] = [train_stack(stack(block, depth)) for depth in depths]
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, (norms, losses) = plt.subplots(1, 2, figsize=(8.5, 3.3), layout="constrained")
#     for (name, values), colour, marker in zip(results.items(), (BLUE, ORANGE), "os"):
#         norms.plot(depths, [norm for norm, _ in values], f"{marker}-", color=colour, label=name)
#         losses.plot(depths, [loss for _, loss in values], f"{marker}-", color=colour, label=name)
#     norms.set(xscale="log", yscale="log", ylabel="norm of the gradient", title="Gradient of the first layer")
#     losses.set(xscale="log", ylabel="binary cross-entropy", title="Training loss after 30 steps")
#     losses.axhline(np.log(2), color=GREY, linestyle=":", label="guessing")
#     for axes in (norms, losses):
#         axes.set(xlabel="blocks", xticks=depths, xticklabels=depths)
#         axes.minorticks_off()
#         axes.legend()
#     plt.show()

# %% [markdown]
# The deep plain network cannot be trained: its loss stays at that of guessing. Batch norm keeps the *values* of all
# layers at the same scale, but not the gradient, which grows from block to block on its way back. With shortcuts it
# hardly grows, and the deeper residual networks learn no worse than the shallow ones.

# %% [markdown]
# ## 2. A small ResNet
#
# A ResNet is a stack of such blocks between a beginning and an end:
#
# 1. the **stem**: a 3×3 convolution, ReLU (and a batch norm, if you like), from the image's channels to `widths[0]`
#    channels, stride 1;
# 2. a **stage** for each width: one `ResidualBlock` or more. The first one goes from the previous width to this one,
#    and has stride 2 from the second stage on: half the resolution, more channels;
# 3. **global average pooling**: each feature map becomes its mean over all positions. What counts is how much of a
#    pattern there is, not where. And since nothing depends on the number of positions, **any image size works**;
# 4. a **linear layer** from `widths[-1]` numbers to the logits.
#
# | | shape of one image | with `widths=(8, 16, 32)` |
# |---|---|---|
# | image | $C \times H \times W$ | $1 \times 28 \times 28$ |
# | after the stem | $w_1 \times H \times W$ | $8 \times 28 \times 28$ |
# | after the first stage | $w_1 \times H \times W$ | $8 \times 28 \times 28$ |
# | after the second stage | $w_2 \times \lceil H/2 \rceil \times \lceil W/2 \rceil$ | $16 \times 14 \times 14$ |
# | after the third stage | $w_3 \times \lceil H/4 \rceil \times \lceil W/4 \rceil$ | $32 \times 7 \times 7$ |
# | after the pooling | $w_3$ | $32$ |
# | logits | number of outputs | a single number |
#
# As in the previous exercises, the outputs are **logits**, and one output per sample has shape $(N,)$, like the labels.
#
# ### Question 2: `SmallResNet`


# %% question="SmallResNet"
class SmallResNet(nn.Module):
    """A stem, one stage of residual blocks per width, global average pooling and a linear layer.

    Parameters
    ----------
    in_channels
        Channels of the images, 1 for grey, 3 for colour.
    n_outputs
        Logits per sample.
    widths
        Channels of each stage, for any number of stages. The stem has as many as the first stage. From the second stage
        on, the first block of a stage has stride 2.
    """

    def __init__(self, in_channels: int = 1, n_outputs: int = 1, widths: Sequence[int] = (8, 16, 32)) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, widths[0], kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        before = [widths[0], *widths]
        self.stages = nn.Sequential(
            *[ResidualBlock(before[stage], width, stride=1 if stage == 0 else 2) for stage, width in enumerate(widths)]
        )
        self.head = nn.Linear(widths[-1], n_outputs)
        ### END SOLUTION

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits: shape ``(N,)`` for one output, ``(N, n_outputs)`` for more.

        ``images`` has shape ``(N, in_channels, H, W)``, of any size.
        """
        ### BEGIN SOLUTION
        maps = self.stages(self.stem(images))
        logits = self.head(maps.mean(dim=(2, 3)))
        return logits.squeeze(1) if logits.shape[1] == 1 else logits
        ### END SOLUTION


# %% tags=["active-ipynb"]
# try:
#     network = SmallResNet()
#     shapes = []
#     layers = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
#     for name, layer in layers:  # a hook sees what a layer returns, wherever it is in the network
#         layer.register_forward_hook(lambda layer, _, output, name=name: shapes.append((name, layer, output.shape)))
#     network(val_images[:1])
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     print(f"{'layer':26} {'kernel':>7} {'stride':>7} {'output':>14} {'parameters':>11}")
#     for name, layer, shape in shapes:
#         kernel, stride = "", ""
#         if isinstance(layer, nn.Conv2d):
#             kernel, stride = "×".join(map(str, layer.kernel_size)), layer.stride[0]
#         size = sum(parameter.numel() for parameter in layer.parameters())
#         output = "×".join(map(str, shape[1:]))
#         print(f"{name:26} {kernel:>7} {stride:>7} {output:>14} {size:11,}")
#     total = sum(parameter.numel() for parameter in network.parameters())
#     print(f"{total:,} parameters in all, with those of batch norms")

# %% [markdown]
# ## 3. Transfer: start from what another network has learnt
#
# Medical data sets are small. A network trained on a million photographs has kernels for edges, textures and shapes
# that are useful for X-rays too. So take a trained **backbone**, replace what does not fit, and train it a little
# further.
#
# torchvision's `resnet18` expects three channels and returns 1 000 logits. For grey images and one logit, only two of
# its layers have to be new: the first convolution, `conv1`, and the last layer, `fc`. The new first convolution is like
# the old one except for the number of channels: look at it with `print(resnet18().conv1)`.
#
# - The trained weights come as a **state dict**: name → tensor, for the network as torchvision defines it. They are
#   loaded where they fit; a tensor of another shape raises an error.
# - `weights=None` means that nothing is loaded. Do not download anything either: `resnet18()` creates a network with
#   random weights.
# - With one output, torchvision's network returns shape $(N, 1)$; yours must return $(N,)$, like all models in these
#   exercises. This does not need a new class: `nn.Flatten(0)` turns $(N, 1)$ into $(N,)$, and an `nn.Sequential` puts
#   one module after another.
#
# <details><summary><b>Real trained weights</b></summary>
#
# `torchvision.models.ResNet18_Weights.DEFAULT.get_state_dict()` downloads weights trained on ImageNet (45 MB). The
# checks use random weights.
# </details>
#
# ### Question 3: `adapt_resnet18`


# %% question="adapt_resnet18"
def adapt_resnet18(n_outputs: int = 1, in_channels: int = 1, weights: dict[str, Tensor] | None = None) -> nn.Module:
    """Return torchvision's ResNet-18 with a new first convolution and a new last layer.

    Parameters
    ----------
    n_outputs
        Logits per sample.
    in_channels
        Channels of the images. Otherwise the first convolution has the original geometry: 7×7, stride 2, padding 3, no
        bias.
    weights
        A state dict of torchvision's ``resnet18()``, with its three channels and 1 000 outputs. Everything but the
        first convolution and the last layer is loaded; the dict must not be modified. None: random weights.

    Returns
    -------
    nn.Module
        Maps images ``(N, in_channels, H, W)`` to logits ``(N,)`` for one output, ``(N, n_outputs)`` for more.
    """
    ### BEGIN SOLUTION
    model = resnet18()
    if weights is not None:
        model.load_state_dict(weights)
    model.conv1 = nn.Conv2d(in_channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
    head = nn.Linear(model.fc.in_features, n_outputs)
    model.fc = nn.Sequential(head, nn.Flatten(0)) if n_outputs == 1 else head
    return model
    ### END SOLUTION


# %% [markdown]
# **Freezing.** With a few hundred images, eleven million weights are too many to learn. Then the backbone is
# **frozen**: it does not change, and only the last linear layer learns, from the 512 numbers that the backbone computes
# for an image.
#
# A parameter is frozen when its `requires_grad` is False. But remember the batch norms: their running statistics are
# not parameters, and each forward pass in training mode changes them, whatever `requires_grad` is. So a "frozen"
# backbone drifts as soon as a training loop calls `model.train()`, which puts **all** modules of the model into
# training mode. A frozen batch norm must use its running statistics, and keep them, whatever is called. The other
# modules must switch mode as before: a dropout before the last layer is on in training.
#
# <details><summary><b>Ways to do it</b></summary>
#
# `model.train()` calls the method `train` of each child, so a batch norm whose own `train` does nothing stays in
# evaluation mode. Or let a hook switch it just before it is used: see `register_forward_pre_hook`.
# </details>
#
# ### Question 4: `freeze_backbone`


# %% question="freeze_backbone"
def freeze_backbone(model: nn.Module) -> nn.Module:
    """Freeze a model in place except for its last linear layer, and return the same model.

    Afterwards only the parameters of the last `nn.Linear` in the model (the last of ``model.modules()``) require a
    gradient, and no batch norm changes its running statistics in any mode. No value changes.

    Parameters
    ----------
    model
        Any model with a linear layer, whatever its modules are called, in either mode.
    """

    ### BEGIN SOLUTION
    def use_running_statistics(norm: nn.Module, _inputs: tuple[Tensor, ...]) -> None:
        norm.eval()

    model.requires_grad_(False)
    *_, last = (module for module in model.modules() if isinstance(module, nn.Linear))
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            module.register_forward_pre_hook(use_running_statistics)
    return model
    ### END SOLUTION


# %% tags=["active-ipynb"]
# def show_frozen(axes, model, title):
#     """Show how many parameters of each child of a model are frozen and how many train."""
#     names = [name for name, child in model.named_children() if list(child.parameters())]
#     for place, name in enumerate(names):
#         parameters = list(getattr(model, name).parameters())
#         size = sum(parameter.numel() for parameter in parameters)
#         trains = sum(parameter.numel() for parameter in parameters if parameter.requires_grad) > 0
#         axes.barh(place, size, color=ORANGE if trains else BLUE)
#         axes.text(1.2 * size, place, f"{size:,} {'train' if trains else 'frozen'}", va="center", fontsize=9)
#     axes.set(yticks=range(len(names)), yticklabels=names, xscale="log", xlim=(100, 1e10))
#     axes.set(xlabel="parameters", title=title)
#     axes.invert_yaxis()
#
#
# try:
#     large = adapt_resnet18()
#     frozen = freeze_backbone(adapt_resnet18())
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(1, 2, figsize=(8.5, 3), layout="constrained")
#     show_frozen(panels[0], large, "adapt_resnet18()")
#     show_frozen(panels[1], frozen, "after freeze_backbone")
#     plt.show()
#
#     images = nn.functional.interpolate(val_images[:16], 64)
#     # the running mean of the first batch norm, before and after a pass in training mode
#     for name, model in (("not frozen", large), ("frozen", frozen)):
#         norm = next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
#         before = norm.running_mean.clone()
#         with torch.no_grad():
#             model.train()(images)
#         change = (norm.running_mean - before).abs().max()
#         print(f"{name:>10}: the running means of the first batch norm changed by {change:.4f}")

# %% [markdown]
# ## 4. Training with one cycle
#
# Batch norm and shortcuts allow large learning rates, but not from the first step; and with a large rate until the end,
# the weights jump about: from one epoch to the next, the validation accuracy may fall by 0.3 and recover, because the
# running statistics lag behind. A **one-cycle** schedule (Smith, 2018) warms up from a small rate to a large one, then
# cools down to almost nothing. PyTorch has it as `torch.optim.lr_scheduler.OneCycleLR`, whose `step()` belongs after
# *each batch*.

# %% tags=["active-ipynb"]
# schedule_of = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
# cycle, rates = torch.optim.lr_scheduler.OneCycleLR(schedule_of, max_lr=0.01, total_steps=315), []
# for _ in range(315):
#     rates.append(cycle.get_last_lr()[0])
#     schedule_of.step()
#     cycle.step()
# figure, axes = plt.subplots(figsize=(5.5, 2.6), layout="constrained")
# axes.plot(np.arange(315) / 63, rates, color=BLUE)
# axes.set(xlabel="epoch", ylabel="learning rate", title="One cycle of five epochs, maximum 0.01")
# plt.show()

# %% [markdown]
# `fit_resnet` is the loop of the lecture: an **epoch** goes through all training images once, batch by batch, and takes
# a step against the gradient for each batch. Then it goes through the validation images in evaluation mode, without
# gradients; nothing is learnt from them. Train the given model, not a copy; its frozen parameters must not change. The
# loss is the binary cross-entropy of the logits.
#
# It returns one record per epoch:
#
# | key | value |
# |---|---|
# | `train_loss` | mean loss over the training **images**, during this epoch's training |
# | `val_loss` | mean loss over the validation images, after this epoch's training |
# | `accuracy` | share of the validation images with the correct prediction, which is 1 for logits above 0 |
#
# Mean over images, not over batches: the last batch may be smaller than the others.
#
# **Requirement.** With five epochs on 2 000 phantoms, your `fit_resnet` must bring a small ResNet to an **AUC** of at
# least 0.90 on images it has never seen; an MLP reaches 0.84 there. The AUC is the probability that an image with a
# shadow gets a larger logit than one without. The optimiser, its schedule and everything else are your choice: a
# constant rate can reach it too, because the AUC does not change when the logits of all images are shifted, as happens
# when running statistics lag behind.
#
# ### Question 5: `fit_resnet`


# %% question="fit_resnet"
def fit_resnet(
    model: nn.Module, train_loader: DataLoader, val_loader: DataLoader, epochs: int
) -> list[dict[str, float]]:
    """Train a model in place, and return one record per epoch.

    Parameters
    ----------
    model
        Returns logits of shape ``(N,)``; may arrive in either mode. Its frozen parameters must not change.
    train_loader
        Yields batches ``(images, labels)``: float32, ``(N, C, H, W)`` and ``(N,)`` with labels 0 and 1.
    val_loader
        The same for validation images, which are used in evaluation mode and without gradients.
    epochs
        Number of passes over the training images.

    Returns
    -------
    list of dict
        For each epoch ``train_loss`` and ``val_loss``, the mean binary cross-entropy over the images, and ``accuracy``,
        the share of correct predictions on the validation images. All are floats.
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(parameter for parameter in model.parameters() if parameter.requires_grad)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1e-2, epochs=epochs, steps_per_epoch=len(train_loader)
    )
    records = []
    for _ in range(epochs):
        model.train()
        train_loss = 0.0
        for images, labels in train_loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            train_loss += loss.item() * len(labels)

        model.eval()
        val_loss, n_right = 0.0, 0
        with torch.no_grad():
            for images, labels in val_loader:
                logits = model(images)
                val_loss += nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum").item()
                n_right += int(((logits > 0) == (labels > 0.5)).sum())

        n_train, n_val = len(train_loader.dataset), len(val_loader.dataset)
        records.append({"train_loss": train_loss / n_train, "val_loss": val_loss / n_val, "accuracy": n_right / n_val})
    return records
    ### END SOLUTION


# %% tags=["active-ipynb"]
# EPOCHS = 5
# network, history = None, []
# try:
#     torch.manual_seed(0)
#     network = SmallResNet()
#     loaders = make_loader(train_images, train_labels, shuffle=True), make_loader(val_images, val_labels)
#     history = fit_resnet(network, *loaders, EPOCHS)
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, (losses, accuracies) = plt.subplots(1, 2, figsize=(8.5, 3.2), layout="constrained")
#     epochs = range(1, EPOCHS + 1)
#     losses.plot(epochs, [record["train_loss"] for record in history], "o--", color=BLUE, label="training")
#     losses.plot(epochs, [record["val_loss"] for record in history], "s-", color=ORANGE, label="validation")
#     losses.set(xlabel="epoch", ylabel="binary cross-entropy", ylim=(0, None), xticks=epochs, title="Loss")
#     losses.legend()
#     accuracies.plot(epochs, [record["accuracy"] for record in history], "s-", color=ORANGE)
#     accuracies.axhline(0.5, color=GREY, linestyle=":", label="guessing")
#     accuracies.set(xlabel="epoch", ylabel="accuracy", ylim=(0.4, 1.02), xticks=epochs, title="Validation accuracy")
#     accuracies.legend(loc="lower right")
#     plt.show()

# %% [markdown]
# ## 5. Transfer to a small data set
#
# Now a new question with few labels: is the shadow *large* or *small*? Say that somebody has labelled 60 images. We
# give them to three networks: one that starts from random weights; the one from above with a new last layer and
# everything else **frozen**; and the same with all weights still learning (*fine-tuning*). (Only the phantom knows how
# large its shadows are, so with other data this cell shows nothing.)

# %% tags=["active-ipynb"]
# def shadow_sizes(images, dataset):
#     """Return the images that have a shadow, and 1 for each whose shadow is larger than the median, else 0."""
#     areas = torch.from_numpy(dataset.masks.sum(axis=(1, 2)))
#     shadowed = torch.from_numpy(dataset.labels == 1)
#     return images[shadowed], (areas[shadowed] > areas[shadowed].median()).float()
#
#
# if history and train_set.masks is not None:
#     import copy
#
#     few_images, few_labels = (part[:60] for part in shadow_sizes(train_images, train_set))
#     val_shadows = [part[:250] for part in shadow_sizes(val_images, val_set)]
#     few, held_out = make_loader(few_images, few_labels, shuffle=True), make_loader(*val_shadows)
#     starts = {"from random weights": SmallResNet(), "all of it goes on learning": copy.deepcopy(network)}
#     try:
#         starts["only the last layer learns"] = freeze_backbone(copy.deepcopy(network))
#     except NotImplementedError as todo:
#         print(f"{todo}: write it, then run this cell again.")
#     figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
#     for (name, start), colour, marker in zip(starts.items(), (GREY, ORANGE, BLUE), "so^"):
#         torch.manual_seed(1)
#         [module for module in start.modules() if isinstance(module, nn.Linear)][-1].reset_parameters()
#         records = fit_resnet(start, few, held_out, 25)
#         axes.plot(range(1, 26), [record["accuracy"] for record in records], color=colour, label=name)
#     axes.axhline(0.5, color=GREY, linestyle=":")
#     axes.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0.4, 1), title="Large or small? From 60 images")
#     axes.legend(loc="upper right")
#     plt.show()

# %% [markdown]
# <details><summary><b>Think about it:</b> a backbone was trained to tell dogs from cats. Is it useful?</summary>
#
# Its outputs may not contain what it never needed. Transfer helps as far as the old and the new task need the same
# patterns. That is why networks trained on *many* kinds of images transfer best, and why fine-tuning, with a small
# learning rate, is the next step if the frozen backbone is not enough.
# </details>
