# %% right="matrix times vector"
def linear(x, theta, theta_0):
    return torch.mv(x, theta) + theta_0


# %% right="broadcast and sum over the features"
def linear(x, theta, theta_0):
    return theta_0 + (x * theta).sum(dim=1)


# %% right="einsum"
def linear(x, theta, theta_0):
    return torch.einsum("ij,j->i", x, theta) + theta_0


# %% right="loops, as the formula is written"
def linear(x, theta, theta_0):
    y = []
    for i in range(x.shape[0]):
        total = theta_0
        for j in range(x.shape[1]):
            total = total + x[i, j] * theta[j]
        y.append(total)
    return torch.stack(y)


# %% right="PyTorch's own linear layer"
def linear(x, theta, theta_0):
    return torch.nn.functional.linear(x, theta[None], theta_0[None])[:, 0]


# %% wrong="bias forgotten" caught_by="lecture_sum, as_many_samples_as_features, one_sample"
def linear(x, theta, theta_0):
    return x @ theta


# %% wrong="bias subtracted" caught_by="lecture_sum"
def linear(x, theta, theta_0):
    return x @ theta - theta_0


# %% wrong="sum over the wrong axis" caught_by="lecture_sum, as_many_samples_as_features"
def linear(x, theta, theta_0):
    return theta_0 + (x * theta).sum(dim=0)


# %% wrong="x transposed" caught_by="lecture_sum, as_many_samples_as_features"
def linear(x, theta, theta_0):
    return theta_0 + theta @ x


# %% wrong="x transposed where the shapes allow it" caught_by="as_many_samples_as_features"
def linear(x, theta, theta_0):
    return theta_0 + (theta @ x if x.shape[0] == len(theta) else x @ theta)


# %% wrong="bias added once per feature" caught_by="lecture_sum, as_many_samples_as_features"
def linear(x, theta, theta_0):
    return (x * theta + theta_0).sum(dim=1)


# %% wrong="one sum over everything" caught_by="lecture_sum"
def linear(x, theta, theta_0):
    return theta_0 + (x * theta).sum()


# %% wrong="a column instead of a vector" caught_by="lecture_sum, one_sample"
def linear(x, theta, theta_0):
    return theta_0 + x @ theta[:, None]


# %% wrong="squeezed, so that one sample gives a scalar" caught_by="one_sample"
def linear(x, theta, theta_0):
    return (theta_0 + x @ theta[:, None]).squeeze()


# %% wrong="graph cut by numbers" caught_by="gradient"
def linear(x, theta, theta_0):
    return torch.tensor(
        [theta_0.item() + sum(a * b for a, b in zip(row.tolist(), theta.tolist())) for row in x], dtype=x.dtype
    )


# %% wrong="bias detached" caught_by="gradient"
def linear(x, theta, theta_0):
    return x @ theta + theta_0.item()


# %% wrong="the input is changed in place" caught_by="as_many_samples_as_features"
def linear(x, theta, theta_0):
    x *= theta
    return x.sum(dim=1) + theta_0


# %% wrong="nothing returned" caught_by="lecture_sum"
def linear(x, theta, theta_0):
    y = x @ theta + theta_0
