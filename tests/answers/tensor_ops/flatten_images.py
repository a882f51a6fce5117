# %% right="reshape to one row a sample"
def flatten_images(images):
    return images.reshape(images.shape[0], -1)


# %% right="nn.Flatten"
def flatten_images(images):
    return torch.nn.Flatten()(images)


# %% right="a loop over the samples"
def flatten_images(images):
    rows = []
    for image in images:
        rows.append(image.ravel())
    return torch.stack(rows)


# %% right="contiguous, then view"
def flatten_images(images):
    n, c, h, w = images.shape
    return images.contiguous().view(n, c * h * w)


# %% right="pixel by pixel"
def flatten_images(images):
    n, c, h, w = images.shape
    rows = torch.empty(n, c * h * w, dtype=images.dtype)
    for k in range(c):
        for i in range(h):
            rows[:, (k * h + i) * w : (k * h + i + 1) * w] = images[:, k, i]
    return rows


# %% wrong="view on non-contiguous input" caught_by="non_contiguous"
def flatten_images(images):
    return images.view(images.shape[0], -1)


# %% wrong="the batch axis is flattened too" caught_by="one_row_a_sample"
def flatten_images(images):
    return images.flatten()


# %% wrong="one row per channel" caught_by="one_row_a_sample"
def flatten_images(images):
    return images.flatten(start_dim=2).flatten(end_dim=1)


# %% wrong="channels last within a row" caught_by="one_row_a_sample"
def flatten_images(images):
    return images.permute(0, 2, 3, 1).flatten(1)


# %% wrong="features as rows" caught_by="one_row_a_sample"
def flatten_images(images):
    return images.flatten(1).T


# %% wrong="sample numbers mixed up by a wrong reshape" caught_by="one_row_a_sample"
def flatten_images(images):
    return images.reshape(-1, images.shape[0]).T


# %% wrong="size of PneumoniaMNIST hard-coded" caught_by="one_row_a_sample"
def flatten_images(images):
    return images.reshape(-1, 784)


# %% wrong="squeezed, so a batch of one loses its batch axis" caught_by="batch_of_one"
def flatten_images(images):
    return images.flatten(1).squeeze()


# %% wrong="converted to float32" caught_by="batch_of_one"
def flatten_images(images):
    return images.flatten(1).float()


# %% wrong="numbers in the order of memory" caught_by="non_contiguous"
def flatten_images(images):
    n = images.shape[0]
    size = images[0].numel()
    return images.as_strided((n, size), (size, 1))


# %% wrong="resized in place" caught_by="one_row_a_sample"
def flatten_images(images):
    images.resize_(images.shape[0], images.numel() // images.shape[0])
