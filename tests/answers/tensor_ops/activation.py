# %% right="a dictionary of functions"
def activation(name, x, *, slope=0.1, alpha=1.0):
    zoo = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": lambda x: torch.maximum(slope * x, x),
        "elu": lambda x: torch.nn.functional.elu(x, alpha=alpha),
    }
    if name not in zoo:
        raise ValueError(f"unknown activation {name}, use one of {sorted(zoo)}")
    return zoo[name](x)


# %% right="if and elif"
def activation(name, x, *, slope=0.1, alpha=1.0):
    if name == "sigmoid":
        return x.sigmoid()
    elif name == "tanh":
        return x.tanh()
    elif name == "relu":
        return torch.where(x > 0, x, torch.zeros_like(x))
    elif name == "leaky_relu":
        return torch.where(x > 0, x, slope * x)
    elif name == "elu":
        return torch.where(x > 0, x, alpha * (torch.exp(x) - 1))
    else:
        raise ValueError("known: sigmoid, tanh, relu, leaky_relu, elu")


# %% right="built from clamps"
def activation(name, x, *, slope=0.1, alpha=1.0):
    positive, negative = x.clamp(min=0), x.clamp(max=0)
    match name:
        case "sigmoid":
            return 0.5 + 0.5 * torch.tanh(0.5 * x)
        case "tanh":
            return 2 * torch.sigmoid(2 * x) - 1
        case "relu":
            return positive
        case "leaky_relu":
            return positive + slope * negative
        case "elu":
            return positive + alpha * torch.expm1(negative)
        case _:
            raise ValueError(f"{name!r} is none of sigmoid, tanh, relu, leaky_relu and elu")


# %% right="PyTorch's modules, KeyError turned into ValueError"
def activation(name, x, *, slope=0.1, alpha=1.0):
    nn = torch.nn
    zoo = dict(sigmoid=nn.Sigmoid(), tanh=nn.Tanh(), relu=nn.ReLU(), leaky_relu=nn.LeakyReLU(slope), elu=nn.ELU(alpha))
    try:
        return zoo[name](x)
    except KeyError:
        raise ValueError("Known activations: " + " | ".join(zoo)) from None


# %% right="a dictionary with PyTorch's functions"
def activation(name, x, *, slope=0.1, alpha=1.0):
    F = torch.nn.functional
    zoo = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": lambda x: F.leaky_relu(x, slope),
        "elu": lambda x: F.elu(x, alpha),
    }
    if name not in zoo:
        raise ValueError(f"known: {list(zoo)}")
    return zoo[name](x)


# %% wrong="slope on the wrong side" from="a dictionary with PyTorch's functions" caught_by="leaky_relu, other_slope, any_tensor"
# -         "leaky_relu": lambda x: F.leaky_relu(x, slope),
# +         "leaky_relu": lambda x: torch.where(x > 0, slope * x, x),

# %% wrong="slope ignored" from="a dictionary with PyTorch's functions" caught_by="other_slope"
# -         "leaky_relu": lambda x: F.leaky_relu(x, slope),
# +         "leaky_relu": lambda x: torch.maximum(0.1 * x, x),

# %% wrong="PyTorch's default slope" from="a dictionary with PyTorch's functions" caught_by="leaky_relu, other_slope"
# -         "leaky_relu": lambda x: F.leaky_relu(x, slope),
# +         "leaky_relu": F.leaky_relu,

# %% wrong="elu ignores alpha" from="a dictionary with PyTorch's functions" caught_by="other_alpha"
# -         "elu": lambda x: F.elu(x, alpha),
# +         "elu": F.elu,

# %% wrong="elu without the −1" from="a dictionary with PyTorch's functions" caught_by="elu, other_alpha, extreme_values"
# -         "elu": lambda x: F.elu(x, alpha),
# +         "elu": lambda x: torch.where(x > 0, x, alpha * torch.exp(x)),

# %% wrong="alpha in the exponent" from="a dictionary with PyTorch's functions" caught_by="other_alpha"
# -         "elu": lambda x: F.elu(x, alpha),
# +         "elu": lambda x: torch.where(x > 0, x, torch.exp(alpha * x) - 1),

# %% wrong="elu by masks: 0 · inf" from="a dictionary with PyTorch's functions" caught_by="extreme_values"
# -         "elu": lambda x: F.elu(x, alpha),
# +         "elu": lambda x: (x > 0) * x + (x <= 0) * alpha * (torch.exp(x) - 1),

# %% wrong="sigmoid and tanh that overflow" from="a dictionary with PyTorch's functions" caught_by="extreme_values"
# -         "sigmoid": torch.sigmoid,
# -         "tanh": torch.tanh,
# +         "sigmoid": lambda x: torch.exp(x) / (1 + torch.exp(x)),
# +         "tanh": lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)),

# %% wrong="an unknown name silently gives the identity" from="a dictionary with PyTorch's functions" caught_by="unknown_name, names_outside_the_zoo"
# -     if name not in zoo:
# -         raise ValueError(f"known: {list(zoo)}")
# -     return zoo[name](x)
# +     return zoo.get(name, lambda x: x)(x)


# %% wrong="an unknown name silently falls through to elu" caught_by="unknown_name, names_outside_the_zoo"
def activation(name, x, *, slope=0.1, alpha=1.0):
    if name == "sigmoid":
        return torch.sigmoid(x)
    if name == "tanh":
        return torch.tanh(x)
    if name == "relu":
        return torch.relu(x)
    if name == "leaky_relu":
        return torch.maximum(slope * x, x)
    return torch.nn.functional.elu(x, alpha)


# %% wrong="KeyError instead of ValueError" from="a dictionary with PyTorch's functions" caught_by="unknown_name"
# -     if name not in zoo:
# -         raise ValueError(f"known: {list(zoo)}")

# %% wrong="the error does not name the known ones" from="a dictionary with PyTorch's functions" caught_by="unknown_name, names_outside_the_zoo"
# -         raise ValueError(f"known: {list(zoo)}")
# +         raise ValueError(f"unknown activation {name}")


# %% wrong="whatever PyTorch knows is accepted" caught_by="names_outside_the_zoo"
def activation(name, x, *, slope=0.1, alpha=1.0):
    F = torch.nn.functional
    if name == "leaky_relu":
        return F.leaky_relu(x, slope)
    if name == "elu":
        return F.elu(x, alpha)
    function = getattr(torch, name, None) or getattr(F, name, None) if name != "swish" else None
    if function is None:
        raise ValueError("known: sigmoid, tanh, relu, leaky_relu, elu")
    return function(x)


# %% wrong="relu keeps the smaller" from="a dictionary with PyTorch's functions" caught_by="sigmoid_tanh_relu"
# -         "relu": torch.relu,
# +         "relu": lambda x: torch.minimum(x, torch.zeros_like(x)),

# %% wrong="sign of the sigmoid's exponent" from="a dictionary with PyTorch's functions" caught_by="sigmoid_tanh_relu"
# -         "sigmoid": torch.sigmoid,
# +         "sigmoid": lambda x: 1 / (1 + torch.exp(x)),

# %% wrong="activations in place" from="a dictionary with PyTorch's functions" caught_by="any_tensor"
# -         "relu": torch.relu,
# -         "leaky_relu": lambda x: F.leaky_relu(x, slope),
# -         "elu": lambda x: F.elu(x, alpha),
# +         "relu": torch.relu_,
# +         "leaky_relu": lambda x: F.leaky_relu_(x, slope),
# +         "elu": lambda x: F.elu_(x, alpha),


# %% wrong="one element at a time, vectors only" caught_by="any_tensor"
def activation(name, x, *, slope=0.1, alpha=1.0):
    import math

    zoo = {
        "sigmoid": lambda v: 0.5 + 0.5 * math.tanh(v / 2),
        "tanh": math.tanh,
        "relu": lambda v: max(0.0, v),
        "leaky_relu": lambda v: max(slope * v, v),
        "elu": lambda v: v if v > 0 else alpha * math.expm1(v),
    }
    if name not in zoo:
        raise ValueError(f"known: {list(zoo)}")
    return torch.tensor([zoo[name](float(v)) for v in x], dtype=x.dtype)


# %% wrong="without a derivative" from="a dictionary with PyTorch's functions" caught_by="differentiable"
# -     return zoo[name](x)
# +     return zoo[name](x.detach())

# %% wrong="in place on the result, so that the derivative is lost" from="a dictionary with PyTorch's functions" caught_by="differentiable"
# +     if name == "sigmoid":
# +         e = torch.exp(-x.abs())
# +         y = 1 / (1 + e)
# +         e *= y
# +         return torch.where(x > 0, y, e)
#       zoo = {
# -         "sigmoid": torch.sigmoid,

# -         raise ValueError(f"known: {list(zoo)}")
# +         raise ValueError(f"known: sigmoid, {list(zoo)}")
