# %% right="add_ with alpha, decorated"
import torch


@torch.no_grad()
def sgd_step(parameters, learning_rate):
    for parameter in parameters:
        if parameter.grad is None:
            continue
        parameter.add_(parameter.grad, alpha=-learning_rate)


# %% right="through .data"
def sgd_step(parameters, learning_rate):
    for p in parameters:
        if p.grad is not None:
            p.data -= learning_rate * p.grad.data


# %% right="PyTorch's optimiser"
import torch


def sgd_step(parameters, learning_rate):
    torch.optim.SGD(list(parameters), lr=learning_rate).step()


# %% right="copy_ of the new values"
import torch


def sgd_step(parameters, learning_rate):
    moving = [p for p in parameters if p.grad is not None]
    new = [p.detach() - learning_rate * p.grad for p in moving]
    with torch.no_grad():
        for p, value in zip(moving, new):
            p.copy_(value)


# %% right="sub_ without autograd"
import torch


def sgd_step(parameters, learning_rate):
    with torch.no_grad():
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.sub_(learning_rate * parameter.grad)


# %% wrong="a new tensor instead of a change in place" from="sub_ without autograd" caught_by="step"
# -                 parameter.sub_(learning_rate * parameter.grad)
# +                 parameter = parameter - learning_rate * parameter.grad

# %% wrong="uphill" from="sub_ without autograd" caught_by="step"
# -                 parameter.sub_(learning_rate * parameter.grad)
# +                 parameter.add_(learning_rate * parameter.grad)

# %% wrong="learning rate ignored" from="sub_ without autograd" caught_by="step"
# -                 parameter.sub_(learning_rate * parameter.grad)
# +                 parameter.sub_(parameter.grad)


# %% wrong="recorded by autograd" caught_by="step"
def sgd_step(parameters, learning_rate):
    for parameter in parameters:
        if parameter.grad is not None:
            parameter -= learning_rate * parameter.grad


# %% wrong="autograd is left off" caught_by="nothing_recorded"
import torch


def sgd_step(parameters, learning_rate):
    torch.set_grad_enabled(False)
    for parameter in parameters:
        if parameter.grad is not None:
            parameter -= learning_rate * parameter.grad


# %% wrong="parameters become mere tensors" from="autograd is left off" caught_by="nothing_recorded"
# -     torch.set_grad_enabled(False)

#           if parameter.grad is not None:
# +             parameter.requires_grad_(False)

# %% wrong="None is not expected" from="sub_ without autograd" caught_by="without_gradient"
# -             if parameter.grad is not None:
# -                 parameter.sub_(learning_rate * parameter.grad)
# +             parameter.sub_(learning_rate * parameter.grad)

# %% wrong="stops at the first one without a gradient" from="sub_ without autograd" caught_by="without_gradient"
# -             if parameter.grad is not None:
# +             if parameter.grad is None:
# +                 break
# +             else:

# %% wrong="gradients set to zero" from="sub_ without autograd" caught_by="nothing_recorded"
#                   parameter.sub_(learning_rate * parameter.grad)
# +                 parameter.grad.zero_()

# %% wrong="gradients removed" from="sub_ without autograd" caught_by="nothing_recorded"
#                   parameter.sub_(learning_rate * parameter.grad)
# +                 parameter.grad = None

# %% wrong="momentum" from="sub_ without autograd" caught_by="several_steps"
# -                 parameter.sub_(learning_rate * parameter.grad)
# +                 speed = 0.9 * getattr(parameter, "speed", torch.zeros_like(parameter)) + parameter.grad
# +                 parameter.speed = speed
# +                 parameter.sub_(learning_rate * speed)

# %% wrong="the iterable is gone through twice" from="sub_ without autograd" caught_by="any_iterable"
#   def sgd_step(parameters, learning_rate):
# +     n = len([p for p in parameters])

#                   parameter.sub_(learning_rate * parameter.grad)
# +     assert n


# %% wrong="a length is asked of the iterable" caught_by="any_iterable"
import torch


def sgd_step(parameters, learning_rate):
    with torch.no_grad():
        for place in range(len(parameters)):
            if parameters[place].grad is not None:
                parameters[place].sub_(learning_rate * parameters[place].grad)


# %% wrong="sign of the gradient" from="sub_ without autograd" caught_by="step"
# -                 parameter.sub_(learning_rate * parameter.grad)
# +                 parameter.sub_(learning_rate * parameter.grad.sign())


# %% wrong="returns new parameters" caught_by="step"
def sgd_step(parameters, learning_rate):
    return [p if p.grad is None else p.detach() - learning_rate * p.grad for p in parameters]
