# %% right="two loops, a patch at a time"
def occlusion_map(model, image, patch_size=4, stride=2, fill=0.0):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    _, height, width = image.shape
    sums, counts = torch.zeros(height, width), torch.zeros(height, width)
    with torch.no_grad():
        original = model(image.unsqueeze(0)).item()
        top = 0
        while top + patch_size <= height:
            left = 0
            while left + patch_size <= width:
                occluded = image.clone()
                occluded[:, top : top + patch_size, left : left + patch_size] = fill
                sums[top : top + patch_size, left : left + patch_size] += original - model(occluded.unsqueeze(0)).item()
                counts[top : top + patch_size, left : left + patch_size] += 1
                left += stride
            top += stride
    for module, mode in modes:
        module.training = mode
    return torch.where(counts > 0, sums / counts.clamp(min=1), torch.zeros(()))


# %% right="masks and matrix products"
def occlusion_map(model, image, patch_size=4, stride=2, fill=0.0):
    height, width = image.shape[-2:]
    hidden = []
    for top in range(0, height - patch_size + 1, stride):
        for left in range(0, width - patch_size + 1, stride):
            mask = torch.zeros(height, width, dtype=torch.bool)
            mask[top : top + patch_size, left : left + patch_size] = True
            hidden.append(mask)
    if not hidden:
        return torch.zeros(height, width)
    masks = torch.stack(hidden)
    with evaluation_mode(model):
        with torch.no_grad():
            occluded = torch.where(masks[:, None], torch.tensor(fill, dtype=image.dtype), image[None])
            drops = model(image[None]) - model(occluded)
    weights = masks.float()
    return torch.einsum("n,nhw->hw", drops, weights) / weights.sum(0).clamp(min=1)


# %% right="fold adds the overlapping patches"
import torch.nn.functional as F


def occlusion_map(model, image, patch_size=4, stride=2, fill=0.0):
    channels, height, width = image.shape
    if patch_size > min(height, width):
        return image.new_zeros(height, width)
    rows, columns = ((size - patch_size) // stride + 1 for size in (height, width))
    drops = image.new_empty(rows * columns)
    with evaluation_mode(model), torch.inference_mode():
        whole = model(image[None])[0]
        for number in range(rows * columns):
            r, c = number // columns * stride, number % columns * stride
            batch = image[None].clone()
            batch[0, :, r : r + patch_size, c : c + patch_size].fill_(fill)
            drops[number] = whole - model(batch)[0]
    patches = drops.expand(1, patch_size**2, -1)
    settings = {"output_size": (height, width), "kernel_size": patch_size, "stride": stride}
    total = F.fold(patches, **settings)[0, 0]
    return (total / F.fold(torch.ones_like(patches), **settings)[0, 0].clamp(min=1)).clone()


# %% right="a list of drops for each pixel"
from collections import defaultdict


def occlusion_map(model, image, patch_size=4, stride=2, fill=0.0):
    drops = defaultdict(list)
    with evaluation_mode(model), torch.no_grad():
        z = float(model(image[None]))
        for r in range(0, image.shape[1], stride):
            for c in range(0, image.shape[2], stride):
                if r + patch_size > image.shape[1] or c + patch_size > image.shape[2]:
                    continue
                x = image.clone()
                x[:, r : r + patch_size, c : c + patch_size] = fill
                drop = z - float(model(x[None]))
                for i in range(r, r + patch_size):
                    for j in range(c, c + patch_size):
                        drops[i, j].append(drop)
    result = torch.zeros(image.shape[1:])
    for place, values in drops.items():
        result[place] = sum(values) / len(values)
    return result


# %% right="slices, and how often each pixel was covered" held_out=true
def occlusion_map(model, image, patch_size=4, stride=2, fill=0.0):
    _, height, width = image.shape
    total, covered = torch.zeros(height, width), torch.zeros(height, width)
    with evaluation_mode(model), torch.no_grad():
        original = model(image[None])[0]
        for top in range(0, height - patch_size + 1, stride):
            for left in range(0, width - patch_size + 1, stride):
                rows, columns = slice(top, top + patch_size), slice(left, left + patch_size)
                occluded = image.clone()
                occluded[:, rows, columns] = fill
                drop = original - model(occluded[None])[0]
                total[rows, columns] += drop
                covered[rows, columns] += 1
    return total / covered.clamp(min=1)


# %% wrong="drop with the wrong sign" from="slices, and how often each pixel was covered" caught_by="known_drops, settings"
# -                 drop = original - model(occluded[None])[0]
# +                 drop = model(occluded[None])[0] - original

# %% wrong="logit of the occluded image instead of the drop" from="slices, and how often each pixel was covered" caught_by="known_drops"
# -                 drop = original - model(occluded[None])[0]
# +                 drop = model(occluded[None])[0]

# %% wrong="drop of the probability" from="slices, and how often each pixel was covered" caught_by="known_drops, settings"
# -         original = model(image[None])[0]
# +         original = model(image[None])[0].sigmoid()

# -                 drop = original - model(occluded[None])[0]
# +                 drop = original - model(occluded[None])[0].sigmoid()

# %% wrong="negative drops cut off" from="slices, and how often each pixel was covered" caught_by="known_drops"
# -                 total[rows, columns] += drop
# +                 total[rows, columns] += drop.clamp(min=0)

# %% wrong="absolute drops" from="slices, and how often each pixel was covered" caught_by="known_drops"
# -                 total[rows, columns] += drop
# +                 total[rows, columns] += drop.abs()

# %% wrong="sum instead of mean" from="slices, and how often each pixel was covered" caught_by="overlap, settings"
# -     return total / covered.clamp(min=1)
# +     return total

# %% wrong="a later patch overwrites an earlier one" from="slices, and how often each pixel was covered" caught_by="overlap, settings"
# -                 total[rows, columns] += drop
# -                 covered[rows, columns] += 1
# +                 total[rows, columns] = drop
# +                 covered[rows, columns] = 1

# %% wrong="largest drop instead of the mean" from="slices, and how often each pixel was covered" caught_by="overlap, settings"
# -                 total[rows, columns] += drop
# -                 covered[rows, columns] += 1
# +                 total[rows, columns] = torch.maximum(total[rows, columns], drop)
# +                 covered[rows, columns] = 1

# %% wrong="patches hang over the border" from="slices, and how often each pixel was covered" caught_by="overlap, settings"
# -         for top in range(0, height - patch_size + 1, stride):
# -             for left in range(0, width - patch_size + 1, stride):
# +         for top in range(0, height, stride):
# +             for left in range(0, width, stride):

# %% wrong="the last patch is missing" from="slices, and how often each pixel was covered" caught_by="known_drops, overlap"
# -         for top in range(0, height - patch_size + 1, stride):
# -             for left in range(0, width - patch_size + 1, stride):
# +         for top in range(0, height - patch_size, stride):
# +             for left in range(0, width - patch_size, stride):

# %% wrong="NaN where no patch lies" from="slices, and how often each pixel was covered" caught_by="uncovered"
# -     return total / covered.clamp(min=1)
# +     return total / covered

# %% wrong="an additional patch at the border" from="slices, and how often each pixel was covered" caught_by="uncovered, settings"
# -         for top in range(0, height - patch_size + 1, stride):
# -             for left in range(0, width - patch_size + 1, stride):
# +         for top in {*range(0, height - patch_size + 1, stride), max(height - patch_size, 0)}:
# +             for left in {*range(0, width - patch_size + 1, stride), max(width - patch_size, 0)}:

# %% wrong="fill ignored" from="slices, and how often each pixel was covered" caught_by="settings"
# -                 occluded[:, rows, columns] = fill
# +                 occluded[:, rows, columns] = 0.0

# %% wrong="stride ignored" from="slices, and how often each pixel was covered" caught_by="known_drops, settings"
# -         for top in range(0, height - patch_size + 1, stride):
# -             for left in range(0, width - patch_size + 1, stride):
# +         for top in range(0, height - patch_size + 1):
# +             for left in range(0, width - patch_size + 1):

# %% wrong="steps by the size of the patch" from="slices, and how often each pixel was covered" caught_by="overlap, settings"
# -         for top in range(0, height - patch_size + 1, stride):
# -             for left in range(0, width - patch_size + 1, stride):
# +         for top in range(0, height - patch_size + 1, patch_size):
# +             for left in range(0, width - patch_size + 1, patch_size):

# %% wrong="image taken for square" from="slices, and how often each pixel was covered" caught_by="overlap, settings"
# -             for left in range(0, width - patch_size + 1, stride):
# +             for left in range(0, height - patch_size + 1, stride):

# %% wrong="only the first channel hidden" from="slices, and how often each pixel was covered" caught_by="settings"
# -                 occluded[:, rows, columns] = fill
# +                 occluded[0, rows, columns] = fill

# %% wrong="patches stay hidden: no fresh copy" from="slices, and how often each pixel was covered" caught_by="known_drops, settings"
#       with evaluation_mode(model), torch.no_grad():
# +         occluded = image.clone()

# -                 occluded = image.clone()

# %% wrong="divided by the number of pixels of the patch" from="slices, and how often each pixel was covered" caught_by="known_drops, overlap"
# -                 drop = original - model(occluded[None])[0]
# +                 drop = (original - model(occluded[None])[0]) / patch_size**2

# %% wrong="scaled by its maximum" from="slices, and how often each pixel was covered" caught_by="known_drops, settings"
# -     return total / covered.clamp(min=1)
# +     result = total / covered.clamp(min=1)
# +     return result / result.abs().max()

# %% wrong="rows and columns swapped" from="slices, and how often each pixel was covered" caught_by="known_drops, finds_the_opacity"
# -     return total / covered.clamp(min=1)
# +     return (total / covered.clamp(min=1)).T

# %% wrong="one value a patch" from="slices, and how often each pixel was covered" caught_by="known_drops"
# -     return total / covered.clamp(min=1)
# +     return (total / covered.clamp(min=1))[::stride, ::stride]

# %% wrong="training mode" from="slices, and how often each pixel was covered" caught_by="leaves_all_as_found"
# -     with evaluation_mode(model), torch.no_grad():
# +     with torch.no_grad():

# %% wrong="all modules left in evaluation mode" from="slices, and how often each pixel was covered" caught_by="leaves_all_as_found"
# -     with evaluation_mode(model), torch.no_grad():
# +     model.eval()
# +     with torch.no_grad():

# %% wrong="part of a graph" from="slices, and how often each pixel was covered" caught_by="leaves_all_as_found"
# -     with evaluation_mode(model), torch.no_grad():
# +     with evaluation_mode(model):

# %% wrong="image occluded in place" from="slices, and how often each pixel was covered" caught_by="leaves_all_as_found"
# -                 occluded = image.clone()
# +                 occluded = image

# %% wrong="the image itself, whatever the model" from="slices, and how often each pixel was covered" caught_by="known_drops, depends_on_the_weights"
# -     return total / covered.clamp(min=1)
# +     return image[0].clone()
