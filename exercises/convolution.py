# generated from solutions/convolution.py by `autograder build`; do not edit

# %% [markdown]
# # Convolution by hand
#
# To a fully connected network, a 28×28 image is a list of 784 numbers: which pixels are neighbours is lost,
# and every pixel has weights of its own. A **convolution** looks at one small window at a time and uses the
# *same* few weights in every window. So it finds an edge, or a shadow on the lung, wherever it is, and has
# very few weights to learn.
#
# In this exercise you write it yourself, from the lecture's pencil-and-paper example to the layer that
# convolutional networks are made of:
#
# | question | what you write | points |
# |---|---|---|
# | `output_size` | how large the output is | 1 |
# | `conv2d_single` | one image, one kernel | 4 |
# | `conv2d` | a batch of images with channels, several kernels, stride, padding | 6 |
# | `max_pool2d` | the largest value of each window | 3 |
# | `detect_edges` | the lecture's edge detector | 2 |
#
# **The rule.** Do not use `torch.nn.functional.conv*`, `nn.Conv*`, `scipy.signal` or `numpy.convolve`:
# those are what you are building. `unfold` and everything else in PyTorch are allowed. Use only tensor
# operations from input to output: what goes through NumPy, lists or `.item()` has no gradient, and a layer
# without gradients cannot be trained.

# %%
import torch
from torch import Tensor

# %% [markdown]
# ## 1. Slide, multiply, add
#
# A **kernel** is a small table of weights. Lay it on the upper left corner of the image, multiply each
# weight by the pixel below it, and sum the products: that is the first value of the output. Move the kernel
# one pixel to the right for the next value; at the end of the row, start again one row below.
#
# As a formula, for an image $x$, a kernel $w$ of size $k_H \times k_W$ and a bias $b$ (rows and columns
# count from 0):
#
# $$ y_{r,c} \;=\; b + \sum_{i=0}^{k_H-1} \; \sum_{j=0}^{k_W-1} w_{i,j} \; x_{r+i,\;c+j} $$
#
# Here are the first two steps of the lecture's example. Run the cell; the small numbers in the window are
# the weights.

# %% tags=["active-ipynb"]
# import matplotlib.pyplot as plt
# import numpy as np
# from matplotlib.patches import Rectangle
#
# # Colours that colour-blind readers can tell apart.
# BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#999999"
#
# lecture_image = [[-5, 3, 2, -5, 3], [4, 3, 2, 1, -3], [1, 0, 3, 3, 5], [-2, 0, 1, 4, 4], [5, 6, 7, 9, -1]]
# lecture_kernel = [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
#
#
# def number(value):
#     """Return a number as text, with a real minus sign and no more digits than needed."""
#     return f"{value:g}".replace("-", "−")
#
#
# def draw_table(axes, values, title):
#     """Draw a table of numbers; None leaves a cell empty."""
#     rows, columns = len(values), len(values[0])
#     for r, row in enumerate(values):
#         for c, value in enumerate(row):
#             axes.add_patch(Rectangle((c, r), 1, 1, facecolor="white", edgecolor=GREY, linewidth=0.8))
#             if value is not None:
#                 axes.text(c + 0.5, r + 0.5, number(value), ha="center", va="center", fontsize=12)
#     axes.set(xlim=(-0.08, columns + 0.08), ylim=(rows + 0.08, -0.08), aspect="equal", title=title)
#     axes.axis("off")
#
#
# def draw_frame(axes, row, column, height, width, colour):
#     """Highlight a window of a table."""
#     style = {"height": height, "width": width, "linewidth": 0}
#     axes.add_patch(Rectangle((column, row), facecolor=colour, alpha=0.2, **style))
#     axes.add_patch(Rectangle((column, row), fill=False, edgecolor=colour, **{**style, "linewidth": 3}))
#
#
# def draw_step(panels, row, column, known):
#     """Draw one step of the lecture's example: the window, the kernel and the outputs known so far."""
#     draw_table(panels[0], lecture_image, "image (5×5)")
#     draw_frame(panels[0], row, column, 3, 3, ORANGE)
#     draw_table(panels[1], lecture_kernel, "kernel (3×3)")
#     draw_frame(panels[1], 0, 0, 3, 3, BLUE)
#     output = [[known.get((r, c)) for c in range(3)] for r in range(3)]
#     draw_table(panels[2], output, "output (3×3)")
#     draw_frame(panels[2], row, column, 1, 1, GREEN)
#     terms = []
#     for i, weights in enumerate(lecture_kernel):
#         for j, weight in enumerate(weights):
#             place = (column + j + 0.94, row + i + 0.94)
#             panels[0].text(*place, f"·{number(weight)}", ha="right", va="bottom", fontsize=8, color=BLUE)
#             if weight:  # a weight of 0 adds nothing
#                 factor = f"({number(weight)})" if weight < 0 else number(weight)
#                 terms.append(f"{factor}·{number(lecture_image[row + i][column + j])}")
#     equation = f"{' + '.join(terms)}  =  {number(known[row, column])}"
#     panels[1].text(1.5, 3.75, equation, ha="center", va="top", fontsize=11)
#
#
# figure, panels = plt.subplots(
#     2, 3, figsize=(8.5, 6.6), width_ratios=[5, 3, 3], layout="constrained", gridspec_kw={"hspace": 0.12}
# )
# draw_step(panels[0], 0, 0, {(0, 0): 6})
# draw_step(panels[1], 0, 1, {(0, 0): 6, (0, 1): 1})
# figure.suptitle("The lecture's example: the first two steps")
# plt.show()

# %% [markdown]
# By hand, without the weights that are 0:
#
# - first value: $5 \cdot 3 - 3 - 4 - 2 - 0 = \mathbf{6}$,
# - second value: $5 \cdot 2 - 2 - 3 - 1 - 3 = \mathbf{1}$.
#
# **A slip on the slide.** The slide writes the second value as $10 - 9 - 1 = 0$, but its own terms
# $5 \cdot 2 - 2 - 1 - 3 - 3$ give $10 - 9 = 1$. The 0 is right when the trailing $-1$ is read as a
# **bias**: a number that belongs to the kernel and is added **once to each output value**. So with $b = 0$
# the second value is 1, and with $b = -1$ it is 0; the checks test both. Without a bias, the whole output
# is
#
# $$ \begin{pmatrix} 6 & 1 & 8 \\ -7 & 9 & 2 \\ -5 & -9 & 3 \end{pmatrix} $$
#
# Work out one more of these nine values with pencil and paper before you go on.
#
# **Convolution or cross-correlation?** In mathematics, *convolution* rotates the kernel by 180° before
# sliding it. What deep learning calls a convolution does not; strictly speaking, it is a
# *cross-correlation*. A network learns its weights anyway, so this makes no difference to what it can
# learn. It does to your answer: **do not flip the kernel**. The lecture's kernel is symmetric, so it cannot
# show you the difference.

# %% [markdown]
# ## 2. How large is the output?
#
# In the example, a kernel of 3 fits into an image of 5 at three positions in each direction. Two settings
# change that:
#
# - **padding** $p$: a frame of $p$ zeros on every side of the image, so that the kernel can reach the
#   border;
# - **stride** $s$: how many pixels the kernel moves at a time.
#
# Along one axis with $n$ pixels and a kernel of $k$, the number of positions where the kernel lies entirely
# inside is
#
# $$ \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1, $$
#
# where $\lfloor\cdot\rfloor$ rounds down: if the next stride would leave the image, the remaining pixels
# are not used.

# %% tags=["active-ipynb"]
# # (title, padding, first pixel of the kernel at each place), for 7 pixels and a kernel of 3
# rulers = [
#     ("stride 1: 5 places", 0, [0, 1, 2, 3, 4]),
#     ("stride 2: 3 places", 0, [0, 2, 4]),
#     ("stride 3: 2 places, one pixel unseen", 0, [0, 3]),
#     ("stride 2, padding 1: 4 places", 1, [-1, 1, 3, 5]),
# ]
# figure, panels = plt.subplots(2, 2, figsize=(8.5, 4.4), layout="constrained")
# for axes, (title, padding, starts) in zip(panels.flat, rulers):
#     for pixel in range(-padding, 7 + padding):
#         inside = 0 <= pixel < 7
#         colour = "white" if inside else "#dddddd"
#         axes.add_patch(Rectangle((pixel, -1), 1, 0.9, facecolor=colour, edgecolor=GREY))
#         axes.text(pixel + 0.5, -0.55, f"$x_{pixel}$" if inside else "0", ha="center", va="center")
#     for place, start in enumerate(starts):
#         axes.add_patch(Rectangle((start + 0.06, place + 0.12), 2.88, 0.7, facecolor=ORANGE, alpha=0.5))
#         axes.text(start + 1.5, place + 0.47, f"$y_{place}$", ha="center", va="center")
#     axes.set(xlim=(-1.1, 8.1), ylim=(5.1, -1.2), title=title)
#     axes.axis("off")
# figure.suptitle("A kernel of 3 on 7 pixels")
# plt.show()

# %% [markdown]
# ### Question 1: `output_size`


# %% question="output_size"
def output_size(input_size: int, kernel_size: int, stride: int = 1, padding: int = 0) -> int:
    """Return the number of positions of a kernel along one axis of an image.

    Parameters
    ----------
    input_size
        Pixels along the axis, before padding.
    kernel_size
        Pixels that the kernel covers along the axis.
    stride
        Pixels from one position of the kernel to the next, at least 1.
    padding
        Zeros added at **each** of the two ends.

    Raises
    ------
    ValueError
        If the kernel is larger than the padded input.
    """
    # YOUR CODE HERE
    raise NotImplementedError("output_size is not implemented yet")


# %% [markdown]
# ## 3. One image, one kernel
#
# Now turn the formula of section 1 into code: one channel, stride 1, no padding. There are two ways to read
# its sums:
#
# - *position by position*: for each output value, take the window of the image and the whole kernel;
# - *weight by weight*: each weight multiplies a shifted copy of the image, and the copies are summed. A 3×3
#   kernel has nine of them, however large the image is.
#
# Neither the image nor the kernel has to be square.
#
# ### Question 2: `conv2d_single`


# %% question="conv2d_single"
def conv2d_single(image: Tensor, kernel: Tensor, bias: float = 0.0) -> Tensor:
    """Return the cross-correlation of one image with one kernel, stride 1, without padding.

    The lecture's ``sum_ij kernel[i, j] · image[r + i, c + j] + bias`` for every position ``(r, c)``.

    Parameters
    ----------
    image
        Shape ``(H, W)``; must not be modified.
    kernel
        Shape ``(kH, kW)``, not larger than the image; it is not flipped.
    bias
        Added once to every output value.

    Returns
    -------
    Tensor
        Shape ``(H - kH + 1, W - kW + 1)``, dtype of the image, differentiable with respect to image and
        kernel.
    """
    # YOUR CODE HERE
    raise NotImplementedError("conv2d_single is not implemented yet")


# %% tags=["active-ipynb"]
# try:
#     output = conv2d_single(torch.tensor(lecture_image).float(), torch.tensor(lecture_kernel).float())
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(1, 3, figsize=(8.5, 3.2), width_ratios=[5, 3, 3], layout="constrained")
#     draw_table(panels[0], lecture_image, "image (5×5)")
#     draw_table(panels[1], lecture_kernel, "kernel (3×3)")
#     draw_table(panels[2], output.tolist(), f"your output {tuple(output.shape)}")
#     plt.show()

# %% [markdown]
# ## 4. A convolutional layer
#
# A network layer does this for many images, channels and kernels at once.
#
# **Channels.** A colour image has three channels, and the output of a layer has one for each of its
# kernels. The kernel **spans all channels**: it has a table of weights for each, and the sum runs over all
# of them. An example with two channels and one 2×2 kernel, which fits only once:
#
# $$
# x = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}, \begin{pmatrix} 1 & 1 \\ 0 & 2 \end{pmatrix}
# \qquad
# w = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}, \begin{pmatrix} 0 & 2 \\ 1 & 0 \end{pmatrix}
# \qquad
# y = \underbrace{1 + 4}_{\text{channel } 0} + \underbrace{2 + 0}_{\text{channel } 1} + \;b
# $$
#
# The bias is added once, not once per channel or weight. The result is *one* number, not one per channel.
#
# **Several kernels.** $O$ kernels give $O$ such **feature maps**: they become the channels of the output.
#
# **Batch.** The first axis counts the images. Keep it even if there is only one.
#
# | | shape | for 32 RGB images of 32×32, 8 kernels of 3×3, padding 1 |
# |---|---|---|
# | `images` | $(N, C, H, W)$ | (32, 3, 32, 32) |
# | `weight` | $(O, C, k_H, k_W)$ | (8, 3, 3, 3) |
# | `bias` | $(O)$, or none | (8,) |
# | output | $(N, O, H', W')$ | (32, 8, 32, 32) |
#
# With stride $s$, and with $x$ surrounded by $p$ zeros on every side, the formula becomes
#
# $$
# y_{n,o,r,c} \;=\; b_o + \sum_{q=0}^{C-1} \sum_{i=0}^{k_H-1} \sum_{j=0}^{k_W-1}
# w_{o,q,i,j} \; x_{n,\;q,\;s r + i,\;s c + j}
# $$
#
# <details><summary><b>Think about it:</b> how many numbers does the layer of the table learn?</summary>
#
# 8 · (3·3·3 + 1) = 224. A fully connected layer from as many inputs (3·32·32 = 3 072) to as many outputs
# (8·32·32 = 8 192) would learn 3 072 · 8 192 + 8 192 = 25 174 016.
# </details>
#
# **Speed.** This formula has seven indices. Seven nested loops in Python would take minutes on real data,
# so let PyTorch handle the large axes at once: a batch of 64 RGB images of 32×32 must take less than a
# second on one core. Slices with a step, `torch.einsum`, `Tensor.unfold` and `torch.nn.functional.unfold`
# are worth a look.
#
# ### Question 3: `conv2d`


# %% question="conv2d"
def conv2d(images: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0) -> Tensor:
    """Return the feature maps of a convolutional layer, like PyTorch's ``conv2d``.

    Parameters
    ----------
    images
        Shape ``(N, C, H, W)``; must not be modified.
    weight
        Kernels, shape ``(O, C, kH, kW)``: each spans all channels.
    bias
        Shape ``(O,)``: one number per kernel, added once to every value of its map. None: no bias.
    stride
        Step of the kernel in pixels, along both axes.
    padding
        Zeros on each of the four sides of the images.

    Returns
    -------
    Tensor
        Shape ``(N, O, H', W')`` with `output_size` along both axes, dtype of the images, differentiable
        with respect to images, weight and bias.
    """
    # YOUR CODE HERE
    raise NotImplementedError("conv2d is not implemented yet")


# %% [markdown]
# What different kernels see in a chest drawn by a few lines of code. Blue is negative, red is positive.

# %% tags=["active-ipynb"]
# def draw_chest(size=96):
#     """Return a chest X-ray, shape (size, size) in [0, 1]: lungs, ribs, heart and one round shadow."""
#     y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
#
#     def ellipse(centre_x, centre_y, radius_x, radius_y):
#         return ((x - centre_x) / radius_x) ** 2 + ((y - centre_y) / radius_y) ** 2 < 1
#
#     body, heart = ellipse(0, 0.1, 0.9, 1.0), ellipse(0.16, 0.3, 0.3, 0.36)
#     lungs = ellipse(-0.42, 0, 0.33, 0.7) | ellipse(0.42, 0, 0.33, 0.7)
#     ribs = np.cos(2 * np.pi * (y - 0.45 * x**2) / 0.27) > 0.6
#     image = np.where(body, 0.65, 0.05)
#     image = np.where(lungs, np.where(ribs, 0.38, 0.2), image)
#     image = np.where(ellipse(-0.45, -0.2, 0.1, 0.1), 0.6, image)
#     image = np.where(heart, 0.8, image)
#     noise = np.random.default_rng(0).normal(0, 0.015, image.shape)
#     return torch.tensor(np.clip(image + noise, 0, 1)).float()
#
#
# def show_image(axes, image, title, colours="gray"):
#     """Show an image; signed values are coloured around 0."""
#     limit = float(image.abs().quantile(0.995))
#     low = 0.0 if colours == "gray" else -limit
#     shown = axes.imshow(image, cmap=colours, vmin=low, vmax=limit)
#     axes.set(title=title, xlabel="column", ylabel="row")
#     axes.figure.colorbar(shown, ax=axes, shrink=0.8)
#
#
# chest = draw_chest()
# kernels = {
#     "blur (mean of 5×5)": torch.full((5, 5), 1 / 25),
#     "left against right": torch.tensor([[1.0, 0, -1]] * 5),
#     "above against below": torch.tensor([[1.0, 0, -1]] * 5).T,
# }
# try:
#     maps = [conv2d(chest[None, None], kernel[None, None])[0, 0] for kernel in kernels.values()]
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(2, 2, figsize=(8.5, 7), layout="constrained")
#     show_image(panels[0, 0], chest, f"input {tuple(chest.shape)}")
#     for axes, name, feature_map in zip(panels.flat[1:], kernels, maps):
#         colours = "gray" if "blur" in name else "RdBu_r"
#         show_image(axes, feature_map, f"{name}: {tuple(feature_map.shape)}", colours)
#     figure.suptitle("One image, three kernels, three feature maps")
#     plt.show()

# %% [markdown]
# ## 5. Max pooling
#
# A later layer does not need to know to the pixel where something was found. **Max pooling** keeps the
# largest value of each window, separately in every channel, and so makes the maps smaller. Nothing is
# learnt and nothing is padded: windows that do not fit are dropped. By default, the windows do not overlap:
# the stride is the size of the window.

# %% tags=["active-ipynb"]
# before, after = [[1, 3, -2, -6], [5, 0, -4, -1], [2, 2, 7, 0], [-8, 4, 3, 6]], [[5, -1], [4, 7]]
# figure, panels = plt.subplots(1, 2, figsize=(6, 3.4), width_ratios=[4, 2], layout="constrained")
# draw_table(panels[0], before, "feature map (4×4)")
# draw_table(panels[1], after, "after max pooling (2×2)")
# for place, colour in enumerate([ORANGE, BLUE, GREEN, PINK]):
#     draw_frame(panels[0], place // 2 * 2 + 0.05, place % 2 * 2 + 0.05, 1.9, 1.9, colour)
#     draw_frame(panels[1], place // 2 + 0.05, place % 2 + 0.05, 0.9, 0.9, colour)
# figure.suptitle("Windows of 2×2, stride 2")
# plt.show()

# %% [markdown]
# Look at the upper right window: all its values are negative, and its maximum is −1.
#
# ### Question 4: `max_pool2d`


# %% question="max_pool2d"
def max_pool2d(images: Tensor, kernel_size: int, stride: int | None = None) -> Tensor:
    """Return the largest value of each window, for every image and channel separately.

    Parameters
    ----------
    images
        Shape ``(N, C, H, W)``, of any sign; must not be modified.
    kernel_size
        Height and width of the window, at most H and W.
    stride
        Step of the window in pixels, along both axes. None: ``kernel_size``.

    Returns
    -------
    Tensor
        Shape ``(N, C, H', W')`` with `output_size` along both axes, dtype of the images, differentiable.
    """
    # YOUR CODE HERE
    raise NotImplementedError("max_pool2d is not implemented yet")


# %% [markdown]
# ## 6. Detecting edges
#
# The lecture's edge detector compares each pixel with its eight neighbours:
#
# $$ \begin{pmatrix} -1 & -1 & -1 \\ -1 & 8 & -1 \\ -1 & -1 & -1 \end{pmatrix} $$
#
# Its weights sum to 0: where the image is uniform, the output is 0. A pixel brighter than its neighbours
# gives a positive value, a darker one a negative value; keep both. The output must have the **same size**
# as the image, so the image is padded with zeros, as in section 4.
#
# ### Question 5: `detect_edges`


# %% question="detect_edges"
def detect_edges(image: Tensor) -> Tensor:
    """Return the response of an image to the lecture's edge kernel: 8 in the centre, −1 all around.

    Parameters
    ----------
    image
        Shape ``(H, W)``; must not be modified. Pixels outside it count as 0.

    Returns
    -------
    Tensor
        Shape ``(H, W)``, dtype of the image, of both signs, differentiable.
    """
    # YOUR CODE HERE
    raise NotImplementedError("detect_edges is not implemented yet")


# %% tags=["active-ipynb"]
# try:
#     edges = detect_edges(chest)
# except NotImplementedError as todo:
#     print(f"{todo}: write it, then run this cell again.")
# else:
#     figure, panels = plt.subplots(1, 2, figsize=(8.5, 3.8), layout="constrained")
#     show_image(panels[0], chest, "input")
#     show_image(panels[1], edges, "edges", "RdBu_r")
#     plt.show()

# %% [markdown]
# <details><summary><b>Think about it:</b> why is there a strong line along the lower border?</summary>
#
# The body reaches the lower border of the image. The zero padding below is darker, so the end of the image
# looks like an edge. At the other borders the image is almost black itself.
# </details>
#
# In the next exercise the kernels are no longer written by hand: a network learns them.
