# %% right="a loop"
def pointing_game(heatmaps, masks):
    hits = samples = 0
    for heatmap, mask in zip(heatmaps, masks):
        if not mask.any():
            continue
        row, column = divmod(heatmap.argmax().item(), heatmap.shape[1])
        samples += 1
        hits += bool(mask[row, column] > 0)
    return hits / samples if samples else float("nan")


# %% right="one-hot maxima"
import torch.nn.functional as F
import math


def pointing_game(heatmaps, masks):
    n = len(heatmaps)
    flat = masks.reshape(n, -1).bool()
    chosen = F.one_hot(heatmaps.reshape(n, -1).argmax(1), flat.shape[1]).bool()
    counted = flat.sum(1) > 0
    return ((chosen & flat).any(1) & counted).sum().item() / counted.sum().item() if counted.any() else math.nan


# %% right="fancy indexing and NumPy's mean"
import math

import numpy as np


def pointing_game(heatmaps, masks):
    heat, truth = np.asarray(heatmaps), np.asarray(masks).astype(bool)
    keep = truth.any(axis=(1, 2))
    if not keep.any():
        return math.nan
    rows, columns = np.unravel_index(heat.reshape(len(heat), -1).argmax(axis=1), heat.shape[1:])
    return float(truth[np.arange(len(heat)), rows, columns][keep].mean())


# %% right="first the samples with a finding"
def pointing_game(heatmaps, masks):
    counted = [n for n in range(len(masks)) if float(masks[n].float().sum()) != 0]
    if not counted:
        return float("nan")
    inside = 0
    for n in counted:
        best = max(range(heatmaps[n].numel()), key=lambda place: float(heatmaps[n].flatten()[place]))
        inside += float(masks[n].flatten()[best]) != 0
    return inside / len(counted)


# %% wrong="empty masks counted as misses" caught_by="without_finding"
def pointing_game(heatmaps, masks):
    places = heatmaps.flatten(1).argmax(1, keepdim=True)
    return float((masks.flatten(1) != 0).gather(1, places).float().mean())


# %% wrong="empty masks counted as hits" caught_by="without_finding"
def pointing_game(heatmaps, masks):
    inside = masks.flatten(1) != 0
    hits = inside.gather(1, heatmaps.flatten(1).argmax(1, keepdim=True))[:, 0]
    return float((hits | ~inside.any(1)).float().mean())


# %% wrong="number instead of share" caught_by="three_maps, other_maps"
def pointing_game(heatmaps, masks):
    inside = masks.flatten(1) != 0
    return float(inside.gather(1, heatmaps.flatten(1).argmax(1, keepdim=True)).sum())


# %% wrong="maximum of each row" caught_by="three_maps, other_maps"
def pointing_game(heatmaps, masks):
    keep = (masks != 0).flatten(1).any(1)
    hits = (masks != 0).gather(2, heatmaps.argmax(2, keepdim=True)).any(1)[:, 0]
    return float(hits[keep].float().mean())


# %% wrong="one maximum over all maps" caught_by="three_maps, other_maps"
def pointing_game(heatmaps, masks):
    inside = (masks != 0).flatten(1)
    return float(((heatmaps == heatmaps.max()).flatten(1) & inside).any(1)[inside.any(1)].float().mean())


# %% wrong="share of the largest values instead of the maximum" caught_by="three_maps"
def pointing_game(heatmaps, masks):
    inside = (masks != 0).flatten(1)
    flat = heatmaps.flatten(1)
    return float(((flat > 0.5 * flat.amax(1, keepdim=True)) & inside).any(1)[inside.any(1)].float().mean())


# %% wrong="any of several equal maxima" from="share of the largest values instead of the maximum" caught_by="other_maps"
# -     return float(((flat > 0.5 * flat.amax(1, keepdim=True)) & inside).any(1)[inside.any(1)].float().mean())
# +     return float(((flat == flat.amax(1, keepdim=True)) & inside).any(1)[inside.any(1)].float().mean())


# %% wrong="place counted as in a square map" caught_by="three_maps, other_maps"
def pointing_game(heatmaps, masks):
    hits = []
    for heatmap, mask in zip(heatmaps, masks):
        if mask.any():
            row, column = divmod(int(heatmap.argmax()), heatmap.shape[0])
            hits.append(float(mask[min(row, mask.shape[0] - 1), column] != 0))
    return sum(hits) / len(hits) if hits else float("nan")


# %% wrong="masked maps: negative values lose against the zeros outside" caught_by="other_maps"
def pointing_game(heatmaps, masks):
    inside = masks.flatten(1) != 0
    flat = heatmaps.flatten(1)
    hits = (flat * inside).amax(1) == flat.amax(1)
    return float(hits[inside.any(1)].float().mean())


# %% wrong="search starts at zero" caught_by="other_maps"
def pointing_game(heatmaps, masks):
    hits = []
    for heatmap, mask in zip(heatmaps, masks):
        if not mask.any():
            continue
        best, hit = 0.0, False
        for row in range(heatmap.shape[0]):
            for column in range(heatmap.shape[1]):
                if heatmap[row, column] > best:
                    best, hit = float(heatmap[row, column]), bool(mask[row, column])
        hits.append(hit)
    return sum(hits) / len(hits) if hits else float("nan")


# %% wrong="masks of bool only" caught_by="other_maps"
def pointing_game(heatmaps, masks):
    inside = masks.flatten(1)
    hits = inside.gather(1, heatmaps.flatten(1).argmax(1, keepdim=True))[:, 0] & inside.any(1)
    return float(hits.sum() / inside.any(1).sum())


# %% wrong="no finding gives 0" from="empty masks counted as hits" caught_by="no_sample_left"
# -     return float((hits | ~inside.any(1)).float().mean())
# +     return float(hits.sum()) / max(int(inside.any(1).sum()), 1)

# %% wrong="no finding divides by zero" from="empty masks counted as hits" caught_by="no_sample_left"
# -     return float((hits | ~inside.any(1)).float().mean())
# +     return int(hits.sum()) / int(inside.any(1).sum())

# %% wrong="a tensor instead of a number" from="empty masks counted as hits" caught_by="three_maps"
# -     return float((hits | ~inside.any(1)).float().mean())
# +     return hits[inside.any(1)].float().mean()


# %% wrong="maps without a finding deleted in place" caught_by="no_sample_left"
def pointing_game(heatmaps, masks):
    empty = ~(masks != 0).flatten(1).any(1)
    heatmaps[empty] = 0.0
    inside = masks.flatten(1) != 0
    hits = inside.gather(1, heatmaps.flatten(1).argmax(1, keepdim=True))[:, 0]
    return hits[~empty].float().mean().item()
