"""Accuracy, balanced accuracy and AUC: compared with their definitions, and given anything a worker may send."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.checking import CheckFailure, classification_metrics


def test_a_small_example():
    metrics = classification_metrics(torch.tensor([2.0, -1.0, 0.5, -3.0]), torch.tensor([1.0, 1.0, 0.0, 0.0]))
    assert metrics == {"accuracy": 0.5, "balanced_accuracy": 0.5, "auc": 0.75}


def test_always_the_larger_class():
    labels = np.array([1] * 389 + [0] * 135)  # a validation set on which always predicting 1 looks good
    metrics = classification_metrics(torch.ones(524), labels)
    assert round(metrics["accuracy"], 3) == 0.742
    assert metrics["balanced_accuracy"] == metrics["auc"] == 0.5


def test_a_logit_of_zero_predicts_0():
    assert classification_metrics(torch.zeros(2), [0, 1])["accuracy"] == 0.5


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=30))
def test_auc_is_the_share_of_ordered_pairs(samples):
    logits, labels = torch.tensor([float(s) for s, _ in samples]), [int(label) for _, label in samples]
    ones = [s for s, label in samples if label]
    zeros = [s for s, label in samples if not label]
    found = classification_metrics(logits, labels)["auc"]
    if not ones or not zeros:
        assert math.isnan(found)
    else:
        pairs = [(one > zero) + (one == zero) / 2 for one in ones for zero in zeros]
        assert found == pytest.approx(sum(pairs) / len(pairs))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("label", [0, 1])
def test_a_logit_that_is_not_finite_is_wrong(value, label):
    labels = [label, 1 - label]
    good = 1.0 if labels[1] else -1.0
    metrics = classification_metrics(torch.tensor([value, good]), labels)
    assert metrics == {"accuracy": 0.5, "balanced_accuracy": 0.5, "auc": 0.0}


def test_one_class_has_no_auc():
    metrics = classification_metrics(torch.tensor([1.0, -1.0]), [1, 1])
    assert math.isnan(metrics.pop("auc"))
    assert metrics == {"accuracy": 0.5, "balanced_accuracy": 0.5}


@pytest.mark.parametrize("logits", [torch.tensor([1, 0.0], dtype=torch.bfloat16), np.array([1.0, 0.0])])
def test_other_kinds_of_numbers(logits):
    assert classification_metrics(logits, [1, 0])["accuracy"] == 1


def test_gradients_do_not_matter():
    assert classification_metrics(torch.ones(1, requires_grad=True) * 2, torch.ones(1))["accuracy"] == 1


@pytest.mark.parametrize(
    ("logits", "words"),
    [
        (None, "must be a floating-point tensor"),
        ([1.0, 2.0], "must be a floating-point tensor"),
        (np.array(["a", "b"]), "must be a floating-point tensor"),
        (torch.tensor([1, 0]), "dtype int64"),
        (torch.ones(2, dtype=torch.complex64), "dtype complex64"),
        (torch.ones(2, 1), "size 1 that was not removed"),
        (torch.ones(3), "wrong shape"),
    ],
)
def test_an_answer_that_returns_something_else_fails_the_check(logits, words):
    with pytest.raises(CheckFailure, match=words):
        classification_metrics(logits, [1, 0])


@pytest.mark.parametrize("labels", [[], [2, 0], [[1, 0]], [math.nan, 0]])
def test_wrong_labels_are_the_checks_error(labels):
    with pytest.raises(ValueError, match="labels must be"):
        classification_metrics(torch.ones(2), labels)
