# %% right="a sampler with a generator"
import torch
from torch.utils.data import DataLoader, Subset, SubsetRandomSampler


def make_loaders(dataset, splits, batch_size=64, seed=0):
    train, val, test = splits
    sampler = SubsetRandomSampler(train.tolist(), generator=torch.Generator().manual_seed(seed))
    return {
        "train": DataLoader(dataset, batch_size=batch_size, sampler=sampler),
        "val": DataLoader(Subset(dataset, val.tolist()), batch_size=batch_size),
        "test": DataLoader(Subset(dataset, test.tolist()), batch_size=batch_size),
    }


# %% right="subsets of index tensors"
import torch
from torch.utils.data import DataLoader, Subset


def make_loaders(dataset, splits, batch_size=64, seed=0):
    generator = torch.Generator()
    generator.manual_seed(seed)
    loaders = {}
    for name, indices in zip(["train", "val", "test"], splits):
        training = name == "train"
        loaders[name] = DataLoader(
            Subset(dataset, indices), batch_size, shuffle=training, generator=generator if training else None
        )
    return loaders


# %% right="a class of batches of its own"
import numpy as np
from torch.utils.data import DataLoader


class _Batches:
    def __init__(self, indices, size, rng=None):
        self.indices, self.size, self.rng = indices, size, rng

    def __len__(self):
        return -(-len(self.indices) // self.size)

    def __iter__(self):
        order = self.indices if self.rng is None else self.rng.permutation(self.indices)
        for start in range(0, len(order), self.size):
            yield [int(index) for index in order[start : start + self.size]]


def make_loaders(dataset, splits, batch_size=64, seed=0):
    rngs = {"train": np.random.default_rng(seed), "val": None, "test": None}
    return {
        name: DataLoader(dataset, batch_sampler=_Batches(indices.numpy(), batch_size, rng))
        for (name, rng), indices in zip(rngs.items(), splits)
    }


# %% right="one generator for all"
import torch
from torch.utils.data import DataLoader, Subset


def make_loaders(dataset, splits, batch_size=64, seed=0):
    common = {"batch_size": batch_size, "generator": torch.Generator().manual_seed(seed), "drop_last": False}
    names = dict(zip(("train", "val", "test"), splits))
    return {name: DataLoader(Subset(dataset, names[name]), shuffle=name == "train", **common) for name in names}


# %% right="a dict comprehension"
def make_loaders(dataset, splits, batch_size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
        for name, indices in zip(("train", "val", "test"), splits)
    }


# %% wrong="the last batch is dropped" from="a dict comprehension" caught_by="batches"
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(
# +             Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", drop_last=True, generator=generator
# +         )

# %% wrong="the last training batch is dropped" from="a dict comprehension" caught_by="batches"
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(
# +             Subset(dataset, indices.tolist()),
# +             batch_size,
# +             shuffle=name == "train",
# +             drop_last=name == "train",
# +             generator=generator,
# +         )

# %% wrong="everything is shuffled" from="a dict comprehension" caught_by="order"
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=True, generator=generator)

# %% wrong="nothing is shuffled" from="a dict comprehension" caught_by="order"
# -     generator = torch.Generator().manual_seed(seed)
#       return {
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(Subset(dataset, indices.tolist()), batch_size)


# %% wrong="shuffled once, then the same in each epoch" caught_by="order"
def make_loaders(dataset, splits, batch_size=64, seed=0):
    train, val, test = splits
    train = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))]
    return {
        name: DataLoader(Subset(dataset, indices.tolist()), batch_size)
        for name, indices in (("train", train), ("val", val), ("test", test))
    }


# %% wrong="validation and test are sorted" from="a dict comprehension" caught_by="order"
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(
# +             Subset(dataset, sorted(indices.tolist())), batch_size, shuffle=name == "train", generator=generator
# +         )

# %% wrong="the order depends on the global generator" from="a dict comprehension" caught_by="seed"
# -     generator = torch.Generator().manual_seed(seed)
#       return {
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train")

# %% wrong="the global generator is seeded" from="a dict comprehension" caught_by="seed"
# -     generator = torch.Generator().manual_seed(seed)
# +     torch.manual_seed(seed)
#       return {
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train")

# %% wrong="the seed is ignored" from="a dict comprehension" caught_by="seed"
# -     generator = torch.Generator().manual_seed(seed)
# +     generator = torch.Generator().manual_seed(0)

# %% wrong="each loader has the whole dataset" from="a dict comprehension" caught_by="batches"
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# -         for name, indices in zip(("train", "val", "test"), splits)
# +         name: DataLoader(dataset, batch_size, shuffle=name == "train", generator=generator)
# +         for name in ("train", "val", "test")


# %% wrong="sizes of the splits, not their indices" caught_by="batches"
def make_loaders(dataset, splits, batch_size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    start, loaders = 0, {}
    for name, indices in zip(("train", "val", "test"), splits):
        subset = Subset(dataset, range(start, start + len(indices)))
        loaders[name] = DataLoader(subset, batch_size, shuffle=name == "train", generator=generator)
        start += len(indices)
    return loaders


# %% wrong="validation and test are swapped" from="a dict comprehension" caught_by="batches"
# -         for name, indices in zip(("train", "val", "test"), splits)
# +         for name, indices in zip(("train", "test", "val"), splits)

# %% wrong="the batch size is ignored" from="a dict comprehension" caught_by="batches"
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: DataLoader(Subset(dataset, indices.tolist()), batch_size=64, shuffle=name == "train", generator=generator)


# %% wrong="a tuple instead of a dict" caught_by="batches"
def make_loaders(dataset, splits, batch_size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=k == 0, generator=generator)
        for k, indices in enumerate(splits)
    )


# %% wrong="lists of batches instead of loaders" from="a dict comprehension" caught_by="batches"
# -         name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         name: list(
# +             DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
# +         )


# %% wrong="augmentation on validation data" caught_by="items"
class _Augmented(Dataset):
    def __init__(self, dataset, seed):
        self.dataset, self.augment = dataset, augmentation(seed)

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        image, label = self.dataset[index]
        return self.augment(image), label


def make_loaders(dataset, splits, batch_size=64, seed=0):
    dataset = _Augmented(dataset, seed)
    generator = torch.Generator().manual_seed(seed)
    return {
        name: DataLoader(Subset(dataset, indices.tolist()), batch_size, shuffle=name == "train", generator=generator)
        for name, indices in zip(("train", "val", "test"), splits)
    }


# %% wrong="a sampler without replacement of the whole epoch is drawn with replacement" caught_by="batches"
from torch.utils.data import RandomSampler


def make_loaders(dataset, splits, batch_size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    subsets = {name: Subset(dataset, indices.tolist()) for name, indices in zip(("train", "val", "test"), splits)}
    loaders = {name: DataLoader(subset, batch_size) for name, subset in subsets.items()}
    sampler = RandomSampler(subsets["train"], replacement=True, generator=generator)
    loaders["train"] = DataLoader(subsets["train"], batch_size, sampler=sampler)
    return loaders
