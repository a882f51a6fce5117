"""Epochs of a student's train_one_epoch, and the same epochs with each typical mistake."""

import torch
import torch.nn.functional as F

from autograder.checking import assert_equal, assert_tensor, assert_true, send_function, send_loader

from ...shared.public.floats import as_float
from ...shared.public.outputs import ANY


def small_model(first, second):
    """Return a model with given weights for images of shape (1, 2, 3): linear, ReLU, linear."""
    layers = torch.nn.Linear(6, 4), torch.nn.Linear(4, 1)
    with torch.no_grad():
        for layer, values in zip(layers, (first, second), strict=True):
            layer.weight.copy_(values)
            layer.bias.fill_(0.1)
    return torch.nn.Sequential(torch.nn.Flatten(), layers[0], torch.nn.ReLU(), layers[1], torch.nn.Flatten(0))


def new_optimizer(model, learning_rate, momentum):
    """Return stochastic gradient descent for a model; runs on the student's side."""
    return torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)


def new_criterion(pos_weight):
    """Return a loss for logits; runs on the student's side."""
    return torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight))


def reference_epoch(weights, batches, learning_rate, momentum=0.0, pos_weight=1.0, mistake=""):
    """Return the parameters after an epoch as one row, and the mean loss; ``mistake`` makes a typical one."""
    model = small_model(*weights)
    optimizer, criterion = new_optimizer(model, learning_rate, momentum), new_criterion(pos_weight)
    if mistake == "plain":
        optimizer = new_optimizer(model, learning_rate, 0.0)
    if mistake == "criterion":
        criterion = new_criterion(1.0)
    if mistake == "sum":
        criterion = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight), reduction="sum")
    losses = []
    for place, (images, labels) in enumerate(batches):
        logits = model(images)
        logits = logits.sigmoid() if mistake == "sigmoid" else logits
        labels = 1 - labels if mistake == "inverted" else labels
        if mistake == "table":
            logits, labels = (x.contiguous() for x in torch.broadcast_tensors(logits[:, None], labels))
        loss = criterion(logits, labels)
        losses.append(loss.item() * len(images))
        if mistake != "add" and not (mistake == "once" and place):
            optimizer.zero_grad()
        (-loss if mistake == "uphill" else loss).backward()
        last = place == len(batches) - 1
        if mistake not in ("still", "end", "drop") or (mistake == "end" and last) or (mistake == "drop" and not last):
            optimizer.step()
        if mistake == "first":
            break
    row = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    return row, sum(losses) / sum(len(labels) for _, labels in batches)


STEP_MISTAKES = {
    "the model has not changed: `optimizer.step()` is missing, or the gradients are zeroed before it": "still",
    "`optimizer.zero_grad()` is missing: `backward()` adds to the gradients of earlier batches": "add",
    "the gradients are zeroed once per epoch; zero them for each batch": "once",
    "the sigmoid is applied twice: the model returns logits, and the criterion applies the sigmoid itself": "sigmoid",
    "logits of shape (N, 1) against labels of shape (N,) make a table of every sample against every label": "table",
    "the gradient is that of the sum of the losses, not of their mean": "sum",
    "the labels are the wrong way round": "inverted",
    "the step goes uphill": "uphill",
    "there is only one step, at the end of the epoch; each batch needs one": "end",
    "only the first batch is used: the loop ends early (`break`, or `return` inside the loop)": "first",
    "the last batch is skipped": "drop",
    "the given optimizer is not used": "plain",
    "the given criterion is not used": "criterion",
}


def random_batches(n, batch_size):
    """Return images, labels, and their batches."""
    images, labels = torch.randn(n, 1, 2, 3), (torch.rand(n) < 0.4).float()
    return images, labels, list(zip(images.split(batch_size), labels.split(batch_size), strict=True))


def trained(submission, weights, images, labels, batch_size, learning_rate, momentum=0.0, pos_weight=1.0):
    """Return the parameters of a small model after a student's epoch, as one row, and the loss."""
    model = send_function(submission, small_model)(*weights)
    optimizer = send_function(submission, new_optimizer)(model, learning_rate, momentum)
    criterion = send_function(submission, new_criterion)(pos_weight)
    loader = send_loader(submission, images, labels, batch_size=batch_size)
    loss = submission.train_one_epoch(model, loader, optimizer, criterion)
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, value in small_model(*weights).state_dict().items():
        assert_tensor(state.get(name), value, what="a parameter of the model", cause="the training diverged", **ANY)
    return torch.cat([state[name].detach().flatten() for name in small_model(*weights).state_dict()]), loss


def assert_golden(submission, n, batch_size, learning_rate, momentum=0.0, pos_weight=1.0):
    """Compare the parameters after an epoch with those of the reference."""
    weights = torch.randn(4, 6), torch.randn(1, 4)
    images, labels, batches = random_batches(n, batch_size)
    row, _ = trained(submission, weights, images, labels, batch_size, learning_rate, momentum, pos_weight)
    settings = (weights, batches, learning_rate, momentum, pos_weight)

    def mistakes():
        return {cause: reference_epoch(*settings, mistake)[0] for cause, mistake in STEP_MISTAKES.items()}

    expected, _ = reference_epoch(*settings)
    cause = "for each batch: the loss of the model's logits, zero_grad, backward, step"
    what = "the row of all parameters after an epoch with train_one_epoch"
    assert_tensor(row, expected, what=what, rtol=1e-3, atol=1e-3, mistakes=mistakes, cause=cause)


def assert_mean_loss(submission, n, batch_size):
    """Check the loss that an epoch returns with a learning rate of 0, so that the model does not change."""
    weights = torch.randn(4, 6), torch.randn(1, 4)
    images, labels, batches = random_batches(n, batch_size)
    _, loss = trained(submission, weights, images, labels, batch_size, 0.0)
    model = small_model(*weights)
    with torch.no_grad():
        each = [float(F.binary_cross_entropy_with_logits(model(x), y)) for x, y in batches]
        expected = float(F.binary_cross_entropy_with_logits(model(images), labels))
    total = expected * n
    last = each[-1] * len(batches[-1][1])
    result = as_float(loss, "What train_one_epoch returns")
    call = "the mean loss that train_one_epoch returns"
    mistakes = {
        "this is the sum of the batch means; weight each by its size and divide by all samples": sum(each),
        "this is the mean over batches, where a small batch counts as much as a large one": sum(each) / len(each),
        "the sum of the batch means is divided by the number of samples": sum(each) / n,
        "this is the sum over samples; divide it by their number": total,
        "the sum over samples is divided by the number of batches": total / len(each),
        "the batch means are weighted by the full batch size": sum(each) * batch_size / n,
        "the sum is divided by batches · batch size; the last batch is smaller": total / (len(each) * batch_size),
        "the last batch is skipped": (total - last) / max(n - len(batches[-1][1]), 1),
        "this is the loss of the last batch": each[-1],
        "this is the loss of the first batch": each[0],
    }
    assert_equal(result, expected, what=call, rtol=1e-4, atol=1e-6, mistakes=mistakes)
