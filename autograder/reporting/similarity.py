"""Find pairs of students with similar code by winnowing, as MOSS does, with copydetect's tokens, slices and measure.

The code that was handed out and code that many students share say nothing about a pair, so both are left out.
Similarity is a reason to look, not proof. Schleimer, Wilkerson and Aiken, Winnowing (2003);
https://github.com/blingenf/copydetect (compare50 needs an attrs that is too old for JupyterLab).
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

NOISE = 25
"""The length of a fingerprint in characters of tokens: shorter matches are chance."""
COMMON = 0.1
"""Code that more than this share of a class has is what the question asks for."""
COMMON_AT_LEAST = 4
LEAST_SIMILAR = 0.6
AT_MOST = 30
"""The most pairs that are shown."""

Slices = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Side:
    """One student of a pair: their code, and the slices of it that resemble the other's."""

    student: str
    code: str
    slices: Slices
    share: float
    """How much of the code that is neither handed out nor common resembles the other's, from 0 to 1."""


@dataclass(frozen=True)
class Pair:
    """Two students' code for one exercise."""

    first: Side
    second: Side

    @property
    def similarity(self) -> float:
        """The larger share, so that adding code to a copy does not hide it."""
        return max(self.first.share, self.second.share)


def similar_pairs(codes: Mapping[str, str], handed_out: str) -> list[Pair]:
    """Return at most `AT_MOST` pairs of students with similar code, the most similar first.

    ``codes`` maps students to their code for one exercise, ``handed_out`` is what all of them started from. Only pairs
    that share rare fingerprints are compared: a class of 1 000 has half a million pairs.
    """
    prints = {student: _fingerprint(code) for student, code in codes.items()}
    common = _fingerprint(handed_out).hashes | _common(prints.values())
    for each in prints.values():
        _leave_out(each, common)
    pairs = []
    for first, second in _candidates(prints):
        pair = _compare(first, prints[first], second, prints[second])
        if pair is not None and pair.similarity >= LEAST_SIMILAR:
            pairs.append(pair)
    pairs.sort(key=lambda pair: (-pair.similarity, pair.first.student, pair.second.student))
    return pairs[:AT_MOST]


def _fingerprint(code: str) -> Any:
    from copydetect import CodeFingerprint

    # A window of 1 keeps every fingerprint. A larger one selects by hash, so the result would differ from run to run,
    # because Python salts the hashes of strings.
    return CodeFingerprint("code.py", NOISE, 1, fp=io.StringIO(code))


def _common(prints: Iterable[Any]) -> set[int]:
    counts = Counter(value for each in prints for value in each.hashes)
    most = max(COMMON_AT_LEAST, COMMON * len(list(prints)))  # in a small class, a tenth is less than one pair
    return {value for value, count in counts.items() if count > most}


def _leave_out(fingerprint: Any, common: set[int]) -> None:
    from copydetect.utils import get_token_coverage

    fingerprint.hashes = fingerprint.hashes - common
    fingerprint.hash_idx = {value: places for value, places in fingerprint.hash_idx.items() if value not in common}
    fingerprint.token_coverage = get_token_coverage(fingerprint.hash_idx, fingerprint.k, len(fingerprint.filtered_code))


def _candidates(prints: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the pairs that share enough fingerprints to be similar enough."""
    owners: dict[int, list[str]] = defaultdict(list)
    for student in sorted(prints):  # so that each pair has one order
        for value in prints[student].hashes:
            owners[value].append(student)
    shared: Counter[tuple[str, str]] = Counter()
    for students in owners.values():
        shared.update(combinations(students, 2))
    # Half the threshold: fingerprints only approximate the share of code, which `_compare` measures.
    for pair, count in shared.items():
        if count >= LEAST_SIMILAR / 2 * min(len(prints[student].hashes) for student in pair):
            yield pair


def _compare(first: str, first_print: Any, second: str, second_print: Any) -> Pair | None:
    from copydetect import compare_files

    overlap, shares, slices = compare_files(first_print, second_print)
    if overlap < 2 * NOISE:  # hardly more than one fingerprint is chance
        return None
    students, prints = (first, second), (first_print, second_print)
    sides = [
        Side(student, each.raw_code, _ranges(places, len(each.raw_code)), min(1.0, float(share)))
        for student, each, share, places in zip(students, prints, shares, slices, strict=True)
    ]
    return Pair(*sides)


def _ranges(places: Any, end: int) -> Slices:
    """Return copydetect's starts and ends as ordered (start, stop) pairs, clipped to the end of the code."""
    starts, ends = places.tolist()
    return tuple((int(start), min(int(stop), end)) for start, stop in zip(starts, ends, strict=True) if start < stop)
