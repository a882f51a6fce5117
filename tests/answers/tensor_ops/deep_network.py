# %% right="the formula in one line, transposed"
def deep_network(x, weights):
    W1, W2, W3, W4, W5 = weights
    return (W5 @ torch.sigmoid(W4 @ torch.tanh(W3 @ torch.relu(W2 @ torch.relu(W1 @ x.T))))).T


# %% right="a loop over weights and functions"
def deep_network(x, weights):
    for weight, function in zip(weights, (torch.relu, torch.relu, torch.tanh, torch.sigmoid)):
        x = function(torch.nn.functional.linear(x, weight))
    return torch.nn.functional.linear(x, weights[4])


# %% right="with the student's own activation"
def deep_network(x, weights):
    h = x
    for name, weight in zip(["relu", "relu", "tanh", "sigmoid", None], weights):
        h = torch.einsum("nd,kd->nk", h, weight)
        if name is not None:
            h = activation(name, h)
    return h


# %% right="sample by sample"
def deep_network(x, weights):
    outputs = []
    for sample in x:
        h = (weights[0] @ sample).clamp(min=0)
        h = (weights[1] @ h).clamp(min=0)
        h = torch.tanh(weights[2] @ h)
        h = torch.sigmoid(weights[3] @ h)
        outputs.append(weights[4] @ h)
    return torch.stack(outputs)


# %% wrong="weights transposed" caught_by="layers_of_different_width, square_weights, gradient"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.sigmoid(torch.tanh(torch.relu(torch.relu(x @ w1) @ w2) @ w3) @ w4) @ w5


# %% wrong="weights transposed where the shapes allow it" caught_by="square_weights"
def deep_network(x, weights):
    functions = (torch.relu, torch.relu, torch.tanh, torch.sigmoid, lambda z: z)
    for w, function in zip(weights, functions):
        x = function(x @ (w if w.shape[0] == w.shape[1] else w.T))
    return x


# %% wrong="sigmoid and tanh swapped" caught_by="single_neurons, layers_of_different_width, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.tanh(torch.sigmoid(torch.relu(torch.relu(x @ w1.T) @ w2.T) @ w3.T) @ w4.T) @ w5.T


# %% wrong="activations from the outside in" caught_by="single_neurons, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.relu(torch.relu(torch.tanh(torch.sigmoid(x @ w1.T) @ w2.T) @ w3.T) @ w4.T) @ w5.T


# %% wrong="weights from the outside in" caught_by="single_neurons, square_weights"
def deep_network(x, weights):
    w5, w4, w3, w2, w1 = weights
    return torch.sigmoid(torch.tanh(torch.relu(torch.relu(x @ w1.T) @ w2.T) @ w3.T) @ w4.T) @ w5.T


# %% wrong="first ReLU missing" caught_by="layers_of_different_width, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.sigmoid(torch.tanh(torch.relu(x @ w1.T @ w2.T) @ w3.T) @ w4.T) @ w5.T


# %% wrong="second ReLU missing" caught_by="layers_of_different_width, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.sigmoid(torch.tanh(torch.relu(x @ w1.T) @ w2.T @ w3.T) @ w4.T) @ w5.T


# %% wrong="both ReLUs missing" caught_by="single_neurons, layers_of_different_width, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.sigmoid(torch.tanh(x @ w1.T @ w2.T @ w3.T) @ w4.T) @ w5.T


# %% wrong="tanh missing" caught_by="single_neurons, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.sigmoid(torch.relu(torch.relu(x @ w1.T) @ w2.T) @ w3.T @ w4.T) @ w5.T


# %% wrong="sigmoid missing" caught_by="single_neurons, layers_of_different_width, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return torch.tanh(torch.relu(torch.relu(x @ w1.T) @ w2.T) @ w3.T) @ w4.T @ w5.T


# %% wrong="sigmoid after the last layer" caught_by="single_neurons, square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    h = torch.sigmoid(torch.tanh(torch.relu(torch.relu(x @ w1.T) @ w2.T) @ w3.T) @ w4.T)
    return torch.sigmoid(h @ w5.T)


# %% wrong="ReLU after the last layer" from="sigmoid after the last layer" caught_by="square_weights"
# -     return torch.sigmoid(h @ w5.T)
# +     return torch.relu(h @ w5.T)


# %% wrong="ReLU in every layer" caught_by="single_neurons, square_weights"
def deep_network(x, weights):
    for w in weights[:-1]:
        x = torch.relu(x @ w.T)
    return x @ weights[-1].T


# %% wrong="the result transposed" caught_by="layers_of_different_width"
def deep_network(x, weights):
    W1, W2, W3, W4, W5 = weights
    return W5 @ torch.sigmoid(W4 @ torch.tanh(W3 @ torch.relu(W2 @ torch.relu(W1 @ x.T))))


# %% wrong="samples as columns" caught_by="layers_of_different_width, square_weights"
def deep_network(x, weights):
    W1, W2, W3, W4, W5 = weights
    return W5 @ torch.sigmoid(W4 @ torch.tanh(W3 @ torch.relu(W2 @ torch.relu(W1 @ x))))


# %% wrong="squeezed, so that one output loses its axis" caught_by="single_neurons, one_sample_one_output"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    return (torch.sigmoid(torch.tanh(torch.relu(torch.relu(x @ w1.T) @ w2.T) @ w3.T) @ w4.T) @ w5.T).squeeze()


# %% wrong="squeezed when there is one sample" caught_by="one_sample_one_output"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    y = torch.sigmoid(torch.tanh(torch.relu(torch.relu(x @ w1.T) @ w2.T) @ w3.T) @ w4.T) @ w5.T
    return y if len(x) > 1 else y[0]


# %% wrong="the input is changed in place" caught_by="square_weights"
def deep_network(x, weights):
    w1, w2, w3, w4, w5 = weights
    x[:] = torch.relu(x @ w1.T)
    return torch.sigmoid(torch.tanh(torch.relu(x @ w2.T) @ w3.T) @ w4.T) @ w5.T


# %% wrong="weights put into new layers, which cuts the graph" from="weights transposed where the shapes allow it" caught_by="gradient"
# -         x = function(x @ (w if w.shape[0] == w.shape[1] else w.T))
# +         layer = torch.nn.Linear(w.shape[1], w.shape[0], bias=False, dtype=w.dtype)
# +         layer.weight.data = w.detach()
# +         x = function(layer(x))
