# %% right="sigmoid of the student's own linear"
def logistic_regression(x, theta, theta_0):
    return linear(x, theta, theta_0).sigmoid()


# %% right="written out, without linear"
def logistic_regression(x, theta, theta_0):
    return torch.special.expit((x * theta).sum(dim=1) + theta_0)


# %% right="by the hyperbolic tangent"
def logistic_regression(x, theta, theta_0):
    z = linear(x, theta, theta_0)
    return 0.5 * (1 + torch.tanh(z / 2))


# %% right="exponentials of negative numbers only"
def logistic_regression(x, theta, theta_0):
    z = linear(x, theta, theta_0)
    e = torch.exp(-z.abs())
    return torch.where(z >= 0, 1 / (1 + e), e / (1 + e))


# %% right="softmax against a logit of zero"
def logistic_regression(x, theta, theta_0):
    z = linear(x, theta, theta_0)
    return torch.softmax(torch.stack([z, torch.zeros_like(z)]), dim=0)[0]


# %% wrong="sigmoid that overflows in the value" caught_by="extreme_logits"
def logistic_regression(x, theta, theta_0):
    z = linear(x, theta, theta_0)
    return torch.exp(z) / (1 + torch.exp(z))


# %% wrong="sigmoid that overflows in the gradient" caught_by="extreme_logits"
def logistic_regression(x, theta, theta_0):
    z = linear(x, theta, theta_0)
    return 1 / (1 + torch.exp(-z))


# %% wrong="logits cut off too early" caught_by="extreme_logits"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(linear(x, theta, theta_0).clamp(-8, 8))


# %% wrong="sigmoid missing" caught_by="probabilities, extreme_logits, any_batch"
def logistic_regression(x, theta, theta_0):
    return linear(x, theta, theta_0)


# %% wrong="bias forgotten" caught_by="probabilities, any_batch"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(x @ theta)


# %% wrong="bias added after the sigmoid" caught_by="probabilities, any_batch"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(x @ theta) + theta_0


# %% wrong="sign of the exponent" caught_by="probabilities, extreme_logits"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(-linear(x, theta, theta_0))


# %% wrong="softmax over the batch" caught_by="probabilities, any_batch"
def logistic_regression(x, theta, theta_0):
    return torch.softmax(linear(x, theta, theta_0), dim=0)


# %% wrong="classes instead of probabilities" caught_by="probabilities"
def logistic_regression(x, theta, theta_0):
    return (linear(x, theta, theta_0) > 0).float()


# %% wrong="squeezed, so that one sample gives a scalar" caught_by="any_batch"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(linear(x, theta, theta_0)).squeeze()


# %% wrong="samples and features mixed up where the shapes allow it" caught_by="any_batch"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(theta_0 + (theta @ x if len(x) == len(theta) else x @ theta))


# %% wrong="gradient cut off" caught_by="extreme_logits, gradient"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(linear(x, theta, theta_0)).detach()


# %% wrong="sigmoid twice" caught_by="probabilities, any_batch"
def logistic_regression(x, theta, theta_0):
    return torch.sigmoid(torch.sigmoid(linear(x, theta, theta_0)))
