# %% [markdown]
# Right and wrong answers to `ImageDataset`.

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


# %% wrong="the transform is ignored" caught_by="transform"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the result of the transform is thrown away" caught_by="transform"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the transform comes before the scaling" caught_by="transform"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float()
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image / 255, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the transform gets the image with its channels last" caught_by="purity"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        if self.transform is not None:
            image = self.transform(image)
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="pixels from 0 to 255" caught_by="grey, colour"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float()
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="each image is divided by its own maximum" caught_by="scale"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float()
        image = image / image.max().clamp(min=1)
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="divided by 256" caught_by="grey"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 256
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="float64 images" caught_by="grey"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index] / 255)
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="no axis of channels for grey images" caught_by="grey"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the channels stay last" caught_by="colour"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the channels are moved by reshape" caught_by="colour"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.reshape(-1, image.shape[0], image.shape[1])
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="rows and columns are swapped in colour" caught_by="colour"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 1, 0)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the label is an int64 tensor" caught_by="labels"
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
        return image, torch.as_tensor(self.labels[index])


# %% wrong="the label is a Python float" caught_by="labels, loader"
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
        return image, float(self.labels[index])


# %% wrong="the label has an axis of its own" caught_by="labels, loader"
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
        return image, torch.tensor([float(self.labels[index])])


# %% wrong="the label comes first" caught_by="grey, labels"
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
        return torch.as_tensor(self.labels[index], dtype=torch.float32), image


# %% wrong="the length is that of an image" caught_by="grey"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images[0])

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="no length" caught_by="grey, loader"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)


# %% wrong="the array is emptied once it is copied" caught_by="purity"
class ImageDataset(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images.copy(), labels, transform
        images.fill(0)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.as_tensor(self.images[index]).float() / 255
        image = image.unsqueeze(0) if image.ndim == 2 else image.permute(2, 0, 1)
        if self.transform is not None:
            image = self.transform(image)
        return image, torch.as_tensor(self.labels[index], dtype=torch.float32)
