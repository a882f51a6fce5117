# %% right="torchvision's functions"
import torch
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional


class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.data, self.targets, self.transform = images, torch.as_tensor(labels).float(), transform

    def __len__(self):
        return self.data.shape[0]

    def __getitem__(self, index):
        image = functional.to_dtype(functional.to_image(self.data[index]), torch.float32, scale=True)
        image = image.as_subclass(torch.Tensor)
        return (self.transform(image) if self.transform else image), self.targets[index]


# %% right="converted at once"
import torch
from torch.utils.data import Dataset


class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        images = torch.tensor(images)
        self.images = images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
        self.images = self.images.to(torch.float32).div(255)
        self.labels = torch.tensor(labels, dtype=torch.float32)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        image = self.images[index].clone()
        if self.transform:
            image = self.transform(image)
        return image, self.labels[index]


# %% right="NumPy up to the end, identity as transform"
import numpy as np
import torch
from torch.utils.data import Dataset


class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images = images if images.ndim == 4 else images[..., np.newaxis]
        self.labels = np.asarray(labels, dtype=np.float32)
        self.transform = transform or (lambda image: image)

    def __len__(self):
        return self.images.shape[0]

    def __getitem__(self, index):
        pixels = np.moveaxis(self.images[index], -1, 0).astype(np.float32) / np.float32(255)
        return self.transform(torch.from_numpy(pixels.copy())), torch.tensor(self.labels[index])


# %% right="float64 on the way, a list as item"
import torch
import torch.utils.data


class ImageDataset(torch.utils.data.Dataset):
    def __init__(self, images, labels, transform=None):
        super().__init__()
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = torch.from_numpy(self.images[i] / 255.0).float()
        if image.dim() == 2:
            image = image[None]
        else:
            image = torch.stack([image[:, :, c] for c in range(image.shape[2])])
        if callable(self.transform):
            image = self.transform(image)
        return [image, torch.tensor(float(self.labels[i]))]


# %% right="converted item by item"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the transform is applied once, when the dataset is made" caught_by="transform"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        values = torch.as_tensor(images).float() / 255
        values = values.unsqueeze(1) if values.ndim == 3 else values.permute(0, 3, 1, 2)
        self.images = [image if transform is None else transform(image) for image in values]
        self.labels = torch.as_tensor(labels).float()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


# %% wrong="items are kept after the first access" caught_by="transform"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform, self.kept = images, labels, transform, {}

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if index not in self.kept:
            image = torch.as_tensor(self.images[index]).float() / 255
            image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
            self.kept[index] = image if self.transform is None else self.transform(image)
        return self.kept[index], torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the transform is ignored" from="converted item by item" caught_by="transform"
# -         self.images, self.labels, self.transform = images, labels, transform
# +         self.images, self.labels = images, labels

# -         if self.transform is not None:
# -             image = self.transform(image)

# %% wrong="the result of the transform is thrown away" from="converted item by item" caught_by="transform"
# -             image = self.transform(image)
# +             self.transform(image)

# %% wrong="the transform comes before the scaling" from="converted item by item" caught_by="transform"
# -         image = torch.as_tensor(self.images[index]).float() / 255
# +         image = torch.as_tensor(self.images[index]).float()

# -         return image, torch.as_tensor(self.labels[index], dtype=torch.float32)
# +         return image / 255, torch.as_tensor(self.labels[index], dtype=torch.float32)

# %% wrong="the transform gets the image with its channels last" from="converted item by item" caught_by="purity"
# -         image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)

#               image = self.transform(image)
# +         image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)

# %% wrong="pixels from 0 to 255" from="converted item by item" caught_by="grey, colour"
# -         image = torch.as_tensor(self.images[index]).float() / 255
# +         image = torch.as_tensor(self.images[index]).float()

# %% wrong="each image is divided by its own maximum" from="converted item by item" caught_by="scale"
# -         image = torch.as_tensor(self.images[index]).float() / 255
# +         image = torch.as_tensor(self.images[index]).float()
# +         image = image / image.max().clamp(min=1)

# %% wrong="divided by 256" from="converted item by item" caught_by="grey"
# -         image = torch.as_tensor(self.images[index]).float() / 255
# +         image = torch.as_tensor(self.images[index]).float() / 256

# %% wrong="float64 images" from="converted item by item" caught_by="grey"
# -         image = torch.as_tensor(self.images[index]).float() / 255
# +         image = torch.from_numpy(self.images[index] / 255)

# %% wrong="no axis of channels for grey images" from="converted item by item" caught_by="grey"
# -         image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
# +         image = image if image.ndim == 2 else image.permute(2, 0, 1)

# %% wrong="the channels stay last" from="converted item by item" caught_by="colour"
# -         image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
# +         image = image.unsqueeze(0) if image.ndim == 2 else image

# %% wrong="the channels are moved by reshape" from="converted item by item" caught_by="colour"
# -         image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
# +         image = image.reshape(-1, image.shape[0], image.shape[1])

# %% wrong="rows and columns are swapped in colour" from="converted item by item" caught_by="colour"
# -         image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
# +         image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 1, 0)

# %% wrong="the label is an int64 tensor" from="converted item by item" caught_by="labels"
# -         return image, torch.as_tensor(self.labels[index], dtype=torch.float32)
# +         return image, torch.as_tensor(self.labels[index])

# %% wrong="the label is a Python float" from="converted item by item" caught_by="labels, loader"
# -         return image, torch.as_tensor(self.labels[index], dtype=torch.float32)
# +         return image, float(self.labels[index])

# %% wrong="the label has an axis of its own" from="converted item by item" caught_by="labels, loader"
# -         return image, torch.as_tensor(self.labels[index], dtype=torch.float32)
# +         return image, torch.tensor([float(self.labels[index])])

# %% wrong="the label comes first" from="converted item by item" caught_by="grey, labels"
# -         return image, torch.as_tensor(self.labels[index], dtype=torch.float32)
# +         return torch.as_tensor(self.labels[index], dtype=torch.float32), image

# %% wrong="the length is that of an image" from="converted item by item" caught_by="grey"
# -         return len(self.images)
# +         return len(self.images[0])

# %% wrong="no length" from="converted item by item" caught_by="grey, loader"
# -     def __len__(self):
# -         return len(self.images)
# -

# %% wrong="the array is emptied once it is copied" from="converted item by item" caught_by="purity"
# -         self.images, self.labels, self.transform = images, labels, transform
# +         self.images, self.labels, self.transform = images.copy(), labels, transform
# +         images.fill(0)
