"""Changes to a model before a map is made; the functions run on the student's side."""

import torch


def train(model):
    """Put a model in training mode."""
    model.train()


def freeze(model):
    """Freeze all parameters of a model."""
    model.requires_grad_(False)


def fill_gradients(model):
    """Give a model's parameters gradients, as the last training step does."""
    for place, parameter in enumerate(model.parameters()):
        parameter.grad = torch.full_like(parameter, place + 1.0)


def break_classifier(model):
    """Make a model raise after computing its features."""

    def head(features):
        raise ArithmeticError("this model fails on purpose")

    model.head = head
