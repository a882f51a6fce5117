"""Measure how fast phantoms are drawn, in blocks and two by two.

``python benchmarks/datasets.py`` prints images per CPU second, once with the blocks of `phantoms` and once with blocks
of two images, the fewest that can be balanced, which is as slow as a loop over images. Both run in this process,
alternating; the best run of each counts, because other work on the machine only ever slows them down.
"""

from __future__ import annotations

import argparse
import time
from unittest.mock import patch

from autograder.datasets import phantom, phantoms

GOAL_S = 2.0
"""The goal for 6 000 images of 28×28 pixels, in CPU seconds."""

ROUNDS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=6000, help="how many images of 28×28 pixels")
    images = parser.parse_args().images
    print(f"{'size':>7} {'images':>7} {'CPU s':>7} {'images/s':>9} {'two by two':>11} {'ratio':>6}")
    for size, n in ((28, images), (64, images // 6)):
        n_pairs = max(1, n // 20)
        seconds, pairs = zip(*((drawn(n, size), two_by_two(n_pairs, size)) for _ in range(ROUNDS)), strict=True)
        rate, pair_rate = n / min(seconds), n_pairs / min(pairs)
        print(f"{size:>4}×{size} {n:>7} {min(seconds):>7.2f} {rate:>9.0f} {pair_rate:>11.0f} {rate / pair_rate:>6.1f}")
        if size == 28 and n == 6000:
            print(f"        at most {GOAL_S:g} s: {'met' if min(seconds) <= GOAL_S else 'NOT MET'}")


def drawn(n: int, size: int) -> float:
    """Return the CPU seconds of `phantoms` as it is."""
    start = time.process_time()
    phantoms(n, seed=1, size=size)
    return time.process_time() - start


def two_by_two(n: int, size: int) -> float:
    """Return the CPU seconds with blocks of two images."""
    with patch.object(phantom, "BLOCK", 2):
        return drawn(n, size)


if __name__ == "__main__":
    main()
