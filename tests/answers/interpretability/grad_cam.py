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


# %% right="a hook and autograd.grad" held_out=true
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
    return heat / highest if highest > 0 else heat


# %% wrong="gradient not weighted: activations alone" from="a hook and autograd.grad" caught_by="formula, deep_network"
# -     weights = gradients.mean(dim=(2, 3), keepdim=True)
# +     weights = torch.ones_like(gradients)

# %% wrong="gradients not averaged over the places" from="a hook and autograd.grad" caught_by="formula, deep_network"
# -     weights = gradients.mean(dim=(2, 3), keepdim=True)
# +     weights = gradients

# %% wrong="weights averaged over the maps, not over the places" from="a hook and autograd.grad" caught_by="formula, deep_network"
# -     weights = gradients.mean(dim=(2, 3), keepdim=True)
# +     weights = gradients.mean(dim=1, keepdim=True)

# %% wrong="absolute weights" from="a hook and autograd.grad" caught_by="formula, deep_network"
# -     weights = gradients.mean(dim=(2, 3), keepdim=True)
# +     weights = gradients.mean(dim=(2, 3), keepdim=True).abs()

# %% wrong="weights with the wrong sign" from="a hook and autograd.grad" caught_by="formula, finds_the_opacity"
# -     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
# +     heat = (-weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()

# %% wrong="ReLU forgotten" from="a hook and autograd.grad" caught_by="formula, deep_network"
# -     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
# +     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True)

# %% wrong="ReLU after resizing" from="a hook and autograd.grad" caught_by="image_size, deep_network"
# -     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
# -     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
# +     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True)
# +     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0].relu()

# %% wrong="ReLU of each map before the sum" from="a hook and autograd.grad" caught_by="formula"
# -     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
# +     heat = (weights * kept[0].detach()).relu().sum(dim=1, keepdim=True)

# %% wrong="gradients of the probability, and not divided by the maximum" from="a hook and autograd.grad" caught_by="formula, deep_network"
# -             logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
# +             logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sigmoid().sum()

# -     return heat / highest if highest > 0 else heat
# +     return heat

# %% wrong="map not resized" from="a hook and autograd.grad" caught_by="image_size, deep_network"
# - import torch.nn.functional as F
# -
# -

# -     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
# +     heat = heat[0, 0]

# %% wrong="resized to the nearest neighbour" from="a hook and autograd.grad" caught_by="image_size, deep_network"
# -     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
# +     heat = F.interpolate(heat, size=image.shape[1:], mode="nearest")[0, 0]

# %% wrong="align_corners=True" from="a hook and autograd.grad" caught_by="image_size, deep_network"
# -     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
# +     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=True)[0, 0]

# %% wrong="resized to a square" from="a hook and autograd.grad" caught_by="deep_network, leaves_all_as_found"
# -     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
# +     heat = F.interpolate(heat, size=image.shape[1], mode="bilinear", align_corners=False)[0, 0]

# %% wrong="bicubic" from="a hook and autograd.grad" caught_by="image_size, deep_network"
# -     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
# +     heat = F.interpolate(heat, size=image.shape[1:], mode="bicubic", align_corners=False)[0, 0]

# %% wrong="not divided by the maximum" from="a hook and autograd.grad" caught_by="formula, image_size"
# -     return heat / highest if highest > 0 else heat
# +     return heat

# %% wrong="divided by the sum" from="a hook and autograd.grad" caught_by="formula, deep_network"
# -     highest = heat.max()
# +     highest = heat.sum()

# %% wrong="minimum subtracted too" from="a hook and autograd.grad" caught_by="image_size, deep_network"
# -     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
# +     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True)

# -     return heat / highest if highest > 0 else heat
# +     return (heat - heat.min()) / (highest - heat.min() + 1e-12)

# %% wrong="divided before resizing" from="a hook and autograd.grad" caught_by="deep_network"
#       heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
# +     heat = heat / heat.max() if heat.max() > 0 else heat

# -     return heat / highest if highest > 0 else heat
# +     return heat

# %% wrong="NaN where nothing speaks for the finding" from="a hook and autograd.grad" caught_by="all_zeros"
# -     return heat / highest if highest > 0 else heat
# +     return heat / highest

# %% wrong="a small number added to the maximum that is not small" from="a hook and autograd.grad" caught_by="formula, image_size"
# -     return heat / highest if highest > 0 else heat
# +     return heat / (highest + 0.1)

# %% wrong="one axis too many" from="a hook and autograd.grad" caught_by="formula"
# -     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0, 0]
# +     heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear", align_corners=False)[0]

# %% wrong="rows and columns swapped" from="a hook and autograd.grad" caught_by="formula, finds_the_opacity"
# -     return heat / highest if highest > 0 else heat
# +     return (heat / highest if highest > 0 else heat).T

# %% wrong="hook left behind" from="a hook and autograd.grad" caught_by="leaves_all_as_found, model_raises"
# -     try:
# -         with evaluation_mode(model):
# -             logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
# -     finally:
# -         handle.remove()
# +     with evaluation_mode(model):
# +         logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()

# %% wrong="hook removed only when all goes well" from="a hook and autograd.grad" caught_by="model_raises"
# -     try:
# -         with evaluation_mode(model):
# -             logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
# -     finally:
# -         handle.remove()
# +     with evaluation_mode(model):
# +         logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
# +     handle.remove()

# %% wrong="training mode" from="a hook and autograd.grad" caught_by="evaluation_mode"
# -         with evaluation_mode(model):
# -             logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
# +         logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()

# %% wrong="model left in evaluation mode" from="a hook and autograd.grad" caught_by="leaves_all_as_found, evaluation_mode"
# -         with evaluation_mode(model):
# -             logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
# +         model.eval()
# +         logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()

# %% wrong="gradients left in the parameters" from="a hook and autograd.grad" caught_by="leaves_all_as_found, evaluation_mode"
# -     (gradients,) = torch.autograd.grad(logit, kept[0])
# +     kept[0].retain_grad()
# +     logit.backward()
# +     gradients = kept[0].grad

# %% wrong="no copy for what follows in place" from="a hook and autograd.grad" caught_by="in_place_and_frozen"
# -         return output.clone()

# %% wrong="no gradient in a frozen model" from="a hook and autograd.grad" caught_by="in_place_and_frozen"
# -             logit = model(image.detach().clone().unsqueeze(0).requires_grad_()).sum()
# +             logit = model(image.detach().clone().unsqueeze(0)).sum()

# %% wrong="frozen parameters thawed for good" from="a hook and autograd.grad" caught_by="leaves_all_as_found"
# +     model.requires_grad_(False)
#       handle = layer.register_forward_hook(keep)

# %% wrong="part of a graph" from="a hook and autograd.grad" caught_by="leaves_all_as_found"
# -     heat = (weights * kept[0].detach()).sum(dim=1, keepdim=True).relu()
# +     heat = (weights * kept[0]).sum(dim=1, keepdim=True).relu()

# %% wrong="the same map for every model: the image, smoothed" from="a hook and autograd.grad" caught_by="formula, depends_on_the_weights"
# -     return heat / highest if highest > 0 else heat
# +     return F.avg_pool2d(image[:1] - image.min(), 5, 1, 2)[0]
