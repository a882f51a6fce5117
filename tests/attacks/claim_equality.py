"""Answers with objects that claim any shape and type, and equality with everything.

Must happen: only numbers cross to the checks, not an object's claims, and they are compared strictly.

Demo: yes
"""

# %% place="first"
import torch


class Equal:
    """Equal to everything, with every attribute that a check may ask for."""

    dtype, device, requires_grad, grad = torch.float32, torch.device("cpu"), True, None
    shape = property(lambda self: self)

    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return lambda *arguments, **keywords: self

    def __bool__(self):
        return True

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([self])

    __hash__ = None


class Yes(torch.Tensor):
    """A tensor that answers every operation of torch with True."""

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        return True


# %% question="linear"
def linear(x, theta, theta_0):
    return Equal()


# %% question="logistic_regression"
def logistic_regression(x, theta, theta_0):
    return torch.full((len(x),), torch.nan).as_subclass(Yes)


# %% question="maxout"
def maxout(x, w1, b1, w2, b2):
    return [Equal() for _ in x]
