# %% right="the larger of two matrix products"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum(x @ w1 + b1, x @ w2 + b2)


# %% right="stacked, then the maximum over the two"
def maxout(x, w1, b1, w2, b2):
    both = torch.stack([linear(x, w1, b1), linear(x, w2, b2)])
    return both.max(dim=0).values


# %% right="one matrix for both, amax"
def maxout(x, w1, b1, w2, b2):
    weights = torch.stack([w1, w2], dim=1)
    biases = torch.stack([b1, b2])
    return (x @ weights + biases).amax(dim=1)


# %% right="a loop with Python's max"
def maxout(x, w1, b1, w2, b2):
    return torch.stack([max((row * w1).sum() + b1, (row * w2).sum() + b2) for row in x])


# %% right="a ReLU of the difference"
def maxout(x, w1, b1, w2, b2):
    first, second = x @ w1 + b1, x @ w2 + b2
    return torch.where(first > second, first, second)


# %% wrong="minimum instead of maximum" caught_by="larger_of_two, as_many_samples_as_features, one_sample"
def maxout(x, w1, b1, w2, b2):
    return torch.minimum(x @ w1 + b1, x @ w2 + b2)


# %% wrong="biases forgotten" caught_by="larger_of_two, as_many_samples_as_features"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum(x @ w1, x @ w2)


# %% wrong="first bias forgotten" caught_by="larger_of_two, as_many_samples_as_features"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum(x @ w1, x @ w2 + b2)


# %% wrong="second bias forgotten" caught_by="larger_of_two, as_many_samples_as_features"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum(x @ w1 + b1, x @ w2)


# %% wrong="biases after the maximum" caught_by="larger_of_two"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum(x @ w1, x @ w2) + b1 + b2


# %% wrong="biases swapped" caught_by="larger_of_two, as_many_samples_as_features"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum(x @ w1 + b2, x @ w2 + b1)


# %% wrong="sum over the wrong axis" caught_by="larger_of_two, as_many_samples_as_features"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum((x * w1).sum(dim=0) + b1, (x * w2).sum(dim=0) + b2)


# %% wrong="sum over the wrong axis where the shapes allow it" caught_by="as_many_samples_as_features"
def maxout(x, w1, b1, w2, b2):
    x = x.T if x.shape[0] == x.shape[1] else x
    return torch.maximum(x @ w1 + b1, x @ w2 + b2)


# %% wrong="one maximum for the whole batch" caught_by="larger_of_two, one_sample"
def maxout(x, w1, b1, w2, b2):
    return torch.stack([x @ w1 + b1, x @ w2 + b2]).max()


# %% wrong="the pair of maximum and index" caught_by="larger_of_two"
def maxout(x, w1, b1, w2, b2):
    return torch.stack([x @ w1 + b1, x @ w2 + b2]).max(dim=0)


# %% wrong="the sum of the two" caught_by="larger_of_two"
def maxout(x, w1, b1, w2, b2):
    return x @ w1 + b1 + x @ w2 + b2


# %% wrong="a ReLU of the first model only" caught_by="larger_of_two"
def maxout(x, w1, b1, w2, b2):
    return torch.relu(x @ w1 + b1)


# %% wrong="squeezed, so that one sample gives a scalar" caught_by="one_sample"
def maxout(x, w1, b1, w2, b2):
    return torch.maximum(x @ w1 + b1, x @ w2 + b2).squeeze()


# %% wrong="gradient cut off" caught_by="gradient"
def maxout(x, w1, b1, w2, b2):
    with torch.no_grad():
        return torch.maximum(x @ w1 + b1, x @ w2 + b2)


# %% wrong="a smooth maximum" caught_by="larger_of_two"
def maxout(x, w1, b1, w2, b2):
    return torch.logaddexp(x @ w1 + b1, x @ w2 + b2)


# %% wrong="weights changed in place" caught_by="as_many_samples_as_features"
def maxout(x, w1, b1, w2, b2):
    first = x @ w1 + b1
    w2 -= w1
    return first + torch.relu(x @ w2 + b2 - b1)
