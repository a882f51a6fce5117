# %% right="one image at a time, sorted by hand"
def top_patches(model, layer, channel, images, k=9, patch_size=9):
    maps = []
    handle = layer.register_forward_hook(lambda module, inputs, output: maps.append(output.detach().clone()))
    candidates = []
    try:
        with evaluation_mode(model), torch.no_grad():
            for image in images:
                maps.clear()
                model(image[None])
                feature_map = maps[0][0][channel]
                index = int(torch.argmax(feature_map))
                row, column = index // feature_map.shape[1], index % feature_map.shape[1]
                r = int((row + 0.5) * image.shape[1] / feature_map.shape[0])
                c = int((column + 0.5) * image.shape[2] / feature_map.shape[1])
                r = max(0, min(r - patch_size // 2, image.shape[1] - patch_size))
                c = max(0, min(c - patch_size // 2, image.shape[2] - patch_size))
                candidates.append((float(feature_map.max()), image[:, r : r + patch_size, c : c + patch_size]))
    finally:
        handle.remove()
    candidates.sort(key=lambda candidate: candidate[0], reverse=True)
    return torch.stack([patch for _, patch in candidates[:k]])


# %% right="topk and gather"
import math


def top_patches(model, layer, channel, images, k=9, patch_size=9):
    kept = []
    modes = [(module, module.training) for module in model.modules()]
    handle = layer.register_forward_hook(lambda *call: kept.append(call[2][:, channel].clone()))
    try:
        model.eval()
        with torch.no_grad():
            model(images)
    finally:
        handle.remove()
        for module, mode in modes:
            module.training = mode
    n, h, w = kept[0].shape
    strength, place = kept[0].reshape(n, -1).max(-1)
    best = strength.topk(min(k, n)).indices
    result = images.new_empty(len(best), images.shape[1], patch_size, patch_size)
    for position, image in enumerate(best):
        i, j = divmod(place[image].item(), w)
        r = math.floor((i + 0.5) * images.shape[2] / h) - patch_size // 2
        c = math.floor((j + 0.5) * images.shape[3] / w) - patch_size // 2
        r = torch.tensor(r).clamp(0, images.shape[2] - patch_size)
        c = torch.tensor(c).clamp(0, images.shape[3] - patch_size)
        result[position] = images[image, :, r : r + patch_size, c : c + patch_size]
    return result


# %% right="the model is stopped after the layer"
class Enough(Exception):
    pass


def top_patches(model, layer, channel, images, k=9, patch_size=9):
    found = []

    def hook(module, inputs, output):
        found.append(output)
        raise Enough

    handle = layer.register_forward_hook(hook)
    with torch.inference_mode(), evaluation_mode(model):
        try:
            model(images)
        except Enough:
            pass
        finally:
            handle.remove()
    maps = found[0][:, channel]
    order = torch.argsort(-maps.amax((1, 2)))[:k]
    patches = []
    for number in order.tolist():
        peak = (maps[number] == maps[number].max()).nonzero()[0].tolist()
        image = images[number]
        for axis in (0, 1):
            size = image.shape[1 + axis]
            centre = int((peak[axis] + 0.5) * size / maps.shape[1 + axis])
            start = sorted((0, centre - patch_size // 2, size - patch_size))[1]
            image = image.narrow(1 + axis, start, patch_size)
        patches.append(image)
    return torch.stack(patches).clone()


# %% right="unfold: every patch, then the right ones"
def top_patches(model, layer, channel, images, k=9, patch_size=9):
    outputs = []
    handle = layer.register_forward_hook(lambda m, i, o: outputs.append(o.clone()))
    try:
        with evaluation_mode(model), torch.no_grad():
            model(images)
    finally:
        handle.remove()
    maps = outputs[0].select(1, channel)
    height, width = images.shape[-2:]
    strongest, index = torch.max(maps.flatten(1), dim=1)
    rows = (2 * (index // maps.shape[2]) + 1) * height // (2 * maps.shape[1])
    columns = (2 * (index % maps.shape[2]) + 1) * width // (2 * maps.shape[2])
    rows = (rows - patch_size // 2).clamp(0, height - patch_size)
    columns = (columns - patch_size // 2).clamp(0, width - patch_size)
    windows = images.unfold(2, patch_size, 1).unfold(3, patch_size, 1)  # (N, C, H', W', p, p)
    order = torch.sort(strongest, descending=True).indices[:k]
    return windows[order, :, rows[order], columns[order]]


# %% right="maxima of the flattened maps"
def top_patches(model, layer, channel, images, k=9, patch_size=9):
    kept = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output.clone()))
    try:
        with evaluation_mode(model), torch.no_grad():
            model(images)
    finally:
        handle.remove()
    maps = kept[0][:, channel]
    strengths, places = maps.flatten(1).max(dim=1)
    patches = []
    for n in strengths.argsort(descending=True)[:k].tolist():
        row, column = divmod(int(places[n]), maps.shape[2])
        row = int((row + 0.5) * images.shape[2] / maps.shape[1])
        column = int((column + 0.5) * images.shape[3] / maps.shape[2])
        top = min(max(row - patch_size // 2, 0), images.shape[2] - patch_size)
        left = min(max(column - patch_size // 2, 0), images.shape[3] - patch_size)
        patches.append(images[n, :, top : top + patch_size, left : left + patch_size])
    return torch.stack(patches)


# %% wrong="weakest first" from="maxima of the flattened maps" caught_by="strongest_first, other_map_sizes"
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# +     for n in strengths.argsort(descending=True)[:k].flip(0).tolist():

# %% wrong="the weakest images" from="maxima of the flattened maps" caught_by="strongest_first, other_map_sizes"
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# +     for n in strengths.argsort(descending=False)[:k].tolist():

# %% wrong="the first k images, not the top k" from="maxima of the flattened maps" caught_by="strongest_first, other_map_sizes"
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# +     for n in range(min(k, len(images))):

# %% wrong="top k in the order of the images" from="maxima of the flattened maps" caught_by="strongest_first, other_map_sizes"
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# +     for n in sorted(strengths.argsort(descending=True)[:k].tolist()):

# %% wrong="ordered by the mean of the map" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# +     for n in maps.mean((1, 2)).argsort(descending=True)[:k].tolist():

# %% wrong="several patches from one image" from="maxima of the flattened maps" caught_by="strongest_first"
# -     strengths, places = maps.flatten(1).max(dim=1)
#       patches = []
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# -         row, column = divmod(int(places[n]), maps.shape[2])
# +     for index in maps.flatten().argsort(descending=True)[:k].tolist():
# +         n, place = divmod(index, maps[0].numel())
# +         row, column = divmod(place, maps.shape[2])

# %% wrong="another channel" from="maxima of the flattened maps" caught_by="other_map_sizes, negative_maps"
# -     maps = kept[0][:, channel]
# +     maps = kept[0][:, 0]

# %% wrong="all channels together" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -     maps = kept[0][:, channel]
# +     maps = kept[0].amax(dim=1)

# %% wrong="absolute values" from="maxima of the flattened maps" caught_by="negative_maps"
# -     maps = kept[0][:, channel]
# +     maps = kept[0][:, channel].abs()

# %% wrong="place in the map taken for the place in the image" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -         row = int((row + 0.5) * images.shape[2] / maps.shape[1])
# -         column = int((column + 0.5) * images.shape[3] / maps.shape[2])

# %% wrong="the 0.5 forgotten" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -         row = int((row + 0.5) * images.shape[2] / maps.shape[1])
# -         column = int((column + 0.5) * images.shape[3] / maps.shape[2])
# +         row = int((row) * images.shape[2] / maps.shape[1])
# +         column = int((column) * images.shape[3] / maps.shape[2])

# %% wrong="rounded instead of floored" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -         row = int((row + 0.5) * images.shape[2] / maps.shape[1])
# -         column = int((column + 0.5) * images.shape[3] / maps.shape[2])
# +         row = round((row + 0.5) * images.shape[2] / maps.shape[1])
# +         column = round((column + 0.5) * images.shape[3] / maps.shape[2])

# %% wrong="scaled as if the image were square" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -         column = int((column + 0.5) * images.shape[3] / maps.shape[2])
# +         column = int((column + 0.5) * images.shape[2] / maps.shape[1])

# %% wrong="rows and columns swapped" from="maxima of the flattened maps" caught_by="strongest_first, other_map_sizes"
# -         row, column = divmod(int(places[n]), maps.shape[2])
# +         column, row = divmod(int(places[n]), maps.shape[2])

# %% wrong="patch starts at the pixel" from="maxima of the flattened maps" caught_by="strongest_first, border"
# -         top = min(max(row - patch_size // 2, 0), images.shape[2] - patch_size)
# -         left = min(max(column - patch_size // 2, 0), images.shape[3] - patch_size)
# +         top = min(max(row, 0), images.shape[2] - patch_size)
# +         left = min(max(column, 0), images.shape[3] - patch_size)

# %% wrong="even patches one pixel too far right and down" from="maxima of the flattened maps" caught_by="even_and_few"
# -         top = min(max(row - patch_size // 2, 0), images.shape[2] - patch_size)
# -         left = min(max(column - patch_size // 2, 0), images.shape[3] - patch_size)
# +         top = min(max(row - (patch_size - 1) // 2, 0), images.shape[2] - patch_size)
# +         left = min(max(column - (patch_size - 1) // 2, 0), images.shape[3] - patch_size)

# %% wrong="cut off at the border" from="maxima of the flattened maps" caught_by="border"
# -         top = min(max(row - patch_size // 2, 0), images.shape[2] - patch_size)
# -         left = min(max(column - patch_size // 2, 0), images.shape[3] - patch_size)
# +         top = max(row - patch_size // 2, 0)
# +         left = max(column - patch_size // 2, 0)

# %% wrong="filled with zeros beyond the border" from="maxima of the flattened maps" caught_by="border, other_map_sizes"
# + import torch.nn.functional as F
# +
# +
#   def top_patches(model, layer, channel, images, k=9, patch_size=9):

# -         top = min(max(row - patch_size // 2, 0), images.shape[2] - patch_size)
# -         left = min(max(column - patch_size // 2, 0), images.shape[3] - patch_size)
# -         patches.append(images[n, :, top : top + patch_size, left : left + patch_size])
# +         top, left = row, column
# +         patches.append(F.pad(images[n], (patch_size // 2,) * 4)[:, top : top + patch_size, left : left + patch_size])

# %% wrong="moved one pixel too far from the border" from="maxima of the flattened maps" caught_by="border"
# -         top = min(max(row - patch_size // 2, 0), images.shape[2] - patch_size)
# -         left = min(max(column - patch_size // 2, 0), images.shape[3] - patch_size)
# +         top = min(max(row - patch_size // 2, 1), images.shape[2] - patch_size - 1)
# +         left = min(max(column - patch_size // 2, 1), images.shape[3] - patch_size)

# %% wrong="only the first channel of the image" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -         patches.append(images[n, :, top : top + patch_size, left : left + patch_size])
# +         patches.append(images[n, :1, top : top + patch_size, left : left + patch_size])

# %% wrong="channel axis lost" from="maxima of the flattened maps" caught_by="strongest_first"
# -         patches.append(images[n, :, top : top + patch_size, left : left + patch_size])
# +         patches.append(images[n, 0, top : top + patch_size, left : left + patch_size])

# %% wrong="always nine patches" from="maxima of the flattened maps" caught_by="strongest_first"
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# +     for n in strengths.argsort(descending=True)[:9].tolist():

# %% wrong="fails on fewer than k images" from="maxima of the flattened maps" caught_by="even_and_few"
# -     for n in strengths.argsort(descending=True)[:k].tolist():
# +     for n in strengths.topk(k).indices.tolist():

# %% wrong="hook left behind" from="maxima of the flattened maps" caught_by="leaves_all_as_found"
# -     try:
# -         with evaluation_mode(model), torch.no_grad():
# -             model(images)
# -     finally:
# -         handle.remove()
# +     with evaluation_mode(model), torch.no_grad():
# +         model(images)

# %% wrong="hook removed only when all goes well" from="maxima of the flattened maps" caught_by="leaves_all_as_found"
# -     try:
# -         with evaluation_mode(model), torch.no_grad():
# -             model(images)
# -     finally:
# -         handle.remove()
# +     with evaluation_mode(model), torch.no_grad():
# +         model(images)
# +     handle.remove()

# %% wrong="training mode" from="maxima of the flattened maps" caught_by="leaves_all_as_found"
# -         with evaluation_mode(model), torch.no_grad():
# +         with torch.no_grad():

# %% wrong="model left in evaluation mode" from="maxima of the flattened maps" caught_by="leaves_all_as_found"
# -         with evaluation_mode(model), torch.no_grad():
# +         model.eval()
# +         with torch.no_grad():

# %% wrong="feature maps instead of image patches" from="maxima of the flattened maps" caught_by="other_map_sizes"
# -         patches.append(images[n, :, top : top + patch_size, left : left + patch_size])
# +         patches.append(maps[n, None, top : top + patch_size, left : left + patch_size])
