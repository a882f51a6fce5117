# %% [markdown]
# Right and wrong answers to `fit`.


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
            {
                "train_loss": sum(train) / len(train),
                "val_loss": sum(val) / len(val),
                "accuracy": sum(hits) / len(hits),
            }
        )
    if epochs:
        model.load_state_dict(average.state_dict())
    return history


# %% wrong="zero_grad after backward" caught_by="learns"
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
            loss.backward()
            optimizer.zero_grad()
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


# %% wrong="zero_grad missing" caught_by="fresh_gradients"
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


# %% wrong="zero_grad once an epoch" caught_by="fresh_gradients"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    for _ in range(epochs):
        model.train()
        optimizer.zero_grad()
        total, n = 0.0, 0
        for images, labels in train_loader:
            loss = criterion(model(images), labels)
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


# %% wrong="step missing" caught_by="learns"
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


# %% wrong="the optimiser of another model" caught_by="learns"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    import copy

    optimizer = torch.optim.Adam(copy.deepcopy(model).parameters(), lr=learning_rate)
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


# %% wrong="a copy is trained" caught_by="learns"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    import copy

    model = copy.deepcopy(model)
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


# %% wrong="labels inverted" caught_by="learns"
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
            loss = criterion(model(images), 1 - labels)
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


# %% wrong="learning rate ignored" caught_by="learning_rate"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
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


# %% wrong="learning rate much too small" caught_by="beats_a_line"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate / 1000)
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


# %% wrong="epochs ignored" caught_by="records"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    for _ in range(10):
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


# %% wrong="one epoch too many" caught_by="records"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    for _ in range(epochs + 1):
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


# %% wrong="only the last record" caught_by="records"
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
    return records[-1:]


# %% wrong="a dict of lists" caught_by="records"
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
    return {key: [record[key] for record in records] for key in records[0]}


# %% wrong="tensors in the records" caught_by="records"
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
            total, n = total + loss.detach() * len(labels), n + len(labels)
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


# %% wrong="no accuracy" caught_by="records"
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
        records.append({"train_loss": total / n, "val_loss": val_total / m})
    return records


# %% wrong="nothing is returned" caught_by="records"
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


# %% wrong="early stopping leaves records out" caught_by="records"
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
        if len(records) > 1:
            break
    return records


# %% wrong="sigmoid twice" caught_by="true_records"
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
            loss = criterion(model(images).sigmoid(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, n = total + loss.item() * len(labels), n + len(labels)
        model.eval()
        val_total, right, m = 0.0, 0, 0
        with torch.no_grad():
            for images, labels in val_loader:
                logits = model(images)
                val_total += criterion(logits.sigmoid(), labels).item() * len(labels)
                right += ((logits > 0) == (labels == 1)).sum().item()
                m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="the training loss as validation loss" caught_by="true_records"
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
        records.append({"train_loss": total / n, "val_loss": total / n, "accuracy": right / m})
    return records


# %% wrong="accuracy on the training images" caught_by="true_records"
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
            for images, labels in train_loader:
                logits = model(images)
                val_total += criterion(logits, labels).item() * len(labels)
                right += ((logits > 0) == (labels == 1)).sum().item()
                m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="threshold 0.5 on the logit" caught_by="true_records"
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
                right += ((logits > 0.5) == (labels == 1)).sum().item()
                m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="accuracy in percent" caught_by="true_records"
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
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": 100 * right / m})
    return records


# %% wrong="the sum of the losses" caught_by="true_records"
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
        records.append({"train_loss": total, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="eval() missing" caught_by="modes"
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
        val_total, right, m = 0.0, 0, 0
        with torch.no_grad():
            for images, labels in val_loader:
                logits = model(images)
                val_total += criterion(logits, labels).item() * len(labels)
                right += ((logits > 0) == (labels == 1)).sum().item()
                m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="train() missing" caught_by="modes"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    for _ in range(epochs):
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


# %% wrong="train() before the first epoch only" caught_by="modes"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    model.train()
    for _ in range(epochs):
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


# %% wrong="gradients while validating" caught_by="modes"
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
        with torch.enable_grad():
            for images, labels in val_loader:
                logits = model(images)
                val_total += criterion(logits, labels).item() * len(labels)
                right += ((logits > 0) == (labels == 1)).sum().item()
                m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="training on the validation images too" caught_by="validation_images"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    for _ in range(epochs):
        model.train()
        total, n = 0.0, 0
        for images, labels in [*train_loader, *val_loader]:
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


# %% wrong="training on the validation images only" caught_by="validation_images"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    records = []
    for _ in range(epochs):
        model.train()
        total, n = 0.0, 0
        for images, labels in val_loader:
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


# %% wrong="validation with steps" caught_by="validation_images"
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
        for _ in (0,):
            for images, labels in val_loader:
                logits = model(images)
                loss = criterion(logits, labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                val_total += loss.item() * len(labels)
                right += ((logits > 0) == (labels == 1)).sum().item()
                m += len(labels)
        records.append({"train_loss": total / n, "val_loss": val_total / m, "accuracy": right / m})
    return records


# %% wrong="only the first batch" caught_by="validation_images"
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
            break
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


# %% wrong="a weight decay that is much too strong" caught_by="beats_a_line"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, weight_decay=1.0)
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


# %% wrong="a decay that ends the learning" caught_by="beats_a_line"
import torch
from torch import nn


def fit(model, train_loader, val_loader, epochs, learning_rate=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    criterion = nn.BCEWithLogitsLoss()
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.2)
    records = []
    for _ in range(epochs):
        model.train()
        total, n = 0.0, 0
        for images, labels in train_loader:
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
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
