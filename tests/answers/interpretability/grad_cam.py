# %% [markdown]
# Right and wrong answers to `grad_cam`.

# %% right="retain_grad and backward, gradients of the parameters put back"
def grad_cam(model, layer, image):
    kept = {}

    def hook(module, inputs, output):
        kept["maps"] = output
        output.retain_grad()
        return output + 0

    modes = {module: module.training for module in model.modules()}
    grads = [parameter.grad for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = None
    handle = layer.register_forward_hook(hook)
    model.eval()
    try:
        x = image.detach()[None].clone().requires_grad_()
        model(x)[0].backward()
    finally:
        handle.remove()
        for module, mode in modes.items():
            module.training = mode
        for parameter, grad in zip(model.parameters(), grads):
            parameter.grad = grad
    maps, gradients = kept["maps"].detach()[0], kept["maps"].grad[0]
    heat = torch.zeros(maps.shape[1:])
    for feature_map, gradient in zip(maps, gradients):
        heat += gradient.mean() * feature_map
    heat = torch.clamp(heat, min=0)
    heat = nn.functional.interpolate(heat[None, None], tuple(image.shape[1:]), mode="bilinear")[0, 0]
    return heat if heat.max() == 0 else heat / heat.max()


# %% right="a tensor hook and ExitStack"
from contextlib import ExitStack


def grad_cam(model, layer, image):
    activations, gradients = [], []

    def forward(module, inputs, output):
        activations.append(output.detach().clone())
        output.register_hook(lambda gradient: gradients.append(gradient.clone()))
        return output.clone()

    with ExitStack() as stack:
        stack.callback(layer.register_forward_hook(forward).remove)
        stack.enter_context(evaluation_mode(model))
        batch = image.detach().clone()[None].requires_grad_()
        torch.autograd.grad(model(batch).sum(), batch)
    alpha = gradients[0].mean((-2, -1))[0]
    heat = torch.einsum("k,khw->hw", alpha, activations[0][0]).relu()
    resize = nn.Upsample(size=image.shape[-2:], mode="bilinear", align_corners=False)
    heat = resize(heat[None, None]).squeeze(0).squeeze(0)
    top = float(heat.max())
    return heat / (top if top > 0 else 1.0)


# %% right="on a deep copy of the model"
import copy


def grad_cam(model, layer, image):
    place = next(name for name, module in model.named_modules() if module is layer)
    twin = copy.deepcopy(model).eval()
    store = []

    def hook(module, inputs, output):
        store.append(output)
        return output.clone()

    twin.get_submodule(place).register_forward_hook(hook)
    logit = twin(image.detach().clone().unsqueeze(0).requires_grad_())
    gradient = torch.autograd.grad(logit[0], store[0])[0]
    combined = torch.relu(
        torch.sum(store[0].detach() * gradient.mean(dim=[2, 3])[:, :, None, None], dim=1, keepdim=True)
    )
    heat = torch.nn.functional.interpolate(combined, size=list(image.shape[1:]), mode="bilinear", align_corners=False)
    heat = heat.reshape(image.shape[1:])
    if heat.max() > 0:
        heat /= heat.max()
    return heat


# %% right="a context manager for the hook"
import torch.nn.functional as F


@contextmanager
def outputs_of(layer):
    outputs = []

    def keep(module, inputs, output):
        outputs.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        yield outputs
    finally:
        handle.remove()


def grad_cam(model, layer, image):
    with evaluation_mode(model), outputs_of(layer) as outputs:
        z = model(image.detach().clone().unsqueeze(0).requires_grad_())
    (g,) = torch.autograd.grad(z.squeeze(), outputs[0])
    a = outputs[0].detach().squeeze(0)
    heat = torch.tensordot(g.squeeze(0).flatten(1).mean(1), a, dims=1).clamp_min(0)
    heat = F.interpolate(heat[None, None], image.shape[1:], mode="bilinear")[0, 0]
    return torch.nan_to_num(heat / heat.max(), nan=0.0)


# %% wrong="gradient not weighted: activations alone" caught_by="formula, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = torch.ones_like(gradients)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="gradients not averaged over the places" caught_by="formula, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="weights averaged over the maps, not over the places" caught_by="formula, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=1, keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="absolute weights" caught_by="formula, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True).abs()
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="weights with the wrong sign" caught_by="formula, finds_the_opacity"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (-weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="ReLU forgotten" caught_by="formula, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True)
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="ReLU after resizing" caught_by="image_size, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True)
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0].relu()
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="ReLU of each map before the sum" caught_by="formula"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).relu().sum(dim=1, keepdim=True)
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="gradients of the probability, and not divided by the maximum" caught_by="formula, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sigmoid().sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat


# %% wrong="map not resized" caught_by="image_size, deep_network"
def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = heat[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="resized to the nearest neighbour" caught_by="image_size, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="nearest")[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="align_corners=True" caught_by="image_size, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=True)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="resized to a square" caught_by="deep_network, leaves_all_as_found"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="bicubic" caught_by="image_size, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bicubic", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="not divided by the maximum" caught_by="formula, image_size"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat


# %% wrong="divided by the sum" caught_by="formula, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.sum()
    return heat / highest if highest > 0 else heat


# %% wrong="minimum subtracted too" caught_by="image_size, deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True)
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return (heat - heat.min()) / (highest - heat.min() + 1e-12)


# %% wrong="divided before resizing" caught_by="deep_network"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = heat / heat.max() if heat.max() > 0 else heat
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat


# %% wrong="NaN where nothing speaks for the finding" caught_by="all_zeros"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest


# %% wrong="a small number added to the maximum that is not small" caught_by="formula, image_size"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / (highest + 0.1)


# %% wrong="one axis too many" caught_by="formula"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="rows and columns swapped" caught_by="formula, finds_the_opacity"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return (heat / highest if highest > 0 else heat).T


# %% wrong="hook left behind" caught_by="leaves_all_as_found, model_raises"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    with evaluation_mode(model):
        logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="hook removed only when all goes well" caught_by="model_raises"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    with evaluation_mode(model):
        logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="training mode" caught_by="evaluation_mode"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="model left in evaluation mode" caught_by="leaves_all_as_found, evaluation_mode"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        model.eval()
        logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="gradients left in the parameters" caught_by="leaves_all_as_found, evaluation_mode"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    kept[0].retain_grad()
    logit.backward()
    gradients = kept[0].grad
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="no copy for what follows in place" caught_by="in_place_and_frozen"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="no gradient in a frozen model" caught_by="in_place_and_frozen"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0)).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="frozen parameters thawed for good" caught_by="leaves_all_as_found"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    model.requires_grad_(False)
    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="part of a graph" caught_by="leaves_all_as_found"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0]).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return heat / highest if highest > 0 else heat


# %% wrong="the same map for every model: the image, smoothed" caught_by="formula, depends_on_the_weights"
import torch.nn.functional as F


def grad_cam(model, layer, image):
    kept = []

    def keep(module, inputs, output):
        kept.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        with evaluation_mode(model):
            logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
    finally:
        handle.remove()
    (gradients,) = torch.autograd.grad(logit, kept[0])
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    highest = heat.max()
    return F.avg_pool2d(image[:1] - image.min(), 5, 1, 2)[0]
