# %% right="scikit-learn"
import math
import warnings

import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score


def evaluate(model, loader):
    was = [(module, module.training) for module in model.modules()]
    model.eval()
    logits, labels = [], []
    try:
        with torch.inference_mode():
            for x, y in loader:
                logits.extend(model(x).tolist())
                labels.extend(y.int().tolist())
    finally:
        for module, training in was:
            module.train(training) if not list(module.children()) else None
            module.training = training
    predictions = [int(z > 0) for z in logits]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        balanced = balanced_accuracy_score(labels, predictions)
    return {
        "accuracy": accuracy_score(labels, predictions),
        "balanced_accuracy": balanced,
        "auc": roc_auc_score(labels, logits) if len(set(labels)) == 2 else math.nan,
    }


# %% right="ranks, and the four counts"
import math

import numpy as np
import torch


@torch.no_grad()
def evaluate(model, loader):
    training = {name: module.training for name, module in model.named_modules()}
    model.train(False)
    scores, truth = np.zeros(0), np.zeros(0)
    for images, labels in loader:
        scores = np.concatenate([scores, torch.sigmoid(model(images).double()).numpy()])
        truth = np.concatenate([truth, labels.numpy()])
    for name, module in model.named_modules():
        module.training = training[name]
    guess = scores > 0.5
    tp, fn = np.sum(guess & (truth == 1)), np.sum(~guess & (truth == 1))
    tn, fp = np.sum(~guess & (truth == 0)), np.sum(guess & (truth == 0))
    n_ill, n_healthy = tp + fn, tn + fp
    result = {"accuracy": float(tp + tn) / len(truth), "auc": math.nan, "n_samples": len(truth)}
    if n_ill and n_healthy:
        ranks = np.array([(scores < s).sum() + ((scores == s).sum() + 1) / 2 for s in scores])
        result["auc"] = float((ranks[truth == 1].sum() - n_ill * (n_ill + 1) / 2) / (n_ill * n_healthy))
        result["balanced_accuracy"] = float(tp / n_ill + tn / n_healthy) / 2
    else:
        result["balanced_accuracy"] = result["accuracy"]
    return result


# %% right="the area under the curve, by trapezia, with a deep copy of the model"
import copy

import torch


def evaluate(model, loader):
    judge = copy.deepcopy(model).eval()
    model_calls = getattr(model, "modes", None)
    with torch.no_grad():
        pairs = [(judge(images), labels) for images, labels in loader]
    if model_calls is not None:
        model.modes, model.with_gradients = judge.modes, judge.with_gradients
    z, y = (torch.cat(part) for part in zip(*pairs))
    n_ill, n_healthy = int((y == 1).sum()), int((y == 0).sum())
    correct = (z > 0).float() == y
    points = [(0.0, 0.0)]
    for threshold in sorted(set(z.tolist()), reverse=True):
        above = z >= threshold
        points.append((float((above & (y == 0)).sum()), float((above & (y == 1)).sum())))
    area = sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in zip(points, points[1:]))
    shares = [float(correct[y == k].float().mean()) for k, n in ((0, n_healthy), (1, n_ill)) if n]
    return {
        "auc": area / (n_ill * n_healthy) if n_ill * n_healthy else float("nan"),
        "accuracy": float(correct.float().mean()),
        "balanced_accuracy": sum(shares) / len(shares),
    }


# %% right="all pairs compared, modes put back"
import torch


def evaluate(model, loader):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.no_grad():
        batches = [(model(images), labels) for images, labels in loader]
    for module, training in modes.items():
        module.training = training
    z = torch.cat([logits for logits, _ in batches])
    y = torch.cat([labels for _, labels in batches])
    right = ((z > 0) == (y == 1)).double()
    recalls = [right[y == label].mean().item() for label in (0, 1) if (y == label).any()]
    table = z[y == 1][:, None] - z[y == 0]
    auc = ((table > 0).double() + (table == 0).double() / 2).mean().item()
    return {"accuracy": right.mean().item(), "balanced_accuracy": sum(recalls) / len(recalls), "auc": auc}


# %% wrong="eval() missing" from="all pairs compared, modes put back" caught_by="eval_mode, leaves_no_trace"
# -     model.eval()

# %% wrong="no_grad missing" from="all pairs compared, modes put back" caught_by="eval_mode"
# -     with torch.no_grad():
# -         batches = [(model(images), labels) for images, labels in loader]
# +     batches = [(model(images), labels) for images, labels in loader]

# -     z = torch.cat([logits for logits, _ in batches])
# +     z = torch.cat([logits.detach() for logits, _ in batches])

# %% wrong="evaluates in train mode" from="all pairs compared, modes put back" caught_by="eval_mode"
# -     model.eval()
# +     model.train()

# %% wrong="left in eval mode" from="all pairs compared, modes put back" caught_by="leaves_no_trace"
# -     modes = {module: module.training for module in model.modules()}

# -     for module, training in modes.items():
# -         module.training = training

# %% wrong="left in train mode" from="all pairs compared, modes put back" caught_by="leaves_no_trace"
# -     modes = {module: module.training for module in model.modules()}

# -     for module, training in modes.items():
# -         module.training = training
# +     model.train()

# %% wrong="only the mode of the whole model comes back" from="all pairs compared, modes put back" caught_by="leaves_no_trace"
# -     modes = {module: module.training for module in model.modules()}
# +     training = model.training

# -     for module, training in modes.items():
# -         module.training = training
# +     model.train(training)

# %% wrong="gradients are turned off for good" from="all pairs compared, modes put back" caught_by="leaves_no_trace"
#       model.eval()
# +     model.requires_grad_(False)

# %% wrong="threshold 0.5 on the logit" from="all pairs compared, modes put back" caught_by="metrics"
# -     right = ((z > 0) == (y == 1)).double()
# +     right = ((z > 0.5) == (y == 1)).double()

# %% wrong="0 is predicted as 1" from="all pairs compared, modes put back" caught_by="ties_and_imbalance"
# -     right = ((z > 0) == (y == 1)).double()
# +     right = ((z >= 0) == (y == 1)).double()

# %% wrong="the last batch alone" from="all pairs compared, modes put back" caught_by="metrics"
# -     z = torch.cat([logits for logits, _ in batches])
# -     y = torch.cat([labels for _, labels in batches])
# +     z = batches[-1][0]
# +     y = batches[-1][1]

# %% wrong="plain accuracy as balanced accuracy" from="all pairs compared, modes put back" caught_by="metrics"
# -     recalls = [right[y == label].mean().item() for label in (0, 1) if (y == label).any()]
# +     recalls = [right.mean().item()]

# %% wrong="precisions instead of recalls" from="all pairs compared, modes put back" caught_by="metrics"
# -     recalls = [right[y == label].mean().item() for label in (0, 1) if (y == label).any()]
# +     recalls = [right[(z > 0) == label].mean().item() for label in (False, True) if ((z > 0) == label).any()]

# %% wrong="sensitivity alone" from="all pairs compared, modes put back" caught_by="metrics"
# -     recalls = [right[y == label].mean().item() for label in (0, 1) if (y == label).any()]
# +     recalls = [right[y == 1].mean().item()] if (y == 1).any() else [0.0]

# %% wrong="ties count nothing" from="all pairs compared, modes put back" caught_by="ties_and_imbalance"
# -     auc = ((table > 0).double() + (table == 0).double() / 2).mean().item()
# +     auc = (table > 0).double().mean().item()

# %% wrong="ties count in full" from="all pairs compared, modes put back" caught_by="ties_and_imbalance"
# -     auc = ((table > 0).double() + (table == 0).double() / 2).mean().item()
# +     auc = (table >= 0).double().mean().item()

# %% wrong="AUC of the predictions" from="all pairs compared, modes put back" caught_by="metrics"
# -     table = z[y == 1][:, None] - z[y == 0]
# +     hard = (z > 0).double()
# +     table = hard[y == 1][:, None] - hard[y == 0]

# %% wrong="AUC with the classes swapped" from="all pairs compared, modes put back" caught_by="metrics"
# -     table = z[y == 1][:, None] - z[y == 0]
# +     table = z[y == 0][:, None] - z[y == 1]

# %% wrong="an AUC of 0.5 for one class" from="all pairs compared, modes put back" caught_by="one_class"
#       auc = ((table > 0).double() + (table == 0).double() / 2).mean().item()
# +     auc = 0.5 if auc != auc else auc

# %% wrong="scikit-learn's error for one class" from="all pairs compared, modes put back" caught_by="one_class"
#       auc = ((table > 0).double() + (table == 0).double() / 2).mean().item()
# +     if auc != auc:
# +         raise ValueError("Only one class present in y_true.")

# %% wrong="percent" from="all pairs compared, modes put back" caught_by="metrics"
# -     return {"accuracy": right.mean().item(), "balanced_accuracy": sum(recalls) / len(recalls), "auc": auc}
# +     return {"accuracy": 100 * right.mean().item(), "balanced_accuracy": sum(recalls) / len(recalls), "auc": auc}

# %% wrong="tensors" from="all pairs compared, modes put back" caught_by="metrics"
# -     return {"accuracy": right.mean().item(), "balanced_accuracy": sum(recalls) / len(recalls), "auc": auc}
# +     return {"accuracy": right.mean(), "balanced_accuracy": sum(recalls) / len(recalls), "auc": auc}

# %% wrong="only the accuracy" from="all pairs compared, modes put back" caught_by="metrics"
# -     return {"accuracy": right.mean().item(), "balanced_accuracy": sum(recalls) / len(recalls), "auc": auc}
# +     return {"accuracy": right.mean().item()}

# %% wrong="a table of every prediction against every label" from="all pairs compared, modes put back" caught_by="metrics"
# -     right = ((z > 0) == (y == 1)).double()
# +     right = ((z > 0)[:, None] == (y == 1)).double().mean(1)


# %% wrong="the mean over batches" caught_by="metrics, batches"
import torch


def evaluate(model, loader):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    results = []
    with torch.no_grad():
        for images, y in loader:
            z = model(images)
            right = ((z > 0) == (y == 1)).double()
            recalls = [right[y == label].mean().item() for label in (0, 1) if (y == label).any()]
            table = z[y == 1][:, None] - z[y == 0]
            auc = ((table > 0).double() + (table == 0).double() / 2).mean().item()
            results.append((right.mean().item(), sum(recalls) / len(recalls), auc))
    for module, training in modes.items():
        module.training = training
    means = [sum(column) / len(results) for column in zip(*results)]
    return dict(zip(("accuracy", "balanced_accuracy", "auc"), means))


# %% wrong="the accuracy is the mean over batches" from="all pairs compared, modes put back" caught_by="batches"
# -     return {"accuracy": right.mean().item(), "balanced_accuracy": sum(recalls) / len(recalls), "auc": auc}
# +     return {
# +         "accuracy": sum(((a > 0) == (b == 1)).float().mean().item() for a, b in batches) / len(batches),
# +         "balanced_accuracy": sum(recalls) / len(recalls),
# +         "auc": auc,
# +     }
