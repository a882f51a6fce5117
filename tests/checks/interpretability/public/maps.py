"""Maps as they are scaled, and as typical mistakes make them."""


def scaled(heat):
    """Divide a map by its maximum, unless that is 0."""
    return heat / heat.max() if heat.max() > 0 else heat


def saliency_mistakes(gradient, image):
    """Return the saliency map after each typical mistake, computed from the gradient (C, H, W): cause → value."""
    size = gradient.abs()
    return {
        "the sign is kept: it is the absolute value of the gradient that counts": gradient.amax(0),
        "the absolute value is taken after the maximum over the channels, not before": gradient.amax(0).abs(),
        "the mean over the channels is taken; the lecture takes the largest": size.mean(0),
        "the sum over the channels is taken; the lecture takes the largest": size.sum(0),
        "the length of the gradient over the channels is taken; the lecture takes the largest": gradient.norm(dim=0),
        "the gradient is multiplied by the image": (gradient * image).abs().amax(0),
        "the map is scaled by its maximum; leave it as it is": size.amax(0) / size.max(),
        "only the first channel is used": size[0],
        "the channel axis is still there: the map has two axes": size,
        "one axis too many is left: the map has two": size.amax(0, keepdim=True),
        "rows and columns are swapped": size.amax(0).T,
    }
