# %% [markdown]
# # A simple convolutional network
#
# To a fully connected network (MLP), an image is a list of numbers. It learns separately for each pixel what a
# shadow there means: one in the upper left teaches it nothing about one in the lower right. A convolution uses
# the *same* few weights everywhere. What it learns in one place, it knows in all of them.
#
# In this exercise you build a convolutional network (CNN), train it, and see it beat an MLP with twice as many
# parameters:
#
# | question | what you write | points |
# |---|---|---|
# | `count_parameters` | how many numbers a network learns | 1 |
# | `receptive_field` | how much of the image a unit sees | 2 |
# | `conv_block` | convolution, ReLU, pooling | 2 |
# | `SimpleCNN` | the network | 5 |
# | `fit_cnn` | the training, and how good the network gets | 6 |
#
# From here on, all of PyTorch is yours: `nn.Conv2d`, `nn.MaxPool2d`, `torch.optim` and the rest.

# %%
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

# %% [markdown]
# ## 1. The images
#
# We use the *phantom*: chest-like images that a program draws, half of them with soft shadows somewhere in the
# lungs. **It is synthetic, not medical data.** It is small, needs no download, and because the program knows
# where it put each shadow, we can see what a network has to deal with. Label 1 means that there is a shadow in
# the lungs, 0 that there is none; bright spots elsewhere mean nothing.
#
# `load_dataset` returns the images as numbers from 0 to 255. A network trains faster on numbers around 0, so we
# standardise them, with the mean and the standard deviation of the **training** images. A `DataLoader` then
# yields them in batches, the training images in a new order in each epoch.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
# import numpy as np
# from torch.utils.data import TensorDataset
#
# from autograder.datasets import load_dataset
#
# torch.set_num_threads(1)  # networks this small lose more by sharing work among cores than they gain
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
# train_images, train_labels = as_tensors(train_set)
# val_images, val_labels = as_tensors(val_set)
# train_loader = DataLoader(TensorDataset(train_images, train_labels), batch_size=64, shuffle=True)
# val_loader = DataLoader(TensorDataset(val_images, val_labels), batch_size=250)
# share = train_labels.mean()
# print(f"{len(train_images)} training images ({share:.0%} with label 1), {len(val_images)} validation images")

# %% tags=["active-ipynb"]
# figure = plt.figure(figsize=(8.5, 3.7), layout="constrained")
# left, right = figure.subfigures(1, 2, width_ratios=[2.3, 1])
# for row, (label, name) in enumerate([(0, "without"), (1, "with a shadow")]):
#     for column, image in enumerate(np.flatnonzero(val_set.labels == label)[:4]):
#         axes = left.add_subplot(2, 4, 4 * row + column + 1)
#         axes.imshow(val_set.images[image], cmap="gray", vmin=0, vmax=255)
#         axes.set(xticks=[], yticks=[])
#         if column == 0:
#             axes.set_ylabel(name)
#         if label and val_set.masks is not None:
#             axes.contour(val_set.masks[image], levels=[0.5], colors=ORANGE, linewidths=1.2)
# left.suptitle("Eight images; the shadows are outlined")
# if train_set.masks is not None:
#     often = 100 * train_set.masks[train_set.labels == 1].mean(axis=0)
#     axes = right.subplots()
#     shown = axes.imshow(often, cmap="magma", vmin=0)
#     axes.set(xlabel="column", ylabel="row")
#     right.colorbar(shown, ax=axes, shrink=0.75, label="% of the images with a shadow")
#     right.suptitle("Where the shadows lie")
# plt.show()

# %% [markdown]
# On the right: even the most frequent pixels are in a shadow in at most one in five of these images. An MLP has
# separate weights for each pixel, which learn from these few images only. The weights of a kernel learn from
# **every** position in every image.
#
# ## 2. Counting parameters
#
# A **parameter** is a number that is learnt. A fully connected layer has a weight for each pair of an input
# and an output, and a bias for each output:
#
# $$ (n_\text{in} + 1) \cdot n_\text{out} $$
#
# Each of the $C_\text{out}$ kernels of a convolution has a weight for each cell and each input channel, and a
# bias:
#
# $$ (k_H \cdot k_W \cdot C_\text{in} + 1) \cdot C_\text{out} $$
#
# The size of the image does not appear: the weights are **shared** by all positions. From a 28×28 image to 128
# numbers, a fully connected layer learns 785 · 128 = 100 480 parameters; eight 3×3 kernels learn 10 · 8 = 80.
#
# Let PyTorch count instead of using formulas. A module knows its parameters, including those of its submodules.
# Three things to keep in mind:
#
# - A parameter may be **frozen** (`requires_grad` is False): training does not change it.
# - A parameter may be used in two places in a network. It is learnt only once.
# - A module may hold **buffers**, such as the running mean of a batch norm: they are in its `state_dict()`, but
#   not learnt by gradient descent.
#
# ### Question 1: `count_parameters`


# %% question="count_parameters"
def count_parameters(module: nn.Module, trainable_only: bool = True) -> int:
    """Return how many numbers a module learns, including those of its submodules.

    Parameters
    ----------
    module
        Any module; must not be modified.
    trainable_only
        Whether frozen parameters (``requires_grad`` is False) are left out.

    Returns
    -------
    int
        The number of elements of all parameters. A parameter used in several places counts once; buffers do not
        count.
    """
    ### BEGIN SOLUTION
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trainable_only)
    ### END SOLUTION


# %% tags=["active-ipynb"]
# sizes = [28, 56, 112, 224, 448]
# try:
#     # on the device "meta" a layer has a shape but no memory
#     dense = [count_parameters(nn.Linear(size * size, 128, device="meta")) for size in sizes]
#     shared = [count_parameters(nn.Conv2d(1, 8, 3, device="meta")) for size in sizes]
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
#     axes.plot(sizes, dense, "o-", color=ORANGE, label="fully connected, 128 outputs")
#     axes.plot(sizes, shared, "s-", color=BLUE, label="convolution, 8 kernels of 3×3")
#     for size, number in [(sizes[0], dense[0]), (sizes[-1], dense[-1]), (sizes[-1], shared[-1])]:
#         place = {"xytext": (0, -16 if number > 10**7 else 9), "textcoords": "offset points", "ha": "center"}
#         axes.annotate(f"{number:,}".replace(",", " "), (size, number), **place)
#     axes.set(xscale="log", yscale="log", ylim=(20, 10**8), xlim=(23, 580), xticks=sizes, xticklabels=sizes)
#     axes.set(xlabel="height and width of the image (pixels)", ylabel="parameters", title="A first layer")
#     axes.minorticks_off()
#     axes.legend(loc="center right")
#     plt.show()

# %% [markdown]
# ## 3. How much a unit sees
#
# A 3×3 kernel looks at nine pixels, and a shadow is larger than that. But the next layer looks at nine values of
# which *each* has seen nine pixels. The part of the image that can influence one value of a layer is its
# **receptive field**; it grows from layer to layer, and must become large enough for what the network has to
# find.
#
# Consider a stack of layers, each with a kernel size $k_l$ and a stride $s_l$; pooling counts as a layer too.
# Along one axis, the receptive field of the last layer is
#
# $$ r \;=\; 1 + \sum_{l=1}^{L} (k_l - 1) \prod_{i=1}^{l-1} s_i $$
#
# The product is over the strides of the layers **before** layer $l$: two neighbours in its input are that many
# pixels apart in the image. So a stride does not affect the receptive field of its own layer, but those of all
# later ones.
#
# Two examples, to work through with pencil and paper:
#
# - two 3×3 convolutions with stride 1: $1 + 2 + 2 = 5$ pixels,
# - the same with 2×2 pooling (stride 2) in between: $1 + 2 + 1 + 2 \cdot 2 = 8$ pixels.
#
# ### Question 2: `receptive_field`


# %% question="receptive_field"
def receptive_field(layers: Sequence[tuple[int, int]]) -> int:
    """Return the receptive field of a stack of layers: height and width in pixels.

    The lecture's ``1 + sum_l (k_l - 1) · s_1 · … · s_(l-1)``.

    Parameters
    ----------
    layers
        ``(kernel_size, stride)`` of each layer, convolution or pooling, starting at the image.

    Returns
    -------
    int
        1 if there are no layers: a pixel sees itself.
    """
    ### BEGIN SOLUTION
    field, jump = 1, 1  # jump: distance in pixels of two neighbours in the layer's input
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump *= stride
    return field
    ### END SOLUTION


# %% tags=["active-ipynb"]
# stacks = {
#     "3×3 convolutions": ([(3, 1)] * 6, BLUE, "o-"),
#     "3×3 convolutions and 2×2 pooling in turn": ([(3, 1), (2, 2)] * 3, ORANGE, "s-"),
#     "3×3 convolutions with stride 2": ([(3, 2)] * 6, GREEN, "^-"),
# }
# try:
#     growth = {name: [receptive_field(stack[:n]) for n in range(7)] for name, (stack, _, _) in stacks.items()}
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, (axes, picture) = plt.subplots(1, 2, figsize=(8.5, 3.8), width_ratios=[1.35, 1], layout="constrained")
#     for name, (_, colour, style) in stacks.items():
#         axes.plot(growth[name], style, color=colour, label=name)
#     axes.axhline(28, color=GREY, linestyle=":")
#     axes.text(0, 28.6, "the whole image", color="#555555", fontsize=9)
#     axes.set(xlabel="layers", ylabel="receptive field (pixels)", ylim=(0, 46), title="Receptive field of a stack")
#     axes.legend(loc="upper left", fontsize=9)
#
#     shadowed = int(np.flatnonzero(val_set.labels == 1)[3])
#     picture.imshow(val_set.images[shadowed], cmap="gray")
#     row, column = 14, 14
#     if val_set.masks is not None:
#         row, column = np.argwhere(val_set.masks[shadowed]).mean(axis=0).round().astype(int)
#     for field, colour in zip([3, 8, 10], (BLUE, ORANGE, GREEN)):
#         corner, style = (column - field / 2, row - field / 2), {"fill": False, "linewidth": 2.5}
#         picture.add_patch(plt.Rectangle(corner, field, field, edgecolor=colour, label=f"{field}×{field}", **style))
#     picture.legend(loc="lower right", fontsize=8)
#     picture.set(xticks=[], yticks=[], title="3, 8 and 10 pixels, to scale")
#     plt.show()

# %% [markdown]
# ## 4. A block
#
# Convolutional networks are built from blocks. The lecture's simplest one has three parts:
#
# 1. a **convolution** with 3×3 kernels, padded with one pixel of zeros on each side, which keeps height and
#    width;
# 2. the **ReLU**, $\max(0, x)$. Without a nonlinear function in between, two convolutions in a row could be
#    replaced by one;
# 3. **max pooling** with 2×2 windows. It halves height and width: what was found counts, not exactly where. And
#    the receptive field of all later layers grows twice as fast. Of an odd number of rows or columns the last
#    one is dropped: 7 becomes 3.
#
# You wrote convolution and max pooling by hand in the last exercise. Here, use PyTorch's.
#
# ### Question 3: `conv_block`


# %% question="conv_block"
def conv_block(in_channels: int, out_channels: int) -> nn.Module:
    """Return a block: 3×3 convolution with padding, ReLU, 2×2 max pooling.

    Shapes: ``(N, in_channels, H, W)`` to ``(N, out_channels, H // 2, W // 2)``.
    """
    ### BEGIN SOLUTION
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    ### END SOLUTION


# %% tags=["active-ipynb"]
# try:
#     torch.manual_seed(3)
#     block = conv_block(1, 6)
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     with torch.no_grad():
#         maps = block(val_images[shadowed : shadowed + 1])[0]
#     figure, panels = plt.subplots(1, 7, figsize=(8.5, 1.8), layout="constrained")
#     for axes, image, name in zip(panels, [val_images[shadowed, 0], *maps], ["image", *range(6)]):
#         axes.imshow(image, cmap="gray")
#         axes.set(xticks=[], yticks=[], title=f"{name}\n{image.shape[0]}×{image.shape[1]}")
#     figure.suptitle("A block before it has learnt anything: random kernels respond to edges and areas", fontsize=10)
#     plt.show()

# %% [markdown]
# ## 5. The network
#
# A simple CNN has two parts. The blocks turn the image into more and more, smaller and smaller feature maps; the
# last ones are flattened, and linear layers decide:
#
# | | shape of one image |
# |---|---|
# | image | $1 \times 28 \times 28$ |
# | after the first block | $c_1 \times 14 \times 14$ |
# | after the second block | $c_2 \times 7 \times 7$ |
# | flattened | $49\,c_2$ |
# | after linear layers, with a ReLU between them | number of outputs |
#
# How many blocks and channels is up to you, within these rules:
#
# - at least two convolutions, and at most 100 000 parameters for `SimpleCNN()`;
# - it works for images of any size divisible by 4 and for any number of channels. The number of values after
#   flattening depends on the size: read it from the tensor, or work it out;
# - it returns **logits**: the output of the last layer, of any sign. The sigmoid belongs in the loss;
# - one output per sample has shape $(N,)$, the shape of the labels, even if $N$ is 1. More outputs have shape
#   $(N, n)$.
#
# <details><summary><b>Think about it:</b> why are shapes (N, 1) and (N,) not equivalent?</summary>
#
# Subtract one from the other: broadcasting makes an (N, N) table of every logit against every label. A
# hand-written loss then silently takes the mean of that and learns nothing. PyTorch's own loss raises an error.
# </details>
#
# ### Question 4: `SimpleCNN`


# %% question="SimpleCNN"
class SimpleCNN(nn.Module):
    """Convolutions, then linear layers.

    After a few epochs of standard training, it beats an MLP on images.

    Parameters
    ----------
    in_channels
        Channels of the images, 1 for grey, 3 for colour.
    n_outputs
        Logits per sample.
    image_size
        Height and width of the images in pixels, divisible by 4.
    """

    def __init__(self, in_channels: int = 1, n_outputs: int = 1, image_size: int = 28) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.features = nn.Sequential(conv_block(in_channels, 8), conv_block(8, 16))
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * (image_size // 4) ** 2, 64), nn.ReLU(), nn.Linear(64, n_outputs)
        )
        ### END SOLUTION

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits: shape ``(N,)`` for one output, ``(N, n_outputs)`` for more.

        ``images`` has shape ``(N, in_channels, image_size, image_size)``.
        """
        ### BEGIN SOLUTION
        logits = self.head(self.features(images))
        return logits.squeeze(1) if logits.shape[1] == 1 else logits
        ### END SOLUTION


# %% [markdown]
# ## 6. Training
#
# The loss is the binary cross-entropy of the lecture. PyTorch computes it from the logits $z$, including the
# sigmoid, because that is accurate even where the sigmoid rounds to 0 or 1:
#
# $$ L \;=\; -\frac{1}{N} \sum_{i=1}^{N} y_i \log \sigma(z_i) + (1 - y_i) \log (1 - \sigma(z_i)) $$
#
# An **epoch** goes through all training images once, batch by batch, and takes a step against the gradient for
# each batch. Then it goes through the validation images, from which nothing is learnt: the model is in
# *evaluation mode* (dropout is off, batch norm uses its running statistics) and no gradients are recorded.
#
# The optimiser, its learning rate and everything else are your choice: there is no argument for them. Use the
# learning curves: if the training loss hardly falls, or jumps, check the learning rate first. Train the given
# model, not a copy; it may hold frozen parameters, which must not change.
#
# `fit_cnn` returns one record per epoch:
#
# | key | value |
# |---|---|
# | `train_loss` | mean loss over the training **images**, during this epoch's training |
# | `val_loss` | mean loss over the validation images, after this epoch's training |
# | `accuracy` | share of the validation images with the correct prediction, which is 1 for logits above 0 |
#
# Mean over images, not over batches: the last batch may be smaller than the others, down to a single image.
#
# **Requirement.** On 4 000 images of the phantom, in batches of 64, five epochs of your `fit_cnn` must bring a
# network like the one above to an accuracy of at least 0.86 on images it has never seen. An MLP, trained equally
# long, reaches 0.75.
#
# ### Question 5: `fit_cnn`


# %% question="fit_cnn"
def fit_cnn(model: nn.Module, train_loader: DataLoader, val_loader: DataLoader, epochs: int) -> list[dict[str, float]]:
    """Train a model in place, and return one record per epoch.

    Parameters
    ----------
    model
        Returns logits of shape ``(N,)``; may arrive in either mode.
    train_loader
        Yields batches ``(images, labels)``: float32, ``(N, C, H, W)`` and ``(N,)`` with labels 0 and 1.
    val_loader
        The same for validation images, which are used in evaluation mode and without gradients.
    epochs
        Number of passes over the training images.

    Returns
    -------
    list of dict
        For each epoch ``train_loss`` and ``val_loss``, the mean binary cross-entropy over the images, and
        ``accuracy``, the share of correct predictions on the validation images. All are floats.
    """
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=3e-3)
    records = []
    for _ in range(epochs):
        model.train()
        train_loss = 0.0
        for images, labels in train_loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
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


# %% [markdown]
# ## 7. What it has learnt
#
# Your `fit_cnn` trains any model, including an MLP. The same images, the same loop:

# %% tags=["active-ipynb"]
# EPOCHS = 8
# histories, networks = {}, {}
# try:
#     torch.manual_seed(0)
#     size = train_images.shape[-1]
#     networks["CNN"] = SimpleCNN(image_size=size)
#     hidden = nn.Linear(size * size, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()
#     networks["MLP"] = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(64, 1), nn.Flatten(0))
#     for name, network in networks.items():
#         histories[name] = fit_cnn(network, train_loader, val_loader, EPOCHS)
#         learnt, final = count_parameters(network), histories[name][-1]["accuracy"]
#         print(f"{name}: {learnt:7,} parameters, validation accuracy {final:.3f}")
# except NotImplementedError as todo:
#     histories = {}
#     print(f"{todo}: write it, then run this cell again.")

# %% tags=["active-ipynb"]
# if histories:
#     figure, (losses, accuracies) = plt.subplots(1, 2, figsize=(8.5, 3.4), layout="constrained")
#     epochs = range(1, EPOCHS + 1)
#     for (name, history), colour in zip(histories.items(), (BLUE, ORANGE)):
#         curves = {key: [record[key] for record in history] for key in ("train_loss", "val_loss", "accuracy")}
#         losses.plot(epochs, curves["train_loss"], "o--", color=colour, label=f"{name}, training")
#         losses.plot(epochs, curves["val_loss"], "s-", color=colour, label=f"{name}, validation")
#         accuracies.plot(epochs, curves["accuracy"], "s-", color=colour, label=name)
#     accuracies.axhline(0.5, color=GREY, linestyle=":", label="guessing")
#     losses.set(xlabel="epoch", ylabel="binary cross-entropy", ylim=(0, None), title="Loss")
#     accuracies.set(xlabel="epoch", ylabel="accuracy", ylim=(0.4, 1), title="Validation accuracy")
#     losses.legend(fontsize=9)
#     accuracies.legend(fontsize=9, loc="lower right")
#     plt.show()
# else:
#     print("Write `SimpleCNN` and `fit_cnn`, then run these cells again.")

# %% [markdown]
# Accuracy is one number. The **confusion matrix** shows which of the two mistakes a network makes, and the **ROC
# curve** what happens with a threshold other than 0 on the logit: more shadows found, or fewer false alarms.

# %% tags=["active-ipynb"]
# if histories:
#     from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay
#
#     with torch.no_grad():
#         logits = {name: network.eval()(val_images) for name, network in networks.items()}
#     figure, (matrix, curve) = plt.subplots(1, 2, figsize=(8.5, 3.8), layout="constrained")
#     names = ["no shadow", "shadow"] if DATASET == "phantom" else ["normal", "pneumonia"]
#     ConfusionMatrixDisplay.from_predictions(
#         val_labels.int(), (logits["CNN"] > 0).int(), display_labels=names, ax=matrix, cmap="Blues", colorbar=False
#     )
#     matrix.set(title="CNN", xlabel="predicted", ylabel="true")
#     for (name, values), colour in zip(logits.items(), (BLUE, ORANGE)):
#         RocCurveDisplay.from_predictions(val_labels, values, name=name, ax=curve, curve_kwargs={"color": colour})
#     curve.plot([0, 1], [0, 1], color=GREY, linestyle=":")
#     curve.set(xlabel="false alarms (share of label 0)", ylabel="found (share of label 1)", title="ROC curve")
#     plt.show()

# %% [markdown]
# What do the kernels look like, and what do the blocks make of an image? Blue is negative, red is positive.
# Early maps still look like the image; later ones have fewer pixels, and light up where there is something of
# interest.

# %% tags=["active-ipynb"]
# if histories:
#     # the first convolutions of your network and their maps, whatever your modules are called
#     convolutions = [module for module in networks["CNN"].modules() if isinstance(module, nn.Conv2d)][:2]
#     outputs = []
#
#     def keep(_module, _inputs, output):
#         outputs.append(output[0].relu())
#
#     hooks = [module.register_forward_hook(keep) for module in convolutions]
#     with torch.no_grad():
#         networks["CNN"](val_images[shadowed : shadowed + 1])
#     for hook in hooks:
#         hook.remove()
#     figure, panels = plt.subplots(3, 9, figsize=(8.5, 3.6), layout="constrained")
#     kernels = convolutions[0].weight.detach()[:, 0]
#     limit = kernels.abs().max()
#     strongest = outputs[1][outputs[1].amax((1, 2)).argsort(descending=True)]
#     rows = [("kernels 1", kernels, "RdBu_r"), ("maps 1", outputs[0], "gray"), ("maps 2", strongest, "gray")]
#     for line, (name, pictures, colours) in zip(panels, rows):
#         low, high = (-limit, limit) if name.startswith("kernels") else (None, None)
#         line[0].imshow(val_images[shadowed, 0], cmap="gray")
#         line[0].set_ylabel(name)
#         for axes, picture in zip(line[1:], pictures):
#             axes.imshow(picture, cmap=colours, vmin=low, vmax=high)
#         for axes in line:
#             axes.set(xticks=[], yticks=[])
#         for axes in line[1 + len(pictures) :]:
#             axes.axis("off")
#     panels[0, 0].set_title("image", fontsize=10)
#     figure.suptitle("The first kernels, their maps, and the strongest maps of the second convolution")
#     plt.show()

# %% [markdown]
# Last, what the lesson began with. Let us shift the validation images to the right by a few pixels, unlike any
# training image, and ask both networks again.

# %% tags=["active-ipynb"]
# if histories:
#     shifts = range(7)
#     figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
#     for (name, network), colour in zip(networks.items(), (BLUE, ORANGE)):
#         shares = []
#         for shift in shifts:
#             # the columns that come in on the left repeat the first one
#             moved = nn.functional.pad(val_images, (shift, 0, 0, 0), mode="replicate")[..., : val_images.shape[-1]]
#             with torch.no_grad():
#                 shares.append(((network(moved) > 0).float() == val_labels).float().mean())
#         axes.plot(shifts, shares, "o-", color=colour, label=name)
#     axes.axhline(0.5, color=GREY, linestyle=":", label="guessing")
#     axes.set(xlabel="shift (pixels)", ylabel="accuracy", ylim=(0.4, 1), title="Shifted validation images")
#     axes.legend()
#     plt.show()

# %% [markdown]
# <details><summary><b>Think about it:</b> why does the CNN lose accuracy at all?</summary>
#
# Its kernels do not depend on position, but the linear layers after flattening do: they have a weight for each
# position of the last maps. Pooling tolerates a shift by a pixel or so. A network that ends with global pooling
# over all positions depends even less on it; the next exercise builds one.
# </details>
