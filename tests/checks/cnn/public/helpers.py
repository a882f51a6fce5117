"""TODO helpers"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from autograder.checking import assert_equal, assert_has, assert_tensor, assert_true, fail, send_function, send_loader


def run(module, images, what, cause=""):
    """Return what a student's module makes of images; where it raises, say so in the words of this exercise."""
    try:
        return module(images)
    except NotImplementedError:
        raise  # the stub, not the answer
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        fail(f"{what} raises {type(error).__name__}.", details=str(error), cause=cause)


# --- receptive_field -------------------------------------------------------------------------------------------


def right_field(layers):
    """Return the receptive field, walking back from one value of the last layer to the pixels that it needs."""
    size = 1
    for kernel_size, stride in reversed(layers):
        size = (size - 1) * stride + kernel_size
    return size


def field_mistakes(layers):
    """Return what receptive_field gives after each typical mistake: cause → value."""
    kernels, strides = [kernel for kernel, _ in layers], [stride for _, stride in layers]
    before = [math.prod(strides[:layer]) for layer in range(len(layers))]
    through = [math.prod(strides[: layer + 1]) for layer in range(len(layers))]
    nearest = [1, *strides][: len(layers)]
    return {
        "the strides are ignored": 1 + sum(kernel - 1 for kernel in kernels),
        "a layer's own stride is multiplied in; only those of the layers before it count": (
            1 + sum((kernel - 1) * jump for kernel, jump in zip(kernels, through, strict=True))
        ),
        "only the stride of the layer just before counts; the formula has the product of all before": (
            1 + sum((kernel - 1) * stride for kernel, stride in zip(kernels, nearest, strict=True))
        ),
        "the layers are gone through from the last to the first, with the formula for the other order": (
            right_field(layers[::-1])
        ),
        "the strides are added up; the formula multiplies them": (
            1 + sum((k - 1) * (1 + sum(s - 1 for s in strides[:i])) for i, k in enumerate(kernels))
        ),
        "k is used where the formula has k − 1": (
            1 + sum(kernel * jump for kernel, jump in zip(kernels, before, strict=True))
        ),
        "the 1 that the sum starts from is missing": right_field(layers) - 1,
        "the kernel sizes are multiplied": math.prod(kernels),
        "the kernel sizes are added up": sum(kernels),
        "the result is a float; pixels are counted": float(right_field(layers)),
    }


# --- conv_block ------------------------------------------------------------------------------------------------

BLOCK = "conv_block(in_channels, out_channels)"


MODULE_CAUSE = "return an nn.Module, for instance an nn.Sequential of three layers"


def new_block(submission, in_channels, out_channels):
    """Return a student's block in evaluation mode, once it is known to be a module."""
    block = submission.conv_block(in_channels, out_channels)
    assert_has(block, "state_dict", "load_state_dict", "eval", what=BLOCK, cause=MODULE_CAUSE)
    block.eval()  # a batch norm, which is allowed, then leaves its input as it is
    return block


def known_block(submission, in_channels, out_channels):
    """Return a student's block with kernels and biases that the check knows, and these two.

    The values go in through the state dict, so it does not matter what the block's layers are called.
    """
    block = new_block(submission, in_channels, out_channels)
    state = block.state_dict()
    if not isinstance(state, dict):
        fail(f"{BLOCK} has no state dict.", cause=MODULE_CAUSE)
    kernels = [name for name, value in state.items() if isinstance(value, torch.Tensor) and value.dim() == 4]
    if len(kernels) != 1:
        unknown = "PyTorch does not know of it: keep the layer in an nn.Sequential or as `self.…`, not in a plain list"
        fail(
            f"{BLOCK} has {len(kernels)} convolutions, expected one.",
            cause="a block is one convolution, ReLU, max-pooling" if kernels else unknown,
        )
    weight = torch.randn(out_channels, in_channels, 3, 3)
    mistakes = {
        "in_channels and out_channels are swapped": torch.zeros(in_channels, out_channels, 3, 3),
        "the kernels look at one channel only; they span all of them": torch.zeros(out_channels, 1, 3, 3),
        "the kernel is 5×5": torch.zeros(out_channels, in_channels, 5, 5),
        "the kernel is 2×2": torch.zeros(out_channels, in_channels, 2, 2),
        "the kernel is 1×1: it sees no neighbours": torch.zeros(out_channels, in_channels, 1, 1),
    }
    # An infinite tolerance lets every finite value pass: only type, shape and dtype are compared here.
    what = "the weight of the block's convolution"
    assert_tensor(state[kernels[0]], weight, what=what, atol=math.inf, mistakes=mistakes)
    bias_name = kernels[0].removesuffix("weight") + "bias"
    bias = torch.randn(out_channels) if bias_name in state else torch.zeros(out_channels)
    new = {**state, kernels[0]: weight} | ({bias_name: bias} if bias_name in state else {})
    block.load_state_dict(new)
    return block, weight, bias


SIZE_CAUSE = "the number of inputs of the first linear layer depends on image_size: do not write it down as a number"


def new_network(submission, call, **arguments):
    """Return a student's network, once it is known to be a module."""
    try:
        network = submission.SimpleCNN(**arguments)
    except NotImplementedError:
        raise
    except RuntimeError as error:  # what a layer raises that the constructor tries out
        fail(f"{call} raises RuntimeError.", details=str(error), cause=SIZE_CAUSE)
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause="SimpleCNN must be an nn.Module")
    return network


def assert_logits(logits, shape, what):
    """Check the shape of logits, whose values are free."""
    wanted = torch.zeros(shape)
    n = shape[0]
    mistakes = {
        "the last axis is still there: one output a sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples give one number": torch.zeros(()),
        "the feature maps are not flattened": torch.zeros(n, 7, 7),
        "one output a sample is wanted, but there are two": torch.zeros(n, 2),
        "n_outputs is ignored": torch.zeros(n),
    }
    if n == 1:
        lost = "`squeeze()` removes the axis of a batch of one image too; say which axis"
        mistakes = {lost: torch.zeros(()), **mistakes}
    assert_tensor(logits, wanted, what=what, atol=math.inf, mistakes=mistakes)


def bright_and_dark(n):
    """Return noisy images of 8×8, bright with label 1 and dark with label 0."""
    labels = torch.arange(n).remainder(2).float()
    return torch.randn(n, 1, 8, 8) + (2 * labels - 1)[:, None, None, None], labels


def fixed_model():
    """Return a model that nothing can train: the logit is four times the mean of the image."""

    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return 4 * images.mean((1, 2, 3)) + 0 * self.weight.sum()

    return Fixed()


def weights_of(model, reference):
    """Return the state dict of a model, once it is known to fit the reference, a model of the same kind."""
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, expected in reference.state_dict().items():
        what = "a parameter of the model after training"
        # Non-finite values are allowed: what a model is worth then is for the metrics to say.
        value = state.get(name)
        value = value.nan_to_num() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        assert_tensor(value, expected, what=what, atol=math.inf)
    return {name: state[name].detach() for name in reference.state_dict()}


def assert_records(records, epochs):
    """Check that these are the records of so many epochs, and return them."""
    call = f"fit_cnn(…, epochs={epochs})"
    if type(records) is not list:
        kind = "None" if records is None else f"a {type(records).__name__}"
        fail(f"{call} must return a list of dicts, but it returned {kind}.", cause="one record an epoch, in a list")
    assert_equal(
        len(records), epochs, what=f"the number of records that {call} returns", cause="one record for each epoch"
    )
    for record in records:
        if type(record) is not dict:
            fail(f"A record of {call} must be a dict, but it is a {type(record).__name__}.")
        for key in ("train_loss", "val_loss", "accuracy"):
            if key not in record:
                fail(f"A record of {call} has no {key!r}.")
            value = record[key]
            if isinstance(value, torch.Tensor):
                fail(f"{key!r} is a tensor; it must be a float.", cause="`.item()` makes a number of it")
            if isinstance(value, bool) or not isinstance(value, float | int | np.number):
                fail(f"{key!r} must be a float, but it is a {type(value).__name__}.")
            if not math.isfinite(value):
                fail(f"{key!r} is {value}.", cause="the training went astray: is the learning rate too large?")
    return records


def right_record(train, val, batch_size):
    """Return the record of an epoch with the fixed model, and that of each typical mistake: cause → record."""
    losses, rights = {}, {}
    z, y = 4 * train[0].mean((1, 2, 3)), train[1]
    v, w = 4 * val[0].mean((1, 2, 3)), val[1]
    loss = F.binary_cross_entropy_with_logits

    def batches(values, function):
        return torch.stack([function(*pair) for pair in zip(*(t.split(batch_size) for t in values), strict=True)])

    for key, logits, labels in (("train_loss", z, y), ("val_loss", v, w)):
        each, sizes = batches((logits, labels), loss), torch.tensor([len(b) for b in labels.split(batch_size)]).float()
        pairs = batches((logits, labels), lambda a, b: loss(a[:, None].expand(-1, len(b)), b.expand(len(a), -1)))
        rights[key] = loss(logits, labels)
        losses[key] = {
            "the sigmoid is applied twice: the model returns logits, and `binary_cross_entropy_with_logits` "
            "applies the sigmoid itself": loss(logits.sigmoid(), labels),
            "the sum over the images is given; it is to be their mean": each @ sizes,
            "the mean over batches is given, where a small batch weighs as much as a large one; it is to be the mean "
            "over images": each.mean(),
            "the sum of the batches' means is given; weigh each with its number of images, and divide by that of all": (
                each.sum()
            ),
            "the sum of the batches' means is divided by the number of images": each.sum() / len(labels),
            "the mean of each batch is weighed with the batch size that the loader was made with; the last batch is "
            "smaller": each.sum() * batch_size / len(labels),
            "the sum over the images of a batch is multiplied with their number; only their mean is to be": (
                (each * sizes) @ sizes / len(labels)
            ),
            "it is the loss of the last batch": each[-1],
            "every logit is compared with every label: shapes (N, 1) and (N,) broadcast to a table": (
                pairs @ sizes / len(labels)
            ),
            "the labels are the wrong way round": loss(logits, 1 - labels),
            "it is the squared error of the probabilities, not the cross-entropy": (
                (logits.sigmoid() - labels).square().mean()
            ),
            "the last batch is left out": each[:-1] @ sizes[:-1] / sizes[:-1].sum(),
            "the last batch is left out, but its images are counted": each[:-1] @ sizes[:-1] / len(labels),
            "it is the loss of the first batch": each[0],
        }
        other = (v, w) if key == "train_loss" else (z, y)
        losses[key]["this is the loss on the other images: training and validation are mixed up"] = loss(*other)
    right = ((v > 0) == (w > 0.5)).float()
    rights["accuracy"] = right.mean()
    losses["accuracy"] = {
        "logits are compared with 0.5; the prediction is 1 where the logit is above 0": (
            ((v > 0.5) == (w > 0.5)).float().mean()
        ),
        "it is a percentage; it is to be a share between 0 and 1": 100 * right.mean(),
        "it is the number of right predictions, not their share": right.sum(),
        "the mean over batches is given; it is to be the share of all images": (
            torch.stack([batch.mean() for batch in right.split(batch_size)]).mean()
        ),
        "it is that of the last batch alone": right.split(batch_size)[-1].mean(),
        "it is the share of wrong predictions": 1 - right.mean(),
        "it is the accuracy on the training images": ((z > 0) == (y > 0.5)).float().mean(),
        "the logits are truncated to whole numbers": ((v.int()) == w.int()).float().mean(),
    }
    as_numbers = {key: {cause: round(float(v), 6) for cause, v in wrong.items()} for key, wrong in losses.items()}
    return {key: round(float(value), 6) for key, value in rights.items()}, as_numbers


def assert_true_record(submission, train, val, batch_size):
    """Check the record of an epoch with a model that cannot change."""
    loaders = [send_loader(submission, *part, batch_size=batch_size) for part in (train, val)]
    model = send_function(submission, fixed_model)()
    (record,) = assert_records(submission.fit_cnn(model, *loaders, 1), 1)
    expected, mistakes = right_record(train, val, batch_size)
    for key, value in expected.items():
        what = f"{key!r} in the record of a model whose logits are known"
        got = round(float(record[key]), 6)
        assert_equal(got, value, what=what, rtol=1e-4, atol=1e-5, mistakes=mistakes[key])


def images_of_mean(means):
    """Return images of 4×4 whose means are these."""
    noise = torch.randn(len(means), 1, 4, 4)
    return noise - noise.mean((1, 2, 3), keepdim=True) + means[:, None, None, None]
