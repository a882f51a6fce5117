# %% [markdown]
# Right and wrong answers to `freeze_backbone`.

# %% right="a train method of its own for each batch norm"
from torch import nn


def freeze_backbone(model):
    def stay(module):
        def train(mode=True):
            return module

        module.eval()
        module.train = train

    last = None
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            stay(module)
        if isinstance(module, nn.Linear):
            last = module
    for parameter in model.parameters():
        parameter.requires_grad = False
    for parameter in last.parameters():
        parameter.requires_grad = True
    return model


# %% right="the train method of the model replaced"
import types

from torch import nn


def freeze_backbone(model):
    linear = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    trainable = {id(p) for p in linear.parameters()}
    for p in model.parameters():
        p.requires_grad_(id(p) in trainable)

    def train(self, mode=True):
        type(self).train(self, mode)
        for m in self.modules():
            if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
                m.eval()
        return self

    model.train = types.MethodType(train, model)
    return model.train(model.training)


# %% right="the class of each batch norm exchanged"
from torch import nn


def freeze_backbone(model):
    frozen = {}
    for kind in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d):
        frozen[kind] = type("Frozen" + kind.__name__, (kind,), {"train": lambda self, mode=True: kind_train(self)})

    def kind_train(self):
        self.training = False
        return self

    model.requires_grad_(False)
    for module in model.modules():
        if type(module) in frozen:
            module.__class__ = frozen[type(module)]
            module.training = False
    for name, module in reversed(list(model.named_modules())):
        if isinstance(module, nn.Linear):
            module.requires_grad_(True)
            break
    return model


# %% right="momentum 0"
from torch import nn


def freeze_backbone(model):
    linears = []
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad = False
        if hasattr(module, "running_mean"):
            module.momentum = 0.0
        if isinstance(module, nn.Linear):
            linears.append(module)
    linears[-1].weight.requires_grad = True
    if linears[-1].bias is not None:
        linears[-1].bias.requires_grad = True
    return model


# %% wrong="running statistics updated in frozen layers" caught_by="statistics"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    return model


# %% wrong="batch norms put into evaluation mode once" caught_by="statistics"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.eval()
    return model


# %% wrong="the model put into evaluation mode once" caught_by="statistics"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    model.eval()
    return model


# %% wrong="batch norms of two dimensions only" caught_by="other_models"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="batch norms of the outermost level only" caught_by="other_models"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    for module in model.children():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="weights and biases of batch norms still train" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(True)
    return model


# %% wrong="all linear layers train" caught_by="other_models"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="first linear layer trains" caught_by="other_models"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][0]
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="nothing trains" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="the last layer trains only if it did before" caught_by="other_models"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    kept = {id(parameter) for parameter in last.parameters()}
    for module in model.modules():
        for parameter in module.parameters():
            if id(parameter) not in kept:
                parameter.requires_grad_(False)
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="only the bias of the last layer trains" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.bias.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="the last layer must be called fc" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = model.fc
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="the last child must be the linear layer" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = list(model.children())[-1]
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="a copy frozen" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    import copy

    model = copy.deepcopy(model)

    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="nothing returned" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)


# %% wrong="the last layer made anew" caught_by="last_layer"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    last.reset_parameters()
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.register_forward_pre_hook(to_eval)
    return model


# %% wrong="the whole model stays in evaluation mode" caught_by="modes"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)
    model.eval()
    model.train = lambda mode=True: model
    return model


# %% wrong="train returns nothing" caught_by="modes"
from torch import nn


def freeze_backbone(model):
    def to_eval(module, inputs):
        module.eval()

    for parameter in model.parameters():
        parameter.requires_grad = False
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    last.requires_grad_(True)

    def train(mode=True):
        type(model).train(model, mode)
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                module.training = False

    model.train = train
    return model
