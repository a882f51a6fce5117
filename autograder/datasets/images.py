"""What every dataset is, once it is loaded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LabelledImages(NamedTuple):
    """Images with their labels and, where they are known, masks of what there is to find."""

    images: NDArray[np.uint8]
    """``[N, H, W]``, or ``[N, H, W, C]`` in colour."""
    labels: NDArray[np.int64]
    """``[N]``, the number of the class; of the phantoms 0 for normal, 1 for an opacity. A set with several findings an
    image (ChestMNIST) has ``[N, L]``, 1 where finding ``l`` is there."""
    masks: NDArray[np.bool_] | None
    """``[N, H, W]``: where the finding is; empty in normal images. None where nobody knows."""
