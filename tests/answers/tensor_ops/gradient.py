# %% right="backward on a copy"
def gradient(f, x):
    copy = x.detach().clone()
    copy.requires_grad = True
    f(copy).backward()
    return copy.grad


# %% right="torch.func.grad"
def gradient(f, x):
    return torch.func.grad(f)(x.detach())


# %% right="the Jacobian of a number"
def gradient(f, x):
    return torch.autograd.functional.jacobian(f, x.detach())


# %% right="a new leaf that shares the numbers, grad mode on"
def gradient(f, x):
    with torch.enable_grad():
        leaf = torch.nn.Parameter(x.data)
        y = f(leaf)
    return torch.autograd.grad(outputs=y, inputs=leaf)[0]


# %% right="requires_grad put back afterwards"
def gradient(f, x):
    before = x.requires_grad
    x.requires_grad_(True)
    try:
        return torch.autograd.grad(f(x), x)[0]
    finally:
        x.requires_grad_(before)


# %% wrong="gradient accumulated into x.grad" caught_by="x_keeps_its_state, second_call"
def gradient(f, x):
    x.requires_grad_()
    f(x).backward()
    return x.grad


# %% wrong="x.requires_grad changed" caught_by="x_keeps_its_state"
def gradient(f, x):
    x.requires_grad_()
    return torch.autograd.grad(f(x), x)[0]


# %% wrong="x.requires_grad switched off at the end" caught_by="x_keeps_its_state"
def gradient(f, x):
    x.requires_grad_(True)
    result = torch.autograd.grad(f(x), x)[0]
    x.requires_grad_(False)
    return result


# %% wrong="x.grad cleared first and left behind" caught_by="x_keeps_its_state"
def gradient(f, x):
    x.requires_grad_()
    x.grad = None
    f(x).backward()
    return x.grad.clone()


# %% wrong="x.grad cleared at the end" caught_by="x_keeps_its_state"
def gradient(f, x):
    before = x.requires_grad
    x.requires_grad_().grad = None
    f(x).backward()
    result = x.grad
    x.grad = None
    x.requires_grad_(before)
    return result


# %% wrong="works only for an x that requires gradients" caught_by="sum_of_squares"
def gradient(f, x):
    return torch.autograd.grad(f(x), x)[0]


# %% wrong="the tuple of autograd.grad" caught_by="sum_of_squares"
def gradient(f, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x), x)


# %% wrong="the value instead of the derivative" caught_by="sum_of_squares"
def gradient(f, x):
    return f(x)


# %% wrong="summed over x" caught_by="sum_of_squares"
def gradient(f, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x), x)[0].sum()


# %% wrong="forward difference with a coarse step" caught_by="sum_of_squares, finite_differences"
def gradient(f, x):
    step = 1e-3
    slopes = []
    for index in range(x.numel()):
        shift = torch.zeros(x.numel(), dtype=x.dtype)
        shift[index] = step
        slopes.append((f(x + shift.reshape(x.shape)) - f(x)) / step)
    return torch.stack(slopes).reshape(x.shape)


# %% wrong="a derivative of each element alone, as if f were elementwise" caught_by="finite_differences"
def gradient(f, x):
    flat = x.detach().reshape(-1)
    slopes = []
    for value in flat:
        value = value.clone().requires_grad_()
        slopes.append(torch.autograd.grad(f(value.reshape((1,) * x.ndim)), value)[0])
    return torch.stack(slopes).reshape(x.shape)


# %% wrong="converted to float32" caught_by="finite_differences"
def gradient(f, x):
    x = x.detach().float().requires_grad_()
    return torch.autograd.grad(f(x), x)[0]


# %% wrong="backward's return value, which is None" caught_by="sum_of_squares"
def gradient(f, x):
    x = x.detach().clone().requires_grad_()
    return f(x).backward()


# %% wrong="downhill instead of uphill" caught_by="sum_of_squares, finite_differences"
def gradient(f, x):
    x = x.detach().clone().requires_grad_()
    return -torch.autograd.grad(f(x), x)[0]
