"""TODO helpers"""

import math
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from autograder.checking import (
    assert_equal,
    assert_has,
    assert_tensor,
    assert_true,
    classification_metrics,
    fail,
    in_place,
    send_function,
    send_loader,
)

# Where a comparison of values comes later, or is not wanted, this lets every finite value pass.
ANY = {"atol": math.inf}


def as_float(value, what):
    """Return a number that must be a float; NumPy's floats are welcome too."""
    if isinstance(value, torch.Tensor):
        fail(f"{what} is a tensor; it must be a float.", cause="`.item()` makes a number of it")
    if isinstance(value, bool) or not isinstance(value, float | int | np.number):
        fail(f"{what} must be a float, but it is {'None' if value is None else 'a ' + type(value).__name__}.")
    return float(value)


def right_losses(y_hat, y, base=math.e):
    """Return the loss of each sample, for probabilities that are neither 0 nor 1."""
    return -(y * y_hat.log() + (1 - y) * (1 - y_hat).log()) / math.log(base)


def loss_mistakes(y_hat, y, base=math.e):
    """Return what the loss gives after each typical mistake: cause → value."""
    right, log = right_losses(y_hat, y, base), math.log(base)
    return {
        "the mean over the samples is returned; wanted is the loss of each": right.mean(),
        "the sum over the samples is returned; wanted is the loss of each": right.sum(),
        "the minus sign is missing": -right,
        "the labels are the wrong way round: log(ŷ) belongs to y = 1": right_losses(y_hat, 1 - y, base),
        "`base` is ignored; the logarithm is natural": right * log,
        "the logarithm has base 10 whatever `base` says": right * log / math.log(10),
        "the natural logarithm is multiplied with log(base); divide by it": right * log * log,
        "the term of y = 0 is missing": -y * y_hat.log() / log,
        "the term of y = 1 is missing": -(1 - y) * (1 - y_hat).log() / log,
        "a sigmoid is applied to ŷ, which is a probability already": right_losses(y_hat.sigmoid(), y, base),
        "this is the squared error, not the cross-entropy": (y - y_hat).square(),
        "the two terms are subtracted; add them": -(y * y_hat.log() - (1 - y) * (1 - y_hat).log()) / log,
        "the shapes (N, 1) and (N,) broadcast to a table of every sample against every label": torch.zeros(
            len(y), len(y)
        ),
    }


# --- sgd_step --------------------------------------------------------------------------------------------------


def take_steps(step, values, grads, learning_rate, n_steps, as_generator):
    """Step with parameters of these values and gradients, and return what became of them; on the student's side."""
    parameters = [torch.nn.Parameter(value.clone()) for value in values]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = None if grad is None else grad.clone()
    aliases = [parameter.detach() for parameter in parameters]  # these share memory with the parameters
    for _ in range(n_steps):
        returned = step((p for p in parameters) if as_generator else parameters, learning_rate)
    return {
        "values": [parameter.detach().clone() for parameter in parameters],
        "grads": [parameter.grad for parameter in parameters],
        "recorded": any(p.grad_fn is not None or not p.requires_grad for p in parameters),
        "moved": any(a.data_ptr() != p.data_ptr() for a, p in zip(aliases, parameters, strict=True)),
        "gradients are on": torch.is_grad_enabled(),
        "returned None": returned is None,
    }


def after_steps(submission, values, grads, learning_rate, n_steps=1, as_generator=False):
    """Return what `take_steps` tells of a student's function, once it is known to be what it should be."""
    helper = send_function(submission, take_steps)
    with in_place():
        told = helper(submission.sgd_step, values, grads, learning_rate, n_steps, as_generator)
    kinds = (list, list, bool, bool, bool, bool)
    good = type(told) is dict and tuple(map(type, told.values())) == kinds and len(told["values"]) == len(values)
    assert_true(good and len(told["grads"]) == len(values), "What became of the parameters cannot be read.")
    return told


def assert_stepped(submission, values, grads, learning_rate, n_steps=1, as_generator=False, what="the parameters"):
    """Check parameters after steps of gradient descent."""
    told = after_steps(submission, values, grads, learning_rate, n_steps, as_generator)
    for value, grad, new in zip(values, grads, told["values"], strict=True):
        change = torch.zeros_like(value) if grad is None else n_steps * learning_rate * grad
        mistakes = {
            "nothing has changed: `p = p - …` makes a new tensor and leaves the parameter alone": value,
            "the step goes uphill: α∇L is subtracted": value + change,
            "the learning rate is ignored": value - change / learning_rate,
            "the step is divided by the learning rate": value - change / learning_rate**2,
            "the parameter is replaced by the step": -change,
            "only one of several steps has been made": value - change / n_steps,
            "the gradient is averaged before the step": value - change.mean(),
            "only the sign of the gradient is used": value - learning_rate * n_steps * change.sign(),
            "the steps gather speed (momentum); each is to follow its own gradient alone": value - 1.45 * change,
        }
        if grad is None:
            mistakes = {}
        assert_tensor(
            new, value - change, what=f"{what} after the step" + "s" * (n_steps > 1), rtol=1e-5, mistakes=mistakes
        )
    return told


# --- MLP -------------------------------------------------------------------------------------------------------


def new_mlp(submission, call, **arguments):
    """Return a student's network, once it is known to be a module."""
    network = submission.MLP(**arguments)
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause="MLP must be an nn.Module")
    return network


def run(network, x, what, cause=""):
    """Return what a student's module makes of its input; where it raises, say so in the words of this exercise."""
    try:
        return network(x)
    except NotImplementedError:
        raise  # the stub, not the answer
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        fail(f"{what} raises {type(error).__name__}.", details=str(error), cause=cause)


def assert_logits(logits, shape, what):
    """Check the shape of logits, whose values are free."""
    n = shape[0]
    mistakes = {
        "the last axis is still there: one output a sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples give one number": torch.zeros(()),
        "`squeeze()` without saying which axis removes that of a batch of one too": torch.zeros(shape[1:]),
        "out_features is ignored": torch.zeros(n),
    }
    assert_tensor(logits, torch.zeros(shape), what=what, mistakes=mistakes, **ANY)


# --- train_one_epoch -------------------------------------------------------------------------------------------


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
    """Return the parameters after an epoch as one row, and the mean loss; with one of the typical mistakes, if any."""
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
    "the model has not changed: `optimizer.step()` is missing, or the gradients are set to zero before it": "still",
    "`optimizer.zero_grad()` is missing: `backward()` adds to the gradients of the batches before": "add",
    "the gradients are set to zero once an epoch; each batch needs it": "once",
    "the sigmoid is applied twice: the model returns logits, and the criterion applies the sigmoid itself": "sigmoid",
    "logits of shape (N, 1) against labels of shape (N,) make a table of every sample against every label": "table",
    "the gradient is that of the sum of the losses, not of their mean": "sum",
    "the labels are the wrong way round": "inverted",
    "the step goes uphill": "uphill",
    "only one step is made, at the end of the epoch; each batch needs one": "end",
    "only the first batch is used: the loop ends early (`break`, or `return` within the loop)": "first",
    "the last batch is left out": "drop",
    "the optimizer that is given is not used": "plain",
    "the criterion that is given is not used": "criterion",
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
        assert_tensor(state.get(name), value, what="a parameter of the model", cause="the learning went astray", **ANY)
    return torch.cat([state[name].detach().flatten() for name in small_model(*weights).state_dict()]), loss


def assert_golden(submission, n, batch_size, learning_rate, momentum=0.0, pos_weight=1.0):
    """Check the parameters after an epoch against those of the reference."""
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
    """Check the loss that an epoch returns when the learning rate is 0, so that the model stays as it is."""
    weights = torch.randn(4, 6), torch.randn(1, 4)
    images, labels, batches = random_batches(n, batch_size)
    _, loss = trained(submission, weights, images, labels, batch_size, 0.0)
    model = small_model(*weights)
    with torch.no_grad():
        each = [float(F.binary_cross_entropy_with_logits(model(x), y)) for x, y in batches]
        expected = float(F.binary_cross_entropy_with_logits(model(images), labels))
    total = expected * n
    last = each[-1] * len(batches[-1][1])
    assert_equal(
        as_float(loss, "What train_one_epoch returns"),
        expected,
        what="the mean loss that train_one_epoch returns",
        rtol=1e-4,
        atol=1e-6,
        mistakes={
            "the sum of the batches' means is returned; weigh each with its number of samples, and divide by all": sum(
                each
            ),
            "the mean over batches is returned, where a small batch weighs as much as a large one": sum(each)
            / len(each),
            "the sum of the batches' means is divided by the number of samples": sum(each) / n,
            "the sum over samples is returned; divide it by their number": total,
            "the sum over samples is divided by the number of batches": total / len(each),
            "the mean of each batch is weighed with the size of a full batch; the last one is smaller": sum(each)
            * batch_size
            / n,
            "the number of samples is taken as batches · batch size; the last batch is smaller": total
            / (len(each) * batch_size),
            "the last batch is left out": (total - last) / max(n - len(batches[-1][1]), 1),
            "it is the loss of the last batch": each[-1],
            "it is the loss of the first batch": each[0],
        },
    )


# --- evaluate --------------------------------------------------------------------------------------------------


def mean_model():
    """Return a model whose logit is the mean of the image; it notes how it is called."""

    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(()))
            self.modes, self.with_gradients, self.sizes = [], [], []

        def forward(self, images):
            self.modes.append(self.training)
            self.with_gradients.append(torch.is_grad_enabled())
            self.sizes.append(len(images))
            return self.scale * images.flatten(1).mean(1)

    return Mean()


def images_of(logits):
    """Return images whose mean is a given logit, to float32."""
    return logits[:, None, None, None].expand(-1, 1, 2, 2).contiguous()


KEYS = ("accuracy", "balanced_accuracy", "auc")


def metric_mistakes(logits, labels, batch_size):
    """Return, for each key, what evaluate gives after each typical mistake: cause → value."""
    right = classification_metrics(logits, labels)
    high = classification_metrics(logits - 0.5, labels)
    batches = list(zip(logits.split(batch_size), labels.split(batch_size), strict=True))
    parts = [classification_metrics(*batch) for batch in batches]
    predictions = (logits > 0).float()
    tables = logits[labels == 1][:, None] - logits[labels == 0]
    low = "logits are compared with 0.5; the prediction is 1 where the logit is above 0"
    of_batches = "the mean over batches is given; collect all samples first"
    last = "it is that of the last batch alone"
    sizes = [(predictions == label).float() for label in (0, 1)]
    precision = [float((labels[p == 1] == k).float().mean()) for k, p in enumerate(sizes) if p.any()]
    mistakes = {
        key: {
            low: high[key],
            of_batches: sum(part[key] for part in parts) / len(parts),
            last: parts[-1][key],
            "it is a percentage; it is to be a share between 0 and 1": 100 * right[key],
        }
        for key in KEYS
    }
    mistakes["accuracy"] |= {
        "it is the number of right predictions, not their share": right["accuracy"] * len(labels),
        "it is the share of wrong predictions": 1 - right["accuracy"],
        "a logit of exactly 0 is predicted as 1; the prediction is 1 above 0": float(
            ((logits >= 0).float() == labels).float().mean()
        ),
        "shapes (N, 1) and (N,) make a table of every prediction against every label": float(
            (predictions[:, None] == labels).float().mean()
        ),
    }
    mistakes["balanced_accuracy"] |= {
        "it is the plain accuracy; balanced accuracy is the mean of the shares of each class that are found": right[
            "accuracy"
        ],
        "the shares are of the predictions (precision); they are to be of the true classes": sum(precision)
        / max(len(precision), 1),
        "it is the share of class 1 that is found (sensitivity) alone": float(predictions[labels == 1].mean()),
        "it is the share of class 0 that is found (specificity) alone": float(1 - predictions[labels == 0].mean()),
    }
    mistakes["auc"] |= {
        "ties count nothing; half of them count": float((tables > 0).float().mean()),
        "ties count in full; half of them count": float((tables >= 0).float().mean()),
        "it is computed from the predictions 0 and 1; the logits' order is what counts": classification_metrics(
            predictions, labels
        )["auc"],
        "the classes are the wrong way round": 1 - right["auc"],
    }
    return mistakes


def evaluated(submission, model, logits, labels, batch_size):
    """Return the metrics that a student's evaluate finds, as floats."""
    loader = send_loader(submission, images_of(logits), labels, batch_size=batch_size)
    found = submission.evaluate(model, loader)
    if type(found) is not dict:
        fail(
            f"evaluate must return a dict, but it returned {'None' if found is None else 'a ' + type(found).__name__}."
        )
    for key in KEYS:
        assert_true(key in found, f"What evaluate returns has no {key!r}.")
    return {key: as_float(found[key], f"{key!r}") for key in KEYS}


def assert_metrics(submission, logits, labels, batch_size, keys=KEYS):
    """Check the metrics of known logits."""
    found = evaluated(submission, send_function(submission, mean_model)(), logits, labels, batch_size)
    expected = classification_metrics(logits, labels)
    for key in keys:
        mistakes = partial(lambda key: metric_mistakes(logits, labels, batch_size)[key], key)
        what = f"{key!r} of a model whose logits are known"
        assert_equal(found[key], expected[key], what=what, rtol=1e-4, atol=1e-6, mistakes=mistakes)


# --- regularisation_penalty ------------------------------------------------------------------------------------


def penalised_model():
    """Return linear layers with known weights and biases."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    for parameter, values in zip(model.parameters(), ([[1.0, -2], [3, 0]], [5.0, 5], [[-4.0, 2]], [7.0]), strict=True):
        parameter.data = torch.tensor(values)
    return model


def penalty_mistakes(weights, others, l1, l2):
    """Return what the penalty gives after each typical mistake: cause → value."""
    both = torch.cat([weights, others])

    def right(w, first=l1, second=l2):
        return first * w.abs().sum() + second * w.square().sum()

    return {
        "the biases are penalised too; only parameters with two dimensions or more are weights": right(both),
        "l1 and l2 are swapped": right(weights, l2, l1),
        "l2 is for the sum of the squares, not for its root": l1 * weights.abs().sum() + l2 * weights.norm(),
        "the absolute values are missing: positive and negative weights cancel": l1 * weights.sum()
        + l2 * weights.square().sum(),
        "the means are taken instead of the sums": right(weights) / len(weights),
        "the penalty is halved": right(weights) / 2,
        "l2 is halved": right(weights, l1, l2 / 2),
        "only the biases are penalised": right(others),
        "l1 is ignored": right(weights, 0.0),
        "l2 is ignored": right(weights, l1, 0.0),
        "the minus is wrong: a penalty is positive": -right(weights),
    }


# --- EarlyStopping ---------------------------------------------------------------------------------------------


def assert_stops(submission, losses, answers, bests, what, mistakes=None, **arguments):
    """Check what the steps of an EarlyStopping return, and what is best after each."""
    stopping = submission.EarlyStopping(**arguments)
    assert_has(
        stopping, "step", what=f"EarlyStopping({', '.join(arguments)})", cause="it is a class with a method `step`"
    )
    for place, (loss, answer, best) in enumerate(zip(losses, answers, bests, strict=True)):
        returned = stopping.step(loss)
        if type(returned) is not bool:
            kind = "None" if returned is None else f"a {type(returned).__name__}"
            fail(f"step must return True or False, but it returned {kind}.", cause="a `return` on every path")
        assert_has(stopping, "best", what="An EarlyStopping", cause="keep the best loss in `self.best`")
        found = as_float(stopping.best, "`best`")
        cause = "`best` is the lowest loss that was an improvement; other losses do not change it"
        shown = f"`best` after the losses {losses[: place + 1]}" if mistakes is not None else "`best`"
        assert_equal(found, best, what=f"{shown}{what}", rtol=1e-9, cause=cause)
        if returned is not answer:
            early = "It stops too early" if returned else "It does not stop in time"
            cause = (mistakes or {}).get((place, returned)) or (
                "count the steps in a row without an improvement; after an improvement, count from 0 again"
            )
            fail(f"{early}{what}.", details=f"After the losses {losses[: place + 1]}.", cause=cause)


# --- fit -------------------------------------------------------------------------------------------------------


def brightness_model():
    """Return a model with one weight a pixel of 4×4, all of them 0; runs on the student's side."""
    linear = torch.nn.Linear(16, 1)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    return torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))


def bright_and_dark(n):
    """Return noisy images of 4×4, bright with label 1 and dark with label 0."""
    labels = torch.arange(n).remainder(2).float()
    return torch.randn(n, 1, 4, 4) + (2 * labels - 1)[:, None, None, None], labels


def weights_of(model, reference):
    """Return the state dict of a model, once it is known to fit the reference, a model of the same kind."""
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, expected in reference.state_dict().items():
        value = state.get(name)
        # Non-finite values are allowed: what a model is worth then is for the metrics to say.
        value = value.nan_to_num() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        assert_tensor(value, expected, what="a parameter of the model after training", **ANY)
    return {name: state[name].detach() for name in reference.state_dict()}


def assert_records(records, epochs):
    """Check that these are the records of so many epochs, and return them."""
    call = f"fit(…, epochs={epochs})"
    if type(records) is not list:
        kind = "None" if records is None else f"a {type(records).__name__}"
        fail(f"{call} must return a list of dicts, but it returned {kind}.", cause="one record an epoch, in a list")
    what = f"the number of records that {call} returns"
    assert_equal(len(records), epochs, what=what, cause="one record for each epoch, none left out, none too many")
    for record in records:
        if type(record) is not dict:
            fail(f"A record of {call} must be a dict, but it is a {type(record).__name__}.")
        for key in ("train_loss", "val_loss", "accuracy"):
            assert_true(key in record, f"A record of {call} has no {key!r}.")
            value = as_float(record[key], f"{key!r}")
            if not math.isfinite(value):
                fail(f"{key!r} is {value}.", cause="the training went astray: is the learning rate too large?")
    return records
