"""Statistics of dataset features, in LeRobot's form: exact over all frames of an episode, merged over episodes.

LeRobot takes quantiles from a histogram; here they are order statistics (the smallest value that at least that part
of the frames does not exceed), which its histogram approaches. Over episodes LeRobot averages quantiles, weighted by
count, and so does `merge`: the dataset's statistics equal what LeRobot's own tools make of the episodes'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

type FeatureStats = Mapping[str, NDArray[Any]]
"""Of one feature: ``count`` int64[1] and each other name of `STAT_NAMES` float64 of the feature's shape."""

QUANTILES: Mapping[str, float] = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
STAT_NAMES = ("min", "max", "mean", "std", "count", *QUANTILES)


def numeric_stats(values: NDArray[np.generic]) -> FeatureStats:
    """Statistics of one episode's ``values``, [frames] or [frames, width] of any number type; shapes [1] or [width]."""
    columns = np.asarray(values, np.float64).reshape(len(values), -1)
    ordered = np.sort(columns, axis=0)
    ranks = {name: max(0, int(np.ceil(np.round(part * len(columns), 9))) - 1) for name, part in QUANTILES.items()}
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": columns.mean(axis=0),
        "std": columns.std(axis=0),
        "count": np.array([len(columns)], np.int64),
        **{name: ordered[rank] for name, rank in ranks.items()},
    }


def merge(parts: Sequence[FeatureStats]) -> FeatureStats:
    """The statistics of one feature over several episodes."""
    assert parts
    counts = np.array([part["count"][0] for part in parts], np.int64)
    weights = counts / counts.sum()

    def weighted(name: str) -> NDArray[np.float64]:
        return np.tensordot(weights, np.stack([part[name] for part in parts]), axes=1)

    mean = weighted("mean")
    spread = np.stack([part["std"] ** 2 + (part["mean"] - mean) ** 2 for part in parts])
    return {
        "min": np.min(np.stack([part["min"] for part in parts]), axis=0),
        "max": np.max(np.stack([part["max"] for part in parts]), axis=0),
        "mean": mean,
        "std": np.sqrt(np.tensordot(weights, spread, axes=1)),
        "count": np.array([counts.sum()], np.int64),
        **{name: weighted(name) for name in QUANTILES},
    }


def stats_to_json(stats: FeatureStats) -> dict[str, list]:
    return {name: stats[name].tolist() for name in STAT_NAMES}


def stats_from_json(values: Mapping[str, list]) -> FeatureStats:
    return {name: np.array(values[name], np.int64 if name == "count" else np.float64) for name in STAT_NAMES}
