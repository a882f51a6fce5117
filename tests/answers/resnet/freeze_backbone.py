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


# %% right="a hook before each batch norm"
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
    return model


# %% wrong="running statistics updated in frozen layers" from="a hook before each batch norm" caught_by="statistics"
# -     for module in model.modules():
# -         if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
# -             module.register_forward_pre_hook(to_eval)

# %% wrong="batch norms put into evaluation mode once" from="a hook before each batch norm" caught_by="statistics"
# -             module.register_forward_pre_hook(to_eval)
# +             module.eval()

# %% wrong="the model put into evaluation mode once" from="a hook before each batch norm" caught_by="statistics"
# -     for module in model.modules():
# -         if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
# -             module.register_forward_pre_hook(to_eval)
# +     model.eval()

# %% wrong="batch norms of two dimensions only" from="a hook before each batch norm" caught_by="other_models"
# -         if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
# +         if isinstance(module, nn.BatchNorm2d):

# %% wrong="batch norms of the outermost level only" from="a hook before each batch norm" caught_by="other_models"
# -     for module in model.modules():
# +     for module in model.children():

# %% wrong="weights and biases of batch norms still train" from="a hook before each batch norm" caught_by="last_layer"
#               module.register_forward_pre_hook(to_eval)
# +     for module in model.modules():
# +         if isinstance(module, nn.BatchNorm2d):
# +             module.requires_grad_(True)

# %% wrong="all linear layers train" from="a hook before each batch norm" caught_by="other_models"
# -     last.requires_grad_(True)
# +     for module in model.modules():
# +         if isinstance(module, nn.Linear):
# +             module.requires_grad_(True)

# %% wrong="first linear layer trains" from="a hook before each batch norm" caught_by="other_models"
# -     last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
# +     last = [module for module in model.modules() if isinstance(module, nn.Linear)][0]

# %% wrong="nothing trains" from="a hook before each batch norm" caught_by="last_layer"
# -     last.requires_grad_(True)

# %% wrong="the last layer trains only if it did before" from="a hook before each batch norm" caught_by="other_models"
# -     for parameter in model.parameters():
# -         parameter.requires_grad = False
#       last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
# -     last.requires_grad_(True)
# +     kept = {id(parameter) for parameter in last.parameters()}
#       for module in model.modules():
# +         for parameter in module.parameters():
# +             if id(parameter) not in kept:
# +                 parameter.requires_grad_(False)

# %% wrong="only the bias of the last layer trains" from="a hook before each batch norm" caught_by="last_layer"
# -     last.requires_grad_(True)
# +     last.bias.requires_grad_(True)

# %% wrong="the last layer must be called fc" from="a hook before each batch norm" caught_by="last_layer"
# -     last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
# +     last = model.fc

# %% wrong="the last child must be the linear layer" from="a hook before each batch norm" caught_by="last_layer"
# -     last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
# +     last = list(model.children())[-1]

# %% wrong="a copy frozen" from="a hook before each batch norm" caught_by="last_layer"
#   def freeze_backbone(model):
# +     import copy
# +
# +     model = copy.deepcopy(model)
# +

# %% wrong="nothing returned" from="a hook before each batch norm" caught_by="last_layer"
# -     return model

# %% wrong="the last layer is replaced" from="a hook before each batch norm" caught_by="last_layer"
#       last.requires_grad_(True)
# +     last.reset_parameters()

# %% wrong="the whole model stays in evaluation mode" from="a hook before each batch norm" caught_by="modes"
# -     for module in model.modules():
# -         if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
# -             module.register_forward_pre_hook(to_eval)
# +     model.eval()
# +     model.train = lambda mode=True: model


# %% wrong="train returns nothing" from="running statistics updated in frozen layers" caught_by="modes"
#       last.requires_grad_(True)
# +
# +     def train(mode=True):
# +         type(model).train(model, mode)
# +         for module in model.modules():
# +             if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
# +                 module.training = False
# +
# +     model.train = train
