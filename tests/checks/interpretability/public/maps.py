"""Scaled maps, and maps after typical mistakes."""


def scaled(heat):
    """Divide a map by its maximum, unless that is 0."""
    return heat / heat.max() if heat.max() > 0 else heat


def saliency_mistakes(gradient, image):
    """Return the saliency map after each typical mistake, computed from the gradient (C, H, W): cause → value."""
    size = gradient.abs()
    return {
        "the sign is kept; take the absolute value of the gradient": gradient.amax(0),
        "the absolute value is taken after the maximum over the channels, not before it": gradient.amax(0).abs(),
        "this is the mean over the channels; take the maximum": size.mean(0),
        "this is the sum over the channels; take the maximum": size.sum(0),
        "this is the norm of the gradient over the channels; take the maximum": gradient.norm(dim=0),
        "the gradient is multiplied by the image": (gradient * image).abs().amax(0),
        "the map is scaled by its maximum; do not scale it": size.amax(0) / size.max(),
        "only the first channel is used": size[0],
        "the channel axis is still there: the map has two axes": size,
        "there is an axis too many: the map has two": size.amax(0, keepdim=True),
        "rows and columns are swapped": size.amax(0).T,
    }
