"""Compare the course's models with those of MedMNIST v2 on PneumoniaMNIST, trained on all its training data.

``python benchmarks/pneumoniamnist.py`` trains the models of `solutions/` with their own fit functions, a few seeds
each, and prints a Markdown table of the last epoch's model on the test set, which is used for nothing else. The images
are downloaded the first time; offline, name the folder with ``pneumoniamnist.npz``: ``--root FOLDER``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from autograder.checking import classification_metrics
from autograder.checking.execution import load_submission
from autograder.datasets import load_dataset

SOLUTIONS = Path(__file__).resolve().parents[1] / "solutions"
METRICS = ("accuracy", "balanced_accuracy", "auc")

# Yang et al., MedMNIST v2, Scientific Data 2023: test accuracy and AUC.
PUBLISHED = {
    "ResNet-18 (28)": (0.854, 0.944),
    "ResNet-50 (28)": (0.854, 0.948),
    "auto-sklearn": (0.855, 0.942),
    "AutoKeras": (0.878, 0.947),
    "Google AutoML Vision": (0.946, 0.991),
}

Fit = Callable[[nn.Module, DataLoader[Any], DataLoader[Any], int], object]


def splits(root: Path | None) -> dict[str, tuple[Tensor, Tensor]]:
    """Return standardised images ``(N, 1, 28, 28)`` and labels ``(N,)`` of each split."""
    parts = {split: load_dataset("pneumoniamnist", split, root=root) for split in ("train", "val", "test")}
    mean, deviation = parts["train"].images.mean(), parts["train"].images.std()
    return {
        split: (
            torch.from_numpy((part.images - mean) / deviation).float().unsqueeze(1),
            torch.from_numpy(part.labels).float(),
        )
        for split, part in parts.items()
    }


def logistic_regression() -> nn.Module:
    """Return a linear model of the pixels, with logits of shape ``(N,)``."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 1), nn.Flatten(0))


def models(solutions: Path) -> dict[str, tuple[Callable[[], nn.Module], Fit]]:
    """Return name → (how to make a model, how to train it), for the exercises that exist."""
    found: dict[str, tuple[Callable[[], nn.Module], Fit]] = {}
    exercises = {name: solutions / f"{name}.py" for name in ("mlp", "cnn", "resnet")}
    code = {name: load_submission(path) for name, path in exercises.items() if path.is_file()}
    if cnn := code.get("cnn"):  # its fit function trains any model
        found["logistic regression"] = (logistic_regression, cnn.fit_cnn)
    if mlp := code.get("mlp"):
        found["MLP 784-128-64-1"] = (mlp.MLP, mlp.fit)
    if cnn:
        found["CNN"] = (cnn.SimpleCNN, cnn.fit_cnn)
    if resnet := code.get("resnet"):
        found["small ResNet"] = (resnet.SmallResNet, resnet.fit_resnet)
    return found


def train_and_test(
    make: Callable[[], nn.Module], fit: Fit, data: dict[str, tuple[Tensor, Tensor]], epochs: int, seed: int
) -> dict[str, float]:
    """Train once; return the metrics on the test set, and the number of parameters."""
    torch.manual_seed(seed)
    model = make()
    train = DataLoader(TensorDataset(*data["train"]), batch_size=64, shuffle=True)
    fit(model, train, DataLoader(TensorDataset(*data["val"]), batch_size=250), epochs)
    images, labels = data["test"]
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(batch) for batch in images.split(250)])
    return classification_metrics(logits, labels) | {"parameters": sum(p.numel() for p in model.parameters())}


def row(name: str, runs: list[dict[str, float]]) -> str:
    """Return a row of the table: mean ± standard deviation of each metric."""
    cells = [
        f"{statistics.mean(values):.3f} ± {statistics.stdev(values) if len(values) > 1 else 0:.3f}"
        for values in ([run[metric] for run in runs] for metric in METRICS)
    ]
    return f"| {name} | {runs[0]['parameters']:,.0f} | {' | '.join(cells)} |"


def main() -> None:
    """Train all models and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="folder that holds pneumoniamnist.npz")
    parser.add_argument("--solutions", type=Path, default=SOLUTIONS, help="folder with the solved exercises")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)  # more are slower for models as small as these
    try:
        data = splits(options.root)
    except (OSError, RuntimeError) as error:  # without a network, `make bench` goes on with the other benchmarks
        print(f"Not measured: {error}")
        return
    print("| model | parameters | test accuracy | balanced accuracy | AUC |")
    print("|---|---|---|---|---|", flush=True)
    for name, (make, fit) in models(options.solutions).items():
        start = time.process_time()
        runs = [train_and_test(make, fit, data, options.epochs, seed) for seed in range(1, options.seeds + 1)]
        seconds = (time.process_time() - start) / options.seeds
        print(row(f"{name} ({options.epochs} epochs, {seconds:.0f} CPU s)", runs), flush=True)
    for name, (accuracy, auc) in PUBLISHED.items():
        print(f"| {name}, MedMNIST v2 | | {accuracy:.3f} | | {auc:.3f} |")


if __name__ == "__main__":
    main()
