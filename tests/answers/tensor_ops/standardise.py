# %% right="var_mean and square root"
def standardise(x, eps=1e-8):
    variance, mean = torch.var_mean(x, dim=0, correction=0)
    return (x - mean) / (variance + eps).sqrt()


# %% right="loops over columns"
def standardise(x, eps=1e-8):
    z = torch.zeros_like(x)
    for j in range(x.shape[1]):
        column = x[:, j]
        mean = column.sum() / len(column)
        deviation = (((column - mean) ** 2).sum() / len(column)) ** 0.5
        z[:, j] = (column - mean) / max(deviation.item(), eps)
    return z


# %% right="clamped deviation, axes kept"
def standardise(x, eps=1e-8):
    centred = x - x.mean(dim=0, keepdim=True)
    deviation = centred.square().mean(dim=0, keepdim=True).sqrt()
    return centred / deviation.clamp(min=eps)


# %% right="where the deviation is zero, divide by one"
def standardise(x, eps=1e-8):
    deviation = x.std(0, unbiased=False)
    return (x - x.mean(0)) / torch.where(deviation < eps, torch.ones_like(deviation), deviation)


# %% right="numpy's deviation, which is the population's"
def standardise(x, eps=1e-8):
    a = x.numpy()
    return torch.from_numpy((a - a.mean(axis=0)) / (a.std(axis=0) + eps))


# %% wrong="sample instead of population deviation" caught_by="mean_and_deviation, any_shape, batch_of_one"
def standardise(x, eps=1e-8):
    return (x - x.mean(dim=0)) / (x.std(dim=0) + eps)


# %% wrong="a constant column gives NaN" caught_by="constant_column, batch_of_one"
def standardise(x, eps=1e-8):
    return (x - x.mean(dim=0)) / x.std(dim=0, correction=0)


# %% wrong="rows instead of columns" caught_by="mean_and_deviation, any_shape"
def standardise(x, eps=1e-8):
    mean = x.mean(dim=1, keepdim=True)
    deviation = x.std(dim=1, correction=0, keepdim=True)
    return (x - mean) / (deviation + eps)


# %% wrong="statistics of the rows, broadcast along the columns" caught_by="mean_and_deviation, any_shape"
def standardise(x, eps=1e-8):
    return (x - x.mean(dim=1)) / (x.std(dim=1, correction=0) + eps)


# %% wrong="one mean and deviation for all columns" caught_by="mean_and_deviation, any_shape"
def standardise(x, eps=1e-8):
    return (x - x.mean()) / (x.std(correction=0) + eps)


# %% wrong="divided by the variance" caught_by="mean_and_deviation, any_shape"
def standardise(x, eps=1e-8):
    return (x - x.mean(dim=0)) / (x.var(dim=0, correction=0) + eps)


# %% wrong="mean not subtracted" caught_by="mean_and_deviation, constant_column"
def standardise(x, eps=1e-8):
    return x / (x.std(dim=0, correction=0) + eps)


# %% wrong="centred only" caught_by="mean_and_deviation, any_shape"
def standardise(x, eps=1e-8):
    return x - x.mean(dim=0)


# %% wrong="scaled to the range instead" caught_by="mean_and_deviation, any_shape"
def standardise(x, eps=1e-8):
    low, high = x.amin(dim=0), x.amax(dim=0)
    return (x - low) / (high - low + eps)


# %% wrong="eps beside the quotient, not in the denominator" caught_by="constant_column, batch_of_one"
def standardise(x, eps=1e-8):
    return (x - x.mean(dim=0)) / x.std(dim=0, correction=0) + eps


# %% wrong="the input is changed in place" caught_by="input_unchanged"
def standardise(x, eps=1e-8):
    x -= x.mean(dim=0)
    x /= x.std(dim=0, correction=0) + eps
    return x


# %% wrong="nothing but zeros" caught_by="constant_column, mean_and_deviation, any_shape"
def standardise(x, eps=1e-8):
    return torch.zeros_like(x)
