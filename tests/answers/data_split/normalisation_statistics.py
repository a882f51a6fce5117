# %% right="reduction over three axes, population deviation"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(dim=(0, 2, 3)), train.std(dim=(0, 2, 3), correction=0)


# %% right="a loop over the channels"
import torch


def normalisation_statistics(images, train_indices):
    means, deviations = [], []
    for channel in range(images.shape[1]):
        pixels = torch.stack([images[i, channel] for i in train_indices.tolist()])
        means.append(pixels.mean())
        deviations.append(((pixels - pixels.mean()) ** 2).mean().sqrt())
    return torch.stack(means), torch.stack(deviations)


# %% right="std_mean of PyTorch"
import torch


def normalisation_statistics(images, train_indices):
    deviation, mean = torch.std_mean(images.index_select(0, train_indices), dim=(0, 2, 3))
    return mean, deviation


# %% right="NumPy"
import torch


def normalisation_statistics(images, train_indices):
    train = images.numpy()[train_indices.numpy()]
    return torch.from_numpy(train.mean(axis=(0, 2, 3))), torch.from_numpy(train.std(axis=(0, 2, 3)))


# %% right="mean of squares minus square of mean"
def normalisation_statistics(images, train_indices):
    train = images[train_indices].double()
    mean = train.mean((0, 2, 3))
    deviation = ((train**2).mean((0, 2, 3)) - mean**2).clamp(min=0).sqrt()
    return mean.to(images.dtype), deviation.to(images.dtype)


# %% wrong="statistics from all images" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    return images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3))


# %% wrong="the deviation is from all images" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    return images[train_indices].mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3))


# %% wrong="the first images, as many as are for training" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    train = images[: len(train_indices)]
    return train.mean(dim=(0, 2, 3)), train.std(dim=(0, 2, 3))


# %% wrong="from the first to the last training image" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    train = images[train_indices.min() : train_indices.max() + 1]
    return train.mean(dim=(0, 2, 3)), train.std(dim=(0, 2, 3))


# %% wrong="one value for all channels" caught_by="channels"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean().expand(images.shape[1]).clone(), train.std().expand(images.shape[1]).clone()


# %% wrong="a single number" caught_by="training_only, channels"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(), train.std()


# %% wrong="variance instead of standard deviation" caught_by="training_only, channels"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(dim=(0, 2, 3)), train.var(dim=(0, 2, 3))


# %% wrong="the mean of the images' deviations" caught_by="different_images"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(dim=(0, 2, 3)), train.std(dim=(2, 3)).mean(dim=0)


# %% wrong="the deviation of the images' means" caught_by="channels"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(dim=(0, 2, 3)), train.mean(dim=(2, 3)).std(dim=0)


# %% wrong="statistics of each image" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(dim=(2, 3)), train.std(dim=(2, 3))


# %% wrong="statistics of each pixel" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(dim=0), train.std(dim=0)


# %% wrong="axes of length 1 are kept" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.mean(dim=(0, 2, 3), keepdim=True), train.std(dim=(0, 2, 3), keepdim=True)


# %% wrong="standard deviation first" caught_by="training_only"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    return train.std(dim=(0, 2, 3)), train.mean(dim=(0, 2, 3))


# %% wrong="pixels of different channels are mixed" caught_by="channels"
def normalisation_statistics(images, train_indices):
    pixels = images[train_indices].reshape(images.shape[1], -1)
    return pixels.mean(dim=1), pixels.std(dim=1)


# %% wrong="view, which needs contiguous images" caught_by="other_shapes"
def normalisation_statistics(images, train_indices):
    flat = images.view(images.shape[0], images.shape[1], -1)[train_indices]
    return flat.mean(dim=(0, 2)), flat.std(dim=(0, 2))


# %% wrong="the images are normalised in place" caught_by="inputs"
def normalisation_statistics(images, train_indices):
    train = images[train_indices]
    mean, deviation = train.mean(dim=(0, 2, 3)), train.std(dim=(0, 2, 3))
    images.sub_(mean[:, None, None]).div_(deviation[:, None, None])
    return mean, deviation


# %% wrong="always float32" caught_by="inputs"
def normalisation_statistics(images, train_indices):
    train = images[train_indices].float()
    return train.mean(dim=(0, 2, 3)), train.std(dim=(0, 2, 3))
