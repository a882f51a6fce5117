# %% right="from the other questions, with L2 penalty and the learning rate falling"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=1e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs, eta_min=learning_rate / 10)
    criterion = nn.BCEWithLogitsLoss()
    history = []
    for epoch in range(epochs):
        train_loss = train_one_epoch(model, train_loader, optimizer, criterion)
        scheduler.step()
        scores = evaluate(model, val_loader)
        model.eval()
        with torch.no_grad():
            losses = [(criterion(model(x), y).item(), len(y)) for x, y in val_loader]
        val_loss = sum(loss * n for loss, n in losses) / sum(n for _, n in losses)
        history.append({"epoch": epoch + 1, "train_loss": train_loss, "val_loss": val_loss, **scores})
    return history


# %% right="momentum, the best weights at the end"
import copy

import torch
import torch.nn.functional as F


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9, nesterov=True)
    best, best_state, records = float("inf"), None, []
    for _ in range(epochs):
        model.train()
        losses = []
        for images, labels in train_loader:
            each = F.binary_cross_entropy_with_logits(model(images), labels, reduction="none")
            each.mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            losses += each.tolist()
        model.eval()
        with torch.inference_mode():
            pairs = [(model(images), labels) for images, labels in val_loader]
            z, y = (torch.cat(part) for part in zip(*pairs))
            val_loss = float(F.binary_cross_entropy_with_logits(z, y))
            accuracy = float(((z > 0).float() == y).float().mean())
        if val_loss < best:
            best, best_state = val_loss, copy.deepcopy(model.state_dict())
        records.append({"train_loss": sum(losses) / len(losses), "val_loss": val_loss, "accuracy": accuracy})
    if best_state is not None:
        model.load_state_dict(best_state)
    return records


# %% right="RMSprop, clipped gradients, validation first in a helper"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    loss_sum = nn.BCEWithLogitsLoss(reduction="sum")

    def validate():
        model.train(False)
        with torch.no_grad():
            z, y = zip(*[(model(x), y) for x, y in val_loader])
        z, y = torch.cat(z), torch.cat(y)
        return (loss_sum(z, y) / len(y)).item(), (z.sigmoid().gt(0.5) == y.bool()).double().mean().item()

    optimizer = torch.optim.RMSprop(model.parameters(), lr=learning_rate)
    records = [{} for _ in range(epochs)]
    for record in records:
        model.train(True)
        train = 0.0
        for x, y in train_loader:
            model.zero_grad()
            batch_loss = loss_sum(model(x), y)
            (batch_loss / y.numel()).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            train += float(batch_loss)
        record["train_loss"] = train / len(train_loader.dataset)
        record["val_loss"], record["accuracy"] = validate()
    return records


# %% right="SGD with momentum, the learning rate falls along a cosine" held_out=true
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce


def fit(net, train_loader, val_loader, epochs, learning_rate=1e-3):
    trainable = [weight for weight in net.parameters() if weight.requires_grad]
    sgd = torch.optim.SGD(trainable, lr=10 * learning_rate, momentum=0.9, weight_decay=5e-4)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=max(1, epochs))
    log = []
    for _ in range(epochs):
        sums = {"train": 0.0, "val": 0.0, "right": 0}
        counts = {"train": 0, "val": 0}
        net.train()
        for xb, yb in train_loader:
            sgd.zero_grad()
            batch_loss = bce(net(xb), yb)
            batch_loss.backward()
            sgd.step()
            sums["train"] += float(batch_loss.detach()) * len(xb)
            counts["train"] += len(xb)
        cosine.step()
        net.eval()
        with torch.no_grad():
            for xb, yb in val_loader:
                scores = net(xb)
                sums["val"] += bce(scores, yb, reduction="sum").item()
                sums["right"] += int((scores.ge(0) == yb.bool()).sum())
                counts["val"] += len(xb)
        log.append(
            {
                "train_loss": sums["train"] / counts["train"],
                "val_loss": sums["val"] / counts["val"],
                "accuracy": sums["right"] / counts["val"],
            }
        )
    return log


# %% right="NAdam, a rate that warms up, weights averaged over steps" held_out=true
import copy

import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    average = copy.deepcopy(model)
    optimiser = torch.optim.NAdam([p for p in model.parameters() if p.requires_grad], lr=learning_rate)
    warm_up = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / 10))
    loss_of = nn.BCEWithLogitsLoss(reduction="none")
    history = []
    for _ in range(epochs):
        model.train()
        train = []
        for inputs, targets in train_loader:
            losses = loss_of(model(inputs), targets)
            optimiser.zero_grad()
            losses.mean().backward()
            optimiser.step()
            warm_up.step()
            train += losses.detach().tolist()
            with torch.no_grad():
                for kept, new in zip(average.state_dict().values(), model.state_dict().values()):
                    kept.copy_(torch.lerp(kept, new, 0.2) if kept.is_floating_point() else new)
        model.eval()
        average.eval()
        val, hits = [], []
        with torch.no_grad():
            for inputs, targets in val_loader:
                logits = model(inputs)
                val += loss_of(logits, targets).tolist()
                hits += ((logits > 0) == (targets > 0.5)).tolist()
        history.append(
            {"train_loss": sum(train) / len(train), "val_loss": sum(val) / len(val), "accuracy": sum(hits) / len(hits)}
        )
    if epochs:
        model.load_state_dict(average.state_dict())
    return history


# %% right="Adam, the usual loop" held_out=true
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    for _ in range(epochs):
        model.train()
        total, n = 0.0, 0
        for images, labels in train_loader:
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, n = total + loss.item() * len(labels), n + len(labels)
        model.eval()
        val_total, right, m = 0.0, 0, 0
        with torch.no_grad():
            for images, labels in val_loader:
                logits = model(images)
                val_total += criterion(logits, labels).item() * len(labels)
                right += ((logits > 0) == (labels == 1)).sum().item()
                m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="zero_grad after backward" from="Adam, the usual loop" caught_by="learns"
# +             loss.backward()
#               optimizer.zero_grad()
# -             loss.backward()

# %% wrong="zero_grad missing" from="Adam, the usual loop" caught_by="fresh_gradients"
# -             optimizer.zero_grad()

# %% wrong="zero_grad once an epoch" from="Adam, the usual loop" caught_by="fresh_gradients"
#           model.train()
# +         optimizer.zero_grad()

# -             optimizer.zero_grad()

# %% wrong="step missing" from="Adam, the usual loop" caught_by="learns"
# -             optimizer.step()

# %% wrong="the optimiser of another model" from="Adam, the usual loop" caught_by="learns"
# -     optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
# +     import copy
# +
# +     optimizer = torch.optim.Adam(copy.deepcopy(model).parameters(), lr=learning_rate)

# %% wrong="a copy is trained" from="Adam, the usual loop" caught_by="learns"
#   def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
# +     import copy
# +
# +     model = copy.deepcopy(model)

# %% wrong="labels inverted" from="Adam, the usual loop" caught_by="learns"
# -             loss = criterion(model(images), labels)
# +             loss = criterion(model(images), 1 - labels)

# %% wrong="learning rate ignored" from="Adam, the usual loop" caught_by="learning_rate"
# -     optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
# +     optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

# %% wrong="learning rate much too small" from="Adam, the usual loop" caught_by="beats_a_line"
# -     optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
# +     optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate / 1000)

# %% wrong="epochs ignored" from="Adam, the usual loop" caught_by="records"
# -     for _ in range(epochs):
# +     for _ in range(10):

# %% wrong="one epoch too many" from="Adam, the usual loop" caught_by="records"
# -     for _ in range(epochs):
# +     for _ in range(epochs + 1):

# %% wrong="only the last record" from="Adam, the usual loop" caught_by="records"
# -     return records
# +     return records[-1:]

# %% wrong="a dict of lists" from="Adam, the usual loop" caught_by="records"
# -     return records
# +     return {key: [record[key] for record in records] for key in records[0]}

# %% wrong="tensors in the records" from="Adam, the usual loop" caught_by="records"
# -             total, n = total + loss.item() * len(labels), n + len(labels)
# +             total, n = total + loss.detach() * len(labels), n + len(labels)

# %% wrong="no accuracy" from="Adam, the usual loop" caught_by="records"
# -         records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
# +         records.append({"train_loss": total / n, "val_loss": val_total / m})

# %% wrong="nothing is returned" from="Adam, the usual loop" caught_by="records"
# -     return records

# %% wrong="early stopping leaves records out" from="Adam, the usual loop" caught_by="records"
#           records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
# +         if len(records) > 1:
# +             break

# %% wrong="sigmoid twice" from="Adam, the usual loop" caught_by="true_records"
# -             loss = criterion(model(images), labels)
# +             loss = criterion(model(images).sigmoid(), labels)

# -                 val_total += criterion(logits, labels).item() * len(labels)
# +                 val_total += criterion(logits.sigmoid(), labels).item() * len(labels)

# %% wrong="the training loss as validation loss" from="Adam, the usual loop" caught_by="true_records"
# -         records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
# +         records.append({"train_loss": total / n, "val_loss": total / n, "accuracy": right / m})

# %% wrong="accuracy on the training images" from="Adam, the usual loop" caught_by="true_records"
# -             for images, labels in val_loader:
# +             for images, labels in train_loader:

# %% wrong="threshold 0.5 on the logit" from="Adam, the usual loop" caught_by="true_records"
# -                 right += ((logits > 0) == (labels == 1)).sum().item()
# +                 right += ((logits > 0.5) == (labels == 1)).sum().item()

# %% wrong="accuracy in percent" from="Adam, the usual loop" caught_by="true_records"
# -         records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
# +         records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": 100 * right / m})

# %% wrong="the sum of the losses" from="Adam, the usual loop" caught_by="true_records"
# -         records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
# +         records.append({"train_loss": total, "val_loss": val_total / m, "accuracy": right / m})

# %% wrong="eval() missing" from="Adam, the usual loop" caught_by="modes"
# -         model.eval()

# %% wrong="train() missing" from="Adam, the usual loop" caught_by="modes"
# -         model.train()

# %% wrong="train() before the first epoch only" from="Adam, the usual loop" caught_by="modes"
# +     model.train()
#       for _ in range(epochs):
# -         model.train()

# %% wrong="gradients while validating" from="Adam, the usual loop" caught_by="modes"
# -         with torch.no_grad():
# +         with torch.enable_grad():

# %% wrong="training on the validation images too" from="Adam, the usual loop" caught_by="validation_images"
# -         for images, labels in train_loader:
# +         for images, labels in [*train_loader, *val_loader]:

# %% wrong="training on the validation images only" from="Adam, the usual loop" caught_by="validation_images"
# -         for images, labels in train_loader:
# +         for images, labels in val_loader:

# %% wrong="validation with steps" from="Adam, the usual loop" caught_by="validation_images"
# -         with torch.no_grad():
# +         for _ in (0,):

# -                 val_total += criterion(logits, labels).item() * len(labels)
# +                 loss = criterion(logits, labels)
# +                 optimizer.zero_grad()
# +                 loss.backward()
# +                 optimizer.step()
# +                 val_total += loss.item() * len(labels)

# %% wrong="only the first batch" from="Adam, the usual loop" caught_by="validation_images"
#               total, n = total + loss.item() * len(labels), n + len(labels)
# +             break

# %% wrong="a weight decay that is much too strong" from="Adam, the usual loop" caught_by="beats_a_line"
# -     optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
# +     optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, weight_decay=1.0)

# %% wrong="a decay that ends the learning" from="Adam, the usual loop" caught_by="beats_a_line"
#       criterion = nn.BCEWithLogitsLoss()
# +     scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.2)

#               optimizer.step()
# +             scheduler.step()
