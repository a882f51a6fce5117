# %% right="a loop"
def count_parameters(module, trainable_only=True):
    total = 0
    for parameter in module.parameters():
        if trainable_only and not parameter.requires_grad:
            continue
        total += parameter.numel()
    return total


# %% right="named parameters and shapes"
import math


def count_parameters(module, trainable_only=True):
    wanted = [p for _, p in module.named_parameters() if p.requires_grad or not trainable_only]
    return sum(math.prod(p.shape) for p in wanted)


# %% right="by recursion, each parameter once"
def count_parameters(module, trainable_only=True):
    unique = {}

    def visit(part):
        for parameter in part._parameters.values():
            if parameter is not None:
                unique[id(parameter)] = parameter
        for child in part.children():
            visit(child)

    visit(module)
    return sum(p.nelement() for p in unique.values() if p.requires_grad or not trainable_only)


# %% right="filtered, flattened into one vector"
import torch


def count_parameters(module, trainable_only=True):
    parameters = list(filter(lambda p: p.requires_grad, module.parameters()) if trainable_only else module.parameters())
    return len(torch.nn.utils.parameters_to_vector(parameters)) if parameters else 0


# %% wrong="tensors counted, not their numbers" caught_by="known_networks"
def count_parameters(module, trainable_only=True):
    return len([p for p in module.parameters() if p.requires_grad or not trainable_only])


# %% wrong="trainable_only ignored" caught_by="frozen"
def count_parameters(module, trainable_only=True):
    return sum(p.numel() for p in module.parameters())


# %% wrong="frozen ones never counted" caught_by="frozen"
def count_parameters(module, trainable_only=True):
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


# %% wrong="the condition the wrong way round" caught_by="frozen"
def count_parameters(module, trainable_only=True):
    return sum(p.numel() for p in module.parameters() if p.requires_grad != trainable_only or not trainable_only)


# %% wrong="state dict: buffers and shared parameters counted" caught_by="frozen, shared, nested"
def count_parameters(module, trainable_only=True):
    return sum(value.numel() for value in module.state_dict().values())


# %% wrong="buffers counted" caught_by="nested"
def count_parameters(module, trainable_only=True):
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad or not trainable_only)
    return parameters + sum(buffer.numel() for buffer in module.buffers())


# %% wrong="module by module: shared parameters counted twice" caught_by="shared"
def count_parameters(module, trainable_only=True):
    total = 0
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            if parameter.requires_grad or not trainable_only:
                total += parameter.numel()
    return total


# %% wrong="only the direct children" caught_by="nested"
def count_parameters(module, trainable_only=True):
    parts = [module, *module.children()]
    unique = {id(p): p for part in parts for p in part.parameters(recurse=False)}
    return sum(p.numel() for p in unique.values() if p.requires_grad or not trainable_only)


# %% wrong="biases left out" caught_by="known_networks"
def count_parameters(module, trainable_only=True):
    return sum(p.numel() for p in module.parameters() if p.dim() > 1 and (p.requires_grad or not trainable_only))


# %% wrong="frozen parameters thawed by counting" caught_by="frozen"
def count_parameters(module, trainable_only=True):
    total = sum(p.numel() for p in module.parameters() if p.requires_grad or not trainable_only)
    module.requires_grad_(True)
    return total


# %% wrong="a tensor returned" caught_by="known_networks"
import torch


def count_parameters(module, trainable_only=True):
    return torch.tensor([p.numel() for p in module.parameters() if p.requires_grad or not trainable_only]).sum()
