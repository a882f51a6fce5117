# %% right="starts at zero"
# ruff: noqa - the answers of a question stand side by side
def fit(points, labels, epochs):
    weights = torch.zeros(3)
    for _ in range(epochs):
        for i in torch.randperm(len(points)).tolist():
            x = torch.stack([points[i, 0], points[i, 1], torch.tensor(1.0)])
            weights += (labels[i] - float(weights @ x > 0)) * x
    return weights


# %% right="logistic regression"
def fit(points, labels, epochs):
    x = torch.cat([points, torch.ones(len(points), 1)], dim=1)
    weights = torch.randn(3)
    for _ in range(20 * epochs):
        weights = weights - x.T @ (torch.sigmoid(x @ weights) - labels) / len(x)
    return weights


# %% right="difference of means"
def fit(points, labels, epochs):
    one, zero = points[labels == 1].mean(0), points[labels == 0].mean(0)
    return torch.cat([one - zero, ((zero @ zero - one @ one) / 2)[None]])


# %% right="least squares" held_out=true
def fit(points, labels, epochs):
    x = torch.cat([points, torch.ones(len(points), 1)], dim=1)
    return torch.linalg.lstsq(x, 2 * labels[:, None] - 1).solution[:, 0]


# %% wrong="labels inverted" caught_by="separates_the_clouds"
def fit(points, labels, epochs):
    one, zero = points[labels == 0].mean(0), points[labels == 1].mean(0)
    return torch.cat([one - zero, ((zero @ zero - one @ one) / 2)[None]])


# %% wrong="no step is made" caught_by="separates_the_clouds"
def fit(points, labels, epochs):
    return torch.zeros(3)


# %% wrong="the step is made with the wrong sign" caught_by="separates_the_clouds"
def fit(points, labels, epochs):
    weights = torch.zeros(3)
    for _ in range(epochs):
        for i in torch.randperm(len(points)):
            extended = torch.cat([points[i], torch.ones(1)])
            weights = weights - (labels[i] - (extended @ weights > 0).float()) * extended
    return weights


# %% wrong="no bias" caught_by="three_weights"
def fit(points, labels, epochs):
    return torch.zeros(2)
