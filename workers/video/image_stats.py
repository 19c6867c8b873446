"""How bright a session's pictures are, per colour channel: what models are normalized with.

A picture is counted into a histogram of its 256 levels per channel. Histograms add up, so statistics of parts merge
exactly, quantiles included, and a sample costs a count and no floating point. LeRobot's own way keeps thousands of
float bins per channel that are rebinned as values come in; quantiles then depend on the order of the frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.01, 0.10, 0.50, 0.90, 0.99)
LEVELS = 256

MIN_SAMPLES = 100
MAX_SAMPLES = 10_000
SAMPLE_POWER = 0.75
"""LeRobot samples n**0.75 of an episode's n frames, within these bounds: a file from it and one from here then weigh
episodes alike."""


@dataclass(frozen=True, kw_only=True)
class ImageStats:
    """Statistics of sampled RGB pictures, in LeRobot's form: values in [0, 1], shaped float64[3, 1, 1].

    Attributes:
        count: the number of pictures that were sampled.
        histogram: int64[3, 256], how often each level of each channel was seen.
    """

    count: int
    histogram: NDArray[np.int64]

    @property
    def min(self) -> NDArray[np.float64]:
        return _shaped(np.argmax(self.histogram > 0, axis=1))

    @property
    def max(self) -> NDArray[np.float64]:
        return _shaped(LEVELS - 1 - np.argmax(self.histogram[:, ::-1] > 0, axis=1))

    @property
    def mean(self) -> NDArray[np.float64]:
        return _shaped(self._moment(1))

    @property
    def std(self) -> NDArray[np.float64]:
        return _shaped(np.sqrt(np.maximum(self._moment(2) - self._moment(1) ** 2, 0)))

    def quantile(self, share: float) -> NDArray[np.float64]:
        """The level that at least ``share`` of the samples do not exceed: float64[3, 1, 1]."""
        cumulated = np.cumsum(self.histogram, axis=1)
        return _shaped(np.argmax(cumulated >= share * cumulated[:, -1:], axis=1))

    def as_lerobot(self) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
        """min, max, mean, std and the quantiles q01, q10, q50, q90, q99 as float64[3, 1, 1], count as int64[1]."""
        quantiles = {f"q{round(share * 100):02d}": self.quantile(share) for share in QUANTILES}
        return {
            "min": self.min,
            "max": self.max,
            "mean": self.mean,
            "std": self.std,
            **quantiles,
            "count": np.array([self.count], np.int64),
        }

    def _moment(self, power: int) -> NDArray[np.float64]:
        return self.histogram @ (np.arange(LEVELS, dtype=np.float64) ** power) / self.histogram.sum(axis=1)


def merge_image_stats(parts: Iterable[ImageStats]) -> ImageStats:
    """The statistics of all samples of ``parts`` together; exact. ``parts`` must not be empty."""
    every = list(parts)
    assert every
    return ImageStats(
        count=sum(part.count for part in every), histogram=np.sum([part.histogram for part in every], axis=0)
    )


class ImageCounter:
    """Counts pictures into a histogram.

    Attributes:
        count: how many so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._histogram = np.zeros((3, LEVELS), np.int64)

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Count one picture, uint8[h, w, 3] RGB."""
        for channel in range(3):
            self._histogram[channel] += np.bincount(picture[:, :, channel].reshape(-1), minlength=LEVELS)
        self.count += 1

    def stats(self) -> ImageStats:
        """The statistics so far; at least one picture must have been added."""
        assert self.count
        return ImageStats(count=self.count, histogram=self._histogram.copy())


def sample_places(frames: int, most: int = MAX_SAMPLES) -> NDArray[np.int64]:
    """Which of ``frames`` frames to sample: evenly spread, as many as LeRobot would and at most ``most``.

    Returns:
        int64[k], ascending, k >= 1.
    """
    samples = max(min(MIN_SAMPLES, frames), min(int(frames**SAMPLE_POWER), MAX_SAMPLES))
    return np.unique(np.rint(np.linspace(0, frames - 1, min(samples, most))).astype(np.int64))


def _shaped(levels: NDArray[np.generic]) -> NDArray[np.float64]:
    return (np.asarray(levels, np.float64) / (LEVELS - 1)).reshape(3, 1, 1)
