"""Hidden checks of `freeze_backbone`: other models, and their modes."""

import pytest
import torch

from autograder.checking import assert_true, send_function

from ..public.frozen import assert_kept, frozen_model, which_train
from ..public.state_dicts import tensors_of


def unusual_model():
    """Return a model with nested modules, two linear layers, dropout, and its own parameter."""
    nn = torch.nn

    class Unusual(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.5))
            self.eyes = nn.ModuleDict({"left": nn.Sequential(nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5))})
            self.brain = nn.ModuleList([nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Dropout(0.5)])
            self.mouth = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Linear(7, 3)), nn.Identity())
            for parameter in self.mouth.parameters():
                parameter.requires_grad_(False)  # frozen before: freeze_backbone must let the last layer train

        def forward(self, x):
            x = self.scale * self.eyes["left"](x).relu().mean((2, 3))
            for part in self.brain:
                x = part(x)
            return self.mouth(x)

    return Unusual()


def wide_resnet():
    """Return torchvision's resnet18 with four outputs, for images with three channels; runs on the student's side."""
    from torchvision.models import resnet18

    return resnet18(num_classes=4)


def step_of_training(model, images, n_steps):
    """Train the parameters that require a gradient, in training mode; runs on the student's side."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(n_steps):
        model.train()
        loss = (model(images) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            model(images)


def modes(model):
    """Return whether train and eval return the model, and the modes of model and dropout after each call."""
    found = []
    for switch, arguments in ((model.train, ()), (model.eval, ()), (model.train, (True,)), (model.train, (False,))):
        returned = switch(*arguments) is model
        dropouts = [part.training for part in model.modules() if isinstance(part, torch.nn.Dropout)]
        found.append([returned, model.training, *dropouts])
    return found


@pytest.mark.points(0.5)
@pytest.mark.after("last_layer")
def test_other_models(submission):
    """Any model can be frozen, whatever its modules are called, and its last layer can be trained."""
    for make, last, channels in (
        (unusual_model, ["mouth.0.1.weight", "mouth.0.1.bias"], 2),
        (wide_resnet, ["fc.weight", "fc.bias"], 3),
    ):
        model = frozen_model(submission, make)
        cause = "the last nn.Linear may have any name and be deeply nested; parameters may belong to the model itself"
        trains = send_function(submission, which_train)(model)
        assert_true(type(trains) is list, "The names of the parameters cannot be read.")
        problem = "Which parameters of another model require a gradient is wrong."
        assert_true(sorted(map(str, trains)) == sorted(last), problem, cause=cause)
        before = tensors_of(model, "the model")
        send_function(submission, step_of_training)(model, torch.randn(4, channels, 32, 32), 2)
        after = tensors_of(model, "the model")
        assert_kept(before, after, last, "when the last layer was trained")
        moved = all(not torch.equal(before[name], after[name]) for name in last)
        assert_true(moved, "Training did not change the last layer.", cause="it gets no gradient")


@pytest.mark.points(0.5)
@pytest.mark.after("last_layer")
def test_modes(submission):
    """model.train() and model.eval() work as before: they return the model and switch dropout."""
    model = frozen_model(submission, unusual_model)
    found = send_function(submission, modes)(model)
    expected = [[True, True, True], [True, False, False], [True, True, True], [True, False, False]]
    assert_true(type(found) is list and len(found) == 4, "The modes of the model cannot be read.")
    returned = [part[0] if type(part) is list and part else None for part in found]
    cause = "a replaced method `train` must return the module and take the argument `mode`"
    assert_true(returned == [True] * 4, "model.train() does not return the model after freezing.", cause=cause)
    cause = "only batch norms stay in evaluation mode; the model itself and its dropout switch as before"
    assert_true(found == expected, "A frozen model and its dropout no longer switch mode.", cause=cause)
