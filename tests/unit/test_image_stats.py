"""Statistics of pictures: exact over what was sampled, in LeRobot's form."""

from __future__ import annotations

import numpy as np
import pytest

from workers.video.image_stats import ImageCounter, ImageStats, merge_image_stats, sample_places


def stats_of(*pictures: np.ndarray) -> ImageStats:
    counter = ImageCounter()
    for picture in pictures:
        counter.add(picture)
    return counter.stats()


def noise(seed: int, low: int, high: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (40, 50, 3), np.uint8)


def test_they_are_those_that_numpy_counts() -> None:
    pictures = np.stack([noise(1, 0, 200), noise(2, 50, 256)])
    stats = stats_of(*pictures).as_lerobot()
    values = pictures.reshape(-1, 3) / 255
    assert stats["count"].tolist() == [2]
    for name, expected in {
        "min": values.min(0),
        "max": values.max(0),
        "mean": values.mean(0),
        "std": values.std(0),
    }.items():
        np.testing.assert_allclose(stats[name].reshape(3), expected, atol=1e-12)
    for name, share in {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}.items():
        expected = np.quantile(values, share, axis=0, method="inverted_cdf")
        np.testing.assert_allclose(stats[name].reshape(3), expected, atol=1e-12)


def test_their_shape_is_lerobots() -> None:
    stats = stats_of(noise(1, 0, 256)).as_lerobot()
    assert {name: value.shape for name, value in stats.items() if name != "count"} == dict.fromkeys(
        ("min", "max", "mean", "std", "q01", "q10", "q50", "q90", "q99"), (3, 1, 1)
    )
    assert stats["count"].tolist() == [1]


def test_a_flat_picture_has_no_spread() -> None:
    stats = stats_of(np.full((4, 4, 3), 51, np.uint8))
    assert stats.mean.tolist() == stats.min.tolist() == stats.max.tolist() == [[[0.2]], [[0.2]], [[0.2]]]
    assert stats.std.tolist() == [[[0.0]], [[0.0]], [[0.0]]]


def test_parts_merge_into_what_the_whole_gives() -> None:
    pictures = [noise(seed, 10 * seed, 200 + seed) for seed in range(5)]
    merged = merge_image_stats([stats_of(*pictures[:2]), stats_of(*pictures[2:])]).as_lerobot()
    whole = stats_of(*pictures).as_lerobot()
    assert {name: value.tolist() for name, value in merged.items()} == {
        name: value.tolist() for name, value in whole.items()
    }


@pytest.mark.parametrize(("frames", "samples"), [(1, 1), (2, 2), (99, 99), (100, 100), (1000, 177), (20_000, 1681)])
def test_as_many_frames_are_sampled_as_lerobot_samples(frames: int, samples: int) -> None:
    places = sample_places(frames)
    assert len(places) == samples
    assert places[0] == 0
    assert places[-1] == frames - 1
    assert np.all(np.diff(places) > 0)


def test_a_sample_can_be_limited() -> None:
    assert sample_places(1000, 4).tolist() == [0, 333, 666, 999]
