"""Where cells of a picture went to."""

from __future__ import annotations

import torch

from training.idm.matching import ShiftMatching


def texture() -> torch.Tensor:
    return torch.rand(1, 1, 48, 48, generator=torch.Generator().manual_seed(0))


def best_shift(features: torch.Tensor, reach: int) -> list[tuple[int, int]]:
    """(down, right) of the shift that fits best, of each cell, at the first level."""
    side = 2 * reach + 1
    best = features[:, : side * side].flatten(2).argmin(1)[0]
    return [(int(one) // side - reach, int(one) % side - reach) for one in best]


def test_each_cell_finds_how_far_the_picture_moved() -> None:
    ground = texture()
    now, then = ground[..., 8:40, 8:40], ground[..., 7:39, 11:43]  # what was at a place is now 1 lower, 3 further left
    matching = ShiftMatching(8, 3)
    features = matching(now, then)
    assert features.shape == (1, matching.channels, 4, 4)
    assert best_shift(features, 3)[5] == (1, -3)
    assert len(set(best_shift(features, 3)[5:7])) == 1


def test_a_picture_that_stands_still_fits_where_it_is() -> None:
    still = texture()[..., :32, :32]
    assert set(best_shift(ShiftMatching(8, 2)(still, still), 2)) == {(0, 0)}


def test_an_even_picture_says_nothing() -> None:
    even = torch.full((1, 1, 32, 32), 0.5)
    features = ShiftMatching(8, 2)(even, even)
    assert features.isfinite().all()
    assert best_shift(features, 2) == [(-2, -2)] * 16  # all alike: the first
