# %% right="sums collected in helpers, AdamW"
import torch
from torch import nn


def fit_resnet(model, train_loader, val_loader, epochs):
    criterion = nn.BCEWithLogitsLoss(reduction="sum")
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)

    def train():
        model.train()
        total = count = 0
        for images, labels in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            (loss / len(images)).backward()
            optimizer.step()
            total, count = total + loss.item(), count + len(images)
        return total / count

    @torch.no_grad()
    def validate():
        model.eval()
        logits, labels = zip(*[(model(x), y) for x, y in val_loader])
        logits, labels = torch.cat(logits), torch.cat(labels)
        right = (logits > 0).float() == labels
        return criterion(logits, labels).item() / len(labels), right.float().mean().item()

    history = []
    for epoch in range(epochs):
        train_loss = train()
        val_loss, accuracy = validate()
        history.append({"epoch": epoch + 1, "train_loss": train_loss, "val_loss": val_loss, "accuracy": accuracy})
    return history


# %% right="SGD with momentum, zero_grad after the step"
import torch
import torch.nn.functional as F


def fit_resnet(model, train_loader, val_loader, epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
    records = []
    for _ in range(epochs):
        model.train()
        losses, counts = [], []
        for images, labels in train_loader:
            loss = F.binary_cross_entropy_with_logits(model(images), labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            counts.append(labels.shape[0])
        train_loss = sum(a * b for a, b in zip(losses, counts)) / sum(counts)
        model.eval()
        val_loss, correct, n = 0.0, 0, 0
        with torch.inference_mode():
            for images, labels in val_loader:
                z = model(images)
                val_loss += F.binary_cross_entropy_with_logits(z, labels).item() * labels.numel()
                correct += ((torch.sigmoid(z) > 0.5) == labels.bool()).sum().item()
                n += labels.numel()
        records.append(dict(train_loss=train_loss, val_loss=val_loss / n, accuracy=correct / n))
    return records


# %% right="one-cycle schedule, the best weights at the end"
import copy

import torch
from torch import nn


def fit_resnet(model, train_loader, val_loader, epochs):
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=8e-3, epochs=epochs, steps_per_epoch=len(train_loader)
    )
    criterion = nn.BCEWithLogitsLoss()
    best_loss, best_state, history = float("inf"), None, []
    for _ in range(epochs):
        model.train(True)
        running = 0.0
        for batch in train_loader:
            x, y = batch[0], batch[1].to(torch.float32)
            model.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            scheduler.step()
            running += loss.item() * x.size(0)
        model.train(False)
        val_running, hits = 0.0, 0
        with torch.no_grad():
            for x, y in val_loader:
                logits = model(x)
                val_running += float(criterion(logits, y)) * x.size(0)
                hits += int((logits.gt(0).float() == y).sum())
        val_loss = val_running / len(val_loader.dataset)
        if val_loss < best_loss:
            best_loss, best_state = val_loss, copy.deepcopy(model.state_dict())
        history.append(
            {
                "train_loss": running / len(train_loader.dataset),
                "val_loss": val_loss,
                "accuracy": hits / len(val_loader.dataset),
                "learning_rate": scheduler.get_last_lr()[0],
            }
        )
    if best_state is not None:
        model.load_state_dict(best_state)
    return history


# %% right="augmentation by flips, a penalty in the loss, a learning rate that falls"
import torch
import torch.nn.functional as F


def fit_resnet(model, train_loader, val_loader, epochs):
    optimizer = torch.optim.RMSprop(filter(lambda p: p.requires_grad, model.parameters()), lr=2e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    records = []
    for _ in range(epochs):
        model.train()
        train_sum, n = 0.0, 0
        for images, labels in train_loader:
            if torch.rand(()) < 0.5:
                images = images.flip(-1)
            optimizer.zero_grad()
            each = F.binary_cross_entropy_with_logits(model(images), labels, reduction="none")
            penalty = sum(p.square().sum() for p in model.parameters() if p.requires_grad)
            (each.mean() + 1e-4 * penalty).backward()
            optimizer.step()
            train_sum, n = train_sum + each.sum().item(), n + len(labels)
        scheduler.step()
        model.eval()
        with torch.no_grad():
            pairs = [(model(images), labels) for images, labels in val_loader]
        logits, labels = (torch.cat(part) for part in zip(*pairs))
        records.append(
            {
                "train_loss": train_sum / n,
                "val_loss": F.binary_cross_entropy_with_logits(logits, labels).item(),
                "accuracy": ((logits > 0) == (labels == 1)).double().mean().item(),
            }
        )
    return records


# %% right="the step by hand, with torch.autograd.grad"
import torch


def fit_resnet(model, train_loader, val_loader, epochs):
    parameters = [p for p in model.parameters() if p.requires_grad]
    speed = [torch.zeros_like(p) for p in parameters]

    def loss_of(logits, labels):  # log(1 + exp(−z)) for label 1, log(1 + exp(z)) for label 0
        return torch.nn.functional.softplus((1 - 2 * labels) * logits)

    records = []
    for _ in range(epochs):
        model.train()
        total, n = 0.0, 0
        for images, labels in train_loader:
            losses = loss_of(model(images), labels)
            gradients = torch.autograd.grad(losses.mean(), parameters)
            with torch.no_grad():
                for parameter, gradient, v in zip(parameters, gradients, speed):
                    v.mul_(0.9).add_(gradient)
                    parameter.sub_(0.05 * v)
            total, n = total + losses.sum().item(), n + len(losses)
        model.eval()
        val_total, right, m = 0.0, 0, 0
        for images, labels in val_loader:
            with torch.no_grad():
                logits = model(images)
            val_total += loss_of(logits, labels).sum().item()
            right += ((logits > 0).float() == labels).sum().item()
            m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% right="SGD with momentum, the learning rate falls along a cosine" held_out=true
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce


def fit_resnet(net, train_loader, val_loader, epochs):
    trainable = [weight for weight in net.parameters() if weight.requires_grad]
    sgd = torch.optim.SGD(trainable, lr=0.1, momentum=0.9, weight_decay=5e-4)
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


def fit_resnet(model, train_loader, val_loader, epochs):
    average = copy.deepcopy(model)
    optimiser = torch.optim.NAdam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
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
import torch.nn.functional as F


def fit_resnet(model, train_loader, val_loader, epochs):
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    records = []
    for _ in range(epochs):
        model.train()
        train_loss = 0.0
        for images, labels in train_loader:
            loss = F.binary_cross_entropy_with_logits(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * len(labels)
        model.eval()
        val_loss, right = 0.0, 0
        with torch.no_grad():
            for images, labels in val_loader:
                logits = model(images)
                val_loss += F.binary_cross_entropy_with_logits(logits, labels, reduction="sum").item()
                right += int(((logits > 0).float() == labels).sum())
        n_train, n_val = len(train_loader.dataset), len(val_loader.dataset)
        records.append({"train_loss": train_loss / n_train, "val_loss": val_loss / n_val, "accuracy": right / n_val})
    return records


# %% wrong="zero_grad missing" from="Adam, the usual loop" caught_by="fresh_gradients"
# -             optimizer.zero_grad()

# %% wrong="zero_grad once an epoch" from="Adam, the usual loop" caught_by="fresh_gradients"
#           model.train()
# +         optimizer.zero_grad()

# -             optimizer.zero_grad()

# %% wrong="zero_grad after backward" from="Adam, the usual loop" caught_by="learns"
# +             loss.backward()
#               optimizer.zero_grad()
# -             loss.backward()

# %% wrong="step missing" from="Adam, the usual loop" caught_by="learns"
# -             optimizer.step()

# %% wrong="backward missing" from="Adam, the usual loop" caught_by="learns"
# -             loss.backward()

# %% wrong="optimiser of another model" from="Adam, the usual loop" caught_by="learns"
# -     optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
# +     optimizer = torch.optim.Adam(torch.nn.Linear(4, 1).parameters(), lr=3e-3)

# %% wrong="a copy trained" from="Adam, the usual loop" caught_by="learns"
# + import copy
# +
#   import torch

#   def fit_resnet(model, train_loader, val_loader, epochs):
# +     model = copy.deepcopy(model)

# %% wrong="one step an epoch, after the loop" from="Adam, the usual loop" caught_by="every_image"
# -             optimizer.step()
#               train_loss += loss.item() * len(labels)
# +         optimizer.step()

# %% wrong="uphill: maximises the loss" from="Adam, the usual loop" caught_by="learns"
# -             loss.backward()
# +             (-loss).backward()

# %% wrong="labels the wrong way round" from="Adam, the usual loop" caught_by="learns, true_records"
# -             loss = F.binary_cross_entropy_with_logits(model(images), labels)
# +             loss = F.binary_cross_entropy_with_logits(model(images), 1 - labels)

# %% wrong="sigmoid twice" from="Adam, the usual loop" caught_by="true_records"
# -             loss = F.binary_cross_entropy_with_logits(model(images), labels)
# +             loss = F.binary_cross_entropy_with_logits(torch.sigmoid(model(images)), labels)

# -                 val_loss += F.binary_cross_entropy_with_logits(logits, labels, reduction="sum").item()
# +                 val_loss += F.binary_cross_entropy_with_logits(torch.sigmoid(logits), labels, reduction="sum").item()

# %% wrong="shapes (N, 1) and (N,) in a loss written by hand" from="Adam, the usual loop" caught_by="true_records"
# -             loss = F.binary_cross_entropy_with_logits(model(images), labels)
# +             loss = F.softplus((1 - 2 * labels) * model(images).unsqueeze(1)).mean()

# %% wrong="summed over the images" from="Adam, the usual loop" caught_by="true_records"
# -             loss = F.binary_cross_entropy_with_logits(model(images), labels)
# +             loss = F.binary_cross_entropy_with_logits(model(images), labels, reduction="sum")

# %% wrong="mean over batches, training loss" from="Adam, the usual loop" caught_by="last_batch"
# -             train_loss += loss.item() * len(labels)
# +             train_loss += loss.item()

# -         records.append({"train_loss": train_loss / n_train, "val_loss": val_loss / n_val, "accuracy": right / n_val})
# +         records.append(
# +             {"train_loss": train_loss / len(train_loader), "val_loss": val_loss / n_val, "accuracy": right / n_val}
# +         )

# %% wrong="mean over batches, validation loss" from="Adam, the usual loop" caught_by="last_batch"
# -                 val_loss += F.binary_cross_entropy_with_logits(logits, labels, reduction="sum").item()
# +                 val_loss += F.binary_cross_entropy_with_logits(logits, labels).item()

# -         records.append({"train_loss": train_loss / n_train, "val_loss": val_loss / n_val, "accuracy": right / n_val})
# +         records.append(
# +             {"train_loss": train_loss / n_train, "val_loss": val_loss / len(val_loader), "accuracy": right / n_val}
# +         )

# %% wrong="the loss of the last batch recorded" from="Adam, the usual loop" caught_by="true_records"
# -             train_loss += loss.item() * len(labels)
# +             train_loss = loss.item() * len(train_loader.dataset)

# %% wrong="logits compared with 0.5" from="Adam, the usual loop" caught_by="true_records"
# -                 right += int(((logits > 0).float() == labels).sum())
# +                 right += int(((logits > 0.5).float() == labels).sum())

# %% wrong="accuracy in per cent" from="Adam, the usual loop" caught_by="true_records"
# -         records.append({"train_loss": train_loss / n_train, "val_loss": val_loss / n_val, "accuracy": right / n_val})
# +         records.append(
# +             {"train_loss": train_loss / n_train, "val_loss": val_loss / n_val, "accuracy": 100 * right / n_val}
# +         )

# %% wrong="the training loss recorded as the validation loss" from="Adam, the usual loop" caught_by="true_records"
# -         records.append({"train_loss": train_loss / n_train, "val_loss": val_loss / n_val, "accuracy": right / n_val})
# +         records.append(
# +             {"train_loss": train_loss / n_train, "val_loss": train_loss / n_train, "accuracy": right / n_val}
# +         )

# %% wrong="the last batch dropped" from="Adam, the usual loop" caught_by="true_records, every_image"
# -         for images, labels in train_loader:
# +         for images, labels in list(train_loader)[:-1]:

# -         n_train, n_val = len(train_loader.dataset), len(val_loader.dataset)
# +         n_train, n_val = max(1, len(train_loader) - 1) * train_loader.batch_size, len(val_loader.dataset)

# %% wrong="tensors in the records" from="Adam, the usual loop" caught_by="records"
# -             train_loss += loss.item() * len(labels)
# +             train_loss += loss.detach() * len(labels)

# %% wrong="nothing returned" from="Adam, the usual loop" caught_by="records"
# -     return records
# +     print(records)

# %% wrong="trained on validation images too" from="Adam, the usual loop" caught_by="validation_images"
# -         for images, labels in train_loader:
# +         for images, labels in [*train_loader, *val_loader]:

# %% wrong="steps taken in validation" from="Adam, the usual loop" caught_by="validation_images, no_gradients"
# -         with torch.no_grad():
# +         if True:

# -                 val_loss += F.binary_cross_entropy_with_logits(logits, labels, reduction="sum").item()
# +                 loss = F.binary_cross_entropy_with_logits(logits, labels)
# +                 optimizer.zero_grad()
# +                 loss.backward()
# +                 optimizer.step()
# +                 val_loss += loss.item() * len(labels)

# %% wrong="the loaders mixed up" from="Adam, the usual loop" caught_by="validation_images"
# -         for images, labels in train_loader:
# +         for images, labels in val_loader:

# -             for images, labels in val_loader:
# +             for images, labels in train_loader:

# -         n_train, n_val = len(train_loader.dataset), len(val_loader.dataset)
# +         n_train, n_val = len(val_loader.dataset), len(train_loader.dataset)

# %% wrong="eval missing" from="Adam, the usual loop" caught_by="modes"
# -         model.eval()

# %% wrong="train missing altogether" from="Adam, the usual loop" caught_by="modes"
# -         model.train()

# %% wrong="no_grad missing" from="Adam, the usual loop" caught_by="no_gradients"
# -         with torch.no_grad():
# +         if True:

# %% wrong="frozen parameters thawed" from="Adam, the usual loop" caught_by="every_image"
#   def fit_resnet(model, train_loader, val_loader, epochs):
# +     model.requires_grad_(True)

# %% wrong="learning rate a hundred times too small" from="Adam, the usual loop" caught_by="beats_the_mlp"
# -     optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
# +     optimizer = torch.optim.Adam(model.parameters(), lr=3e-5)

# %% wrong="plain SGD with a learning rate of 0.001" from="Adam, the usual loop" caught_by="beats_the_mlp"
# -     optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
# +     optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
