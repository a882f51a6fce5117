# %% right="backward on a copy of the image, gradients of the parameters put back"
def saliency_map(model, image):
    modes = {module: module.training for module in model.modules()}
    grads = {parameter: parameter.grad for parameter in model.parameters()}
    for parameter in model.parameters():
        parameter.grad = None
    x = image.detach().clone()
    x.requires_grad = True
    model.eval()
    model(x[None])[0].backward()
    for module, mode in modes.items():
        module.training = mode
    for parameter, grad in grads.items():
        parameter.grad = grad
    return x.grad.abs().max(dim=0).values


# %% right="backward(inputs=...)"
def saliency_map(model, image):
    x = image.detach()[None].clone().requires_grad_(True)
    with evaluation_mode(model), torch.enable_grad():
        model(x).backward(inputs=[x])
    return torch.amax(torch.abs(x.grad.squeeze(0)), 0)


# %% right="torch.func.grad"
def saliency_map(model, image):
    with evaluation_mode(model):
        gradient = torch.func.grad(lambda x: model(x.unsqueeze(0)).sum())(image.detach())
    return torch.linalg.vector_norm(gradient, ord=float("inf"), dim=0).detach()


# %% right="on a deep copy of the model, pixel by pixel"
import copy


def saliency_map(model, image):
    twin = copy.deepcopy(model).eval()
    batch = image.detach().clone().unsqueeze(0)
    batch.requires_grad_()
    gradient = torch.autograd.grad(twin(batch)[0], batch)[0][0]
    result = torch.zeros(image.shape[1], image.shape[2])
    for row in range(image.shape[1]):
        for column in range(image.shape[2]):
            result[row, column] = max(abs(value) for value in gradient[:, row, column].tolist())
    return result


# %% right="autograd.grad for a copy of the image" held_out=true
def saliency_map(model, image):
    x = image.detach().clone().unsqueeze(0).requires_grad_()
    with evaluation_mode(model):
        (gradient,) = torch.autograd.grad(model(x).sum(), x)
    return gradient[0].abs().amax(dim=0)


# %% wrong="absolute value forgotten" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -     return gradient[0].abs().amax(dim=0)
# +     return gradient[0].amax(dim=0)

# %% wrong="absolute value after the maximum" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -     return gradient[0].abs().amax(dim=0)
# +     return gradient[0].amax(dim=0).abs()

# %% wrong="mean over the channels" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -     return gradient[0].abs().amax(dim=0)
# +     return gradient[0].abs().mean(dim=0)

# %% wrong="sum over the channels" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -     return gradient[0].abs().amax(dim=0)
# +     return gradient[0].abs().sum(dim=0)

# %% wrong="channel axis kept" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -     return gradient[0].abs().amax(dim=0)
# +     return gradient[0].abs()

# %% wrong="gradient of the probability" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -         (gradient,) = torch.autograd.grad(model(x).sum(), x)
# +         (gradient,) = torch.autograd.grad(model(x).sigmoid().sum(), x)

# %% wrong="gradient times image" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -     return gradient[0].abs().amax(dim=0)
# +     return (gradient[0] * image).abs().amax(dim=0)

# %% wrong="scaled by its maximum" from="autograd.grad for a copy of the image" caught_by="known_gradient, deep_network"
# -     return gradient[0].abs().amax(dim=0)
# +     saliency = gradient[0].abs().amax(dim=0)
# +     return saliency / saliency.max()

# %% wrong="rows and columns swapped" from="autograd.grad for a copy of the image" caught_by="known_gradient, finds_the_opacity"
# -     return gradient[0].abs().amax(dim=0)
# +     return gradient[0].abs().amax(dim=0).T

# %% wrong="training mode" from="autograd.grad for a copy of the image" caught_by="evaluation_mode"
# -     with evaluation_mode(model):
# -         (gradient,) = torch.autograd.grad(model(x).sum(), x)
# +     (gradient,) = torch.autograd.grad(model(x).sum(), x)


# %% wrong="model left in evaluation mode" from="training mode" caught_by="leaves_all_as_found, evaluation_mode"
#   def saliency_map(model, image):
# +     model.eval()


# %% wrong="all modules put into the model's mode" caught_by="leaves_all_as_found"
def saliency_map(model, image):
    training = model.training
    model.eval()
    x = image.detach().clone().unsqueeze(0).requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).sum(), x)
    model.train(training)
    return gradient[0].abs().amax(dim=0)


# %% wrong="gradients left in the parameters" caught_by="leaves_all_as_found, gradients_that_were_there"
def saliency_map(model, image):
    x = image.detach().clone().unsqueeze(0).requires_grad_()
    with evaluation_mode(model):
        model(x).sum().backward()
    return x.grad[0].abs().amax(dim=0)


# %% wrong="gradients of the training deleted" from="gradients left in the parameters" caught_by="gradients_that_were_there"
#           model(x).sum().backward()
# +     model.zero_grad()

# %% wrong="parameters frozen for good" from="autograd.grad for a copy of the image" caught_by="leaves_all_as_found"
#   def saliency_map(model, image):
# +     model.requires_grad_(False)


# %% wrong="requires_grad set at the image itself" caught_by="leaves_all_as_found"
def saliency_map(model, image):
    image.requires_grad_()
    with evaluation_mode(model):
        (gradient,) = torch.autograd.grad(model(image[None]).sum(), image)
    return gradient.abs().amax(dim=0)


# %% wrong="part of a graph" from="autograd.grad for a copy of the image" caught_by="leaves_all_as_found"
# -         (gradient,) = torch.autograd.grad(model(x).sum(), x)
# +         (gradient,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)


# %% wrong="an edge detector, whatever the model" caught_by="known_gradient, depends_on_the_weights"
import torch.nn.functional as F


def saliency_map(model, image):
    padded = F.pad(image, (1, 1, 1, 1))
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    return (across.abs() + down.abs()).amax(dim=0)
