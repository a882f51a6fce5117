# generated from solutions/interpretability.py by `autograder build`; do not edit

# %% [markdown]
# # Why did it predict that?
#
# A network says "opacity, 98 %". Should a radiologist believe it? It may have seen the opacity. It may also have
# seen that sick patients are X-rayed in bed, or that the hospital with more of them marks its images in the corner.
# Both have happened, and accuracy on images from the same hospitals reveals neither.
#
# This optional exercise asks a trained network what it looked at:
#
# | question | what you write | bonus points |
# |---|---|---|
# | `saliency_map` | which pixels move the output? | 3 |
# | `occlusion_map` | what happens when part of the image is hidden? | 3 |
# | `grad_cam` | where are the features that speak for the finding? | 4 |
# | `top_patches` | what does one feature map look for? | 3 |
# | `pointing_game` | does a map point to the right place? | 2 |
#
# Each works for **any** model that takes images of shape $(N, C, H, W)$ and returns $N$ logits. You may use all of
# PyTorch, but no library that makes such maps (such as Captum).

# %%
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

# %% [markdown]
# ## 1. A model to ask
#
# Whether a map is right can only be judged where the truth is known. So the images are those of the *phantom*:
# chest-like pictures that a program draws, half of them with one to three soft opacities in the lungs. **It is
# synthetic, not medical data.** But each image has a mask of the pixels that matter.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
#
# from autograder.datasets import load_dataset, phantoms
#
# torch.set_num_threads(1)  # for a network this small, several threads only wait for each other
#
# # Colours that colour-blind readers can tell apart.
# BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#999999"
#
# DATASET = "phantom"  # or "pneumoniamnist": real chest X-rays, downloaded once; nobody knows the masks there
# train_set, val_set = load_dataset(DATASET, "train"), load_dataset(DATASET, "val")
# pixel_mean, pixel_deviation = float(train_set.images.mean()), float(train_set.images.std())
#
#
# def as_tensors(dataset):
#     """Return standardised images (N, 1, H, W), labels (N,) and masks of the findings (N, H, W) or None."""
#     pixels = torch.from_numpy((dataset.images - pixel_mean) / pixel_deviation).float().unsqueeze(1)
#     masks = None if dataset.masks is None else torch.from_numpy(dataset.masks)
#     return pixels, torch.from_numpy(dataset.labels).float(), masks
#
#
# train_images, train_labels, _ = as_tensors(train_set)
# val_images, val_labels, val_masks = as_tensors(val_set)
#
#
# def show_image(axes, image, title="", mask=None):
#     """Show an image of shape (1, H, W), with the outline of the true finding."""
#     axes.imshow(image[0], cmap="gray")
#     if mask is not None and mask.any():
#         axes.contour(mask, levels=[0.5], colors=ORANGE, linewidths=1.5)
#     axes.set_title(title, fontsize=10)
#     axes.set(xticks=[], yticks=[])
#
#
# figure, panels = plt.subplots(1, 6, figsize=(9, 2), layout="constrained")
# for axes, image, label, number in zip(panels, val_images, val_labels, range(6)):
#     show_image(axes, image, f"label {label:.0f}", None if val_masks is None else val_masks[number])
# figure.suptitle("Phantoms, with the true finding outlined")
# plt.show()

# %% [markdown]
# The network below is small and built to be explained. Its last layer gives each position a number, the *evidence*
# for an opacity there, and the logit is the **largest** evidence of all positions. It trains in a few seconds;
# meanwhile, read on.

# %% tags=["active-ipynb"]
#
#
# class SmallCNN(nn.Module):
#     """Three convolutions; the logit is the largest evidence at any position."""
#
#     def __init__(self):
#         super().__init__()
#         layers, channels = [], 1
#         for width, size, stride in ((16, 4, 2), (24, 3, 1), (24, 3, 1)):
#             convolution = nn.Conv2d(channels, width, size, stride, padding=1)
#             layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
#             channels = width
#         self.features = nn.Sequential(*layers)
#         self.evidence = nn.Conv2d(channels, 1, kernel_size=1, bias=False)
#
#     def forward(self, images):
#         return self.evidence(self.features(images)).amax(dim=(1, 2, 3))
#
#
# def turned(images):
#     """Flip and rotate a batch at random: an opacity stays one, and the network learns to see it from all sides."""
#     for mirror in (lambda x: x.flip(2), lambda x: x.flip(3), lambda x: x.mT):
#         if torch.rand(()) < 0.5:
#             images = mirror(images)
#     return images
#
#
# def train_model(images, labels, epochs=4, learning_rate=0.01):
#     """Return a trained SmallCNN, in evaluation mode."""
#     torch.manual_seed(1)
#     model = SmallCNN()
#     optimizer = torch.optim.Adam(model.parameters(), learning_rate)
#     steps = epochs * -(-len(images) // 64)
#     schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
#     for _ in range(epochs):
#         for batch in torch.randperm(len(images)).split(64):
#             loss = nn.functional.binary_cross_entropy_with_logits(model(turned(images[batch])), labels[batch])
#             optimizer.zero_grad()
#             loss.backward()
#             optimizer.step()
#             schedule.step()
#     return model.eval()
#
#
# @torch.no_grad()
# def accuracy(model, images, labels):
#     """Return the share of images that a model classifies correctly."""
#     return float(((model(images) > 0) == (labels > 0)).float().mean())
#
#
# model = train_model(train_images, train_labels)  # takes about ten seconds
# print(f"Accuracy on validation images: {accuracy(model, val_images, val_labels):.1%}")

# %% [markdown]
# ### Explain the model as it will be used
#
# With dropout, a network in training mode gives a different answer each time, and with batch norms the answer for
# one image depends on the rest of the batch. So every map is made in **evaluation mode**. And it must leave no
# trace: somebody who looks at a map between two epochs wants to continue training afterwards. Note that `train()`
# and `eval()` set a module *and all modules in it*, although each has its own mode. In a network with frozen batch
# norms, modes are mixed. You may use this in your answers:


# %%
@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode for a ``with`` block; then restore the mode of each module."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


# %% [markdown]
# ## 2. Which pixels move the output?
#
# Training asks how the loss changes with the *weights*. The same machinery shows how the logit $z$ changes with each
# *pixel*: its gradient $\partial z / \partial x$. Where it is large, a small change of the pixel changes the answer.
# The **saliency map** (Simonyan et al., 2014) is its absolute value, with several channels the largest one:
#
# $$ S_{r,c} \;=\; \max_q \; \left| \frac{\partial z}{\partial x_{q,r,c}} \right| $$
#
# - It is the gradient of the **logit**, not of the probability: where the model is sure, the sigmoid is flat,
#   and the gradient of the probability vanishes.
# - Nothing is learnt here. The gradients that training left in the model's parameters must not change, and neither
#   must the image. `torch.autograd.grad` returns a gradient without changing any `.grad`.
#
# ### Question 1: `saliency_map`


# %% question="saliency_map"
def saliency_map(model: nn.Module, image: Tensor) -> Tensor:
    """Return how strongly each pixel affects the logit: the largest absolute gradient over the channels.

    Parameters
    ----------
    model
        Takes images of shape ``(N, C, H, W)`` and returns logits of shape ``(N,)``. It is called in evaluation mode.
        Its modes and gradients must not change; its parameters may be frozen.
    image
        Shape ``(C, H, W)``; must not be modified, including ``requires_grad`` and ``grad``.

    Returns
    -------
    Tensor
        Shape ``(H, W)``, not negative, without a graph. From Simonyan et al., 2014.
    """
    # YOUR CODE HERE
    raise NotImplementedError("saliency_map is not implemented yet")


# %% [markdown]
# ## 3. What if this part were hidden?
#
# A gradient describes tiny changes. **Occlusion** (Zeiler & Fergus, 2014) makes a large one: cover part of the image
# with a uniform grey patch and see how far the logit drops. Slide the patch over the whole image, and give each
# pixel the mean drop of all patches that covered it:
#
# $$
# O_{r,c} \;=\; \frac{1}{|P_{r,c}|} \sum_{p \,\in\, P_{r,c}} \big( z(x) - z(x \text{ with } p \text{ hidden}) \big),
# \qquad P_{r,c} = \text{the patches that cover } (r, c)
# $$
#
# The patches are square. Their upper left corners are at rows and columns 0, $s$, $2s$, … for a stride $s$, as long
# as the **whole** patch is inside the image. So at the right and lower border, and between patches if the stride is
# larger than the patch, there may be pixels that no patch covers: they get 0.
#
# A positive value means that this part speaks *for* the finding; if it is negative, the model was more certain
# without it. No gradients are needed, so this works with any classifier, even if you only have its predictions.
#
# ### Question 2: `occlusion_map`


# %% question="occlusion_map"
def occlusion_map(model: nn.Module, image: Tensor, patch_size: int = 4, stride: int = 2, fill: float = 0.0) -> Tensor:
    """Return the mean drop of the logit, original minus occluded, over the patches that cover each pixel.

    Parameters
    ----------
    model
        Takes images of shape ``(N, C, H, W)`` and returns logits of shape ``(N,)``. It is called in evaluation mode;
        its modes and gradients must not change.
    image
        Shape ``(C, H, W)``; must not be modified.
    patch_size
        Height and width of the patch in pixels. If it is larger than the image, the map is all zeros.
    stride
        Pixels from one patch to the next, along both axes.
    fill
        The value of hidden pixels, in all channels. In standardised images, 0 is the mean grey.

    Returns
    -------
    Tensor
        Shape ``(H, W)``, of both signs, 0 where no patch covers a pixel, without a graph. From Zeiler & Fergus,
        "Visualizing and understanding convolutional networks" (2014).
    """
    # YOUR CODE HERE
    raise NotImplementedError("occlusion_map is not implemented yet")


# %% [markdown]
# ## 4. Where are the features that speak for it?
#
# Saliency is sharp and noisy: it only knows pixels. The last convolutional layers know *features*, and still roughly
# where they are. **Grad-CAM** (Selvaraju et al., 2017) measures how much each of their feature maps $A^k$, of size
# $h \times w$, matters for the logit, and sums the maps with these weights:
#
# $$
# \alpha_k = \frac{1}{h\,w} \sum_{i,j} \frac{\partial z}{\partial A^k_{i,j}}
# \qquad\qquad
# L = \text{ReLU}\Big( \sum_k \alpha_k A^k \Big)
# $$
#
# The gradient, averaged over all positions, is the **weight** of a map: one number per map. The ReLU keeps what
# speaks for the finding. Then $L$ is resized to the image, bilinearly (`align_corners=False`), and divided by its
# maximum, so that the largest value is 1. If nothing speaks for the finding, $L$ is all zeros and stays so.
#
# **By hand.** Two feature maps of 2×2, and their gradients:
#
# $$
# A^1 = \begin{pmatrix} 1 & 4 \\ 2 & 3 \end{pmatrix} \quad
# A^2 = \begin{pmatrix} 2 & -1 \\ 1 & 0 \end{pmatrix} \qquad
# \frac{\partial z}{\partial A^1} = \begin{pmatrix} 4 & 0 \\ 0 & 0 \end{pmatrix} \quad
# \frac{\partial z}{\partial A^2} = \begin{pmatrix} 0 & -8 \\ 2 & 2 \end{pmatrix}
# $$
#
# So $\alpha_1 = 4 / 4 = 1$ and $\alpha_2 = -4 / 4 = -1$, and
#
# $$
# \text{ReLU}(A^1 - A^2) = \text{ReLU} \begin{pmatrix} -1 & 5 \\ 1 & 3 \end{pmatrix}
# = \begin{pmatrix} 0 & 5 \\ 1 & 3 \end{pmatrix}
# \qquad \text{divided by its maximum:} \quad
# \begin{pmatrix} 0 & 1 \\ 0.2 & 0.6 \end{pmatrix}
# $$
#
# **Hooks.** How do you get at a layer inside a model that is not yours? PyTorch calls a *hook* with each output of a
# layer: `handle = layer.register_forward_hook(hook)`, where `hook(module, inputs, output)` may store the output; its
# return value replaces the output unless it is None. A hook stays until its handle's `remove` is called. A forgotten
# one runs with every later call, slows it down and holds memory, so remove it **even if the model raises**.
#
# Two traps:
# - The next layer may work **in place**, like `nn.ReLU(inplace=True)`, and overwrite the output that your hook
#   stored. PyTorch's ResNets are full of such layers.
# - In a model whose parameters are all frozen, nothing needs a gradient, so none is recorded unless the input
#   requires one.
#
# ### Question 3: `grad_cam`


# %% question="grad_cam"
def grad_cam(model: nn.Module, layer: nn.Module, image: Tensor) -> Tensor:
    """Return where the features of a layer speak for the finding, on a scale from 0 to 1.

    The feature maps of the layer, weighted by the spatial mean of their gradients, summed, clipped at 0, resized
    bilinearly to the image and divided by the maximum.

    Parameters
    ----------
    model
        Takes images of shape ``(N, C, H, W)`` and returns logits of shape ``(N,)``. It is called in evaluation mode.
        Its modes and gradients must not change, and no hook may remain, even if the model raises. Its parameters may
        be frozen.
    layer
        A module within the model that gives feature maps of shape ``(N, K, h, w)``. What follows it may work in place.
    image
        Shape ``(C, H, W)``; must not be modified.

    Returns
    -------
    Tensor
        Shape ``(H, W)``, the largest value 1, or all zeros, without a graph. From Selvaraju et al., "Grad-CAM" (2017).
    """
    # YOUR CODE HERE
    raise NotImplementedError("grad_cam is not implemented yet")


# %% [markdown]
# All three maps of images that the model classifies correctly. The orange outline is the true finding, the cross is
# the maximum of the map. The model was trained with one number per image: nobody ever told it *where*.

# %% tags=["active-ipynb"]
# def show_map(axes, image, heat, mask=None, title=""):
#     """Show a map, the outline of the true finding, and the position of the maximum."""
#     limit = float(heat.abs().max()) or 1.0
#     if float(heat.min()) < 0:
#         axes.imshow(heat, cmap="RdBu_r", vmin=-limit, vmax=limit)
#     else:
#         axes.imshow(heat, cmap="viridis", vmin=0, vmax=limit)
#     if mask is not None and mask.any():
#         axes.contour(mask, levels=[0.5], colors=ORANGE, linewidths=1.5)
#     row, column = divmod(int(heat.argmax()), heat.shape[1])
#     axes.plot(column, row, "x", color="black", markersize=8, markeredgewidth=3)
#     axes.plot(column, row, "x", color="white", markersize=7, markeredgewidth=1.5)
#     axes.set_title(title, fontsize=10)
#     axes.set(xticks=[], yticks=[])
#
#
# def make_map(kind, model, image):
#     """Return one of the three maps by name."""
#     if kind == "Grad-CAM":
#         return grad_cam(model, model.features, image)
#     return {"saliency": saliency_map, "occlusion": occlusion_map}[kind](model, image)
#
#
# with torch.no_grad():
#     found = ((model(val_images) > 0) & (val_labels == 1)).nonzero().flatten()
# shown = found[:5].tolist()
#
# figure, panels = plt.subplots(4, len(shown), figsize=(8, 7), layout="constrained")
# for column, number in enumerate(shown):
#     mask = None if val_masks is None else val_masks[number]
#     show_image(panels[0, column], val_images[number], mask=mask)
# panels[0, 0].set_ylabel("image")
# for row, kind in zip(panels[1:], ("saliency", "occlusion", "Grad-CAM")):
#     row[0].set_ylabel(kind)
#     try:
#         for axes, number in zip(row, shown):
#             heat = make_map(kind, model, val_images[number])
#             show_map(axes, val_images[number], heat, None if val_masks is None else val_masks[number])
#     except NotImplementedError as todo:
#         print(f"{todo}: write it, then run this cell again.")
#         for axes in row:
#             axes.set(xticks=[], yticks=[])
# figure.suptitle("What the model looked at")
# plt.show()

# %% [markdown]
# <details><summary><b>Think about it:</b> some occlusion maps are blue inside a lung. Why was the model more certain
# when a healthy part of it was hidden?</summary>
#
# Lungs are dark, so a patch of mean grey in them looks like an opacity itself. What an occluded image should look
# like is a choice, and none is neutral: in the pointing game below, compare a patch as dark as a lung.
# </details>
#
# <details><summary><b>Think about it:</b> Grad-CAM gives each feature map one weight for all positions. Which
# networks does that suit?</summary>
#
# Those that end in global pooling, where a feature counts the same wherever it is. A network that flattens its last
# maps into a fully connected layer has a weight for each position. The gradients differ from position to position,
# and their mean says little: on such networks Grad-CAM may be hardly better than chance, even if programmed
# correctly.
# </details>

# %% [markdown]
# ### A map can be pretty and mean nothing
#
# Some published methods draw the same plausible edges for *any* network, trained or not (Adebayo et al., 2018).
# Hence a sanity check: replace the weights by random ones. A map that explains the model must change; a map that
# does not shows the image. The checks do this with your maps too.

# %% tags=["active-ipynb"]
# torch.manual_seed(2)
# random_model = SmallCNN().eval()  # as built, without training
# number = shown[1]
# figure, panels = plt.subplots(2, 3, figsize=(6, 4.2), layout="constrained")
# for row, (name, asked) in zip(panels, {"trained": model, "random weights": random_model}.items()):
#     row[0].set_ylabel(name)
#     for axes, kind in zip(row, ("saliency", "occlusion", "Grad-CAM")):
#         axes.set(xticks=[], yticks=[])
#         try:
#             heat = make_map(kind, asked, val_images[number])
#         except NotImplementedError as todo:
#             print(f"{todo}: write it, then run this cell again.")
#         else:
#             show_map(axes, val_images[number], heat, None if val_masks is None else val_masks[number], kind)
# figure.suptitle("The same image, two models")
# plt.show()

# %% [markdown]
# ## 5. What does one feature map look for?
#
# The maps so far explain one prediction. To see what the network has *learnt*, take one feature map of one layer,
# search many images for the regions that excite it most, and look at the pixels there (Zeiler & Fergus, 2014). What
# do they have in common?
#
# For each image, find the maximum of the feature map, and its row $i$ and column $j$. A feature map of $h \times w$
# is smaller than the image of $H \times W$; the pixel under the centre of its cell is
#
# $$
# r = \left\lfloor \left(i + \tfrac12\right) \frac{H}{h} \right\rfloor
# \qquad\qquad
# c = \left\lfloor \left(j + \tfrac12\right) \frac{W}{w} \right\rfloor
# $$
#
# The patch of size $p$ is centred on it: it begins $\lfloor p / 2 \rfloor$ pixels above and to the left. A patch
# that would leave the image is moved **as little as needed** to stay inside. Take the $k$ images with the largest
# maxima, one patch per image, strongest first.
#
# ### Question 4: `top_patches`


# %% question="top_patches"
def top_patches(
    model: nn.Module, layer: nn.Module, channel: int, images: Tensor, k: int = 9, patch_size: int = 9
) -> Tensor:
    """Return the image patches that excite one feature map most, strongest first.

    Parameters
    ----------
    model
        Takes images of shape ``(N, C, H, W)``. It is called in evaluation mode. Its modes and gradients must not
        change, and no hook may remain, even if the model raises.
    layer
        A module within the model that gives feature maps of shape ``(N, K, h, w)``. What follows it may work in place.
    channel
        Which of the K feature maps.
    images
        Shape ``(N, C, H, W)``; must not be modified.
    k
        Number of patches, at most one per image. With fewer than ``k`` images, there are N patches.
    patch_size
        Height and width of a patch, at most those of the images. It begins ``patch_size // 2`` pixels above and left
        of the pixel under the map's maximum, or as close to that as possible inside the image.

    Returns
    -------
    Tensor
        Shape ``(k, C, patch_size, patch_size)``, without a graph. From Zeiler & Fergus, "Visualizing and understanding
        convolutional networks" (2014).
    """
    # YOUR CODE HERE
    raise NotImplementedError("top_patches is not implemented yet")


# %% tags=["active-ipynb"]
# def draw_patches(model, maps, images):
#     """Show the nine patches that excite each of some feature maps of the last layer most."""
#     figure, panels = plt.subplots(1, len(maps), figsize=(9, 2.7), layout="constrained")
#     low, high = float(images.min()), float(images.max())
#     for axes, (channel, weight) in zip(panels, maps):
#         patches = top_patches(model, model.features, channel, images)
#         framed = nn.functional.pad(patches[:, 0], (1, 1, 1, 1), value=high)  # a white frame around each
#         rows = [torch.cat(list(framed[start : start + 3]), dim=1) for start in (0, 3, 6)]
#         axes.imshow(torch.cat(rows), cmap="gray", vmin=low, vmax=high)
#         axes.set_title(f"map {channel}\nweight {weight:+.2f}".replace("-", "−"), fontsize=10)
#         axes.axis("off")
#     figure.suptitle("The patches that excite a feature map most: maps that speak for an opacity, and against it")
#     plt.show()
#
#
# weights = model.evidence.weight.detach().flatten()
# order = weights.argsort(descending=True).tolist()
# try:
#     draw_patches(model, [(channel, float(weights[channel])) for channel in order[:3] + order[-2:]], val_images)
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")

# %% [markdown]
# ## 6. Does the map point to the right place?
#
# A figure with five images convinces but proves nothing. The **pointing game** (Zhang et al., 2016) turns it into a
# number: each map has one shot, its maximum, which is a hit if it is inside the true finding. The result is the
# share of hits. Images without a finding cannot be hit or missed, so they do not count.
#
# ### Question 5: `pointing_game`


# %% question="pointing_game"
def pointing_game(heatmaps: Tensor, masks: Tensor) -> float:
    """Return the share of maps whose maximum lies inside the true finding.

    Parameters
    ----------
    heatmaps
        One map per sample, shape ``(N, H, W)``, of any sign. Of several equal maxima, the first counts, row by row.
    masks
        The true findings, shape ``(N, H, W)``, bool or numbers: not 0 inside a finding. Samples with an empty mask
        do not count.

    Returns
    -------
    float
        From 0 to 1; NaN if no sample has a finding. From Zhang et al., "Top-down neural attention" (2016).
    """
    # YOUR CODE HERE
    raise NotImplementedError("pointing_game is not implemented yet")


# %% tags=["active-ipynb"]
# if val_masks is None:
#     print("Nobody knows the masks of these images, so there is no game to play.")
# else:
#     played = found[:60]
#     shares = {"any place": float(val_masks[played].float().mean())}
#     try:
#         for kind in ("saliency", "occlusion", "Grad-CAM"):
#             maps = torch.stack([make_map(kind, model, image) for image in val_images[played]])
#             shares[kind] = pointing_game(maps, val_masks[played])
#         maps = torch.stack([occlusion_map(model, image, fill=-0.7) for image in val_images[played]])
#         shares["occlusion, dark patch"] = pointing_game(maps, val_masks[played])
#     except NotImplementedError as todo:
#         print(f"{todo}: write it, then run this cell again.")
#     else:
#         figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
#         bars = axes.barh(list(shares), list(shares.values()), color=[GREY, *[BLUE] * 4])
#         axes.bar_label(bars, fmt="{:.0%}", padding=3)
#         axes.invert_yaxis()
#         axes.set(xlim=(0, 1.12), xlabel="share of hits", title=f"Pointing game, {len(played)} images called right")
#         plt.show()

# %% [markdown]
# ## 7. The shortcut that a model took
#
# Now the case from the beginning. A hospital with more sick patients puts a bright marker in the corner of its
# images. In our training images the marker is on 95 % of those with an opacity, and on 5 % of those without one.
# Before you run the cell: what will the network learn, and how would you notice?

# %% tags=["active-ipynb"]
# biased_images, biased_labels, _ = as_tensors(phantoms(3000, seed=21, shortcut=0.95))
# biased_model = train_model(biased_images, biased_labels, epochs=3)
# # new images from the same hospitals, and from elsewhere, where the marker has nothing to do with the label
# same_images, same_labels, _ = as_tensors(phantoms(1000, seed=22, shortcut=0.95))
# other = phantoms(1000, seed=23, shortcut=0.5)
# other_images, other_labels, other_masks = as_tensors(other)
#
# print(f"accuracy on new images from the same hospitals: {accuracy(biased_model, same_images, same_labels):.1%}")
# print(f"accuracy on images from elsewhere:              {accuracy(biased_model, other_images, other_labels):.1%}")

# %% [markdown]
# Validation with images from the same source looks fine: that is the trap. The maps show what happened. Below are
# images from elsewhere that have an opacity *and* a marker, where both models say "opacity". Are they right for the
# same reason?

# %% tags=["active-ipynb"]
# clean_model = model
# if DATASET != "phantom":
#     clean_model = train_model(*as_tensors(load_dataset("phantom", "train"))[:2])
# with torch.no_grad():
#     agree = (biased_model(other_images) > 0) & (clean_model(other_images) > 0) & (other_labels == 1)
# marked = torch.from_numpy((other.images[:, 1:4, 1:4] == 255).all(axis=(1, 2)))
# examples = (marked & agree).nonzero().flatten()
# in_corner = torch.zeros(28, 28, dtype=torch.bool)
# in_corner[:6, :6] = True
#
# try:
#     figure, panels = plt.subplots(3, 4, figsize=(7, 5.6), layout="constrained")
#     for column, number in zip(panels.T, examples[:4]):
#         image, mask = other_images[number], other_masks[number]
#         show_image(column[0], image, mask=mask)
#         for axes, asked in zip(column[1:], (clean_model, biased_model)):
#             show_map(axes, image, occlusion_map(asked, image, patch_size=5, fill=-0.7), mask)
#     for axes, name in zip(panels[:, 0], ("image", "trained without markers", "trained with markers")):
#         axes.set_ylabel(name)
#     figure.suptitle("Occlusion: what does the answer depend on?")
#     plt.show()
#
#     for name, asked in {"without": clean_model, "with": biased_model}.items():
#         played = other_images[examples[:40]]
#         maps = torch.stack([occlusion_map(asked, image, patch_size=5, fill=-0.7) for image in played])
#         share = pointing_game(maps, in_corner.expand_as(maps))
#         print(f"trained {name} markers: {share:.0%} of the maps point into the corner")
# except NotImplementedError as todo:
#     plt.close()
#     print(f"{todo}: write it, then run this cell again.")

# %% [markdown]
# <details><summary><b>Think about it:</b> the maps revealed the shortcut. Would they always?</summary>
#
# Here the marker is small and far from everything else. A shortcut may also be everywhere, such as a scanner's noise
# or contrast, or be right where the disease is, such as a drain that was inserted *because of* the disease. Then a
# map points to the right place for the wrong reason. Maps raise suspicion; what settles it is a test on images where
# the suspected shortcut says nothing, like those "from elsewhere" above.
# </details>
#
# To conclude: a map shows what the *model* uses, not what the disease looks like. First make sure that it depends on
# the model at all, measure it where the truth is known, and distrust good accuracy on images from the same source.
